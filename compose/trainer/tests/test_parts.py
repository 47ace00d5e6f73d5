"""The pure parts: what is refused of the data, the measure, the average, exit codes."""

import contextlib
import errno
import io
import json
import math
import tempfile
import unittest
from pathlib import Path

import torch

from tests import tiny

import average  # noqa: E402
import faults  # noqa: E402
import settings as options  # noqa: E402
from data import Pair, columns, judgments, read_data  # noqa: E402
from judge import Judged, ndcg  # noqa: E402


class Data(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)
        tiny.data(self.folder)
        text = (self.folder / "train.jsonl").read_text(encoding="utf-8")
        self.lines = [json.loads(line) for line in text.splitlines()]
        self.documents = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))["documents"]

    def read(self, lines=None, *more):
        if lines is not None:
            tiny.write_lines(self.folder / "train.jsonl", lines)
            tiny.seal(self.folder, self.documents)
        return read_data(options.read(["--oss_input", str(self.folder), "--oss_output", "out", *more]))

    def refused(self, words, lines=None, *more):
        with self.assertRaisesRegex(faults.UnusableInput, words):
            self.read(lines, *more)

    def test_good_data_is_read(self):
        data = self.read()
        self.assertEqual((data.found, len(data.pairs)), (160, 160))
        self.assertEqual(len(self.read(None, "--most_pairs", "120").pairs), 120)

    def test_a_passage_of_dev_in_train_is_refused(self):
        self.refused("line 1: dev-3 of .* is kept for dev", [self.lines[0] | {"chunk": "dev-3"}, *self.lines])

    def test_a_document_of_golden_in_train_is_refused(self):
        self.refused("b/golden-4 is kept for golden", [*self.lines, self.lines[0] | {"document": "b/golden-4"}])

    def test_too_few_pairs_are_refused(self):
        self.refused("has 99 pairs", self.lines[:99])

    def test_an_empty_text_is_refused(self):
        self.refused("line 1: .* is empty", [self.lines[0] | {"positive": " "}, *self.lines])

    def test_a_file_that_the_manifest_does_not_describe_is_refused(self):
        tiny.write_lines(self.folder / "train.jsonl", self.lines[1:])
        self.refused("differs from manifest.json")

    def test_without_a_manifest_it_is_not_complete(self):
        (self.folder / "manifest.json").unlink()
        self.refused("not complete")

    def test_prefixes_are_put_before_and_missing_negatives_come_from_other_documents(self):
        pairs = [Pair("q1", "p1", ("n1", "n2"), "d1"), Pair("q2", "p2", (), "d2")]
        found = columns(pairs, {"query": "ask: ", "passage": "tell: "}, 1, 1)
        expected = {"anchor": ["ask: q1", "ask: q2"], "positive": ["tell: p1", "tell: p2"]}
        self.assertEqual(found, expected | {"negative_1": ["tell: n1", "tell: p1"]})

    def test_without_negatives_there_is_no_column_for_them(self):
        self.assertEqual(list(columns([Pair("q", "p", (), "d")], {"query": "", "passage": ""}, 1, 1)), ["anchor", "positive"])


class Measure(unittest.TestCase):
    def test_ndcg_is_that_of_trec_eval(self):
        # By hand: gains 3, 0, 1 against the ideal 3, 1.
        found = ndcg(["a", "x", "b"], {"a": 3, "b": 1})
        self.assertAlmostEqual(found, (3 + 1 / 2) / (3 + 1 / math.log2(3)), places=12)
        self.assertEqual(ndcg([f"x{n}" for n in range(10)] + ["a"], {"a": 1}), 0.0)

    def test_the_best_ten_are_those_of_a_full_sort(self):
        row = torch.rand(500, generator=torch.Generator().manual_seed(1)).numpy()
        row[::7] = row[3]
        self.assertEqual(Judged.best(row).tolist(), (-row).argsort(kind="stable")[:10].tolist())

    def test_qrels_may_have_a_head_or_none(self):
        with tempfile.TemporaryDirectory() as place:
            for head in ("query-id\tcorpus-id\tscore\n", ""):
                (Path(place) / "dev.tsv").write_text(f"{head}q\ta\t1\nq\tb\t0\n", encoding="utf-8")
                self.assertEqual(judgments(Path(place) / "dev.tsv"), {"q": {"a": 1}})


class Average(unittest.TestCase):
    base = {"words": torch.rand(4, 3), "dense": torch.tensor([1.0, 2.0])}

    def test_seeds_are_averaged_and_mixed_and_the_rest_stays_to_the_bit(self):
        change = average.change(self.base, [{"dense": torch.tensor([2.0, 2.0])}, {"dense": torch.tensor([4.0, 0.0])}])
        found = average.mixed(self.base, change, 0.5)
        self.assertTrue(torch.equal(found["words"], self.base["words"]))
        self.assertTrue(torch.allclose(found["dense"], torch.tensor([2.0, 1.5])))

    def test_the_best_share_is_taken_and_of_equal_ones_the_nearest_to_the_base(self):
        self.assertEqual(average.choose(0.5, {0.4: 0.6, 0.8: 0.7, 1.0: 0.65}), (0.8, True))
        self.assertEqual(average.choose(0.5, {0.4: 0.6, 0.8: 0.6}), (0.4, True))

    def test_where_none_beats_the_base_the_nearest_is_taken_and_it_is_said(self):
        self.assertEqual(average.choose(0.5, {0.4: 0.3, 0.8: 0.5, 1.0: 0.2}), (0.4, False))


class Verdicts(unittest.TestCase):
    settings = options.read(["--oss_input", "in", "--oss_output", "out", "--batch_size", "64"])

    def test_each_end_has_its_code(self):
        cases = (
            (faults.UnusableInput("why"), 2, "why"),
            (faults.Diverged("why"), 1, "why"),
            (MemoryError(), 3, "--batch_size 64"),
            (torch.cuda.OutOfMemoryError("CUDA out of memory"), 3, "--batch_size 64"),
            (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), 3, "--batch_size 64"),
            (OSError(errno.ENOSPC, "No space left on device", "f"), 1, "the disk is full"),
            (RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"), 1, "the disk is full"),
            (ValueError("other"), 1, "other"),
        )
        for error, code, words in cases:
            found, message = faults.verdict(error, self.settings)
            self.assertEqual(found, code, error)
            self.assertIn(words, message)

    def test_options_that_cannot_be_end_with_2(self):
        for wrong in (["--seeds", "0"], ["--learning_rate", "nan"], ["--dimension", "-1"], ["--loss", "other"]):
            with self.assertRaises(SystemExit) as stopped, contextlib.redirect_stderr(io.StringIO()):
                options.read(["--oss_input", "in", "--oss_output", "out", *wrong])
            self.assertEqual(stopped.exception.code, 2)


if __name__ == "__main__":
    unittest.main()
