"""What whoever started the trainer reads: one line of JSON on stdout for each thing that happened.

Libraries print what they like on stdout; `only_ours` sends that to stderr.
"""

import json
import sys

_out = sys.stdout


def only_ours():
    """Keeps stdout for `tell`."""
    global _out
    if sys.stdout is not sys.stderr:
        _out, sys.stdout = sys.stdout, sys.stderr


def tell(**event):
    # Who reads may have gone; the training is still worth its end.
    try:
        print(json.dumps(event, ensure_ascii=False), file=_out, flush=True)
    except (BrokenPipeError, ValueError):
        pass


def say(text):
    """For people."""
    print(f"train.py: {text}", file=sys.stderr, flush=True)
