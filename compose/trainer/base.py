"""Reads the model to begin with: a Millrace bundle, whose weights stand in model.onnx, or a Hugging Face folder.

Reading a bundle is the inverse of compose/model/export.py: the same names in the other direction, matrices turned back.
`agrees` proves it against ONNX Runtime before anything is trained.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from safetensors.torch import load_file

from faults import UnusableInput
from files import read_json, sha256

WORDS = "embeddings.word_embeddings.weight"
FIELDS = ("name", "version", "dimension", "max_tokens", "pooling", "normalise", "output", "precision", "prefixes", "files")
# export.py's names of a layer's values, with the checkpoint's.
DENSE = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "projected": "attention.output.dense",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
}
NORMS = {"attention_norm": "attention.output.LayerNorm", "output_norm": "output.LayerNorm"}
TABLES = {"type_table": "token_type_embeddings", "position_table": "position_embeddings"}
# One file of protobuf holds no more, and ML Commons takes no graph in several.
LARGEST_GRAPH = 2**31 - 2**24


@dataclasses.dataclass
class Base:
    """The model to begin with."""

    folder: Path
    # What bundle.json says, as far as it is about the model: name, version, dimension, max_tokens, precision, prefixes.
    about: dict
    # As a Hugging Face config.json.
    config: dict
    # By the names that a BertModel has.
    tensors: dict
    # The table of words in small whole numbers with a scale for each block, where the bundle has it so, else None.
    blocks: tuple | None
    # The graph that it came from, if it did.
    graph: Path | None

    @property
    def parameters(self):
        return sum(tensor.numel() for tensor in self.tensors.values())


def read_base(folder):
    if (folder / "model.onnx").is_file() and (folder / "bundle.json").is_file():
        return read_bundle(folder)
    if (folder / "model.safetensors").is_file() and (folder / "config.json").is_file():
        return read_checkpoint(folder)
    raise UnusableInput(
        f"{folder} is no model to begin with: --base wants a bundle (model.onnx, tokenizer.json, bundle.json) or a "
        "Hugging Face folder (config.json, model.safetensors in one file, tokenizer.json)"
    )


def check_about(about, folder):
    missing = [name for name in FIELDS if name not in about]
    if missing:
        raise UnusableInput(f"{folder}/bundle.json lacks {', '.join(missing)}: make the bundle again")
    if about["pooling"] != "mean" or not about["normalise"]:
        raise UnusableInput(
            f"{folder}: its vectors are pooled by '{about['pooling']}'"
            f"{'' if about['normalise'] else ' and not normalised'}; compose/model/export.py writes the normalised mean only, "
            "so a model like this one cannot be exported: begin with another"
        )


def read_bundle(folder):
    about = read_json(folder / "bundle.json")
    if about is None:
        raise UnusableInput(f"{folder}/bundle.json cannot be read: copy or make the bundle again")
    check_about(about, folder)
    for name, digest in about["files"].items():
        if not (folder / name).is_file() or sha256(folder / name) != digest:
            raise UnusableInput(f"{folder / name} is missing or differs from bundle.json: copy or make the bundle again")
    try:
        config, tensors, blocks = read_graph(folder / "model.onnx")
    except (KeyError, IndexError, StopIteration, ValueError) as error:
        raise UnusableInput(
            f"{folder}/model.onnx was not written by compose/model/export.py (no {error}), so its weights cannot be read "
            "back: give the Hugging Face folder of the model as --base"
        ) from None
    return Base(folder, about, config, tensors, blocks, folder / "model.onnx")


def read_graph(file):
    """The configuration, the tensors, and the table of words in blocks (or None) of a graph that export.py wrote."""
    graph = onnx.load(file).graph
    values = {constant.name: numpy_helper.to_array(constant) for constant in graph.initializer}
    norm = next(node for node in graph.node if node.op_type == "LayerNormalization")
    epsilon = next(attribute.f for attribute in norm.attribute if attribute.name == "epsilon")
    tensors, blocks = {}, None
    if "word_numbers" in values:
        blocks = (values["word_numbers"], values["word_scales"])
        tensors[WORDS] = (blocks[0].astype(np.float32) * blocks[1]).reshape(len(blocks[0]), -1)
    else:
        tensors[WORDS] = values["word_table"]
    for ours, theirs in TABLES.items():
        tensors[f"embeddings.{theirs}.weight"] = values[ours]
    put_norm(tensors, "embeddings.LayerNorm", values, "embedding_norm")
    layers = sum(1 for name in values if name.startswith("encoder.layer.") and name.endswith(".query_weight"))
    for number in range(layers):
        layer = f"encoder.layer.{number}"
        for ours, theirs in DENSE.items():
            tensors[f"{layer}.{theirs}.weight"] = values[f"{layer}.{ours}_weight"].T
            tensors[f"{layer}.{theirs}.bias"] = values[f"{layer}.{ours}_bias"]
        for ours, theirs in NORMS.items():
            put_norm(tensors, f"{layer}.{theirs}", values, f"{layer}.{ours}")
    tensors = {name: torch.from_numpy(np.array(value, np.float32, order="C")) for name, value in tensors.items()}
    return configuration(tensors, layers, int(values["split_heads"][2]), float(epsilon)), tensors, blocks


def put_norm(tensors, name, values, ours):
    tensors[f"{name}.weight"] = values[f"{ours}_scale"]
    tensors[f"{name}.bias"] = values[f"{ours}_bias"]


def configuration(tensors, layers, heads, epsilon):
    words, wide = tensors[WORDS], tensors["encoder.layer.0.intermediate.dense.bias"]
    return {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": words.shape[0],
        "hidden_size": words.shape[1],
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": wide.shape[0],
        "max_position_embeddings": tensors["embeddings.position_embeddings.weight"].shape[0],
        "type_vocab_size": tensors["embeddings.token_type_embeddings.weight"].shape[0],
        # The graph holds it as a 32-bit float.
        "layer_norm_eps": float(f"{epsilon:.7g}"),
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
        "pad_token_id": 0,
    }


def read_checkpoint(folder):
    config = read_json(folder / "config.json") or {}
    if not (folder / "tokenizer.json").is_file():
        raise UnusableInput(f"{folder} has no tokenizer.json: save the tokenizer with its fast version")
    right = config.get("model_type") == "bert" and config.get("hidden_act") == "gelu"
    if not right or config.get("position_embedding_type", "absolute") != "absolute":
        raise UnusableInput(
            f"{folder}/config.json is a '{config.get('model_type')}' with '{config.get('hidden_act')}'; "
            "compose/model/export.py writes BERT encoders with exact GELU and absolute positions only: begin with another model"
        )
    loaded = load_file(folder / "model.safetensors")
    prefix = "bert." if any(name.startswith("bert.") for name in loaded) else ""
    kept = ("embeddings.", "encoder.")
    tensors = {
        name.removeprefix(prefix): tensor.float().contiguous()
        for name, tensor in loaded.items()
        if name.removeprefix(prefix).startswith(kept) and not name.endswith("position_ids")
    }
    about = read_json(folder / "bundle.json") or about_checkpoint(folder, config)
    check_about(about, folder)
    return Base(folder, about, config, tensors, None, None)


def about_checkpoint(folder, config):
    """What bundle.json would say, from the files that sentence-transformers writes."""
    pooling = read_json(folder / "1_Pooling" / "config.json") or {"pooling_mode": "mean"}
    mean = pooling.get("pooling_mode") == "mean" or pooling.get("pooling_mode_mean_tokens") is True
    limits = read_json(folder / "sentence_bert_config.json") or {}
    prompts = (read_json(folder / "config_sentence_transformers.json") or {}).get("prompts") or {}
    return {
        "name": folder.resolve().name,
        "version": "1",
        "dimension": config["hidden_size"],
        "max_tokens": min(limits.get("max_seq_length") or 512, config["max_position_embeddings"]),
        "pooling": "mean" if mean else json.dumps(pooling),
        "normalise": True,
        "output": "sentence_embedding",
        "precision": "fp32",
        "prefixes": {"query": prompts.get("query", ""), "passage": prompts.get("passage", prompts.get("document", ""))},
        "files": {},
    }
