"""Puts what stands beside the graph into a model bundle: tokenizer.json and bundle.json.

    bundle.py MODEL MODEL_FOLDER BUNDLE_FOLDER

BUNDLE_FOLDER has model.onnx already. bundle.json says what Millrace must know of the model, and the digest of each
file: the model's fingerprint is computed from it, so the same inputs always have to give the same bytes.
"""

import hashlib
import json
import sys
from pathlib import Path

# What the configuration of a model does not say. The version is the recipe's.
MODELS = {
    "all-MiniLM-L6-v2": {
        "version": "1",
        "precision": "fp32",
        "prefixes": {"query": "", "passage": ""},
    },
    "multilingual-e5-small": {
        "version": "1",
        "precision": "q4_0",
        "prefixes": {"query": "query: ", "passage": "passage: "},
    },
}


def write_tokenizer(source, target):
    """Copies tokenizer.json without its truncation and padding (128 of each are baked in).

    Truncation would cut text without a word, and padding would make the token count of every text 128.
    """
    tokenizer = json.loads(source.read_text(encoding="utf-8"))
    tokenizer["truncation"] = None
    tokenizer["padding"] = None
    target.write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def describe(name, model, bundle):
    """What bundle.json says, taken from the model's own configuration where that has it."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    limits = json.loads((model / "sentence_bert_config.json").read_text(encoding="utf-8"))
    pooling = json.loads((model / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    if not pooling["pooling_mode_mean_tokens"]:
        sys.exit("bundle.py: export.py pools by the mean; this model asks for something else")
    recipe = MODELS[name]
    return {
        "name": name,
        "version": recipe["version"],
        "dimension": config["hidden_size"],
        "max_tokens": limits["max_seq_length"],
        "pooling": "mean",
        "normalise": True,
        "output": "sentence_embedding",
        "precision": recipe["precision"],
        "prefixes": recipe["prefixes"],
        "files": {file: sha256(bundle / file) for file in ("model.onnx", "tokenizer.json")},
    }


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    name, model, bundle = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    write_tokenizer(model / "tokenizer.json", bundle / "tokenizer.json")
    text = json.dumps(describe(name, model, bundle), indent=2) + "\n"
    (bundle / "bundle.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
