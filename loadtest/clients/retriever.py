"""Millrace as a retriever of LangChain: passages with their sources, for any chain."""
import json
import urllib.request
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever


class MillraceRetriever(BaseRetriever):
    """Searches a running `serve`; `filters` are those of POST /v1/search, such as {"prefix": ["documents/hr/"]}."""

    url: str = "http://127.0.0.1:18080"
    key: str = ""
    size: int = 5
    mode: str = "hybrid"
    filters: dict[str, Any] = {}

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        body = json.dumps({"q": query, "size": self.size, "mode": self.mode, **self.filters}).encode()
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        request = urllib.request.Request(f"{self.url}/v1/search", body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            hits = json.load(answer)["hits"]
        return [Document(page_content=hit["text"], id=hit["id"], metadata=about(hit)) for hit in hits]


def about(hit: dict[str, Any]) -> dict[str, Any]:
    return {name: hit[name] for name in ("document", "heading_path", "score", "language", "format", "modified") if name in hit}
