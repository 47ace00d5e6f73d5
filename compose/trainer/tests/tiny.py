"""A model of two layers with random weights and a vocabulary of a few hundred words, and training data for it: a training
takes seconds."""

import contextlib
import io
import json
import random
import sys
import tempfile
from pathlib import Path

import torch

TRAINER = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TRAINER))

import progress  # noqa: E402
import train  # noqa: E402
from base import configuration  # noqa: E402
from encoder import build  # noqa: E402
from exporting import described, write_graph  # noqa: E402
from files import put, put_json, sha256  # noqa: E402

THINGS = [f"{colour}{thing}" for colour in ("red", "blue", "old", "new", "big") for thing in ("tree", "ship", "house", "road")]
FILLING = [f"word{number}" for number in range(200)]
MOST = 48


def tokenizer():
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "ask:", "tell:", "what", "about", *THINGS, *FILLING]
    token = lambda number, content: {"id": number, "content": content, "special": True}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    one = lambda name: {"SpecialToken": {"id": name, "type_id": 0}}
    return {
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": 16, "strategy": "LongestFirst", "stride": 0},
        "padding": None,
        "added_tokens": [token(number, words[number]) | plain for number in range(4)],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [one("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, one("[SEP]")],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {
                name: {"id": name, "ids": [number], "tokens": [name]} for number, name in ((2, "[CLS]"), (3, "[SEP]"))
            },
        },
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {word: at for at, word in enumerate(words)}, "unk_token": "[UNK]"},
    }


def tensors(hidden=32, layers=2, wide=64):
    draw = torch.Generator().manual_seed(7)
    random_matrix = lambda *shape: torch.randn(*shape, generator=draw) * 0.2
    found = {
        "embeddings.word_embeddings.weight": random_matrix(8 + len(THINGS) + len(FILLING), hidden),
        "embeddings.position_embeddings.weight": random_matrix(MOST, hidden),
        "embeddings.token_type_embeddings.weight": random_matrix(2, hidden),
    }
    dense = {"attention.self.query": (hidden, hidden), "attention.self.key": (hidden, hidden)}
    dense |= {"attention.self.value": (hidden, hidden), "attention.output.dense": (hidden, hidden)}
    dense |= {"intermediate.dense": (wide, hidden), "output.dense": (hidden, wide)}
    norms = ["embeddings.LayerNorm"]
    for layer in (f"encoder.layer.{number}" for number in range(layers)):
        for name, shape in dense.items():
            found[f"{layer}.{name}.weight"], found[f"{layer}.{name}.bias"] = random_matrix(*shape), random_matrix(shape[0])
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    for name in norms:
        found[f"{name}.weight"], found[f"{name}.bias"] = 1 + random_matrix(hidden), random_matrix(hidden)
    return found


def bundle(folder, blocks=None, dimension=32):
    """A bundle as compose/model makes them; with `blocks` the table of words is in small whole numbers."""
    weights = tensors()
    config = configuration(weights, 2, 4, 1e-12)
    about = {"name": "tiny", "version": "1", "dimension": dimension, "max_tokens": MOST, "precision": "fp32"}
    about["prefixes"] = {"query": "ask: ", "passage": "tell: "}
    put(folder / "tokenizer.json", json.dumps(tokenizer() | {"truncation": None}))
    if blocks is not None:
        numbers, scales = blocks
        flat = (torch.from_numpy(numbers).float() * torch.from_numpy(scales)).reshape(len(numbers), -1)
        weights["embeddings.word_embeddings.weight"] = flat
        about["precision"] = "q4_0"
    write_graph(folder / "model.onnx", config, weights, blocks, dimension)
    put_json(folder / "bundle.json", described(about, None, folder) | {"precision": about["precision"]})
    return build(config, weights)


def passage(thing, draw):
    return " ".join([thing, *draw.sample(FILLING, 8)])


def data(folder, pairs=160, negatives=True):
    """Questions for things, and passages that name them. Split by document."""
    draw = random.Random(3)
    lines, documents, corpus, questions, judged = [], [], [], [], {"dev": [], "golden": []}
    for number in range(pairs):
        thing = THINGS[number % len(THINGS)]
        other = THINGS[(number + 1) % len(THINGS)]
        line = {"query": f"what about {thing} {FILLING[number % 200]}", "positive": passage(thing, draw), "kind": "question"}
        line |= {"negatives": [passage(other, draw)] if negatives and number % 3 else []}
        lines.append(line | {"document": f"b/train-{number}", "chunk": f"train-{number}"})
        documents.append({"document": f"b/train-{number}", "version": "1", "split": "train"})
    for split in judged:
        for number, thing in enumerate(THINGS):
            chunk = f"{split}-{number}"
            corpus.append({"_id": chunk, "title": "", "text": passage(thing, draw)})
            questions.append({"_id": f"q-{chunk}", "text": f"what about {thing}", "metadata": {"kind": "question"}})
            judged[split].append(f"q-{chunk}\t{chunk}\t1")
            documents.append({"document": f"b/{chunk}", "version": "1", "split": split})
    corpus += [{"_id": f"other-{number}", "title": "", "text": " ".join(draw.sample(FILLING, 9))} for number in range(30)]
    write_lines(folder / "train.jsonl", lines)
    write_lines(folder / "judged" / "corpus.jsonl", corpus)
    write_lines(folder / "judged" / "queries.jsonl", questions)
    for split, rows in judged.items():
        put(folder / "judged" / "qrels" / f"{split}.tsv", "\n".join(["query-id\tcorpus-id\tscore", *rows]) + "\n")
    seal(folder, documents)


def write_lines(file, rows):
    put(file, "".join(json.dumps(row) + "\n" for row in rows))


def seal(folder, documents):
    """The manifest, as it is written last."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and "base" not in file.parts and file.suffix != ".json")
    digests = {file.relative_to(folder).as_posix(): sha256(file) for file in files}
    counts = {"pairs": {"question": 160}, "dev": 20, "golden": 20}
    put_json(
        folder / "manifest.json",
        {"format": 1, "digest": "0123456789ab", "settings": {}, "documents": documents, "counts": counts, "files": digests},
    )


@contextlib.contextmanager
def workplace(**options):
    """A folder with data/, data/base/ and room for out/."""
    with tempfile.TemporaryDirectory(prefix="millrace-trainer-") as place:
        place = Path(place)
        data(place / "data", **options)
        bundle(place / "data" / "base")
        yield place


def arguments(place, *more):
    small = ["--seeds", "1", "--max_steps", "6", "--batch_size", "32", "--mini_batch_size", "16", "--save_steps", "2"]
    small += ["--threads", "1"]
    return ["--oss_input", str(place / "data"), "--oss_output", str(place / "out"), "--learning_rate", "1e-3", *small, *more]


def run(place, *more):
    """Runs train.py here: its exit code, what it told on stdout as JSON, and what it said to people."""
    told, said, before = io.StringIO(), io.StringIO(), (sys.stdout, sys.stderr, progress._out)
    try:
        sys.stdout, sys.stderr = told, said
        try:
            code = train.main(arguments(place, *more))
        except SystemExit as stopped:
            code = stopped.code
    finally:
        sys.stdout, sys.stderr, progress._out = before
    return code, [json.loads(line) for line in told.getvalue().splitlines()], said.getvalue()
