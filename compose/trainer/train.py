"""Fine-tunes an embedding model on Millrace's training data: as a job of PAI, or on this machine.

    train.py --oss_input DATA --oss_output OUT [--base BUNDLE] [--name NAME] [--version V] [--seeds 3] …

README.md says what stands in DATA and OUT. Exit codes: 0 done, 1 failed, 2 unusable input, 3 out of memory.
Run it again with the same arguments after a kill: it goes on where it was. Several GPUs: python -m torch.distributed.run.
"""

import logging
import os
import sys

# Before the libraries are loaded: nothing is fetched, and nobody is told of it.
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "WANDB_DISABLED")
os.environ.update(dict.fromkeys(OFFLINE, "1"), TOKENIZERS_PARALLELISM="true")
# The folder may belong to somebody else, or be in an image.
sys.dont_write_bytecode = True

import faults
import progress
import settings as options


def main(arguments):
    settings = options.read(arguments)
    progress.only_ours()
    if settings.threads:
        os.environ["OMP_NUM_THREADS"] = str(settings.threads)
    try:
        import torch

        from run import run

        logging.getLogger("transformers").setLevel(logging.ERROR)
        if settings.threads:
            torch.set_num_threads(settings.threads)
        run(settings)
    except Exception as error:
        code, message = faults.verdict(error, settings)
        if code == faults.FAILED and not isinstance(error, faults.TrainerFault):
            logging.exception("what happened")
        progress.say(message)
        return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
