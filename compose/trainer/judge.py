"""nDCG@10 on dev by exact search: the measure by which a weight is chosen. Golden is never looked at here."""

import math
import random

import numpy as np
from tokenizers import Tokenizer

from data import judgments, lines
from encoder import SentenceVectors, Texts, embed
from faults import UnusableInput

FIRST = 10
# Questions that are compared with all passages at once.
QUESTIONS = 256


def ndcg(ranking, grades):
    """As BEIR and trec_eval have it: gain = grade, discount = log2(rank + 1), the first ten."""

    def gains(values):
        return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(values[:FIRST], 1))

    ideal = gains(sorted(grades.values(), reverse=True))
    return gains([grades.get(found, 0) for found in ranking]) / ideal if ideal else 0.0


class Judged:
    """Dev's questions and the passages among which theirs are looked for, as tokens."""

    def __init__(self, base, tokenizer, settings):
        folder = settings.oss_input / "judged"
        self.grades = self.questions_of(judgments(folder / "qrels" / "dev.tsv"), settings.dev_questions, folder)
        asked = {row["_id"]: row["text"] for _, row in lines(folder / "queries.jsonl") if row["_id"] in self.grades}
        passages = self.passages_of(folder / "corpus.jsonl", settings.dev_passages)
        lost = [question for question in self.grades if question not in asked]
        lost += [p for grades in self.grades.values() for p in grades if p not in passages]
        if lost:
            raise UnusableInput(f"{folder}: dev names {lost[0]}, which is not there; make the training data again")
        self.questions, self.passages = list(self.grades), list(passages)
        reader, most, prefixes = Tokenizer.from_file(str(tokenizer)), base["max_tokens"], base["prefixes"]
        self.asked = Texts(reader, [asked[question] for question in self.questions], prefixes["query"], most)
        self.read = Texts(reader, list(passages.values()), prefixes["passage"], most)

    @staticmethod
    def questions_of(grades, count, folder):
        if not grades:
            raise UnusableInput(f"{folder}/qrels/dev.tsv has no question: nothing tells which weights are best")
        kept = sorted(grades)
        if len(kept) > count:
            kept = sorted(random.Random(0).sample(kept, count))
        return {question: grades[question] for question in kept}

    def passages_of(self, file, count):
        """All that a question has as relevant, and `count` of the others, each with the same chance."""
        relevant = {passage for grades in self.grades.values() for passage in grades}
        needed, others, draw = {}, [], random.Random(0)
        for seen, row in lines(file):
            text = f"{row['title']}\n{row['text']}" if row.get("title") else row["text"]
            if row["_id"] in relevant:
                needed[row["_id"]] = text
            elif len(others) < count:
                others.append((row["_id"], text))
            elif (place := draw.randrange(seen)) < count:
                others[place] = (row["_id"], text)
        return needed | dict(others)

    def score(self, bert, dimension, device="cpu"):
        """The mean nDCG@10 over all questions."""
        vectors = SentenceVectors(bert, dimension)
        questions, passages = embed(vectors, self.asked, device), embed(vectors, self.read, device)
        total = 0.0
        for start in range(0, len(questions), QUESTIONS):
            alike = questions[start : start + QUESTIONS] @ passages.T
            for row, question in zip(alike, self.questions[start : start + QUESTIONS], strict=True):
                # Passages of one likeness keep their order, so that the same weights always get the same score.
                best = np.argsort(-row, kind="stable")[:FIRST] if len(row) <= FIRST else self.best(row)
                total += ndcg([self.passages[at] for at in best], self.grades[question])
        return total / len(questions)

    @staticmethod
    def best(row):
        least = np.partition(row, -FIRST)[-FIRST]
        able = np.flatnonzero(row >= least)
        return able[np.argsort(-row[able], kind="stable")][:FIRST]
