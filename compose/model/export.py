"""Writes the ONNX graph of a BERT-family sentence encoder from its safetensors weights, without torch.

    export.py MODEL_FOLDER OUT.onnx

Inputs   input_ids, attention_mask, token_type_ids   int64 [batch, seq]
Output   sentence_embedding                          float [batch, hidden], of length 1

Pooling and normalisation are part of the graph, so that every program that runs the file gets the same vectors.
Only standard operators of opset 20 are used: ONNX Runtime fuses them itself when it loads the file, and unlike
its own com.microsoft operators they also run on TensorRT. The same weights always give the same bytes.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

OPSET = 20
IR_VERSION = 9  # the oldest that has opset 20: older runtimes can load the file too
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OUTPUT = "sentence_embedding"


class Graph:
    """The nodes and constants of the graph under construction. Node names count up, so they are reproducible."""

    def __init__(self):
        self.nodes = []
        self.constants = []

    def constant(self, name, values):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operator, inputs, output, **attributes):
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=name, **attributes))
        return output


class Weights:
    """The tensors of the checkpoint by their names, with or without the `bert.` that some checkpoints put first."""

    def __init__(self, file):
        self.tensors = load_file(file)
        self.prefix = "bert." if any(name.startswith("bert.") for name in self.tensors) else ""

    def __getitem__(self, name):
        return self.raw(name).astype(np.float32)

    def __contains__(self, name):
        return self.prefix + name in self.tensors

    def raw(self, name):
        """The tensor in the type that it is stored in."""
        return self.tensors[self.prefix + name]


def layer_norm(graph, weights, name, value, output, epsilon):
    scale = graph.constant(f"{output}_scale", weights[f"{name}.LayerNorm.weight"])
    bias = graph.constant(f"{output}_bias", weights[f"{name}.LayerNorm.bias"])
    return graph.add("LayerNormalization", [value, scale, bias], output, axis=-1, epsilon=epsilon)


def dense(graph, weights, name, value, output):
    # The checkpoint keeps a matrix as [out, in]; MatMul wants [in, out].
    matrix = graph.constant(f"{output}_weight", weights[f"{name}.weight"].T)
    bias = graph.constant(f"{output}_bias", weights[f"{name}.bias"])
    product = graph.add("MatMul", [value, matrix], f"{output}_product")
    return graph.add("Add", [product, bias], output)


def word_tables(graph, weights):
    """The largest table of all: a vector for each token of the vocabulary.

    Where the checkpoint has small whole numbers and a scale for each block of them, so has the graph.
    """
    name = "embeddings.word_embeddings"
    if f"{name}.numbers" not in weights:
        return [graph.constant("word_table", weights[f"{name}.weight"])]
    numbers = graph.constant("word_numbers", weights.raw(f"{name}.numbers"))
    return [numbers, graph.constant("word_scales", weights[f"{name}.scales"])]


def word_vectors(graph, tables):
    """The vector of each token. Numbers and scales are multiplied for the tokens of a text only: the same vectors to the
    bit, in a quarter of the memory."""
    if len(tables) == 1:
        return graph.add("Gather", [tables[0], "input_ids"], "word_vectors")
    numbers = graph.add("Gather", [tables[0], "input_ids"], "word_numbers_small")
    numbers = graph.add("Cast", [numbers], "word_numbers_float", to=TensorProto.FLOAT)
    scales = graph.add("Gather", [tables[1], "input_ids"], "word_scale")
    blocks = graph.add("Mul", [numbers, scales], "word_blocks")
    return graph.add("Reshape", [blocks, "join_heads"], "word_vectors")


def embeddings(graph, weights, epsilon):
    """The sum of word, token type and position vectors, normalised."""
    words = word_tables(graph, weights)
    types = graph.constant("type_table", weights["embeddings.token_type_embeddings.weight"])
    positions = graph.constant("position_table", weights["embeddings.position_embeddings.weight"])
    zero = graph.constant("zero", np.array([0], np.int64))
    # A Gather by Range would be the usual way to get the positions, but ONNX Runtime 1.32 rewrites that to a Slice
    # that it then refuses ("Starts must be a 1-D array"): so the table is sliced here.
    length = graph.add("Shape", ["input_ids"], "length", start=1, end=2)
    position = graph.add("Slice", [positions, zero, length, zero], "position_vectors")
    word = word_vectors(graph, words)
    kind = graph.add("Gather", [types, "token_type_ids"], "type_vectors")
    both = graph.add("Add", [word, kind], "word_and_type")
    summed = graph.add("Add", [both, position], "embedded")
    return layer_norm(graph, weights, "embeddings", summed, "embedding_norm", epsilon)


def attention_bias(graph, mask):
    """0 where there is a token, the lowest float where there is padding; shaped to be added to every head's scores."""
    one = graph.constant("one", np.array(1, np.float32))
    lowest = graph.constant("lowest", np.array(np.finfo(np.float32).min, np.float32))
    axes = graph.constant("head_and_row", np.array([1, 2], np.int64))
    padding = graph.add("Sub", [one, mask], "padding")
    bias = graph.add("Mul", [padding, lowest], "padding_bias")
    return graph.add("Unsqueeze", [bias, axes], "attention_bias")


def attention(graph, weights, layer, value, bias):
    """Multi-head self-attention, without its output projection."""

    def heads(part, order):
        projected = dense(graph, weights, f"{layer}.attention.self.{part}", value, f"{layer}.{part}")
        split = graph.add("Reshape", [projected, "split_heads"], f"{layer}.{part}_split")
        return graph.add("Transpose", [split], f"{layer}.{part}_heads", perm=order)

    query = heads("query", [0, 2, 1, 3])
    key = heads("key", [0, 2, 3, 1])
    content = heads("value", [0, 2, 1, 3])
    scores = graph.add("MatMul", [query, key], f"{layer}.scores")
    scaled = graph.add("Mul", [scores, "attention_scale"], f"{layer}.scaled")
    masked = graph.add("Add", [scaled, bias], f"{layer}.masked")
    shares = graph.add("Softmax", [masked], f"{layer}.shares", axis=-1)
    mixed = graph.add("MatMul", [shares, content], f"{layer}.mixed")
    ordered = graph.add("Transpose", [mixed], f"{layer}.ordered", perm=[0, 2, 1, 3])
    return graph.add("Reshape", [ordered, "join_heads"], f"{layer}.attention")


def encoder_layer(graph, weights, layer, value, bias, epsilon):
    """Attention, then the feed-forward network, each added to its input and normalised."""
    attended = attention(graph, weights, layer, value, bias)
    projected = dense(graph, weights, f"{layer}.attention.output.dense", attended, f"{layer}.projected")
    residual = graph.add("Add", [projected, value], f"{layer}.attention_residual")
    middle = layer_norm(graph, weights, f"{layer}.attention.output", residual, f"{layer}.attention_norm", epsilon)
    wide = dense(graph, weights, f"{layer}.intermediate.dense", middle, f"{layer}.wide")
    active = graph.add("Gelu", [wide], f"{layer}.active")
    narrow = dense(graph, weights, f"{layer}.output.dense", active, f"{layer}.narrow")
    residual = graph.add("Add", [narrow, middle], f"{layer}.output_residual")
    return layer_norm(graph, weights, f"{layer}.output", residual, f"{layer}.output_norm", epsilon)


def mean_pooling(graph, mask, value):
    """The mean of the tokens' vectors, brought to length 1.

    The sum does for the mean: they differ by a factor only, and that goes away when the vector is normalised.
    """
    axis = graph.constant("row_axis", np.array([1], np.int64))
    row = graph.add("Unsqueeze", [mask, axis], "mask_row")
    summed = graph.add("MatMul", [row, value], "token_sum")
    flat = graph.add("Squeeze", [summed, axis], "token_sum_flat")
    return graph.add("LpNormalization", [flat], OUTPUT, axis=-1, p=2)


def build(config, weights):
    hidden, head_count = config["hidden_size"], config["num_attention_heads"]
    head_size, epsilon = hidden // head_count, config.get("layer_norm_eps", 1e-12)
    if config["hidden_act"] != "gelu" or config.get("position_embedding_type", "absolute") != "absolute":
        sys.exit("export.py: this writes encoders with exact GELU and absolute positions; config.json says otherwise")
    graph = Graph()
    graph.constant("split_heads", np.array([0, 0, head_count, head_size], np.int64))
    graph.constant("join_heads", np.array([0, 0, hidden], np.int64))
    graph.constant("attention_scale", np.array(1 / np.sqrt(head_size), np.float32))
    mask = graph.add("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
    bias = attention_bias(graph, mask)
    value = embeddings(graph, weights, epsilon)
    for number in range(config["num_hidden_layers"]):
        value = encoder_layer(graph, weights, f"encoder.layer.{number}", value, bias, epsilon)
    mean_pooling(graph, mask, value)
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "seq"]) for name in INPUTS]
    outputs = [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", hidden])]
    built = helper.make_graph(graph.nodes, "sentence-encoder", inputs, outputs, graph.constants)
    return helper.make_model(
        built, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="millrace"
    )


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = build(config, Weights(folder / "model.safetensors"))
    onnx.checker.check_model(model)
    out.write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
