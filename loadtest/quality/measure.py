"""Measures how good the cuts of splitters are for finding answers; loadtest/quality/run calls it.

Paragraphs of question sets are joined to long files, cut, embedded, and for each question the 5 chunks nearest to it are
taken. A question counts when its answer, at the place that the set gives, lies whole in one of them.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from langchain_text_splitters import RecursiveCharacterTextSplitter
from tokenizers import Tokenizer

K = 5
# Tokens in a batch, padding included: ONNX Runtime is fastest with small ones on a processor.
BATCH_TOKENS = 512
RESAMPLES = 10_000
# What LangChain's documentation names for languages without spaces between words.
WIDE = ["\n\n", "\n", " ", ".", ",", "\u200b", "\uff0c", "\u3001", "\uff0e", "\u3002", ""]


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


class Files:
    """A set's paragraphs joined to long files, and where each answer lies in them."""

    def __init__(self, folder, paragraphs, together, layout):
        corpus = lines(folder / "corpus.jsonl")[:paragraphs]
        self.documents, place = [], {}
        for title, group in grouped(corpus, together):
            kind, text = ("md", f"# {title}\n\n") if layout == "headings" else ("txt", "")
            for paragraph in group:
                place[paragraph["_id"]] = (len(self.documents), len(text), paragraph["text"])
                text += paragraph["text"] + "\n\n"
            self.documents.append({"name": f"{len(self.documents):04}.{kind}", "text": text.rstrip() + "\n"})
        self.questions, self.left_out = [], 0
        asked = {query["_id"]: query for query in lines(folder / "queries.jsonl")}
        for line in (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]:
            query, paragraph, _ = line.split("\t")
            if paragraph in place:
                self.add_question(asked[query], *place[paragraph])

    def add_question(self, query, document, start, paragraph):
        answers, at = query["metadata"]["answers"], query["metadata"]["answer_start"]
        found = next((answer for answer in answers if paragraph.startswith(answer, at)), None)
        if found is None:
            # Some places of CMRC are off by a few characters: the nearest occurrence is meant.
            found = answers[0]
            places = [i for i in range(len(paragraph)) if paragraph.startswith(found, i)]
            if not places or not found:
                self.left_out += 1
                return
            at = min(places, key=lambda i: abs(i - at))
        self.questions.append((query["text"], document, start + at, start + at + len(found)))


def grouped(corpus, together):
    """The paragraphs of each file: those of a title, or so many in a row."""
    groups = {}
    for number, paragraph in enumerate(corpus):
        groups.setdefault(number // together if together else paragraph["title"], []).append(paragraph)
    return [(group[0]["title"].replace("_", " "), group) for group in groups.values()]


class Model:
    """Embeds as Millrace does, and keeps every vector in a file, by the digest of the text."""

    def __init__(self, folder, cache):
        self.manifest = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_mem_pattern = False
        self.options, self.folder, self.session = options, folder, None
        # Each process appends to files of its own and reads those of all, so that several can run.
        stem = f"{self.manifest['name']}-{self.manifest['files']['model.onnx'][:12]}"
        self.file = cache / f"{stem}-{os.getpid()}.f32"
        self.vectors = {}
        for file in sorted(cache.glob(f"{stem}*.f32")):
            keys = file.with_suffix(".keys").read_text().split()
            table = np.fromfile(file, np.float32)
            table = table[: table.size // self.manifest["dimension"] * self.manifest["dimension"]]
            self.vectors.update(zip(keys, table.reshape(-1, self.manifest["dimension"])))

    def count(self, text):
        return len(self.tokenizer.encode(self.manifest["prefixes"]["passage"] + text).ids)

    def plain_counts(self, texts):
        """Tokens without prefix and special ones, for LangChain, which adds counts up."""
        return [len(e.ids) for e in self.tokenizer.encode_batch(texts, add_special_tokens=False)]

    def embed(self, role, texts):
        texts = [self.manifest["prefixes"][role] + text for text in texts]
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        new = {key: text for key, text in zip(keys, texts) if key not in self.vectors}
        self.add(new)
        return np.array([self.vectors[key] for key in keys])

    def add(self, texts):
        encodings = sorted(((self.tokenizer.encode(text), key) for key, text in texts.items()), key=lambda pair: len(pair[0].ids))
        if encodings and self.session is None:
            self.session = onnxruntime.InferenceSession(
                str(self.folder / "model.onnx"), self.options, providers=["CPUExecutionProvider"]
            )
        while encodings:
            size = max(1, BATCH_TOKENS // len(encodings[-1][0].ids))
            batch, encodings = encodings[-size:], encodings[:-size]
            self.keep([key for _, key in batch], self.run([encoding for encoding, _ in batch]))
            if len(encodings) % 100 < size:
                print(f"  {len(encodings)} texts to embed", file=sys.stderr)

    def run(self, encodings):
        longest = max(len(encoding.ids) for encoding in encodings)
        if longest > self.manifest["max_tokens"]:
            sys.exit(f"quality: a text of {longest} tokens, more than {self.manifest['name']} takes")
        padded = lambda part: np.array([getattr(e, part) + [0] * (longest - len(e.ids)) for e in encodings], np.int64)
        names = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
        feeds = {name: padded(part) for name, part in names.items()}
        return self.session.run([self.manifest["output"]], feeds)[0]

    def keep(self, keys, vectors):
        with self.file.with_suffix(".keys").open("a") as file:
            file.writelines(key + "\n" for key in keys)
        with self.file.open("ab") as file:
            file.write(vectors.astype(np.float32).tobytes())
        self.vectors.update(zip(keys, vectors))


def cut_by_rust(program, bundle, limit, documents):
    """The chunks of Millrace and of text-splitter, with places counted in characters, and the extracted texts."""
    text = "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
    done = subprocess.run([program, bundle, str(limit)], input=text, capture_output=True, text=True, check=True)
    chunks, texts = {}, []
    for line in done.stdout.splitlines():
        record = json.loads(line)
        number = int(record["name"].split(".")[0])
        raw = record["text"].encode()
        if number == len(texts):
            texts.append(record["text"])
        to_character = lambda byte: len(raw[:byte].decode())
        found = chunks.setdefault(record["splitter"], [])
        found.extend((number, to_character(a), to_character(b), embedded) for a, b, embedded in record["chunks"])
    return chunks, texts


def cut_by_langchain(model, limit, texts, separators=None):
    """The chunks of LangChain's RecursiveCharacterTextSplitter, with the model's tokens as its length."""
    cutter = RecursiveCharacterTextSplitter(
        chunk_size=limit - model.count(""),
        chunk_overlap=0,
        length_function=lambda text: len(model.tokenizer.encode(text, add_special_tokens=False).ids),
        add_start_index=True,
        separators=separators,
        keep_separator="end" if separators else True,
    )
    chunks = []
    for number, text in enumerate(texts):
        for found in cutter.create_documents([text]):
            start, chunk = found.metadata["start_index"], found.page_content
            if text[start : start + len(chunk)] != chunk:
                sys.exit(f"quality: LangChain gives a wrong place for {chunk!r}")
            chunks.append((number, start, start + len(chunk), chunk))
    return chunks


def shifted(files, texts):
    """The questions with the places of their answers in the extracted texts. Where the extraction changed what stands
    around an answer (Markdown takes some marks away), the question is left out."""
    questions = []
    for query, number, start, end in files.questions:
        source = files.documents[number]["text"]
        for around in (source[:start].rfind("\n\n") + 2, start - 40, start - 15):
            lead = max(around, 0)
            at = texts[number].find(source[lead:end])
            if at >= 0:
                questions.append((query, number, at + start - lead, at + end - lead))
                break
    return questions


def judged(model, questions, chunks, asked):
    """For each question: whether its answer lies whole in one of the nearest chunks, and whether it does in any."""
    vectors = model.embed("passage", [chunk[3] for chunk in chunks])
    nearest = np.argsort(-(asked @ vectors.T), axis=1, kind="stable")
    hits, ceiling, ranks = [], [], []
    for row, (_, number, start, end) in zip(nearest, questions):
        holds = [chunks[i][0] == number and chunks[i][1] <= start and end <= chunks[i][2] for i in row]
        ranks.append(holds.index(True) if True in holds else -1)
        hits.append(0 <= ranks[-1] < K)
        ceiling.append(ranks[-1] >= 0)
    return np.array(hits), np.array(ceiling), ranks


def interval(differences):
    """95 % of the paired bootstrap: the questions are drawn again, both splitters see the same ones."""
    draws = np.random.default_rng(1).integers(0, len(differences), (RESAMPLES, len(differences)))
    low, high = np.percentile(differences[draws].mean(axis=1), [2.5, 97.5])
    return [round(float(low), 4), round(float(high), 4)]


def measure(arguments):
    model = Model(arguments.bundle, arguments.cache)
    files = Files(arguments.set, arguments.paragraphs, arguments.together, arguments.layout)
    chunks, texts = cut_by_rust(arguments.cutter, arguments.bundle, arguments.limit, files.documents)
    chunks["langchain"] = cut_by_langchain(model, arguments.limit, texts)
    if arguments.set.name.endswith("zh"):
        chunks["langchain-wide"] = cut_by_langchain(model, arguments.limit, texts, WIDE)
    questions = shifted(files, texts)
    asked = model.embed("query", [question[0] for question in questions])
    results = {name: judged(model, questions, found, asked) for name, found in chunks.items()}
    for name, (hits, ceiling, ranks) in results.items():
        counts = [model.count(chunk[3]) for chunk in chunks[name]]
        record = {
            "set": arguments.set.name,
            "layout": arguments.layout,
            "model": model.manifest["name"],
            "limit": arguments.limit,
            "splitter": name,
            "state": arguments.state,
            "files": len(files.documents),
            "questions": len(questions),
            "left_out": files.left_out + len(files.questions) - len(questions),
            "hit@5": round(float(hits.mean()), 4),
            "hit@1": round(float(np.mean([rank == 0 for rank in ranks])), 4),
            "whole_in_some": round(float(ceiling.mean()), 4),
            "chunks": len(counts),
            "mean_tokens": round(float(np.mean(counts)), 1),
            "most_tokens": max(counts),
        }
        if name != "millrace":
            difference = results["millrace"][0].astype(float) - hits
            record["millrace_ahead_by"] = round(float(difference.mean()), 4)
            record["interval95"] = interval(difference)
        print(json.dumps(record), flush=True)
    if arguments.dump:
        dump(arguments.dump, questions, chunks, results)


def dump(file, questions, chunks, results):
    """All that was found, for a person who wants to know why."""
    content = {
        "questions": questions,
        "chunks": chunks,
        "ranks": {name: ranks for name, (_, _, ranks) in results.items()},
    }
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", type=Path, required=True, help="folder with corpus.jsonl, queries.jsonl, qrels/test.tsv")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--cutter", required=True, help="the program of this folder's crate")
    parser.add_argument("--limit", type=int, required=True, help="tokens of a chunk, prefix and special ones included")
    parser.add_argument("--paragraphs", type=int, help="take only the first ones")
    parser.add_argument("--together", type=int, help="paragraphs of a file; without it, those of a title")
    parser.add_argument("--layout", choices=["plain", "headings"], default="plain")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--state", default="", help="what is noted of the code")
    parser.add_argument("--dump", type=Path)
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
