"""Runs a bundle's model.onnx with ONNX Runtime, and compares its vectors with those of PyTorch."""

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from encoder import SentenceVectors, Texts, embed

# How far a number of a vector may be off.
TOLERANCE = 1e-4
WORDS = "the owner of this text asked how long a night in Köln or 上海 lasts and what it costs (12.50 €) in winter".split()


def samples(most_tokens):
    """Texts from one word to more than the model takes, so that all of its positions are used."""
    longest = " ".join(WORDS[at % len(WORDS)] for at in range(most_tokens))
    return ["night", " ".join(WORDS[:6]), " ".join(WORDS), " ".join(WORDS * 5), longest]


def graph_vectors(file, texts, threads=0):
    """What the graph makes of the texts, each alone and all in one batch with padding: [2, count, dimension]."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    wanted = {node.name for node in session.get_inputs()}

    def run(indexes):
        fed = {name: value for name, value in texts.padded(indexes).items() if name in wanted}
        return session.run(None, fed)[0]

    every = range(len(texts))
    return np.stack([np.concatenate([run([at]) for at in every]), run(list(every))])


def difference(file, bert, tokenizer, about, threads=0):
    """The largest difference of a number of a vector between the graph and PyTorch, not a number counted as infinite."""
    most = about["max_tokens"]
    texts = Texts(Tokenizer.from_file(str(tokenizer)), samples(most), about["prefixes"]["passage"], most)
    here = embed(SentenceVectors(bert, about["dimension"]), texts)
    there = graph_vectors(file, texts, threads)
    if there.shape[1:] != here.shape:
        return float("inf")
    apart = np.abs(there - here[None]).max()
    return float(apart) if np.isfinite(apart) else float("inf")


def width(file):
    """The dimension of the graph's vectors."""
    return onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"]).get_outputs()[0].shape[1]
