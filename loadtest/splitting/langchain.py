"""Cuts Markdown by LangChain's RecursiveCharacterTextSplitter: langchain.py TOKENIZER.json LIMIT MEGABYTES FOLDER…

Lengths are counted by the model's tokenizer, special tokens included, as its users are told to. One line of JSON.
"""

import json
import sys
import time
from pathlib import Path

from langchain_text_splitters import Language, RecursiveCharacterTextSplitter
from tokenizers import Tokenizer


def sources(folders, size):
    files = [file for folder in folders for file in sorted(Path(folder).rglob("*.md")) if file.is_file()]
    total = 0
    while files and total < size:
        for file in files:
            if total >= size:
                return
            text = file.read_bytes().decode(errors="replace")
            total += len(text.encode())
            yield text


def main():
    tokenizer_file, limit, megabytes, *folders = sys.argv[1:]
    tokenizer = Tokenizer.from_file(tokenizer_file)
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def length(text):
        return len(tokenizer.encode(text).ids)

    texts = list(sources(folders, int(float(megabytes) * 1e6)))
    splitter = RecursiveCharacterTextSplitter.from_language(
        Language.MARKDOWN, chunk_size=int(limit), chunk_overlap=0, length_function=length
    )
    began = time.thread_time()
    chunks = [chunk for text in texts for chunk in splitter.split_text(text)]
    seconds = time.thread_time() - began
    size = sum(len(text.encode()) for text in texts) / 1e6
    lengths = [length(chunk) for chunk in chunks]
    report = {
        "what": "langchain: RecursiveCharacterTextSplitter",
        "limit": int(limit),
        "mb": round(size, 2),
        "processor_seconds": round(seconds, 3),
        "mb_per_second": round(size / seconds, 2),
        "chunks": len(chunks),
        "tokens_per_chunk": round(sum(lengths) / max(len(lengths), 1)),
        "over_the_limit": sum(found > int(limit) for found in lengths),
    }
    print(json.dumps(report))


main()
