"""Sorted priors and random walks beside sortedl1, skglm, statsmodels and scikit-image.

    python benchmarks/structured.py

One thread, in alternation, median CPU seconds of 3 after a warm-up; above 1 priorfit is faster. The
largest duality gap, relative to the null model, is computed here for all of them; peers run at the
loosest tolerance (1e-4, 1e-5, ...) at which it is at most 1e-6.
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
from scipy import sparse

import priorfit as pf

SHAPES = [(1000, 200), (200, 1000), (500, 5000)]
SIGNALS = [1000, 10_000, 100_000]
POINTS, RATIO, TOL = 50, 0.05, 1e-6


def seconds(fit: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    fit()
    return time.process_time() - start


def duel(name: str, rivals: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """Medians of rivals in turn, after one warm-up."""
    runs: dict[str, list[float]] = {who: [] for who in rivals}
    for _ in range(4):
        for who, fit in rivals.items():
            runs[who].append(seconds(fit))
    row = {who: median(v[1:]) for who, v in runs.items()}
    shown = "  ".join(f"{w} {s:.3g} s ({s / row['priorfit']:.2f})" for w, s in row.items())
    print(f"{name:<30}{shown}", flush=True)
    return {"case": name, **row}


def slope_gap(X: np.ndarray, y: np.ndarray, rates: np.ndarray, b: np.ndarray) -> float:
    """Of RSS/2 + sum rates |b|_(i), X and y centred, relative to the null model."""
    r = y - X @ b
    pulls = np.cumsum(-np.sort(-np.abs(X.T @ r)))
    theta = r / max(1.0, float(np.max(pulls / np.cumsum(rates))))
    primal = 0.5 * r @ r + rates @ -np.sort(-np.abs(b))
    return float((primal - theta @ y + 0.5 * theta @ theta) / (0.5 * y @ y))


def table(n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Correlated columns, twenty weights in two clusters; centred."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    X[:, 1:] += 0.5 * X[:, :-1]
    b = np.zeros(p)
    b[rng.choice(p, 20, replace=False)] = np.repeat([1.0, -2.0], 10)
    y = X @ b + rng.normal(size=n)
    return np.asfortranarray(X - X.mean(axis=0)), y - y.mean()


def sorted_case(n: int, p: int) -> dict[str, Any]:
    """A path of SLOPE."""
    from sortedl1 import Slope

    X, y = table(n, p)
    sequence = pf.SLOPE(0.1).sequence(p)
    top = float(np.max(np.cumsum(-np.sort(-np.abs(X.T @ y))) / np.cumsum(sequence)))
    lambdas = top * np.geomspace(1.0, RATIO, POINTS)

    def ours() -> np.ndarray:
        return pf.path(X, y, prior=pf.SLOPE(0.1), penalties=lambdas, intercept=False).coefs

    def theirs(tol: float) -> np.ndarray:
        model = Slope(lam=sequence, fit_intercept=False, tol=tol)
        found = model.path(
            X, y, alphas=lambdas / n, tol_dev_change=0, tol_dev_ratio=1.0, max_clusters=p + 1
        )
        return np.squeeze(np.asarray(found.coefs))

    def worst(coefs: np.ndarray) -> float:
        gaps = [slope_gap(X, y, s * sequence, coefs[:, k]) for k, s in enumerate(lambdas)]
        return max(gaps)

    tol = next((t for t in 10.0 ** -np.arange(4.0, 12.0) if worst(theirs(t)) <= TOL), 1e-12)
    print(f"gaps: ours {worst(ours()):.1e}, sortedl1 {worst(theirs(tol)):.1e} at tol {tol:.0e}")
    return duel(f"SLOPE path {n} x {p}", {"priorfit": ours, "sortedl1": lambda: theirs(tol)})


def signal_case(n: int) -> list[dict[str, Any]]:
    """Total variation and the Hodrick-Prescott filter of one signal."""
    from skimage.restoration import denoise_tv_chambolle
    from statsmodels.tsa.filters.hp_filter import hpfilter

    rng = np.random.default_rng(0)
    y = np.where(np.arange(n) % 400 < 200, 0.0, 1.5) + 0.4 * rng.normal(size=n)
    seen = sparse.eye_array(n, format="csr")

    def ours(prior: pf.Prior) -> Callable[[], Any]:
        noise = pf.Gaussian(1.0)
        problem = pf.Problem.make(seen, y, prior=prior, likelihood=noise, intercept=False)
        return lambda: pf.solve(problem)

    rate, lamb = 2.0, 1600.0
    tv = pf.RandomWalk(1 / rate, kind="laplace")
    chambolle = {"eps": 1e-9, "max_num_iter": 2000}  # stops at a loose objective: a lower bound
    rivals = {
        "priorfit": ours(tv),
        "scikit-image": lambda: denoise_tv_chambolle(y, weight=rate, **chambolle),
    }
    smooth = {
        "priorfit": ours(pf.RandomWalk(1 / np.sqrt(lamb), order=2)),
        "statsmodels": lambda: hpfilter(y, lamb),
    }
    return [duel(f"total variation {n}", rivals), duel(f"Hodrick-Prescott {n}", smooth)]


def main() -> None:
    """All cases, and a JSON line for each."""
    warnings.simplefilter("ignore")
    rows = [sorted_case(n, p) for n, p in SHAPES]
    for n in SIGNALS:
        rows += signal_case(n)
    out = Path(__file__).parent / "results"
    out.mkdir(exist_ok=True)
    (out / "structured.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    main()
