"""Checks that the vectors of a model bundle make sense: check.py BUNDLE_FOLDER"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

LONG = "Kafka keeps a log of records. " * 100
# A text, one that means the same, one that does not. The margin is how much nearer the first has to be: the vectors of E5
# all lie close together, those of MiniLM do not.
CASES = {
    "all-MiniLM-L6-v2": (
        0.2,
        [("a cat sits", "a kitten is sitting", "stock markets fell")],
    ),
    "multilingual-e5-small": (
        0.08,
        [
            ("a cat sits", "a kitten is sitting", "stock markets fell"),
            ("How long is the Rhine?", "The Rhine is 1,233 kilometres long.", "Bread is baked from flour and water."),
            ("Wie lang ist der Rhein?", "Der Rhein ist 1.233 Kilometer lang.", "Brot wird aus Mehl und Wasser gebacken."),
            ("莱茵河有多长？", "莱茵河全长1233公里。", "面包是用面粉和水烤制的。"),
            ("莱茵河有多长？", "The Rhine is 1,233 kilometres long.", "Bread is baked from flour and water."),
            ("How long is the Rhine?", "Der Rhein ist 1.233 Kilometer lang.", "Brot wird aus Mehl und Wasser gebacken."),
            ("Wie lang ist der Rhein?", "莱茵河全长1233公里。", "面包是用面粉和水烤制的。"),
        ],
    ),
}


class Model:
    def __init__(self, folder):
        self.manifest = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])

    def embed(self, role, texts):
        prefix = self.manifest["prefixes"][role]
        encodings = [self.tokenizer.encode(prefix + text) for text in texts]
        longest = max(len(encoding.ids) for encoding in encodings)

        def padded(part):
            return np.array([getattr(e, part) + [0] * (longest - len(e.ids)) for e in encodings], np.int64)

        feeds = {"input_ids": padded("ids"), "attention_mask": padded("attention_mask"), "token_type_ids": padded("type_ids")}
        return self.session.run([self.manifest["output"]], feeds)[0]


def check_tokens(tokenizer):
    assert tokenizer.truncation is None and tokenizer.padding is None, "tokenizer.json truncates or pads"
    assert len(tokenizer.encode(LONG).ids) > 512, "tokenizer.json cuts"
    texts = ["Über die 大学 und ﬁnance: ½ 〜 ～ x\u200by\u0007", "  one  two\n three "]
    for text in texts:
        encoding = tokenizer.encode(text, add_special_tokens=False)
        print([text[a:b] for a, b in encoding.offsets])
        assert all(a < b for a, b in encoding.offsets), "a token stands for no text"


def main():
    model = Model(Path(sys.argv[1]))
    check_tokens(model.tokenizer)
    margin, cases = CASES[model.manifest["name"]]
    for query, near, far in cases:
        asked, passages = model.embed("query", [query])[0], model.embed("passage", [near, far])
        right, wrong = passages @ asked
        print(f"{right:.3f} against {wrong:.3f}: {query} {near}")
        assert right > wrong + margin, f"{near!r} should be nearer to {query!r} than {far!r}"
    texts = [text for case in cases for text in case] + [LONG[: 30 * 20]]
    together = model.embed("passage", texts)
    alone = np.concatenate([model.embed("passage", [text]) for text in texts])
    print("shape", together.shape, "padding moves a vector by", np.abs(together - alone).max())
    assert together.shape == (len(texts), model.manifest["dimension"])
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5), "vectors are not of length 1"
    assert np.abs(together - alone).max() < 1e-5, "padding changes the vectors"
    print("good")


if __name__ == "__main__":
    main()
