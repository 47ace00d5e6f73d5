"""Averages the seeds' weights and mixes them with the base's (LM-Cocktail, arXiv 2311.13534): what the base knew and the
data does not ask for is forgotten least."""

import math

import torch

# Shares of the average in the mixture. On a processor each one costs minutes.
SHARES = {"cpu": (0.4, 0.6, 0.8, 1.0), "cuda": (0.2, 0.4, 0.6, 0.8, 1.0)}


def change(base, seeds):
    """The mean of what training changed, by tensor; a tensor that no seed changed is left out."""
    names = [name for name in base if any(name in seed for seed in seeds)]
    return {
        name: torch.stack([seed.get(name, base[name]) - base[name] for seed in seeds]).mean(0, dtype=torch.float32)
        for name in names
    }


def mixed(base, change, share):
    """The base's tensors, moved by `share` of the change. What did not change stays the same to the bit."""
    return {name: tensor + share * change[name] if name in change else tensor for name, tensor in base.items()}


def choose(base, scores):
    """The share to export, and whether it beats the base: `base` is its score, `scores` those of the shares.

    The best one; of equal ones that nearest to the base. Where none beats the base there is no best one, and that nearest
    to the base does the least harm.
    """
    able = {share: score for share, score in scores.items() if math.isfinite(score)}
    best = max(able, key=lambda share: (able[share], -share))
    if able[best] > base:
        return best, True
    return min(able), False
