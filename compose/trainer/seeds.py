"""The seeds of a run, one after another; each is kept when it is finished, so that a killed run loses one at most. And what they
gave together, so that an export that failed is all that has to be done again."""

import json
import shutil
import time

from safetensors.torch import load_file, save_file

from files import put_json, read_json, settle, sha256
from progress import say, tell
from tuning import tune

# Of what stands in `checkpoints`: another one is begun anew.
FORM = 1


class Seeds:
    """What `checkpoints` holds. It belongs to one base, one set of data and one way of training."""

    def __init__(self, folder, key):
        self.began = time.monotonic()
        self.folder, self.key = folder, plain(key | {"form": FORM})

    def begin(self):
        """Throws away what another run left."""
        if self.folder.exists() and read_json(self.folder / "run.json") != self.key:
            say(f"{self.folder} is of another run (other data, base or options): beginning anew")
            shutil.rmtree(self.folder)
        put_json(self.folder / "run.json", self.key)

    def finished(self, seed):
        """What is known of a finished seed, or None."""
        return read_json(self.folder / f"seed-{seed}.json")

    def weights(self, seed):
        """The tensors that the seed changed."""
        return load_file(self.folder / f"seed-{seed}.safetensors")

    def run(self, seed, base, pairs, settings, lead):
        """Trains the seed; the process that leads keeps what came out."""
        began, work = time.monotonic(), self.folder / f"seed-{seed}"
        if lead:
            tell(stage="train", seed=seed, seeds=settings.seeds)
        changed, losses, trained, pace = tune(seed, base, pairs, settings, work)
        if not lead:
            return
        save_whole(self.folder / f"seed-{seed}.safetensors", changed)
        # Written after the weights: it is what says that they are whole. Its seconds are those of this attempt: what was
        # lost with a kill is not counted.
        what = {"losses": losses, "trained": trained, "step_seconds": pace, "seconds": round(time.monotonic() - began, 1)}
        put_json(self.folder / f"seed-{seed}.json", {"seed": seed, **what})
        shutil.rmtree(work, ignore_errors=True)

    def mixture(self, chosen_by):
        """The tensors that `keep_mixture` kept and what was found with them, or None where it was chosen by something else."""
        kept, weights = read_json(self.folder / "mixture.json"), self.folder / "mixture.safetensors"
        if kept is None or kept["chosen_by"] != plain(chosen_by) or not weights.is_file() or sha256(weights) != kept["sha256"]:
            return None
        return load_file(weights), kept["found"]

    def keep_mixture(self, tensors, found, chosen_by):
        """Keeps the tensors to export, as far as they are not the base's."""
        weights = self.folder / "mixture.safetensors"
        save_whole(weights, tensors)
        put_json(self.folder / "mixture.json", {"chosen_by": plain(chosen_by), "sha256": sha256(weights), "found": found})


def plain(value):
    """As JSON gives it back."""
    return json.loads(json.dumps(value, default=str))


def save_whole(file, tensors):
    fresh = file.with_suffix(".new")
    save_file(tensors, fresh)
    settle(fresh, file)
