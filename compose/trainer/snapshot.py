"""A seed's state in the middle of its training: safetensors and JSON only.

The trainer's own checkpoints are pickles, which run code when they are read (CVE-2025-32434, before torch 2.6), and
transformers refuses to read them with the torch that ML Commons needs. Here the output may stand in a bucket.
"""

import json
import random
import shutil

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from files import put, read_json

WEIGHTS, OPTIMISER, CHANCE, STATE = "weights.safetensors", "optimiser.safetensors", "chance-{}.json", "trainer_state.json"


def save_weights(model, folder):
    folder.mkdir(parents=True, exist_ok=True)
    trained = {name: value.detach().cpu().contiguous() for name, value in model.named_parameters() if value.requires_grad}
    save_file(trained, folder / WEIGHTS)


def load_weights(model, folder):
    saved, own = load_file(folder / WEIGHTS), dict(model.named_parameters())
    with torch.no_grad():
        for name, value in saved.items():
            own[name].copy_(value)


def save_optimiser(optimiser, schedule, folder):
    state = optimiser.state_dict()
    tensors = {
        f"{number}.{name}": value.detach().cpu().contiguous()
        for number, values in state["state"].items()
        for name, value in values.items()
    }
    save_file(tensors, folder / OPTIMISER)
    plain = {name: value for name, value in schedule.state_dict().items() if name != "lr_lambdas"}
    put(folder / "optimiser.json", json.dumps({"groups": state["param_groups"], "schedule": plain}))


def load_optimiser(optimiser, schedule, folder):
    plain = json.loads((folder / "optimiser.json").read_text(encoding="utf-8"))
    state = {}
    for name, value in load_file(folder / OPTIMISER).items():
        number, part = name.split(".", 1)
        state.setdefault(int(number), {})[part] = value
    optimiser.load_state_dict({"state": state, "param_groups": plain["groups"]})
    # Its function of the step is code, and the same one.
    schedule.load_state_dict({**plain["schedule"], "lr_lambdas": schedule.state_dict()["lr_lambdas"]})


def save_chance(folder, rank):
    """The state of the random numbers: dropout goes on as it would have."""
    numpy = np.random.get_state()
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "python": random.getstate(),
        "numpy": [numpy[0], numpy[1].tolist(), *numpy[2:]],
        "cpu": torch.get_rng_state().tolist(),
        "cuda": torch.cuda.get_rng_state().tolist() if torch.cuda.is_available() else None,
    }
    put(folder / CHANCE.format(rank), json.dumps(state))


def load_chance(folder, rank):
    state = read_json(folder / CHANCE.format(rank))
    if state is None:
        return
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    np.random.set_state(tuple(state["numpy"]))
    torch.set_rng_state(torch.tensor(state["cpu"], dtype=torch.uint8))
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state(torch.tensor(state["cuda"], dtype=torch.uint8))


def latest(folder):
    """The newest whole checkpoint in the folder, or None. trainer_state.json is written last, so without it it is not."""

    def step(path):
        return int(path.name.rpartition("-")[2])

    for checkpoint in sorted(folder.glob("checkpoint-*"), key=step, reverse=True):
        if read_json(checkpoint / STATE) is not None and readable(checkpoint):
            return checkpoint
        shutil.rmtree(checkpoint, ignore_errors=True)
    return None


def readable(checkpoint):
    try:
        load_file(checkpoint / WEIGHTS), load_file(checkpoint / OPTIMISER)
    except (OSError, SafetensorError):
        return False
    return read_json(checkpoint / "optimiser.json") is not None
