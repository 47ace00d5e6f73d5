#!/usr/bin/env python3
"""Makes figures.json: figures of scipy, scikit-learn and numpy that the tests compare with.

    python3 -m venv V && V/bin/pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    V/bin/python shared/drift/tests/data/make.py

The intervals, the population stability index, Jensen and Shannon's distance and the discrepancy of one number are computed as
evidently (Apache-2.0) computes them, by code of our own.
"""

import itertools
import json
import math
from pathlib import Path

import numpy as np
from scipy import special, stats
from scipy.spatial import distance
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

random = np.random.default_rng(20261130)


def plain(values):
    return [round(float(value), 4) for value in values]


def single(rows):
    """As the program has them: 32 bits for a number."""
    return np.asarray(rows, dtype=np.float32).astype(np.float64)


def shares():
    found = []
    for hits, of, hits_now, of_now in [(930, 1000, 180, 212), (24, 400, 31, 300), (5, 80, 6, 90), (0, 400, 3, 100)]:
        table = [[hits, of - hits], [hits_now, of_now - hits_now]]
        chi = stats.chi2_contingency(table, correction=False)
        half = chi.pvalue / 2
        is_greater = hits_now / of_now > hits / of
        found.append({"reference": [hits, of], "current": [hits_now, of_now],
                      "p_greater": half if is_greater else 1 - half, "p_less": 1 - half if is_greater else half})
    return found


def means():
    found = []
    for n, m, shift in [(120, 90, 0.1), (40, 300, -0.2), (15, 12, 0.0)]:
        first, second = plain(random.normal(0.9, 0.3, n)), plain(random.normal(0.9 + shift, 0.35, m))
        test = lambda side: float(stats.ttest_ind(second, first, equal_var=False, alternative=side).pvalue)
        found.append({"reference": first, "current": second, "p_greater": test("greater"), "p_less": test("less")})
    return found


def documents():
    """A regression on a constant with standard errors that are robust to documents (Liang and Zeger), passage by passage."""
    def side(rate, count):
        rows = []
        for _ in range(count):
            share = random.beta(rate * 4, (1 - rate) * 4)
            rows.append([int(hit) for hit in random.random(int(random.integers(1, 7))) < share])
        return rows

    def fit(rows):
        y = np.array([hit for row in rows for hit in row], dtype=float)
        x = np.ones((len(y), 1))
        group = np.array([number for number, row in enumerate(rows) for _ in row])
        bread = np.linalg.inv(x.T @ x)
        beta = bread @ x.T @ y
        errors = y - x @ beta
        meat = sum(np.outer(score, score) for score in (x[group == g].T @ errors[group == g] for g in range(len(rows))))
        count = len(rows)
        return float(beta[0]), float((count / (count - 1) * bread @ meat @ bread)[0, 0]), count

    found = []
    for rate, rate_now in [(0.9, 0.8), (0.6, 0.62)]:
        first, second = side(rate, 60), side(rate_now, 45)
        (a, va, n), (b, vb, m) = fit(first), fit(second)
        t = (b - a) / math.sqrt(va + vb)
        freedom = (va + vb) ** 2 / (va**2 / (n - 1) + vb**2 / (m - 1))
        found.append({"reference": first, "current": second, "values": [a, b],
                      "p_greater": float(stats.t.sf(t, freedom)), "p_less": float(stats.t.cdf(t, freedom))})
    return found


def holm():
    """By closed testing with Bonferroni in each intersection, which Holm's procedure is a short way for."""
    found = []
    for p in [[0.01, 0.04, 0.03, 0.005], plain(random.random(6) ** 2), [0.2, 0.2, 0.001]]:
        adjusted = []
        for one in range(len(p)):
            sets = (s for size in range(1, len(p) + 1) for s in itertools.combinations(range(len(p)), size) if one in s)
            adjusted.append(max(min(1.0, len(s) * min(p[i] for i in s)) for s in sets))
        found.append({"p": p, "adjusted": adjusted})
    return found


def shapes():
    found = []
    for n, m, shift, scale in [(300, 200, 0.0, 1.0), (150, 220, 0.3, 1.2), (60, 60, 1.5, 0.5)]:
        first = random.normal(0.6, 0.1, n).round(6).tolist()
        second = random.normal(0.6 - shift * 0.1, 0.1 * scale, m).round(6).tolist()
        statistic = float(stats.ks_2samp(first, second).statistic)
        edges = np.histogram_bin_edges(first + second, bins="sturges")
        p, q = np.histogram(first, edges)[0] / n, np.histogram(second, edges)[0] / m
        fill = lambda s: np.where(s == 0, min(s[s > 0]) / 1e6 if min(s[s > 0]) <= 1e-4 else 1e-4, s)
        fp, fq = fill(p), fill(q)
        found.append({"reference": first, "current": second, "ks": statistic,
                      "ks_p": float(special.kolmogorov(math.sqrt(n * m / (n + m)) * statistic)),
                      "psi": float(np.sum((fp - fq) * np.log(fp / fq))), "jensen_shannon": float(distance.jensenshannon(p, q))})
    return found


def discrepancy(kernel, second):
    n = len(kernel) - sum(second)
    m = sum(second)
    k = kernel - np.diag(np.diag(kernel))
    y = np.array(second, dtype=bool)
    return float(k[~y][:, ~y].sum() / (n * (n - 1)) + k[y][:, y].sum() / (m * (m - 1)) - 2 * k[~y][:, y].mean())


def squares(rows):
    return ((rows[:, None, :] - rows[None, :, :]) ** 2).sum(-1)


def one_number():
    """The kernel's width as evidently has it: from the first sample alone, with each value's distance to itself."""
    first, second = random.normal(0, 1, 40).round(4), random.normal(0.7, 1, 30).round(4)
    rows = single(np.concatenate([first, second]).reshape(-1, 1))
    spread = 0.5 * np.percentile(squares(rows[:40]).flatten(), 50, method="nearest")
    gamma = 1 / (2 * spread)
    value = discrepancy(np.exp(-gamma * squares(rows)), [False] * 40 + [True] * 30)
    return {"vectors": rows.round(4).tolist(), "reference": 40, "gamma": float(gamma), "mmd": value}


def documents_moved(shift):
    centres = random.normal(0, 0.6, (24, 6))
    owners = np.repeat(np.arange(24), 3)
    rows = centres[owners] + random.normal(0, 0.4, (72, 6))
    rows[owners >= 14] += shift
    return rows.round(4), owners


def vectors():
    found = []
    for shift in [0.15, 0.8]:
        rows, owners = documents_moved(shift)
        rows = single(rows)
        is_now = owners >= 14
        pairs = np.sqrt(squares(rows)[np.triu_indices(len(rows), 1)])
        gamma = 1 / (2 * np.median(pairs) ** 2)
        kernel = np.exp(-gamma * squares(rows))
        value = discrepancy(kernel, is_now)
        labels, as_large, rounds = np.array([d >= 14 for d in range(24)]), 0, 20000
        for _ in range(rounds):
            as_large += discrepancy(kernel, random.permutation(labels)[owners]) >= value
        found.append({"vectors": rows.round(4).tolist(), "documents": owners.tolist(), "first_now": 14, "gamma": float(gamma),
                      "mmd": value, "p": (as_large + 1) / (rounds + 1)} | classifier(rows, owners, is_now))
    return found


def classifier(rows, owners, is_now, decay=1e-3):
    """Documents are dealt out to five parts in turn; the area of each part is weighed by its pairs."""
    folds = np.array([int(owner) % 5 for owner in owners])
    above = pairs = 0.0
    for fold in range(5):
        fitted, judged = folds != fold, folds == fold
        both = is_now[judged].sum() * (~is_now[judged]).sum()
        centre = rows[fitted].mean(0)
        scale = math.sqrt(((rows[fitted] - centre) ** 2).sum(1).mean())
        model = LogisticRegression(C=1 / (decay * fitted.sum()), tol=1e-12, max_iter=100000)
        model.fit((rows[fitted] - centre) / scale, is_now[fitted])
        above += both * roc_auc_score(is_now[judged], model.decision_function((rows[judged] - centre) / scale))
        pairs += both
    return {"folds": folds.tolist(), "auc": float(above / pairs)}


def groups():
    rows = single(np.concatenate([random.normal(c, 0.5, (20, 3)) for c in ([0, 0, 0], [2, 1, 0], [0, 2, 2])]).round(4))
    begin = rows[[0, 25, 45]]
    fitted = KMeans(3, init=begin, n_init=1, max_iter=50, tol=0).fit(rows)
    return {"vectors": rows.round(4).tolist(), "begin": begin.round(4).tolist(), "centres": fitted.cluster_centers_.tolist()}


figures = {"shares": shares(), "means": means(), "documents": documents(), "holm": holm(), "shapes": shapes(),
           "one_number": one_number(), "vectors": vectors(), "groups": groups()}
Path(__file__).with_name("figures.json").write_text(json.dumps(figures, separators=(",", ":")) + "\n")
