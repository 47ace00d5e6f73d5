"""Trains one seed with sentence-transformers' trainer."""

import itertools
import math
import os
import statistics
import time
import warnings
from pathlib import Path

import peft
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.losses import CachedGISTEmbedLoss, CachedMultipleNegativesRankingLoss, MatryoshkaLoss
from sentence_transformers.models import Normalize, Pooling, Transformer
from sentence_transformers.sampler import NoDuplicatesBatchSampler
from torch.utils.data import BatchSampler
from transformers import TrainerCallback
from transformers.trainer_callback import PrinterCallback, ProgressCallback

import snapshot
from data import columns
from faults import Diverged, UnusableInput
from progress import tell

LARGE = 300_000_000
# More are never asked for; each seed of a run has as many orders of its own.
EPOCHS = 1_000
LORA = {"r": 16, "lora_alpha": 32, "lora_dropout": 0.05, "target_modules": ["query", "key", "value", "dense"]}
# What else a relative likeness to the positive takes out of the negatives (NV-Retriever, arXiv 2407.15831).
MARGIN = 0.05


class Progress(TrainerCallback):
    """Tells each step, and ends the run when the loss or its gradient is no number."""

    def __init__(self, seed, steps):
        self.seed, self.steps, self.began, self.took = seed, steps, 0.0, []

    def on_step_begin(self, args, state, control, **others):
        self.began = time.monotonic()

    def on_step_end(self, args, state, control, **others):
        self.took.append(time.monotonic() - self.began)

    def on_log(self, args, state, control, logs=None, **others):
        if "loss" not in logs:
            return
        for what in ("loss", "grad_norm"):
            if not math.isfinite(logs.get(what, 0.0)):
                raise Diverged(
                    f"seed {self.seed}: at step {state.global_step} the {what} is {logs[what]}, no number, so nothing is "
                    f"exported: give a smaller --learning_rate than {args.learning_rate}"
                )
        if state.is_world_process_zero:
            tell(step=state.global_step, of=self.steps, loss=logs["loss"], seed=self.seed)


class Planned(BatchSampler):
    """Batches that are known before."""

    def __init__(self, batches, batch_size, drop_last):
        super().__init__(range(sum(len(batch) for batch in batches)), batch_size, drop_last)
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)

    def __len__(self):
        return len(self.batches)


class Tuner(SentenceTransformerTrainer):
    """The trainer, with batches that are planned, checkpoints as `snapshot` writes them, and without a model card."""

    def __init__(self, *, batches, **others):
        self.batches = batches
        super().__init__(**others)

    def get_batch_sampler(self, dataset, batch_size, drop_last, **others):
        # One epoch of exactly the steps that there are: so a resumed run finds its place, which the trainer would compute
        # from epochs of even length, and an epoch without duplicates is often shorter.
        return Planned(self.batches, batch_size, drop_last)

    def add_model_card_callback(self, default_args_dict):
        pass

    def _save(self, output_dir=None, state_dict=None):
        snapshot.save_weights(self.model, Path(output_dir))

    def _load_from_checkpoint(self, checkpoint_path):
        snapshot.load_weights(self.model, Path(checkpoint_path))

    def _save_optimizer_and_scheduler(self, output_dir):
        if self.args.should_save:
            snapshot.save_optimiser(self.optimizer, self.lr_scheduler, Path(output_dir))

    def _load_optimizer_and_scheduler(self, checkpoint):
        if checkpoint is not None:
            snapshot.load_optimiser(self.optimizer, self.lr_scheduler, Path(checkpoint))

    def _save_scaler(self, output_dir):
        pass

    def _load_scaler(self, checkpoint):
        pass

    def _save_rng_state(self, output_dir):
        snapshot.save_chance(Path(output_dir), self.args.process_index)

    def _load_rng_state(self, checkpoint):
        if checkpoint is not None:
            snapshot.load_chance(Path(checkpoint), self.args.process_index)


def model_of(folder, most_tokens, device):
    """The Hugging Face folder as a model of sentence-transformers, pooled and normalised as the bundle's graph does."""
    encoder = Transformer(str(folder), max_seq_length=most_tokens, model_kwargs={"add_pooling_layer": False})
    parts = [encoder, Pooling(encoder.get_embedding_dimension(), "mean"), Normalize()]
    return SentenceTransformer(modules=parts, device=device)


def freeze(model, base, pairs, settings):
    """Decides what is trained; tells it for the report."""
    bert = model[0].auto_model
    lora = settings.lora == "yes" or (settings.lora == "auto" and base.parameters >= LARGE)
    if lora:
        # The adapters are the only thing that is trained, so the table of words is not.
        peft.inject_adapter_in_model(peft.LoraConfig(**LORA), bert)
    few = len(pairs) < settings.small_corpus
    frozen = lora or settings.words == "frozen" or (settings.words == "auto" and (few or base.blocks is not None))
    if not lora:
        bert.embeddings.word_embeddings.weight.requires_grad_(not frozen)
    trained = sum(value.numel() for value in model.parameters() if value.requires_grad)
    return {"lora": lora, "words": "frozen" if frozen else "trained", "trained parameters": trained}


def trained_tensors(bert, base):
    """The tensors that training changed, by the names of a BertModel; adapters are added to what they adapt."""
    for module in bert.modules():
        if isinstance(module, peft.tuners.lora.LoraLayer):
            module.merge()
    found = {name.replace(".base_layer", ""): value.detach().cpu() for name, value in bert.state_dict().items()}
    return {
        name: found[name].float().clone().contiguous()
        for name, tensor in base.tensors.items()
        if not torch.equal(found[name].float(), tensor)
    }


def plan(rows, seed, settings, processes):
    """The batches of all steps, by the indexes of their rows: no text is twice in a batch, and each seed has its own order.

    A batch that is not full has too few negatives, so it is left out where there are full ones.
    """
    most = settings.max_steps * processes
    most = min(most, max(1, math.ceil(settings.epochs * len(rows) / settings.batch_size)))
    full = len(rows) >= settings.batch_size * processes
    # The trainer itself would begin with the same order for every seed.
    chance = torch.Generator()
    sampler = NoDuplicatesBatchSampler(rows, settings.batch_size, full, generator=chance, seed=seed * EPOCHS)
    batches = []
    for epoch in range(min(EPOCHS, math.ceil(settings.epochs))):
        sampler.set_epoch(epoch)
        batches.extend(itertools.islice(sampler, most - len(batches)))
    batches = batches[: len(batches) - len(batches) % processes]
    if not batches:
        raise UnusableInput(
            "the pairs repeat one another, so that no batch of different ones can be made: make other pairs, or give a "
            f"smaller --batch_size than {settings.batch_size}"
        )
    return batches


def loss_of(model, guide, settings, base):
    if settings.loss == "gist":
        loss = CachedGISTEmbedLoss(
            model,
            guide,
            temperature=settings.temperature,
            mini_batch_size=settings.mini_batch_size,
            margin_strategy="relative",
            margin=MARGIN,
        )
    else:
        loss = CachedMultipleNegativesRankingLoss(
            model, scale=1 / settings.temperature, mini_batch_size=settings.mini_batch_size
        )
    hidden, wanted = base.config["hidden_size"], base.about["dimension"]
    if wanted == hidden:
        return loss
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MatryoshkaLoss(model, loss, [hidden, wanted])


def arguments_of(seed, work, steps, settings):
    gpu = torch.cuda.is_available()
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(work),
        max_steps=steps,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        warmup_ratio=0.1,
        lr_scheduler_type="cosine",
        weight_decay=0.01,
        bf16=gpu and torch.cuda.is_bf16_supported(),
        use_cpu=not gpu,
        seed=seed,
        data_seed=seed,
        logging_steps=1,
        # Without it a loss that is no number is shown as 0.
        logging_nan_inf_filter=False,
        save_strategy="steps",
        save_steps=settings.save_steps,
        save_total_limit=1,
        report_to=[],
        disable_tqdm=True,
        ddp_find_unused_parameters=False,
    )
    if arguments.parallel_mode.value == "not_distributed":
        # Several GPUs in one process would be split by DataParallel, which the cached losses cannot be.
        arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments


def tune(seed, base, pairs, settings, work):
    """Trains from the base, which stands beside `work`; goes on where an earlier attempt in `work` was ended.

    Returns the changed tensors, the losses as [step, loss], what was trained, and the median of a step's seconds.
    """
    torch.manual_seed(seed)
    device = f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"
    most, folder = min(settings.tokens, base.about["max_tokens"]), work.parent / "base"
    model, guide = model_of(folder, most, device), None
    if settings.loss == "gist":
        guide = model_of(folder, most, device).eval().requires_grad_(False)
    what = freeze(model, base, pairs, settings)
    rows = Dataset.from_dict(columns(pairs, base.about["prefixes"], settings.negatives, seed))
    processes = int(os.environ.get("WORLD_SIZE", 1))
    batches = plan(rows, seed, settings, processes)
    steps = len(batches) // processes
    progress = Progress(seed, steps)
    tuner = Tuner(
        model=model,
        args=arguments_of(seed, work, steps, settings),
        batches=batches,
        train_dataset=rows,
        loss=loss_of(model, guide, settings, base),
        callbacks=[progress],
    )
    for noise in (PrinterCallback, ProgressCallback):
        tuner.remove_callback(noise)
    checkpoint = snapshot.latest(work)
    tuner.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    changed = trained_tensors(model[0].auto_model, base)
    if not all(torch.isfinite(value).all() for value in changed.values()):
        raise Diverged(f"seed {seed}: a weight is no number, so nothing is exported: give a smaller --learning_rate")
    losses = [[entry["step"], entry["loss"]] for entry in tuner.state.log_history if "loss" in entry]
    return changed, losses, what, round(statistics.median(progress.took or [0.0]), 3)
