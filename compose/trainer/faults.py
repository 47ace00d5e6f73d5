"""Why a run ends without a model, as its exit code: what whoever started it has to do is different for each."""

import errno

FAILED, UNUSABLE, OUT_OF_MEMORY = 1, 2, 3


class TrainerFault(Exception):
    """The run failed; the message says what to do."""

    code = FAILED


class UnusableInput(TrainerFault):
    """The data, the base or an option cannot be used: trying again changes nothing."""

    code = UNUSABLE


class Diverged(TrainerFault):
    """The loss is no number any more."""


# What PyTorch says when there is no memory on the processor; on a GPU it has an exception of its own.
NO_MEMORY = ("DefaultCPUAllocator", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "Cannot allocate memory")
# safetensors and TorchScript write for themselves, and have exceptions of their own when they cannot.
FULL = ("No space left on device", "PytorchStreamWriter failed writing", "Disk quota exceeded")


def is_full(error):
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    return any(words in str(error) for words in FULL)


def is_out_of_memory(error):
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(words in str(error) for words in NO_MEMORY)


def verdict(error, settings):
    """The exit code and the message for a person."""
    if isinstance(error, TrainerFault):
        return error.code, str(error)
    if is_out_of_memory(error):
        return OUT_OF_MEMORY, (
            f"out of memory with --batch_size {settings.batch_size} and --mini_batch_size {settings.mini_batch_size}: "
            "give a smaller --mini_batch_size (same result, slower), then a smaller --batch_size, or shorter --tokens"
        )
    if is_full(error):
        where = f" ({error.filename})" if getattr(error, "filename", None) else ""
        return FAILED, f"the disk is full{where}: make room and start again with the same output, what was trained is kept"
    return FAILED, f"{type(error).__name__}: {error}"
