"""Checks that the vectors of a model bundle make sense: check.py BUNDLE_FOLDER"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

SENTENCES = ["a cat sits", "a kitten is sitting", "stock markets fell", "Kafka keeps a log of records. " * 20]


def embed(session, tokenizer, texts):
    encodings = [tokenizer.encode(text) for text in texts]
    longest = max(len(encoding.ids) for encoding in encodings)

    def padded(part):
        return np.array([getattr(e, part) + [0] * (longest - len(e.ids)) for e in encodings], np.int64)

    feeds = {"input_ids": padded("ids"), "attention_mask": padded("attention_mask"), "token_type_ids": padded("type_ids")}
    return session.run(["sentence_embedding"], feeds)[0]


def main():
    folder = Path(sys.argv[1])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    assert tokenizer.truncation is None and tokenizer.padding is None, "tokenizer.json truncates or pads"
    assert len(tokenizer.encode(SENTENCES[3]).ids) > 128, "tokenizer.json still cuts at 128 tokens"
    together = embed(session, tokenizer, SENTENCES)
    alone = np.concatenate([embed(session, tokenizer, [text]) for text in SENTENCES])
    cat_kitten, cat_stocks = together[0] @ together[1], together[0] @ together[2]
    print("shape", together.shape, "lengths", np.linalg.norm(together, axis=1))
    print("cat-kitten", cat_kitten, "cat-stocks", cat_stocks, "padding moves a vector by", np.abs(together - alone).max())
    assert together.shape == (len(SENTENCES), 384)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5), "vectors are not of length 1"
    assert np.abs(together - alone).max() < 1e-5, "padding changes the vectors"
    assert cat_kitten > 0.5 > cat_stocks + 0.2, "a cat should be nearer to a kitten than to the stock market"
    print("good")


if __name__ == "__main__":
    main()
