"""Makes training data without any server, in the layout of `millrace train data --to DIR`; loadtest/gate/run calls it.

    made_data.py FROM OUT [--passages N]

FROM is a retrieval set in BEIR's layout, whose questions are asked (those with one answer; all splits), or a folder of Markdown and
text files, in which the first sentence of a paragraph asks for the rest of it. Documents with the same title stand on one side of the
split, and who is held out is drawn by that title, always alike. A title that stands in a question is left out of its answer, which
would be found by it. Near-copies are not looked for, but the same text is taken once; there are no hard negatives. Standard library only.
"""

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

# Percentages of the documents that are held out. Golden has more than usual: intervals have to be narrow, and nothing is kept of it.
DEV, GOLDEN = 10, 30
# What the trainer and the gate want at least.
LEAST = {"train": 100, "dev": 20, "golden": 50}


class Passage(NamedTuple):
    """A passage with the questions that it answers."""

    document: str
    chunk: str
    text: str
    questions: list
    kind: str


def digest(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def lines(file):
    with open(file, encoding="utf-8") as source:
        for line in source:
            if line.strip():
                yield json.loads(line)


def answers(folder):
    """The passage of each question that has one answer."""
    relevant = {}
    for file in sorted((folder / "qrels").glob("*.tsv")):
        for row in file.read_text(encoding="utf-8").splitlines()[1:]:
            if row.strip():
                question, passage, grade = row.split("\t")
                if int(grade) > 0:
                    relevant.setdefault(question, set()).add(passage)
    return {question: next(iter(passages)) for question, passages in relevant.items() if len(passages) == 1}


def of_set(folder):
    asked = {row["_id"]: row["text"].strip() for row in lines(folder / "queries.jsonl")}
    questions = {}
    for question, passage in answers(folder).items():
        if asked.get(question):
            questions.setdefault(passage, []).append(asked[question])
    for row in lines(folder / "corpus.jsonl"):
        title, name = " ".join(row.get("title", "").split()), row["_id"]
        # Some sets begin the text with the title.
        text = row["text"].strip().removeprefix(title).strip()
        if text and name in questions:
            told = any(title.lower() in question.lower() for question in questions[name])
            shown = text if not title or told else f"{title}\n{text}"
            yield Passage(title.lower() or name, name, shown, questions[name], "question")


def of_folder(folder):
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if file.suffix not in (".md", ".txt") or any(part.startswith(".") for part in name.parts) or not file.is_file():
            continue
        paragraphs = re.split(r"\n\s*\n", file.read_text(encoding="utf-8", errors="replace"))
        for number, paragraph in enumerate(paragraphs):
            # No headings, lists, tables or listings.
            found = re.match(r"([^\W\d_].*?[.!?])\s+(.+)", " ".join(paragraph.split()))
            if found and 6 <= len(found[1].split()) <= 40 and len(found[2].split()) >= 30:
                yield Passage(str(name), f"{name}#{number}", found[2], [found[1]], "sentence")


def number(purpose, name):
    return int(digest(f"{purpose}\n{name}")[:12], 16)


def side(document):
    drawn = number("side", document) % 100
    return "golden" if drawn < GOLDEN else "dev" if drawn < GOLDEN + DEV else "train"


def drawn(passages, most):
    """Whole documents with at most so many passages, by their side."""
    documents, seen = {}, set()
    for passage in passages:
        if passage.text not in seen:
            seen.add(passage.text)
            documents.setdefault(passage.document, []).append(passage)
    sides, taken = {"train": [], "dev": [], "golden": []}, 0
    for document in sorted(documents, key=lambda document: number("sample", document)):
        if taken + len(documents[document]) <= most:
            taken += len(documents[document])
            sides[side(document)] += documents[document]
    return sides


def judged(sides):
    """Questions of dev and golden with their passages, by split; none that is trained on or stands in the other one."""
    used = {question for passage in sides["train"] for question in passage.questions}
    found = {}
    for split in ("golden", "dev"):
        relevant = {}
        for passage in sides[split]:
            # One of each, so that what is asked does not count twice.
            question = passage.questions[0]
            if question not in used:
                relevant.setdefault(question, []).append(passage)
        found[split] = relevant
        used |= set(relevant)
    return found


def jsonl(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def files(sides, asked):
    """Every file but the manifest, by its name."""
    pairs = [
        {"query": question, "positive": one.text, "negatives": [], "kind": one.kind, "document": f"gate/{one.document}", "chunk": one.chunk}
        for one in sides["train"]
        for question in one.questions
    ]
    held = sorted(sides["dev"] + sides["golden"], key=lambda passage: passage.chunk)
    queries = [
        {"_id": digest(question)[:12], "text": question, "metadata": {"kind": relevant[0].kind}}
        for questions in asked.values()
        for question, relevant in questions.items()
    ]
    made = {
        "train.jsonl": jsonl(pairs),
        "judged/corpus.jsonl": jsonl({"_id": one.chunk, "title": "", "text": one.text} for one in held),
        "judged/queries.jsonl": jsonl(queries),
    }
    for split, questions in asked.items():
        rows = [f"{digest(question)[:12]}\t{one.chunk}\t1" for question, relevant in questions.items() for one in relevant]
        made[f"judged/qrels/{split}.tsv"] = "\n".join(["query-id\tcorpus-id\tscore", *rows]) + "\n"
    return made, len(pairs)


def manifest(sides, made, settings, counts):
    digests = {name: digest(text) for name, text in sorted(made.items())}
    placed = {f"gate/{one.document}": split for split, passages in sides.items() for one in passages}
    documents = [{"document": name, "version": "1", "split": split} for name, split in sorted(placed.items())]
    short = digest(json.dumps([settings, documents, digests]))[:12]
    about = {"format": 1, "digest": short, "index": "gate", "settings": settings}
    return about | {"documents": documents, "counts": counts, "files": digests}


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("source", type=Path)
    ask.add_argument("out", type=Path)
    ask.add_argument("--passages", type=int, default=900)
    ask = ask.parse_args()
    is_set = (ask.source / "corpus.jsonl").is_file()
    sides = drawn((of_set if is_set else of_folder)(ask.source), ask.passages)
    asked = judged(sides)
    made, pairs = files(sides, asked)
    found = {"train": pairs, "dev": len(asked["dev"]), "golden": len(asked["golden"])}
    for split, least in LEAST.items():
        if found[split] < least:
            sys.exit(f"made_data.py: {ask.source} gives {found[split]} questions for {split}, and {least} are needed: name more documents")
    settings = {"from": ask.source.resolve().name, "passages": ask.passages, "dev_percent": DEV, "golden_percent": GOLDEN}
    described = manifest(sides, made, settings, found)
    (ask.out / "manifest.json").unlink(missing_ok=True)
    # Last what says that the others are whole.
    for name, text in [*made.items(), ("manifest.json", json.dumps(described, ensure_ascii=False, indent=1) + "\n")]:
        place = ask.out / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8", newline="\n")
    print(f"data {described['digest']} of {settings['from']}: {pairs} pairs, {found['dev']} questions for dev, {found['golden']} golden")


if __name__ == "__main__":
    main()
