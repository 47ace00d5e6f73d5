"""Files that are whole or not there, and the modules of compose/model."""

import hashlib
import importlib.util
import json
import os
import sys
from pathlib import Path

from faults import TrainerFault

HERE = Path(__file__).resolve().parent
# Beside compose/trainer in the repository; in an image of PAI the folder may be copied into this one.
MODEL_FOLDERS = (HERE.parent / "model", HERE / "model", HERE)
BLOCK = 1 << 20


def sha256(file):
    digest = hashlib.sha256()
    with open(file, "rb") as source:
        while block := source.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def put(file, content):
    """Writes the file so that it is there whole or not at all, also after a crash of the machine."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.new")
    with open(fresh, "wb") as target:
        target.write(content.encode("utf-8") if isinstance(content, str) else content)
        target.flush()
        os.fsync(target.fileno())
    os.replace(fresh, file)


def settle(fresh, file):
    """Puts what was written as `fresh` in the place of the file, so that it is whole also after a crash of the machine."""
    with open(fresh, "rb") as written:
        os.fsync(written.fileno())
    os.replace(fresh, file)


def put_json(file, content):
    put(file, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_json(file):
    """The file's content, or None where it is not there or not whole."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def model_module(name):
    """export.py or bundle.py of compose/model, by its path: the folder is no package."""
    for folder in MODEL_FOLDERS:
        file = folder / f"{name}.py"
        if file.is_file():
            spec = importlib.util.spec_from_file_location(f"millrace_model_{name}", file)
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
            return module
    places = ", ".join(str(folder) for folder in MODEL_FOLDERS)
    raise TrainerFault(f"{name}.py of compose/model is in none of {places}: copy compose/model beside the trainer")
