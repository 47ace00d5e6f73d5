"""Makes a candidate that the gate has to refuse, as train.py would leave it; loadtest/gate/run calls it.

    candidate.py worse   NOISE  ARGUMENT…   the base with its weights disturbed
    candidate.py equal   0      ARGUMENT…   the base as it is
    candidate.py forgets RATE   ARGUMENT…   the base, tuned with this learning rate

The arguments are those of train.py, which does the rest: it scores dev, exports, and writes done.json last. Whatever was changed
goes whole into what is exported: nothing is averaged with the base. Exit codes are those of train.py.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "compose" / "trainer"))

# First: it says what the libraries read when they are loaded.
import train  # noqa: E402  # isort: skip

import average  # noqa: E402
import seeds  # noqa: E402
import torch  # noqa: E402
from base import WORDS  # noqa: E402

# What `tune` returns beside the tensors where nothing was trained. The report draws a loss, so that it gets one step of none.
UNTRAINED = ([[1, 0.0]], {"lora": False, "words": "frozen", "trained parameters": 0}, 0.0)
# Handed back as it is where nothing is to change.
ANY = "embeddings.LayerNorm.bias"


def disturbed(noise):
    """In the place of `tune`: each matrix with normal noise, by its own standard deviation. The table of words stays, so that the
    bundle has its size also where that table is in 4 bits."""

    def tune(seed, base, pairs, settings, work):
        draw = torch.Generator().manual_seed(seed)
        matrices = {name: tensor for name, tensor in base.tensors.items() if tensor.dim() == 2 and name != WORDS}
        changed = {
            name: tensor + noise * tensor.std() * torch.randn(tensor.shape, generator=draw) for name, tensor in matrices.items()
        }
        return changed, *UNTRAINED

    return tune


def unchanged(seed, base, pairs, settings, work):
    """In the place of `tune`: nothing."""
    return {ANY: base.tensors[ANY].clone()}, *UNTRAINED


def main(kind, strength, *arguments):
    average.SHARES = dict.fromkeys(average.SHARES, (1.0,))
    more = ["--seeds", "1"]
    if kind == "worse":
        seeds.tune = disturbed(float(strength))
    elif kind == "equal":
        seeds.tune = unchanged
    elif kind == "forgets":
        more += ["--learning_rate", strength]
    else:
        sys.exit(f"candidate.py: there is no candidate '{kind}'; there are worse, equal and forgets")
    return train.main([*arguments, *more])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
