"""Deals the documents of two domains out into what arrives together; see compose/drift-demo. Standard library only.

    documents.py --first DIR --then DIR --out OUT --begin N --control WINDOWS DOCUMENTS --new WINDOWS DOCUMENTS

A domain is a folder of documents, which are copied as they are, or a retrieval set in BEIR's layout (a folder with
corpus.jsonl), of which each document becomes a Markdown file. OUT gets the folders begin, control-1, control-2, … of the
first domain and new-1, new-2, … of the other one. The order is drawn, always alike, so that each window is a fair sample.
"""

import argparse
import json
import random
import re
import shutil
import sys
from pathlib import Path


def of_set(folder):
    """The documents of a retrieval set, as name and text."""
    found = []
    with open(folder / "corpus.jsonl", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            title, text = " ".join(row.get("title", "").split()), row["text"].strip()
            # Some sets begin the text with the title, which would then be found by it alone.
            text = text.removeprefix(title).strip()
            if text:
                heading = f"# {title}\n\n" if title else ""
                found.append((re.sub(r"[^\w.-]", "_", row["_id"]) + ".md", heading + text + "\n"))
    return found


def of_folder(folder):
    """The files of a folder, as name and path; hidden ones are no documents."""
    names = [file.relative_to(folder) for file in folder.rglob("*") if file.is_file()]
    return [(str(name), folder / name) for name in sorted(names) if not any(part.startswith(".") for part in name.parts)]


def dealt(folder, parts):
    """Parts of so many documents each, in an order that is always the same; exits where there are too few."""
    documents = of_set(folder) if (folder / "corpus.jsonl").is_file() else of_folder(folder)
    wanted = sum(count for _, count in parts)
    if len(documents) < wanted:
        sys.exit(f"drift-demo: {folder} has {len(documents)} documents, and {wanted} are needed: name another folder, or fewer of them (--sizes)")
    random.Random(1).shuffle(documents)
    for name, count in parts:
        yield name, documents[:count]
        documents = documents[count:]


def write(place, content):
    place.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Path):
        shutil.copyfile(content, place)
    else:
        place.write_text(content, encoding="utf-8")


def main():
    ask = argparse.ArgumentParser()
    for name in ("first", "then", "out"):
        ask.add_argument(f"--{name}", type=Path, required=True)
    ask.add_argument("--begin", type=int, required=True)
    for name in ("control", "new"):
        ask.add_argument(f"--{name}", type=int, nargs=2, required=True)
    ask = ask.parse_args()

    def windows(name, count, size):
        return [(f"{name}-{number}", size) for number in range(1, count + 1)]

    domains = {"first": (ask.first, [("begin", ask.begin), *windows("control", *ask.control)]), "then": (ask.then, windows("new", *ask.new))}
    for domain, (folder, parts) in domains.items():
        for part, documents in dealt(folder, parts):
            for name, content in documents:
                # The keys of the two domains cannot meet, and those of two windows of one do not.
                write(ask.out / part / domain / name, content)


if __name__ == "__main__":
    main()
