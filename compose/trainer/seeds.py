"""The seeds of a run, one after another; each is kept when it is finished, so that a killed run loses one at most."""

import json
import shutil
import time

from safetensors.torch import load_file, save_file

from files import put_json, read_json
from progress import say, tell
from tuning import tune


class Seeds:
    """What `checkpoints` holds. It belongs to one base, one set of data and one way of training."""

    def __init__(self, folder, key):
        self.began = time.monotonic()
        self.folder, self.key = folder, json.loads(json.dumps(key, default=str))

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
        weights = self.folder / f"seed-{seed}.safetensors"
        fresh = weights.with_suffix(".new")
        save_file(changed, fresh)
        fresh.replace(weights)
        # Written after the weights: it is what says that they are whole. Its seconds are those of this attempt: what was
        # lost with a kill is not counted.
        what = {"losses": losses, "trained": trained, "step_seconds": pace, "seconds": round(time.monotonic() - began, 1)}
        put_json(self.folder / f"seed-{seed}.json", {"seed": seed, **what})
        shutil.rmtree(work, ignore_errors=True)
