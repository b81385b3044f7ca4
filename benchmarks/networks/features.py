"""Which inputs matter: against LassoNet.

    python benchmarks/networks/features.py breast spambase --seeds 5

Both choose at most k inputs on the training rows by a path from a dense network. The choice is
judged by a random forest on these inputs alone (the same for both), and by the network's own
accuracy; LassoNet's own network is the one of its path, ours is refitted. CPU seconds of the whole
path.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from common import keel
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

import priorfit as pf
from priorfit.torch import MAPMLPClassifier

KEEP = {"breast": (3, 6), "spambase": (5, 10), "segment": (3, 5)}


def table(name: str):
    """Columns and classes."""
    return load_breast_cancer(return_X_y=True) if name == "breast" else keel(name)


def ours(X, y, k: int, seed: int):
    """Group Laplace on the inputs."""
    m = MAPMLPClassifier(
        inputs=pf.GroupLaplace(), strength="path", n_features=k, seed=seed, epochs=50
    ).fit(X, y)
    return m.selected_, m.predict


def lassonet(X, y, k: int, seed: int):
    """LassoNet at its defaults with one hidden layer of 64 units, on standardized columns."""
    from lassonet import LassoNetClassifier

    mean, sd = X.mean(0), X.std(0)
    sd[sd == 0] = 1.0
    m = LassoNetClassifier(hidden_dims=(64,), random_state=seed, torch_seed=seed, verbose=0)
    path = m.path((X - mean) / sd, y, return_state_dicts=True)
    fits = [p for p in path if 0 < int(p.selected.sum()) <= k]
    point = max(fits, key=lambda p: int(p.selected.sum())) if fits else path[-1]
    m.load(point.state_dict)
    return point.selected.numpy().astype(bool), lambda Z: m.predict((Z - mean) / sd)


def one(method, X, y, k: int, seed: int) -> list[float]:
    """(inputs, accuracy of a forest on them, own accuracy, seconds)."""
    a, b, c, d = train_test_split(X, y, test_size=0.3, random_state=seed, stratify=y)
    start = time.thread_time()
    chosen, predict = method(a, c, k, seed)
    spent = time.thread_time() - start
    own = float(np.mean(predict(b) == d))
    forest = RandomForestClassifier(200, random_state=0).fit(a[:, chosen], c)
    return [float(chosen.sum()), 100 * forest.score(b[:, chosen], d), 100 * own, spent]


def main() -> None:
    """Print a line for each table, number of inputs and method."""
    parser = argparse.ArgumentParser()
    parser.add_argument("tables", nargs="*", default=["breast", "spambase"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--methods", nargs="*", default=["priorfit", "LassoNet"])
    given = parser.parse_args()
    torch.set_num_threads(1)
    methods = {"priorfit": ours, "LassoNet": lassonet}
    for name in given.tables:
        X, y = table(name)
        for k in KEEP[name]:
            for label in given.methods:
                rows = [one(methods[label], X, y, k, seed) for seed in range(given.seeds)]
                used, forest, own, spent = np.mean(rows, axis=0)
                se = np.std([r[1] for r in rows], ddof=1) / given.seeds**0.5
                said = f"{used:4.1f} inputs  forest {forest:5.2f} (se {se:.2f})  own {own:5.2f}"
                print(f"{name:9s} at most {k:2d}  {label:9s} {said}  {spent:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
