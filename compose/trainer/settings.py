"""The options of train.py."""

import argparse
import dataclasses
from pathlib import Path


def parser():
    options = argparse.ArgumentParser(prog="train.py", description="Fine-tunes a model bundle on Millrace's training data.")
    add = options.add_argument
    add("--oss_input", type=Path, required=True, help="folder of the training data: train.jsonl, judged/, manifest.json")
    add("--oss_output", type=Path, required=True, help="folder for what comes out; done.json is written last")
    add("--base", type=Path, help="bundle or Hugging Face folder to begin with (default: base in the input)")
    add("--name", default="", help="name of the new model (default: the base's, with -tuned)")
    add("--version", default="", help="version of the new model (default: the digest of the data)")
    add("--token", default="", help="the run's token; it is written into done.json")
    add("--seeds", type=int, default=3, help="how often it is trained; the weights are averaged")
    add("--epochs", type=float, default=2.0, help="how often each pair is seen, at most")
    add("--max_steps", type=int, default=600, help="steps of each seed, at most")
    add("--batch_size", type=int, default=128, help="pairs of a step, on each GPU")
    add("--mini_batch_size", type=int, default=32, help="texts that are in memory at once; changes no result")
    add("--learning_rate", type=float, default=2e-5)
    add("--dimension", type=int, default=0, help="dimension of the vectors; smaller than the base's: Matryoshka")
    add("--tokens", type=int, default=128, help="tokens of a text in training, at most")
    add("--loss", choices=("gist", "mnrl"), default="gist", help="gist: the frozen base takes out what is no negative")
    add("--temperature", type=float, default=0.0, help="0: 0.05, or 0.01 where the base's vectors all lie close together")
    add("--negatives", type=int, default=1, help="hard negatives of a pair, at most")
    add("--words", choices=("auto", "frozen", "trained"), default="auto", help="the table of words; auto: frozen if small")
    add("--small_corpus", type=int, default=50_000, help="fewer pairs than this are few")
    add("--lora", choices=("auto", "yes", "no"), default="auto", help="auto: from 300 million parameters")
    add("--minimum_pairs", type=int, default=100, help="fewer are refused")
    add("--most_pairs", type=int, default=200_000, help="of more, this many are drawn")
    add("--dev_passages", type=int, default=5_000, help="other passages among which dev's are looked for")
    add("--dev_questions", type=int, default=2_000, help="of more, this many are drawn")
    add("--save_steps", type=int, default=50, help="steps between checkpoints")
    add("--threads", type=int, default=0, help="threads on the processor (default: all)")
    return options


@dataclasses.dataclass(frozen=True)
class Settings:
    """What was asked for; the fields are the options."""

    oss_input: Path
    oss_output: Path
    base: Path
    name: str
    version: str
    token: str
    seeds: int
    epochs: float
    max_steps: int
    batch_size: int
    mini_batch_size: int
    learning_rate: float
    dimension: int
    tokens: int
    loss: str
    temperature: float
    negatives: int
    words: str
    small_corpus: int
    lora: str
    minimum_pairs: int
    most_pairs: int
    dev_passages: int
    dev_questions: int
    save_steps: int
    threads: int

    def training(self):
        """The options that decide which weights a seed ends with."""
        other = {"oss_input", "oss_output", "base", "name", "version", "token", "seeds", "dev_passages", "dev_questions"}
        other |= {"save_steps", "threads", "minimum_pairs"}
        return {name: value for name, value in dataclasses.asdict(self).items() if name not in other}

    def shown(self):
        """All of them, for the report; without the token, which is a run's own."""
        everything = dataclasses.asdict(self).items()
        return {name: str(value) if isinstance(value, Path) else value for name, value in everything if name != "token"}


def read(arguments):
    """The settings; exits with 2 and a message when they cannot be."""
    options = parser()
    given = vars(options.parse_args(arguments))
    given["base"] = given["base"] or given["oss_input"] / "base"
    settings = Settings(**given)
    at_least_one = ("seeds", "max_steps", "batch_size", "mini_batch_size", "tokens", "dev_questions", "save_steps")
    for name in at_least_one:
        if getattr(settings, name) < 1:
            options.error(f"--{name} must be at least 1")
    if settings.epochs <= 0 or not settings.learning_rate > 0:
        options.error("--epochs and --learning_rate must be greater than 0")
    if min(settings.dimension, settings.threads, settings.negatives, settings.dev_passages) < 0 or settings.temperature < 0:
        options.error("--dimension, --threads, --negatives, --dev_passages and --temperature cannot be negative")
    return settings
