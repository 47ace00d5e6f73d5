"""The weights that are read out of a bundle are those that were written into it."""

import json
import os
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from tests import tiny

import graph  # noqa: E402
from base import read_base  # noqa: E402
from encoder import build  # noqa: E402
from faults import UnusableInput  # noqa: E402
from files import put_json  # noqa: E402

MODELS = Path(os.environ.get("MILLRACE_HOME", "/var/tmp/millrace")) / "dist" / "models"


def apart(folder):
    base = read_base(folder)
    return graph.difference(folder / "model.onnx", build(base.config, base.tensors), folder / "tokenizer.json", base.about)


class Bundles(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.folder = Path(self.place.name) / "base"

    def test_a_bundle_gives_its_weights_back_to_the_bit(self):
        written = tiny.bundle(self.folder)
        read = read_base(self.folder)
        self.assertEqual(set(read.tensors), set(written.state_dict()))
        for name, tensor in written.state_dict().items():
            self.assertTrue(torch.equal(read.tensors[name], tensor), name)
        self.assertEqual(read.config["num_attention_heads"], 4)
        self.assertEqual(read.config["layer_norm_eps"], 1e-12)
        self.assertLess(apart(self.folder), 1e-5)

    def test_a_table_of_words_in_blocks_is_multiplied_and_kept(self):
        draw = np.random.default_rng(5)
        numbers = draw.integers(-8, 8, (8 + len(tiny.THINGS) + len(tiny.FILLING), 4, 8)).astype(np.int8)
        scales = draw.random((*numbers.shape[:2], 1)).astype(np.float32) * 0.05
        written = tiny.bundle(self.folder, blocks=(numbers, scales))
        read = read_base(self.folder)
        self.assertTrue(torch.equal(read.tensors["embeddings.word_embeddings.weight"], written.embeddings.word_embeddings.weight))
        self.assertTrue(np.array_equal(read.blocks[0], numbers) and np.array_equal(read.blocks[1], scales))
        self.assertLess(apart(self.folder), 1e-5)

    def test_a_bundle_with_a_smaller_dimension_is_read_too(self):
        tiny.bundle(self.folder, dimension=8)
        self.assertEqual(graph.width(self.folder / "model.onnx"), 8)
        self.assertLess(apart(self.folder), 1e-5)

    def test_a_file_that_was_changed_is_refused(self):
        tiny.bundle(self.folder)
        with open(self.folder / "tokenizer.json", "a", encoding="utf-8") as file:
            file.write(" ")
        self.assertRaisesRegex(UnusableInput, "differs from bundle.json", read_base, self.folder)

    def test_another_pooling_is_refused(self):
        tiny.bundle(self.folder)
        about = json.loads((self.folder / "bundle.json").read_text(encoding="utf-8"))
        put_json(self.folder / "bundle.json", about | {"pooling": "cls"})
        self.assertRaisesRegex(UnusableInput, "pooled by 'cls'", read_base, self.folder)

    def test_what_is_no_model_is_refused(self):
        self.assertRaisesRegex(UnusableInput, "no model to begin with", read_base, self.folder)


class InstalledBundles(unittest.TestCase):
    def check(self, name):
        if not (MODELS / name / "bundle.json").is_file():
            self.skipTest(f"{name} is not in {MODELS}; compose/install model model-e5")
        self.assertLess(apart(MODELS / name), graph.TOLERANCE)

    def test_minilm_read_back_gives_the_vectors_of_its_graph(self):
        self.check("all-MiniLM-L6-v2")

    def test_e5_read_back_gives_the_vectors_of_its_graph(self):
        self.check("multilingual-e5-small")


if __name__ == "__main__":
    unittest.main()
