"""Normal priors: leave-one-out for 100 strengths, single ridge, logistic and Poisson fits.

    python benchmarks/ridge.py

One thread, in alternation, median CPU seconds; above 1 priorfit is faster. "plain eigh" is what a
user of NumPy would write: X'X once, its eigendecomposition, all strengths and leverages.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import numpy as np
from sklearn import linear_model as theirs

from priorfit import sklearn as ours
from priorfit.bench.cases import correlated

SHAPES = {(200, 50): 50, (100_000, 50): 7, (1000, 5000): 3, (20_000, 500): 3}
GLM_SHAPES = {(1000, 50): 15, (10_000, 200): 3, (200_000, 50): 3}


def plain_eigh(X: np.ndarray, y: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Leave-one-out errors of every alpha."""
    centred, y = X - X.mean(axis=0), y - y.mean()
    d, V = np.linalg.eigh(centred.T @ centred)
    T = centred @ V
    shrunk = 1.0 / (d[:, None] + alphas)
    residual = y[:, None] - T @ (shrunk * (T.T @ y)[:, None])
    return np.square(residual / (1 - 1 / len(y) - np.square(T) @ shrunk)).mean(axis=0)


def seconds(fit: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    fit()
    return time.process_time() - start


def duel(name: str, rivals: dict[str, Callable[[], Any]], repeats: int) -> dict[str, Any]:
    """Medians of rivals in turn, after one warm-up."""
    runs: dict[str, list[float]] = {who: [] for who in rivals}
    for _ in range(repeats + 1):
        for who, fit in rivals.items():
            runs[who].append(seconds(fit))
    row = {who: median(v[1:] or v) for who, v in runs.items()}
    shown = "  ".join(f"{w} {s:.4g} s ({s / row['priorfit']:.2f})" for w, s in row.items())
    print(f"{name:<34}{shown}", flush=True)
    return {"case": name, **row}


def leave_one_out() -> dict[str, Any]:
    """100 alphas on 100,000 x 200."""
    rng, n, p = np.random.default_rng(0), 100_000, 200
    X, alphas = correlated(n, p, 0.6, 0), np.geomspace(1.0, 1e6, 100)
    y = X @ rng.normal(size=p) / 10 + rng.normal(size=n)
    rivals = {
        "priorfit": lambda: ours.RidgeCV(alphas=alphas).fit(X, y),
        "plain eigh": lambda: plain_eigh(X, y, alphas),
    }
    row = duel("leave-one-out 100,000 x 200", rivals, 3)
    slow = seconds(lambda: theirs.RidgeCV(alphas=alphas).fit(X, y))
    print(f"{'':<34}scikit-learn {slow:.4g} s ({slow / row['priorfit']:.1f})")
    return row | {"scikit-learn": slow}


def single(n: int, p: int, repeats: int) -> dict[str, Any]:
    """One ridge fit."""
    rng, X = np.random.default_rng(0), correlated(n, p, 0.6, 0)
    y = X @ rng.normal(size=p) / 10 + rng.normal(size=n)
    rivals = {
        "priorfit": lambda: ours.Ridge(alpha=n / 100).fit(X, y),
        "scikit-learn": lambda: theirs.Ridge(alpha=n / 100).fit(X, y),
    }
    return duel(f"ridge {n} x {p}", rivals, repeats)


def glm(n: int, p: int, repeats: int) -> list[dict[str, Any]]:
    """One logistic and one Poisson fit with a normal prior."""
    rng, X = np.random.default_rng(0), correlated(n, p, 0.6, 0)
    eta = X @ rng.normal(size=p)
    eta /= eta.std()
    y = (rng.uniform(size=n) < 1 / (1 + np.exp(-eta))).astype(float)
    counts = rng.poisson(np.exp(eta)).astype(float)
    newton = {"solver": "newton-cholesky", "tol": 1e-5}
    logistic = {
        "priorfit": lambda: ours.LogisticRegression(C=1e4 / n).fit(X, y),
        "newton-cholesky": lambda: theirs.LogisticRegression(C=1e4 / n, **newton).fit(X, y),
    }
    poisson = {
        "priorfit": lambda: ours.PoissonRegressor(alpha=1e-4).fit(X, counts),
        "newton-cholesky": lambda: theirs.PoissonRegressor(alpha=1e-4, **newton).fit(X, counts),
    }
    return [
        duel(f"logistic {n} x {p}", logistic, repeats),
        duel(f"Poisson {n} x {p}", poisson, repeats),
    ]


def main() -> None:
    """Print one line per case and append them to results/ridge.jsonl."""
    warnings.simplefilter("ignore")
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    rows = [leave_one_out()]
    rows += [single(n, p, k) for (n, p), k in SHAPES.items()]
    rows += [row for (n, p), k in GLM_SHAPES.items() for row in glm(n, p, k)]
    with open(results / "ridge.jsonl", "a", encoding="utf-8") as log:
        log.writelines(json.dumps(row) + "\n" for row in rows)


if __name__ == "__main__":
    main()
