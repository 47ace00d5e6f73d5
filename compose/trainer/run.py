"""A run from the data to done.json."""

import dataclasses
import importlib.metadata
import os
import platform
import shutil
import time

import numpy as np
import torch
from accelerate import PartialState
from tokenizers import Tokenizer

import average
import graph
import report
from base import LARGEST_GRAPH, read_base
from data import read_data, read_manifest
from encoder import SentenceVectors, Texts, build, embed
from exporting import FOLDERS, export, write_weights
from faults import TrainerFault, UnusableInput
from files import model_module, put_json, read_json, sha256
from judge import Judged
from progress import say, tell
from seeds import Seeds

DONE_FORMAT = 1
CHECKPOINTS = "checkpoints"
# The weights stand in the output as safetensors, graph, TorchScript and zip, and as the mixture that is exported; a seed in
# training has two moments more.
COPIES = 8
LIBRARIES = ("torch", "sentence-transformers", "transformers", "tokenizers", "peft", "accelerate", "datasets")
LIBRARIES += ("onnx", "onnxruntime")
# Vectors of texts of different documents that are nearer than this need a sharper temperature: E5's are at 0.75 and more.
CLOSE = 0.5


def run(settings):
    """Trains, chooses, exports. With torchrun every process comes here, and the first does all but the training alone."""
    lead, out = int(os.environ.get("RANK", 0)) == 0, settings.oss_output
    manifest = read_manifest(settings.oss_input)
    if is_done(out, manifest["digest"], settings):
        say(f"{out} has the finished model of this data and token already")
        if lead:
            shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
        return
    base, settings = prepared(settings, manifest)
    data = read_data(settings)
    seeds, judged = Seeds(out / CHECKPOINTS, run_key(base, data, settings)), None
    if lead:
        judged = begin(base, seeds, settings)
    together()
    settings = dataclasses.replace(settings, temperature=settings.temperature or temperature(base, data.pairs, seeds))
    for seed in [seed for seed in range(1, settings.seeds + 1) if seeds.finished(seed) is None]:
        seeds.run(seed, base, data.pairs, settings, lead)
        together()
    if lead:
        finish(base, data, judged, seeds, settings)


def together():
    """Waits for the other processes of torchrun, if there are any."""
    if int(os.environ.get("WORLD_SIZE", 1)) > 1:
        PartialState(cpu=not torch.cuda.is_available()).wait_for_everyone()


def is_done(out, digest, settings):
    """Whether the output is whole and of this data, token and name."""
    done = read_json(out / "done.json")
    if done is None or (done.get("format"), done.get("data"), done.get("token")) != (DONE_FORMAT, digest, settings.token):
        return False
    asked = ((settings.name, done["name"]), (settings.version, done["version"]), (settings.dimension, done["dimension"]))
    if any(wanted and wanted != there for wanted, there in asked):
        return False
    return all((out / name).is_file() and sha256(out / name) == digest for name, digest in done["files"].items())


def prepared(settings, manifest):
    """The base as it shall be exported: with the new name and dimension."""
    base = read_base(settings.base)
    most = base.about["dimension"]
    if settings.dimension > most:
        raise UnusableInput(f"--dimension {settings.dimension} is more than the {most} that the base has")
    if base.parameters * 4 > LARGEST_GRAPH and base.blocks is None:
        raise UnusableInput(f"the base has {base.parameters:,} parameters: its graph is larger than the 2 GB of one file")
    settings = dataclasses.replace(
        settings,
        name=settings.name or f"{base.about['name']}-tuned",
        version=settings.version or manifest["digest"],
        dimension=settings.dimension or most,
    )
    base.about["from"] = base.about["name"]
    base.about |= {"name": settings.name, "version": settings.version, "dimension": settings.dimension}
    return base, settings


def run_key(base, data, settings):
    """What checkpoints are good for."""
    weights = base.graph or base.folder / "model.safetensors"
    processes = os.environ.get("WORLD_SIZE", "1")
    return {"base": sha256(weights), "data": data.manifest["digest"], "processes": processes, **settings.training()}


def begin(base, seeds, settings):
    """Makes the folder ready, and finds out what would fail later; returns dev."""
    out = settings.oss_output
    out.mkdir(parents=True, exist_ok=True)
    # Whoever reads it must not take what stood here before for what is made now.
    (out / "done.json").unlink(missing_ok=True)
    # What another run left takes room, too.
    seeds.begin()
    needed, free = base.parameters * 4 * (COPIES + settings.seeds), shutil.disk_usage(out).free
    if free < needed:
        raise TrainerFault(f"{out} has {free >> 20} MB free and {needed >> 20} MB are needed: make room and start again")
    folder = seeds.folder / "base"
    shutil.rmtree(folder, ignore_errors=True)
    write_weights(folder, base.config, base.tensors)
    model_module("bundle").write_tokenizer(base.folder / "tokenizer.json", folder / "tokenizer.json")
    put_json(folder / "tokenizer_config.json", tokenizer_config(folder / "tokenizer.json"))
    if base.graph is not None:
        bert, about = build(base.config, base.tensors), base.about | {"dimension": graph.width(base.graph)}
        apart = graph.difference(base.graph, bert, folder / "tokenizer.json", about, settings.threads)
        if apart > graph.TOLERANCE:
            raise UnusableInput(
                f"the weights that were read out of {base.graph} give other vectors than it, by {apart:.2g}: it was not "
                "written by compose/model/export.py; give the Hugging Face folder of the model as --base"
            )
        say(f"the weights read out of {base.graph} give its vectors, but for {apart:.1g}")
    return Judged(base.about, folder / "tokenizer.json", settings)


def tokenizer_config(file):
    known = Tokenizer.from_file(str(file)).get_vocab()
    # It only fills up, under a mask of 0: any token does.
    padding = next((name for name in ("[PAD]", "<pad>") if name in known), min(known, key=known.get))
    return {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": padding}


def temperature(base, pairs, seeds):
    """How sharply likenesses are told apart, by how near the base's vectors of different passages are."""
    reader = Tokenizer.from_file(str(seeds.folder / "base" / "tokenizer.json"))
    some = [pairs[at].positive for at in np.linspace(0, len(pairs) - 1, min(len(pairs), 64)).astype(int)]
    vectors = embed(
        SentenceVectors(build(base.config, base.tensors), base.about["dimension"]),
        Texts(reader, some, base.about["prefixes"]["passage"], 64),
    )
    alike = vectors @ vectors.T
    near = float(np.median(alike[~np.eye(len(alike), dtype=bool)]))
    return 0.01 if near > CLOSE else 0.05


def judge(base, judged, seeds, settings):
    """The scores of the base, of each seed and of the mixtures, and the mixture to export with its share."""
    device = "cuda" if torch.cuda.is_available() else "cpu"

    def score(name, tensors):
        found = judged.score(build(base.config, tensors), settings.dimension, device)
        tell(stage="average", candidate=name, **{"ndcg@10": round(found, 6)})
        return found

    changes = [seeds.weights(seed) for seed in range(1, settings.seeds + 1)]
    before = score("base", base.tensors)
    alone = []
    # One seed is its own average.
    if settings.seeds > 1:
        alone = [score(f"seed {number}", base.tensors | change) for number, change in enumerate(changes, 1)]
    change = average.change(base.tensors, changes)
    scores = {share: score(f"{share:g}", average.mixed(base.tensors, change, share)) for share in average.SHARES[device]}
    share, beats = average.choose(before, scores)
    tell(stage="average", weight=share, **{"ndcg@10": round(scores[share], 6)})
    dev = {
        "base": {"ndcg@10": before},
        "seeds": [{"seed": number, "ndcg@10": found} for number, found in enumerate(alone or [scores[1.0]], 1)],
        "averaged": {"ndcg@10": scores[1.0]},
        "weight": share,
        "ndcg@10": scores[share],
    }
    mixed = average.mixed(base.tensors, change, share)
    found = {"dev": dev, "shares": {f"{share:g}": score for share, score in scores.items()}, "beats_base": beats}
    return {name: mixed[name].contiguous() for name in change}, found


def mixture(base, judged, seeds, settings):
    """The tensors to export, and what was found about them; those of an earlier attempt whose export failed, if there are."""
    chosen_by = {name: getattr(settings, name) for name in ("seeds", "dev_passages", "dev_questions")}
    kept = seeds.mixture(chosen_by)
    if kept is None:
        kept = judge(base, judged, seeds, settings)
        seeds.keep_mixture(*kept, chosen_by)
    else:
        say("what was trained before is there and was chosen: only its export is left")
    return kept


def finish(base, data, judged, seeds, settings):
    """All that comes after the training."""
    out = settings.oss_output
    mixed, found = mixture(base, judged, seeds, settings)
    tensors = base.tensors | mixed
    if not found["beats_base"]:
        say("no mixture beats the base on dev: what is exported is the one nearest to it, and the gate will refuse it")
    tell(stage="export")
    differences = export(base, tensors, seeds.folder / "base" / "tokenizer.json", settings, out)
    done = [seeds.finished(seed) for seed in range(1, settings.seeds + 1)]
    # The time of seeds that an earlier attempt finished is part of what it took.
    seconds = round(max(time.monotonic() - seeds.began, sum(seed["seconds"] for seed in done)), 1)
    written = {
        "name": settings.name,
        "version": settings.version,
        "base": base.about["from"],
        **found,
        "seeds": [{"seed": seed["seed"], "losses": seed["losses"], "seconds": seed["seconds"]} for seed in done],
        "trained": done[0]["trained"] | {"pairs": data.found, "pairs drawn": len(data.pairs)},
        "speed": speed(done, seconds) | {"dev questions": len(judged.questions), "dev passages": len(judged.passages)},
        "differences": differences,
        "data": {name: value for name, value in data.manifest.items() if name not in ("documents", "files")},
        "settings": settings.shown(),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES} | {"python": platform.python_version()},
        "seconds": seconds,
    }
    report.write(written, out)
    files = sorted(file for folder in FOLDERS for file in (out / folder).iterdir()) + [out / "report.json", out / "report.html"]
    put_json(
        out / "done.json",
        {
            "format": DONE_FORMAT,
            "token": settings.token,
            **{name: written[name] for name in ("name", "version", "base")},
            "data": data.manifest["digest"],
            "dimension": settings.dimension,
            "files": {file.relative_to(out).as_posix(): sha256(file) for file in files},
            "dev": found["dev"],
            "seconds": seconds,
            "steps": sum(len(seed["losses"]) for seed in done),
        },
    )
    # Not before: until then an attempt after this one goes on from it. What cannot be removed is no part of the output.
    shutil.rmtree(seeds.folder, ignore_errors=True)


def speed(done, seconds):
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"processor, {torch.get_num_threads()} threads"
    paces = [seed["step_seconds"] for seed in done]
    return {"device": device, "seconds of a step (median)": sorted(paces)[len(paces) // 2], "seconds in all": seconds}
