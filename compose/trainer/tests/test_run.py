"""Whole runs of train.py on a tiny model."""

import errno
import json
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from tokenizers import Tokenizer

from tests import tiny

import exporting  # noqa: E402
import graph  # noqa: E402
import run  # noqa: E402
from base import read_base  # noqa: E402
from encoder import build  # noqa: E402
from faults import TrainerFault  # noqa: E402
from files import read_json, sha256  # noqa: E402


class Whole(unittest.TestCase):
    """One run, looked at from all sides."""

    @classmethod
    def setUpClass(cls):
        cls.place = cls.enterClassContext(tiny.workplace())
        cls.out = cls.place / "out"
        cls.code, cls.told, cls.said = tiny.run(cls.place, "--token", "aabbcc", "--seeds", "2", "--name", "domain")

    def test_it_succeeds_and_tells_each_step(self):
        self.assertEqual(self.code, 0, self.said)
        steps = [event for event in self.told if "step" in event]
        self.assertEqual([(event["seed"], event["step"]) for event in steps], [(s, n) for s in (1, 2) for n in range(1, 7)])
        first, second = ([event["loss"] for event in steps if event["seed"] == seed] for seed in (1, 2))
        self.assertNotEqual(first[0], second[0], "both seeds began with the same batch")
        self.assertTrue(all(event["of"] == 6 and event["loss"] > 0 for event in steps))
        self.assertEqual({event["stage"] for event in self.told if "stage" in event}, {"train", "average", "export"})

    def test_done_names_every_file_with_its_digest_and_is_last(self):
        done = read_json(self.out / "done.json")
        expected = ["bundle/bundle.json", "bundle/model.onnx", "bundle/tokenizer.json", "report.html", "report.json"]
        expected += ["torchscript/model.pt", "torchscript/model.zip"]
        expected += ["weights/config.json", "weights/model.safetensors", "weights/tokenizer.json"]
        self.assertEqual(sorted(done["files"]), expected)
        for name, digest in done["files"].items():
            self.assertEqual(sha256(self.out / name), digest)
            self.assertLessEqual((self.out / name).stat().st_mtime_ns, (self.out / "done.json").stat().st_mtime_ns)
        self.assertFalse((self.out / "checkpoints").exists())
        kept = {name: done[name] for name in ("format", "token", "name", "version", "base", "data", "dimension", "steps")}
        wanted = {"format": 1, "token": "aabbcc", "name": "domain", "version": "0123456789ab", "base": "tiny"}
        self.assertEqual(kept, wanted | {"data": "0123456789ab", "dimension": 32, "steps": 12})
        self.assertEqual([seed["seed"] for seed in done["dev"]["seeds"]], [1, 2])
        shares = read_json(self.out / "report.json")["shares"]
        self.assertEqual(done["dev"]["ndcg@10"], shares[f"{done['dev']['weight']:g}"])

    def test_the_bundle_is_a_base_again_and_says_what_the_base_said(self):
        base = read_base(self.out / "bundle")
        self.assertEqual((base.about["prefixes"], base.about["max_tokens"]), ({"query": "ask: ", "passage": "tell: "}, tiny.MOST))
        self.assertEqual(set(base.about["files"]), {"model.onnx", "tokenizer.json"})
        bert = build(base.config, base.tensors)
        apart = graph.difference(self.out / "bundle" / "model.onnx", bert, self.out / "bundle" / "tokenizer.json", base.about)
        self.assertLess(apart, graph.TOLERANCE)
        weights = read_base(self.out / "weights")
        self.assertTrue(all(torch.equal(weights.tensors[name], tensor) for name, tensor in base.tensors.items()))

    def test_few_pairs_leave_the_table_of_words_as_it_was(self):
        before, after = read_base(self.place / "data" / "base"), read_base(self.out / "bundle")
        changed = {name for name, tensor in before.tensors.items() if not torch.equal(tensor, after.tensors[name])}
        self.assertNotIn("embeddings.word_embeddings.weight", changed)
        self.assertIn("encoder.layer.1.output.dense.weight", changed)

    def test_torchscript_gives_the_vectors_of_the_graph_at_other_lengths(self):
        script = torch.jit.load(str(self.out / "torchscript" / "model.pt"))
        reader = Tokenizer.from_file(str(self.out / "bundle" / "tokenizer.json"))
        texts = exporting.Texts(reader, ["redtree", "redtree word1 word2 word3", " ".join(tiny.FILLING[:40])], "", tiny.MOST)
        wanted = graph.graph_vectors(self.out / "bundle" / "model.onnx", texts)[0]
        for at, vector in enumerate(wanted):
            fed = {name: torch.from_numpy(value) for name, value in texts.padded([at]).items()}
            with_types = script(fed)["sentence_embedding"].numpy()
            fed.pop("token_type_ids")
            without = script(fed)["sentence_embedding"].numpy()
            self.assertEqual(without.shape, (1, 32))
            self.assertLess(np.abs(without[0] - vector).max(), 1e-4)
            self.assertTrue(np.array_equal(with_types, without))
        with zipfile.ZipFile(self.out / "torchscript" / "model.zip") as packed:
            self.assertEqual(packed.namelist(), ["model.pt", "tokenizer.json"])
            self.assertEqual(json.loads(packed.read("tokenizer.json"))["truncation"]["max_length"], tiny.MOST)

    def test_the_report_has_its_pictures(self):
        page = (self.out / "report.html").read_text(encoding="utf-8")
        self.assertEqual(page.count("<svg"), 3)
        self.assertNotIn("http", page.replace("http://www.w3.org", ""))

    def test_what_is_done_is_not_done_again(self):
        before = (self.out / "done.json").stat().st_mtime_ns
        code, told, _ = tiny.run(self.place, "--token", "aabbcc", "--seeds", "2", "--name", "domain")
        self.assertEqual((code, told), (0, []))
        self.assertEqual((self.out / "done.json").stat().st_mtime_ns, before)


class Kinds(unittest.TestCase):
    """Ways of training, each as short as can be."""

    def trained(self, *more):
        place = self.enterContext(tiny.workplace(negatives="--mnrl" not in more))
        code, _, said = tiny.run(place, "--max_steps", "3", *(option for option in more if option != "--mnrl"))
        self.assertEqual(code, 0, said)
        return place, read_json(place / "out" / "report.json")

    def test_a_smaller_dimension_is_in_the_bundle_and_in_the_graph(self):
        place, _ = self.trained("--dimension", "8")
        bundle = place / "out" / "bundle"
        self.assertEqual((read_base(bundle).about["dimension"], graph.width(bundle / "model.onnx")), (8, 8))
        script = torch.jit.load(str(place / "out" / "torchscript" / "model.pt"))
        fed = {"input_ids": torch.tensor([[2, 9, 3]]), "attention_mask": torch.ones((1, 3), dtype=torch.int64)}
        vector = script(fed)["sentence_embedding"]
        self.assertEqual(vector.shape, (1, 8))
        self.assertAlmostEqual(float(vector.norm()), 1.0, places=5)

    def test_adapters_are_added_to_what_they_adapt(self):
        place, report = self.trained("--lora", "yes")
        self.assertTrue(report["trained"]["lora"])
        before, after = read_base(place / "data" / "base"), read_base(place / "out" / "bundle")
        changed = {name for name, tensor in before.tensors.items() if not torch.equal(tensor, after.tensors[name])}
        self.assertIn("encoder.layer.0.attention.self.query.weight", changed)
        self.assertTrue(all(name.endswith("weight") and "LayerNorm" not in name and "embeddings" not in name for name in changed))

    def test_the_other_loss_and_a_trained_table_of_words(self):
        place, report = self.trained("--loss", "mnrl", "--words", "trained", "--mnrl")
        self.assertEqual(report["trained"]["words"], "trained")
        before, after = read_base(place / "data" / "base"), read_base(place / "out" / "bundle")
        name = "embeddings.word_embeddings.weight"
        self.assertFalse(torch.equal(before.tensors[name], after.tensors[name]))


class Faults(unittest.TestCase):
    def test_a_loss_that_is_no_number_ends_it_without_a_model(self):
        with tiny.workplace() as place:
            code, _, said = tiny.run(place, "--learning_rate", "1e30")
            self.assertEqual(code, 1, said)
            self.assertIn("smaller --learning_rate", said)
            self.assertFalse((place / "out" / "done.json").exists())
            self.assertFalse((place / "out" / "bundle").exists())

    def test_a_leak_ends_it_with_2(self):
        with tiny.workplace() as place:
            data = place / "data"
            leak = {"query": "q", "positive": "p", "negatives": [], "kind": "title", "document": "b/x", "chunk": "dev-1"}
            with open(data / "train.jsonl", "a", encoding="utf-8") as file:
                file.write(json.dumps(leak) + "\n")
            tiny.seal(data, [])
            code, told, said = tiny.run(place)
            self.assertEqual((code, told), (2, []))
            self.assertIn("kept for dev", said)

    def test_a_trainer_that_is_updated_under_a_run_still_exports(self):
        """Hours after they were loaded, the files may be others: nothing is compiled from them."""
        with tempfile.TemporaryDirectory() as folder:
            bundle = Path(folder) / "base"
            tiny.bundle(bundle)
            begun = read_base(bundle)
            changed = mock.patch("inspect.getsourcelines", side_effect=OSError("lineno is out of bounds"))
            with changed, mock.patch("inspect.getsource", side_effect=OSError("lineno is out of bounds")):
                exporting.write_torchscript(Path(folder) / "model.pt", begun.config, begun.tensors, 32)
            script = torch.jit.load(str(Path(folder) / "model.pt"))
            ids = torch.ones((1, 4), dtype=torch.int64)
            found = script({"input_ids": ids, "attention_mask": ids})
            self.assertEqual(tuple(found["sentence_embedding"].shape), (1, 32))

    def test_a_full_disk_at_export_leaves_no_done_and_the_seeds(self):
        with tiny.workplace() as place:
            full = OSError(errno.ENOSPC, "No space left on device", "model.pt")
            with mock.patch.object(exporting, "write_torchscript", side_effect=full):
                code, _, said = tiny.run(place)
            self.assertEqual(code, 1)
            self.assertIn("the disk is full (model.pt)", said)
            self.assertFalse((place / "out" / "done.json").exists())
            code, told, said = tiny.run(place)
            self.assertEqual(code, 0, said)
            self.assertFalse([event for event in told if "step" in event], "the finished seed was trained again")
            self.assertTrue((place / "out" / "done.json").exists())

    def test_a_failed_export_is_all_that_is_done_again(self):
        with tiny.workplace() as place:
            more = ["--seeds", "2", "--max_steps", "3"]
            with mock.patch.object(run, "export", side_effect=TrainerFault("model.pt gives other vectors")):
                code, told, said = tiny.run(place, *more)
            self.assertEqual(code, 1, said)
            chosen = [event for event in told if "weight" in event]
            again = mock.patch.object(run.Judged, "score", side_effect=AssertionError("the mixture was chosen again"))
            # Another run may go on from it: what it calls itself is not what it trains.
            with again, mock.patch("seeds.tune", side_effect=AssertionError("a seed was trained again")):
                code, told, said = tiny.run(place, *more, "--token", "aabbcc", "--name", "another")
            self.assertEqual(code, 0, said)
            self.assertEqual([event for event in told if event["stage"] != "export"], [])
            done, base = read_json(place / "out" / "done.json"), read_base(place / "data" / "base")
            self.assertEqual([done["dev"]["weight"]], [event["weight"] for event in chosen])
            self.assertEqual([round(done["dev"]["ndcg@10"], 6)], [event["ndcg@10"] for event in chosen])
            after = read_base(place / "out" / "bundle")
            self.assertTrue(any(not torch.equal(base.tensors[name], tensor) for name, tensor in after.tensors.items()))
            self.assertFalse((place / "out" / "checkpoints").exists())

    def test_a_mixture_that_was_chosen_by_something_else_or_is_broken_is_chosen_again(self):
        with tiny.workplace() as place:
            for spoil, more in ((False, ["--dev_questions", "10"]), (True, [])):
                with mock.patch.object(run, "export", side_effect=TrainerFault("no")):
                    self.assertEqual(tiny.run(place)[0], 1)
                if spoil:
                    with open(place / "out" / "checkpoints" / "mixture.safetensors", "ab") as file:
                        file.write(b"x")
                code, told, said = tiny.run(place, *more)
                self.assertEqual(code, 0, said)
                self.assertTrue([event for event in told if "weight" in event], more)
                self.assertFalse([event for event in told if "step" in event])
                (place / "out" / "done.json").unlink()

    def test_nothing_that_was_trained_is_removed_before_it_is_done(self):
        with tiny.workplace() as place:
            written = run.put_json

            def put_json(file, content):
                if file.name == "done.json":
                    raise OSError(errno.ENOSPC, "No space left on device", "done.json")
                written(file, content)

            with mock.patch.object(run, "put_json", side_effect=put_json):
                self.assertEqual(tiny.run(place)[0], 1)
            self.assertFalse((place / "out" / "done.json").exists())
            code, told, said = tiny.run(place)
            self.assertEqual(code, 0, said)
            self.assertFalse([event for event in told if "step" in event], "the finished seed was trained again")
            # What a kill just after that leaves goes, too.
            (place / "out" / "checkpoints").mkdir()
            self.assertEqual(tiny.run(place)[:2], (0, []))
            self.assertFalse((place / "out" / "checkpoints").exists())

    def test_too_little_room_is_said_before_anything_is_trained(self):
        with tiny.workplace() as place, mock.patch.object(run.shutil, "disk_usage", return_value=mock.Mock(free=1000)):
            code, told, said = tiny.run(place)
            self.assertEqual((code, told), (1, []))
            self.assertIn("make room", said)

    def test_memory_that_runs_out_ends_it_with_3(self):
        with tiny.workplace() as place, mock.patch("seeds.tune", side_effect=torch.cuda.OutOfMemoryError("CUDA out of memory")):
            code, _, said = tiny.run(place)
            self.assertEqual(code, 3)
            self.assertIn("--batch_size 32", said)


class Kill(unittest.TestCase):
    def test_a_killed_run_goes_on_and_ends_with_the_weights_of_one_that_was_not(self):
        with tiny.workplace() as place, tiny.workplace() as whole:
            more = ["--max_steps", "40", "--epochs", "20", "--seeds", "2"]
            command = [sys.executable, str(tiny.TRAINER / "train.py"), *tiny.arguments(place, *more)]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for line in child.stdout:
                event = json.loads(line)
                if (event.get("seed"), event.get("step")) == (2, 12):
                    child.send_signal(signal.SIGKILL)
                    break
            child.stdout.close()
            self.assertEqual(child.wait(), -signal.SIGKILL)
            time.sleep(0.1)
            # What a kill in the middle of a write leaves is not taken for a checkpoint.
            (place / "out" / "checkpoints" / "seed-2" / "checkpoint-39").mkdir()
            self.assertFalse((place / "out" / "done.json").exists())
            code, told, said = tiny.run(place, *more)
            self.assertEqual(code, 0, said)
            steps = [(event["seed"], event["step"]) for event in told if "step" in event]
            self.assertTrue(11 <= steps[0][1] <= 13 and steps[0][0] == 2, steps[:3])
            self.assertEqual(tiny.run(whole, *more)[0], 0)
            losses, never_killed = (read_json(at / "out" / "report.json")["seeds"][1]["losses"] for at in (place, whole))
            self.assertEqual(losses, never_killed)
            self.assertEqual([step for step, _ in losses], list(range(1, steps[-1][1] + 1)))
            again, once = (read_base(at / "out" / "bundle").tensors for at in (place, whole))
            furthest = max(float((again[name] - once[name]).abs().max()) for name in once)
            self.assertLess(furthest, 1e-6)


if __name__ == "__main__":
    unittest.main()
