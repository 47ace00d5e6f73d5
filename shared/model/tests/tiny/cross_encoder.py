"""Makes cross_encoder.onnx: a graph with the inputs of a cross-encoder, whose one number for a pair of texts is how many pairs of
equal words they have. Needs the package onnx (1.23 made the file)."""

from pathlib import Path

from onnx import TensorProto, checker, helper, numpy_helper
import numpy as np

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


def node(operator, inputs, output, **attributes):
    return helper.make_node(operator, inputs, [output], **attributes)


nodes = [
    # Words, without special tokens and padding.
    node("Greater", ["input_ids", "last_special"], "is_word"),
    node("Cast", ["is_word"], "word", to=TensorProto.FLOAT),
    node("Cast", ["attention_mask"], "seen", to=TensorProto.FLOAT),
    node("Mul", ["word", "seen"], "counts"),
    node("Cast", ["token_type_ids"], "is_second", to=TensorProto.FLOAT),
    node("Sub", ["one", "is_second"], "is_first"),
    node("Mul", ["counts", "is_first"], "first"),
    node("Mul", ["counts", "is_second"], "second"),
    # Each word of the first text against each of the second.
    node("Unsqueeze", ["input_ids", "axis_2"], "down"),
    node("Unsqueeze", ["input_ids", "axis_1"], "across"),
    node("Equal", ["down", "across"], "is_equal"),
    node("Cast", ["is_equal"], "equal", to=TensorProto.FLOAT),
    node("Unsqueeze", ["first", "axis_2"], "first_down"),
    node("Unsqueeze", ["second", "axis_1"], "second_across"),
    node("Mul", ["equal", "first_down"], "of_first"),
    node("Mul", ["of_first", "second_across"], "of_both"),
    node("ReduceSum", ["of_both", "axes_1_2"], "sum", keepdims=0),
    node("Unsqueeze", ["sum", "axis_1"], "score"),
]
constants = {
    "last_special": np.array(7, dtype=np.int64),
    "one": np.array(1, dtype=np.float32),
    "axis_1": np.array([1], dtype=np.int64),
    "axis_2": np.array([2], dtype=np.int64),
    "axes_1_2": np.array([1, 2], dtype=np.int64),
}
graph = helper.make_graph(
    nodes,
    "cross_encoder",
    [helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"]) for name in INPUTS],
    [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["texts", 1])],
    [numpy_helper.from_array(value, name) for name, value in constants.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
checker.check_model(model)
Path(__file__).with_name("cross_encoder.onnx").write_bytes(model.SerializeToString())
