"""Do questions profit from a new model before the passages are embedded again? loadtest/learning/adapter calls it.

    adapter.py --data DIR --old BUNDLE --new BUNDLE [--most N]

A map from the new model's space into the old one's is learned from texts that both embed (the questions and passages of train.jsonl):
an orthogonal one (Procrustes; Schönemann 1966) and a ridge regression, as Drift-Adapter (arXiv 2509.23471) has them. Then golden
questions are asked of golden's and dev's passages, by exact search: old questions of old passages, new of new, and new questions of
old passages, as they are and through each map. Differences to the first have bootstrapped intervals over questions (95 %).

Prints one line of JSON. Runs with the trainer's Python.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "compose" / "trainer"))

import numpy as np  # noqa: E402
from base import read_base  # noqa: E402
from data import judgments, lines  # noqa: E402
from encoder import SentenceVectors, Texts, build, embed  # noqa: E402
from judge import FIRST, ndcg  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

# What a ridge regression adds to the diagonal, for each text that it is fitted on.
RIDGE = 1e-3
DRAWS = 10_000


class Model:
    """A bundle that embeds."""

    def __init__(self, folder):
        self.base = read_base(folder)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.vectors = SentenceVectors(build(self.base.config, self.base.tensors), self.base.about["dimension"])

    def embed(self, texts, role):
        about = self.base.about
        return embed(self.vectors, Texts(self.tokenizer, texts, about["prefixes"][role], about["max_tokens"]))


def unit(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def maps(new, old):
    """Each way from the new space [n, d] to the old one [n, d], fitted on the same texts in both."""
    left, _, right = np.linalg.svd(new.T @ old)
    ridge = np.linalg.solve(new.T @ new + RIDGE * len(new) * np.eye(new.shape[1]), new.T @ old)
    return {"as they are": np.eye(new.shape[1]), "procrustes": left @ right, "ridge": ridge}


def scores(questions, passages, names, grades):
    """nDCG@10 of each question, in the order of `grades`."""
    found = []
    for row, relevant in zip(questions @ passages.T, grades.values(), strict=True):
        best = np.argsort(-row, kind="stable")[:FIRST]
        found.append(ndcg([names[at] for at in best], relevant))
    return np.array(found)


def gain(after, before):
    """The mean difference, and its interval."""
    apart, draw = after - before, np.random.default_rng(0)
    means = [apart[draw.integers(0, len(apart), len(apart))].mean() for _ in range(DRAWS)]
    low, high = np.quantile(means, [0.025, 0.975])
    return {"gain": round(float(apart.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def read(folder, most):
    """The texts that maps are fitted on by role, and golden's questions with all passages that are kept for judging."""
    fitted = {"query": {}, "passage": {}}
    for _, row in lines(folder / "train.jsonl"):
        fitted["query"][row["query"]] = fitted["passage"][row["positive"]] = None
    fitted = {role: list(texts)[:most] for role, texts in fitted.items()}
    grades = judgments(folder / "judged" / "qrels" / "golden.tsv")
    passages = {}
    for _, row in lines(folder / "judged" / "corpus.jsonl"):
        passages[row["_id"]] = f"{row['title']}\n{row['text']}" if row.get("title") else row["text"]
    asked = {row["_id"]: row["text"] for _, row in lines(folder / "judged" / "queries.jsonl")}
    return fitted, grades, [asked[name] for name in grades], passages


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--data", "--old", "--new"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--most", type=int, default=2_000, help="questions, and passages, that maps are fitted on")
    asked = parser.parse_args(arguments)
    fitted, grades, questions, passages = read(asked.data, asked.most)
    names, vectors = list(passages), {}
    for which, folder in (("old", asked.old), ("new", asked.new)):
        model = Model(folder)
        fit = np.concatenate([model.embed(texts, role) for role, texts in fitted.items()])
        vectors[which] = fit, model.embed(questions, "query"), model.embed(list(passages.values()), "passage")
    (old_fit, old_asked, old_read), (new_fit, new_asked, new_read) = vectors["old"], vectors["new"]
    if old_fit.shape != new_fit.shape:
        sys.exit(f"adapter: the models have {old_fit.shape[1]} and {new_fit.shape[1]} numbers: maps between them are not compared here")
    before = scores(old_asked, old_read, names, grades)
    after = scores(new_asked, new_read, names, grades)
    ways = {}
    for way, matrix in maps(new_fit, old_fit).items():
        through = scores(unit(new_asked @ matrix), old_read, names, grades)
        alike = float((unit(new_asked @ matrix) * old_asked).sum(1).mean())
        ways[way] = {"ndcg@10": round(float(through.mean()), 4), "cosine": round(alike, 4), **gain(through, before)}
    line = {
        "texts": len(old_fit),
        "questions": len(grades),
        "passages": len(names),
        "old": round(float(before.mean()), 4),
        "new": {"ndcg@10": round(float(after.mean()), 4), **gain(after, before)},
        "ways": ways,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main(sys.argv[1:])
