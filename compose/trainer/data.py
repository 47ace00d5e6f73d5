"""Reads the training data, and refuses what must not be trained on."""

import dataclasses
import json
import random

from faults import UnusableInput
from files import read_json, sha256

MANIFEST_FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Pair:
    """A question, the passage that answers it, and passages that nearly do. Texts without the model's prefixes."""

    query: str
    positive: str
    negatives: tuple
    document: str


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """What is trained on."""

    manifest: dict
    pairs: list
    # How many there were; `pairs` is a sample of more than --most_pairs.
    found: int


def lines(file):
    """The lines of a JSONL file, with their numbers."""
    try:
        with open(file, encoding="utf-8") as source:
            for number, line in enumerate(source, 1):
                if line.strip():
                    yield number, json.loads(line)
    except FileNotFoundError:
        raise UnusableInput(f"{file} is missing: make the training data again (millrace train data)") from None
    except ValueError as error:
        raise UnusableInput(f"{file} cannot be read: {error}; make the training data again") from None


def judgments(file):
    """BEIR's qrels: a question's relevant passages with their grades."""
    judged = {}
    try:
        rows = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UnusableInput(f"{file} cannot be read ({error.strerror}): make the training data again") from None
    for number, row in enumerate(rows, 1):
        fields = row.split("\t")
        if number == 1 and not fields[-1].strip().isdigit():
            continue
        if len(fields) != 3 or not fields[2].strip().isdigit():
            raise UnusableInput(f"{file}, line {number}: not question, passage and grade with tabs between them")
        if int(fields[2]) > 0:
            judged.setdefault(fields[0], {})[fields[1]] = int(fields[2])
    return judged


def read_manifest(folder):
    manifest = read_json(folder / "manifest.json")
    if manifest is None:
        raise UnusableInput(f"{folder} has no manifest.json, which is written last: the training data is not complete")
    if manifest.get("format") != MANIFEST_FORMAT or "digest" not in manifest:
        raise UnusableInput(f"{folder}/manifest.json has not the format {MANIFEST_FORMAT}: use the trainer of its version")
    for name, digest in manifest.get("files", {}).items():
        file = folder / name
        if not file.is_file() or sha256(file) != digest:
            raise UnusableInput(f"{file} is missing or differs from manifest.json: copy or make the training data again")
    return manifest


class Held:
    """What is kept for judging, and so must not be trained on."""

    def __init__(self, folder, manifest):
        self.passages = {}
        for split in ("golden", "dev"):
            file = folder / "judged" / "qrels" / f"{split}.tsv"
            if split == "dev" or file.is_file():
                for relevant in judgments(file).values():
                    self.passages.update(dict.fromkeys(relevant, split))
        splits = ((entry.get("document"), entry.get("split")) for entry in manifest.get("documents", []))
        self.documents = {document: split for document, split in splits if split in ("dev", "golden")}

    def check(self, line, number):
        chunk, document = line.get("chunk"), line.get("document")
        split = self.passages.get(chunk) or self.documents.get(document)
        if split:
            raise UnusableInput(
                f"train.jsonl, line {number}: {chunk} of {document} is kept for {split}, so what is measured there would "
                "mean nothing; make the training data again, with its splits by document"
            )


def pair_of(line, number):
    query, positive = line.get("query"), line.get("positive")
    negatives = line.get("negatives") or []
    texts = [query, positive, *negatives] if isinstance(negatives, list) else [None]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise UnusableInput(f"train.jsonl, line {number}: query, positive or a negative is empty or no text")
    return Pair(query, positive, tuple(negatives), str(line.get("document")))


def read_data(settings):
    """The training data in --oss_input.

    Holds at most --most_pairs pairs; of more, each has the same chance to be among them.
    """
    folder = settings.oss_input
    manifest = read_manifest(folder)
    held = Held(folder, manifest)
    draw, pairs, found = random.Random(0), [], 0
    for number, line in lines(folder / "train.jsonl"):
        held.check(line, number)
        pair = pair_of(line, number)
        found += 1
        if len(pairs) < settings.most_pairs:
            pairs.append(pair)
        elif (place := draw.randrange(found)) < settings.most_pairs:
            pairs[place] = pair
    if found < settings.minimum_pairs:
        raise UnusableInput(
            f"train.jsonl has {found} pairs; with fewer than {settings.minimum_pairs} (--minimum_pairs) there is nothing "
            "to learn from: ingest more documents, or make pairs of further kinds"
        )
    return TrainingData(manifest, pairs, found)


def columns(pairs, prefixes, count, seed):
    """The columns that are trained on, with the model's prefixes: anchor, positive, negative_1 … (at most `count`).

    Each row needs as many negatives as any other. One that has fewer gets the positive of a pair of another document: it
    is as easy as the other pairs of the batch.
    """
    count = min(count, max(len(pair.negatives) for pair in pairs))
    draw = random.Random(seed)

    def other(pair):
        tries = (draw.choice(pairs) for _ in range(100))
        return next((found.positive for found in tries if found.document != pair.document), None)

    rows = []
    for pair in pairs:
        negatives = list(pair.negatives[:count])
        while len(negatives) < count:
            negatives.append(other(pair))
        # All of one document: there is nothing that could be wrong.
        if None not in negatives:
            rows.append([pair.query, pair.positive, *negatives])
    if not rows:
        return columns(pairs, prefixes, 0, seed)
    names = ["anchor", "positive", *(f"negative_{number + 1}" for number in range(count))]
    before = [prefixes["query"], *[prefixes["passage"]] * (count + 1)]
    return {name: [start + row[at] for row in rows] for at, (name, start) in enumerate(zip(names, before, strict=True))}
