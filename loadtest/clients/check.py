#!/usr/bin/env python3
"""Asks a `serve` through the official clients of OpenAI and the Model Context Protocol, and through a retriever of LangChain.

Arguments: the address, and a word of the answer to QUESTION. Fails at the first thing that is not as these clients expect it.
"""
import asyncio
import sys

import openai
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from retriever import MillraceRetriever

QUESTION = "How many days of paid leave does an employee have?"


def check_openai(url, word):
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    models = [model.id for model in client.models.list()]
    assert models == ["millrace"], models
    assert client.models.retrieve("millrace").owned_by == "millrace"
    asked = [{"role": "user", "content": QUESTION}]
    answer = client.chat.completions.create(model="millrace", messages=asked)
    text = answer.choices[0].message.content
    assert word in text and answer.choices[0].finish_reason == "stop", text
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0, answer.usage
    citations = answer.choices[0].message.citations
    assert citations and citations[0]["document"].endswith("leave.md"), citations
    elsewhere = client.chat.completions.create(model="millrace", messages=asked, extra_body={"prefix": "nowhere/"})
    assert elsewhere.choices[0].message.citations == [], elsewhere
    stream = client.chat.completions.create(model="millrace", messages=asked, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == text and chunks[-1].usage.total_tokens > 0, said
    for wrong, param in (({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"), ({"n": 2}, "n"),
                         ({"extra_body": {"prefixes": "x"}}, "prefixes")):
        try:
            client.chat.completions.create(model="millrace", messages=asked, **wrong)
        except openai.BadRequestError as error:
            assert error.param == param and error.type == "invalid_request_error", error
        else:
            raise AssertionError(f"{param} was taken")
    for missing in (lambda: client.models.retrieve("nobody"), lambda: client.chat.completions.create(model="nobody", messages=asked)):
        try:
            missing()
        except openai.NotFoundError as error:
            assert error.code == "model_not_found" and error.param == "model", error
        else:
            raise AssertionError("nobody answered")
    follow_up = asked + [{"role": "assistant", "content": text}, {"role": "user", "content": "and may they take them at any time?"}]
    answer = client.chat.completions.create(model="millrace", messages=follow_up)
    assert "paid leave" in answer.condensed, answer
    print(f"clients       openai {openai.__version__}: models, answers, streams, filters, errors, a conversation")


async def check_mcp(url, word):
    async with streamable_http_client(f"{url}/mcp") as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            await session.initialize()
            names = [tool.name for tool in (await session.list_tools()).tools]
            assert names == ["search", "ask", "fetch"], names
            found = await session.call_tool("search", {"q": QUESTION, "size": 1})
            assert word in found.content[0].text, found
            told = await session.call_tool("ask", {"question": QUESTION})
            assert word in told.content[0].text, told
            document = (found.structured_content or {})["hits"][0]["document"]
            read = await session.call_tool("fetch", {"document": document})
            assert word in read.content[0].text, read
    print("clients       mcp: search, ask, fetch")


def check_langchain(url, word):
    documents = MillraceRetriever(url=url, size=2).invoke(QUESTION)
    assert word in documents[0].page_content and documents[0].metadata["document"].endswith("leave.md"), documents
    assert MillraceRetriever(url=url, filters={"prefix": ["nowhere/"]}).invoke(QUESTION) == []
    print("clients       langchain-core: passages with their sources, and filters")


if __name__ == "__main__":
    address, expected = sys.argv[1:]
    check_openai(address, expected)
    asyncio.run(check_mcp(address, expected))
    check_langchain(address, expected)
