"""Writes what a model is served from: its weights, the bundle of Millrace, and TorchScript for ML Commons."""

import copy
import json
import shutil
import zipfile

import numpy as np
import onnx
import torch
from onnx import helper
from safetensors.torch import save_file
from tokenizers import Tokenizer

import graph
from base import LARGEST_GRAPH, WORDS
from encoder import SentenceVectors, Texts, build, embed
from faults import TrainerFault
from files import model_module, put, put_json, sha256
from progress import tell

FOLDERS = ("weights", "bundle", "torchscript")


class Tensors:
    """The weights as export.py asks for them."""

    def __init__(self, tensors, blocks):
        self.tensors = {name: value.numpy() for name, value in tensors.items()}
        if blocks is not None:
            # The table of words was not trained: it stays as small as it was.
            del self.tensors[WORDS]
            numbers, scales = blocks
            self.tensors[WORDS.replace("weight", "numbers")] = numbers
            self.tensors[WORDS.replace("weight", "scales")] = scales

    def __getitem__(self, name):
        return self.tensors[name].astype(np.float32)

    def __contains__(self, name):
        return name in self.tensors

    def raw(self, name):
        return self.tensors[name]


def cut(model, dimension):
    """Makes the graph keep the first `dimension` numbers, before it brings the vector to length 1."""
    last = model.graph.node[-1]
    if last.op_type != "LpNormalization":
        raise TrainerFault("compose/model/export.py does not end with LpNormalization any more: mend exporting.py, `cut`")
    for name, value in (("cut_start", 0), ("cut_end", dimension), ("cut_axis", 1)):
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([value], np.int64), name))
    names = [last.input[0], "cut_start", "cut_end", "cut_axis"]
    model.graph.node.insert(len(model.graph.node) - 1, helper.make_node("Slice", names, ["cut"], name="Slice_cut"))
    model.graph.node[-1].input[0] = "cut"
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = dimension


def write_weights(folder, config, tensors):
    folder.mkdir(parents=True)
    put_json(folder / "config.json", config)
    file = folder / "model.safetensors"
    save_file({name: value.contiguous() for name, value in tensors.items()}, file, {"format": "pt"})
    # safetensors writes it for its owner alone; who serves the model may be another user.
    file.chmod(0o644)


def write_graph(file, config, tensors, blocks, dimension):
    model = model_module("export").build(config, Tensors(tensors, blocks))
    if dimension < config["hidden_size"]:
        cut(model, dimension)
    if model.ByteSize() > LARGEST_GRAPH:
        raise TrainerFault("the graph is larger than the 2 GB that one file holds: begin with a smaller model")
    onnx.checker.check_model(model)
    put(file, model.SerializeToString(deterministic=True))


# What ML Commons calls: a map of tensors in (input_ids, attention_mask, for some also token_type_ids), a map out. Its translator for
# sentence_transformers and TORCH_SCRIPT hands over one map without token types and returns each tensor of the answer under its name
# (SentenceTransformerTextEmbeddingTranslator); `sentence_embedding` is what it looks for. A text and not a method: torch would read
# this file again to compile a method, hours after it was loaded, and it may have been updated meanwhile.
FOR_ML_COMMONS = """
def forward(self, features: Dict[str, Tensor]) -> Dict[str, Tensor]:
    ids, mask = features["input_ids"], features["attention_mask"]
    types = features["token_type_ids"] if "token_type_ids" in features else torch.zeros_like(ids)
    return {"sentence_embedding": self.embed(ids, mask, types)}
"""


class Holder(torch.nn.Module):
    """What FOR_ML_COMMONS is defined on: `embed` is traced, `forward` is that text."""

    def __init__(self, vectors):
        super().__init__()
        self.vectors = vectors

    def embed(self, ids, mask, types):
        return self.vectors(ids, mask, types)


def write_torchscript(file, config, tensors, dimension):
    # Only this way of attention is traced without a branch on the length of the text.
    vectors = SentenceVectors(build(config, tensors, "eager"), dimension).eval().requires_grad_(False)
    ids = torch.ones((2, 9), dtype=torch.int64)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    with torch.no_grad():
        example = (ids, mask, torch.zeros_like(ids))
        script = torch.jit.trace_module(Holder(vectors), {"embed": example}, check_trace=False)
    script.define(FOR_ML_COMMONS)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    torch.jit.save(script, str(fresh))
    fresh.replace(file)


def script_difference(file, bert, tokenizer, about):
    """How far the saved file's vectors are from PyTorch's, at other lengths than it was traced with."""
    most = about["max_tokens"]
    texts = Texts(Tokenizer.from_file(str(tokenizer)), graph.samples(most), about["prefixes"]["passage"], most)
    here, script = embed(SentenceVectors(bert, about["dimension"]), texts), torch.jit.load(str(file))
    apart = 0.0
    with torch.no_grad():
        for indexes in [*([at] for at in range(len(texts))), list(range(len(texts)))]:
            fed = {name: torch.from_numpy(value) for name, value in texts.padded(indexes).items() if name != "token_type_ids"}
            found = script(fed)["sentence_embedding"].numpy()
            apart = max(apart, float(np.abs(found - here[indexes]).max()))
    return apart


def write_zip(file, script, tokenizer, most_tokens):
    """What ML Commons registers. Its tokenizer cuts where the model ends: nobody has cut these texts before."""
    cutting = json.loads(tokenizer.read_text(encoding="utf-8"))
    cutting["truncation"] = {"direction": "Right", "max_length": most_tokens, "strategy": "LongestFirst", "stride": 0}
    fresh = file.with_suffix(".new")
    with zipfile.ZipFile(fresh, "w") as target:
        # Always the same date: the digest of the file is what ML Commons knows the model by.
        for name, content in (("model.pt", script.read_bytes()), ("tokenizer.json", json.dumps(cutting, ensure_ascii=False))):
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    fresh.replace(file)


def checked(what, apart):
    tell(stage="export", file=what, difference=apart)
    if not apart <= graph.TOLERANCE:
        raise TrainerFault(
            f"{what} gives other vectors than PyTorch, by {apart:.2g} where {graph.TOLERANCE:g} is allowed: nothing is "
            "exported; this is a fault of the trainer or of a library that it uses. What was trained is kept: once that is mended, "
            "a run with the same output begins with the export"
        )
    return apart


def export(base, tensors, tokenizer, settings, out):
    """Writes the three folders; returns how far the graph and the script are from PyTorch."""
    for folder in FOLDERS:
        shutil.rmtree(out / folder, ignore_errors=True)
    about = copy.deepcopy(base.about)
    blocks = base.blocks if torch.equal(tensors[WORDS], base.tensors[WORDS]) else None
    write_weights(out / "weights", base.config, tensors)
    put(out / "weights" / "tokenizer.json", tokenizer.read_bytes())
    put(out / "bundle" / "tokenizer.json", tokenizer.read_bytes())
    write_graph(out / "bundle" / "model.onnx", base.config, tensors, blocks, about["dimension"])
    bert = build(base.config, tensors)
    differences = {
        "model.onnx": checked(
            "model.onnx", graph.difference(out / "bundle" / "model.onnx", bert, tokenizer, about, settings.threads)
        )
    }
    script = out / "torchscript" / "model.pt"
    write_torchscript(script, base.config, tensors, about["dimension"])
    differences["model.pt"] = checked("model.pt", script_difference(script, bert, tokenizer, about))
    write_zip(script.with_suffix(".zip"), script, tokenizer, about["max_tokens"])
    put_json(out / "bundle" / "bundle.json", described(about, blocks, out / "bundle"))
    return differences


def described(about, blocks, bundle):
    """bundle.json, in the form of compose/model/bundle.py."""
    words = about["precision"].removesuffix(" words, else fp32")
    return {
        "name": about["name"],
        "version": about["version"],
        "dimension": about["dimension"],
        "max_tokens": about["max_tokens"],
        "pooling": "mean",
        "normalise": True,
        "output": "sentence_embedding",
        "precision": "fp32" if blocks is None else f"{words} words, else fp32",
        "prefixes": about["prefixes"],
        "files": {file: sha256(bundle / file) for file in ("model.onnx", "tokenizer.json")},
    }
