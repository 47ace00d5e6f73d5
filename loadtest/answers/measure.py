#!/usr/bin/env python3
"""Asks one process of `millrace try` the questions of a set, and those of other sets, which its documents cannot answer.

For each question /v1/ask says whether something was found (`found`), what (`answer`, `citations`), and how sure it is of that
(`judged`). An answer holds the truth when one of the set's answers stands in it, compared as SQuAD's evaluation does: lower case,
without punctuation and articles; in Chinese, without spaces. Nothing here looks at how Millrace decides.
"""
import argparse
import concurrent.futures
import json
import math
import random
import re
import statistics
import string
import subprocess
import sys
import tempfile
import time
import unicodedata
import urllib.request
from pathlib import Path

ARTICLES = re.compile(r"\b(a|an|the|der|die|das|den|dem|des|ein|eine|einen|einem|einer)\b")
PUNCTUATION = set(string.punctuation) | set("，。、；：？！「」『』（）《》〈〉“”‘’…—·")


def plain(text):
    """A text as it is compared: no case, punctuation, articles; spaces only between words of scripts that have them."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = "".join(" " if one in PUNCTUATION else one for one in text)
    text = ARTICLES.sub(" ", text)
    if any("\u4e00" <= one <= "\u9fff" for one in text):
        return "".join(text.split())
    return " " + " ".join(text.split()) + " "


def holds(text, truths):
    return any(plain(truth) in plain(text) for truth in truths if plain(truth).strip())


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def questions(folder, count, seed):
    """A sample of a set's questions: (text, answers)."""
    every = [(one["text"], (one.get("metadata") or {}).get("answers") or []) for one in lines(folder / "queries.jsonl")]
    random.Random(seed).shuffle(every)
    return every[:count]


def write_corpus(folder, into):
    for number, one in enumerate(lines(folder / "corpus.jsonl")):
        title = (one.get("title") or "").replace("_", " ").strip()
        text = f"# {title}\n\n{one['text']}\n" if title else one["text"] + "\n"
        (into / f"{number:06}.md").write_text(text, encoding="utf-8")


class Trial:
    """`millrace try` over a folder, until everything is searchable."""

    def __init__(self, millrace, folder, model):
        command = [millrace, "try", str(folder), "--port", "0", "--most-files", "100000"]
        if model:
            command += ["--model", model]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if line.startswith("The page: "):
                self.address = line.split()[-1].rstrip("/")
                return
        sys.exit("answers: `millrace try` ended before everything was searchable")

    def ask(self, question):
        body = json.dumps({"question": question}).encode()
        request = urllib.request.Request(f"{self.address}/v1/ask", body, {"Content-Type": "application/json"})
        begun = time.monotonic()
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer), time.monotonic() - begun

    def ask_all(self, asked):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return list(pool.map(self.ask, asked))

    def end(self):
        self.process.terminate()
        self.process.wait(30)


def area(answerable, others):
    """The area under the curve of a score: the chance that a question with an answer has more than one without (Mann-Whitney)."""
    ranks = sorted([(score, 1) for score in answerable] + [(score, 0) for score in others])
    wins, below, at = 0.0, 0, 0
    while at < len(ranks):
        end = at
        while end < len(ranks) and ranks[end][0] == ranks[at][0]:
            end += 1
        same = ranks[at:end]
        ours = sum(label for _, label in same)
        wins += ours * (below + (len(same) - ours) / 2)
        below += len(same) - ours
        at = end
    return wins / (len(answerable) * len(others)) if answerable and others else None


def sure(answer):
    """How sure an answer is; one that was refused before anything was read is sure of nothing."""
    judged = answer.get("judged")
    return judged["confidence"] if judged else (1.0 if answer["found"] else 0.0)


def share(items):
    items = list(items)
    return round(sum(items) / len(items), 4) if items else None


def measure(trial, asked, others):
    answers = trial.ask_all([text for text, _ in asked])
    refused = trial.ask_all([text for text, _ in others])
    seconds = sorted(second for _, second in answers)
    lengths = [len(re.sub(r"\[\d+\]", "", answer["answer"])) for answer, _ in answers if answer["found"]]
    truths = [truth for _, truth in asked]
    given = [answer for answer, _ in answers]
    return {
        "questions": len(given),
        "found": share(answer["found"] for answer in given),
        "hold_the_truth": share(answer["found"] and holds(answer["answer"], truth) for answer, truth in zip(given, truths) if truth),
        "cite_the_truth": share(
            answer["found"] and any(holds(one["text"], truth) for one in answer["citations"])
            for answer, truth in zip(given, truths) if truth
        ),
        "empty": sum(not answer["answer"].strip() for answer in given),
        "characters": statistics.median(lengths) if lengths else None,
        "others": len(refused),
        "refused": share(not answer["found"] for answer, _ in refused),
        "area": area([sure(answer) for answer in given], [sure(answer) for answer, _ in refused]),
        "p50_ms": round(1000 * seconds[len(seconds) // 2]),
        "p95_ms": round(1000 * seconds[min(len(seconds) - 1, len(seconds) * 95 // 100)]),
    }, [(1, one) for one in given] + [(0, one) for one, _ in refused]


FEATURES = ("coverage", "best", "closeness", "names")


def fit(path):
    """Fits the constants of the judge to lines of {"answerable": 0 or 1, "judged": {…}} by logistic regression with a small ridge."""
    rows = [one for one in lines(path) if one.get("judged")]
    for kind, rows_of in (("with vectors", [one for one in rows if "closeness" in one["judged"]]), ("by words", rows)):
        names = [name for name in FEATURES if kind == "with vectors" or name != "closeness"]
        data = [([1.0] + [one["judged"].get(name, 0.0) for name in names], one["answerable"]) for one in rows_of]
        if not data:
            continue
        share_of = {label: sum(answer == label for _, answer in data) for label in (0, 1)}
        weights = [0.0] * (len(names) + 1)
        for _ in range(4000):
            slope = [0.0] * len(weights)
            for values, label in data:
                sum_of = sum(weight * value for weight, value in zip(weights, values))
                error = (1 / (1 + math.exp(-sum_of)) - label) / (2 * max(share_of[label], 1))
                for at, value in enumerate(values):
                    slope[at] += error * value
            weights = [weight - 4.0 * (one + 0.0005 * weight) for weight, one in zip(weights, slope)]
        right = sum((sum(w * v for w, v in zip(weights, values)) > 0) == bool(label) for values, label in data)
        print(json.dumps({"kind": kind, "base": round(weights[0], 2), **{name: round(weight, 2) for name, weight in zip(names, weights[1:])}, "rows": len(data), "right": round(right / len(data), 4)}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millrace", help="the program")
    parser.add_argument("--set", type=Path, help="a set in BEIR's layout")
    parser.add_argument("--others", type=Path, nargs="*", default=[], help="sets whose questions the first one cannot answer")
    parser.add_argument("--model", help="the folder of a model bundle")
    parser.add_argument("--of", type=int, default=200, help="so many questions of the set, and of all others together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", default="", help="the commit")
    parser.add_argument("--judged", type=Path, help="where to append what each answer was judged by")
    parser.add_argument("--fit", type=Path, help="only fit the judge's constants to such a file")
    options = parser.parse_args()
    if options.fit:
        fit(options.fit)
        return
    asked = questions(options.set, options.of, options.seed)
    others = [one for folder in options.others for one in questions(folder, options.of // len(options.others), options.seed)]
    with tempfile.TemporaryDirectory(prefix="answers-") as folder:
        write_corpus(options.set, Path(folder))
        trial = Trial(options.millrace, folder, options.model)
        try:
            measured, every = measure(trial, asked, others)
        finally:
            trial.end()
    name = Path(options.model).name if options.model else "all-MiniLM-L6-v2"
    print(json.dumps({"state": options.state, "set": options.set.name, "others": [one.name for one in options.others], "model": name, **measured}))
    if options.judged:
        with open(options.judged, "a", encoding="utf-8") as file:
            for answerable, answer in every:
                file.write(json.dumps({"set": options.set.name, "answerable": answerable, "judged": answer.get("judged"), "found": answer["found"]}) + "\n")


if __name__ == "__main__":
    main()
