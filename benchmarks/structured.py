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

#: rows, columns, correlation of all columns (None: of neighbours), rates
CASES = [
    (1000, 200, None, "BH"),
    (200, 1000, None, "BH"),
    (500, 5000, None, "BH"),
    (2000, 1500, None, "BH"),
    (1000, 200, 0.8, "BH"),
    (200, 1000, 0.8, "BH"),
    (500, 500, None, "OSCAR"),
    (300, 2000, None, "OSCAR"),
]
LOGISTIC = [(1000, 200), (200, 1000), (500, 5000)]
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


def columns(n: int, p: int, alike: float | None, rng: np.random.Generator) -> np.ndarray:
    """Centred columns, each like its neighbour or all alike."""
    X = rng.normal(size=(n, p))
    if alike is None:
        X[:, 1:] += 0.5 * X[:, :-1]
    else:
        X = np.sqrt(1 - alike) * X + np.sqrt(alike) * rng.normal(size=(n, 1))
    return np.asfortranarray(X - X.mean(axis=0))


def signal_of(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """X b, twenty weights in two clusters."""
    b = np.zeros(X.shape[1])
    b[rng.choice(len(b), 20, replace=False)] = np.repeat([1.0, -2.0], 10)
    return X @ b


def rival(
    X: np.ndarray, y: np.ndarray, sequence: np.ndarray, lambdas: np.ndarray, loss: str
) -> Any:
    """tol -> the coefficients (p, k) of sortedl1's path."""
    from sortedl1 import Slope

    def fit(tol: float) -> np.ndarray:
        model = Slope(lam=sequence, fit_intercept=False, tol=tol, loss=loss)
        alphas, most = lambdas / len(y), X.shape[1] + 1
        found = model.path(
            X, y, alphas=alphas, tol_dev_change=0, tol_dev_ratio=1.0, max_clusters=most
        )
        return np.squeeze(np.asarray(found.coefs))

    return fit


def raced(
    name: str, ours: Any, theirs: Any, worst: Callable[[np.ndarray], float]
) -> dict[str, Any]:
    """The peer at the loosest tolerance at which its worst point is within `TOL`."""
    tol = next((t for t in 10.0 ** -np.arange(3.0, 12.0) if worst(theirs(t)) <= TOL), 1e-12)
    print(f"gaps: ours {worst(ours()):.1e}, sortedl1 {worst(theirs(tol)):.1e} at tol {tol:.0e}")
    return duel(name, {"priorfit": ours, "sortedl1": lambda: theirs(tol)})


def prior_of(rates: str, p: int) -> pf.Prior:
    """SLOPE with rates of Benjamini and Hochberg, or OSCAR."""
    return pf.SLOPE(0.1) if rates == "BH" else pf.SLOPE.oscar(p, 5.0 / p)


def grid(prior: pf.SLOPE, pull: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rates, and strengths from the one that holds every weight."""
    sequence = prior.sequence(len(pull))
    top = float(np.max(np.cumsum(-np.sort(-np.abs(pull))) / np.cumsum(sequence)))
    return sequence, top * np.geomspace(1.0, RATIO, POINTS)


def sorted_case(n: int, p: int, alike: float | None, rates: str) -> dict[str, Any]:
    """A path of SLOPE."""
    rng = np.random.default_rng(0)
    X = columns(n, p, alike, rng)
    y = signal_of(X, rng) + rng.normal(size=n)
    y, prior = y - y.mean(), prior_of(rates, p)
    sequence, lambdas = grid(prior, X.T @ y)

    def ours() -> np.ndarray:
        return pf.path(X, y, prior=prior, penalties=lambdas, intercept=False).coefs

    def worst(coefs: np.ndarray) -> float:
        gaps = [slope_gap(X, y, s * sequence, coefs[:, k]) for k, s in enumerate(lambdas)]
        return max(gaps)

    kind = "" if alike is None else f", correlation {alike}"
    theirs = rival(X, y, sequence, lambdas, "quadratic")
    return raced(f"{rates} path {n} x {p}{kind}", ours, theirs, worst)


def logistic_case(n: int, p: int) -> dict[str, Any]:
    """The same for classes: `worst` is the excess over the certified objective."""
    rng = np.random.default_rng(0)
    X, prior = columns(n, p, None, rng), pf.SLOPE(0.1)
    y = (rng.uniform(size=n) < 1 / (1 + np.exp(-0.5 * signal_of(X, rng)))).astype(float)
    sequence, lambdas = grid(prior, X.T @ (y - 0.5))
    options = {"prior": prior, "penalties": lambdas, "likelihood": pf.Bernoulli()}

    def fit() -> pf.Path:
        return pf.path(X, y, intercept=False, **options)

    def value(coefs: np.ndarray) -> np.ndarray:
        eta = X @ coefs
        loss = (np.logaddexp(0.0, eta) - y[:, None] * eta).sum(axis=0)
        return loss + lambdas * (sequence @ -np.sort(-np.abs(coefs), axis=0))

    certified = fit()
    least = value(certified.coefs) - certified.gaps * n * np.log(2.0)
    theirs = rival(X, y, sequence, lambdas, "logistic")

    def worst(coefs: np.ndarray) -> float:
        return float(np.max(value(coefs) - least) / (n * np.log(2.0)))

    return raced(f"logistic BH path {n} x {p}", lambda: fit().coefs, theirs, worst)


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
    for order in (2, 3):
        trend = ours(pf.RandomWalk(1 / 20.0, order=order, kind="laplace"))
        gap = trend().certificate.gap
        print(f"trend filter of order {order}, {n}: {seconds(trend):.3g} s, gap {gap:.1e}")
    return [duel(f"total variation {n}", rivals), duel(f"Hodrick-Prescott {n}", smooth)]


def main() -> None:
    """All cases, and a JSON line for each."""
    warnings.simplefilter("ignore")
    rows = [sorted_case(*case) for case in CASES]
    rows += [logistic_case(n, p) for n, p in LOGISTIC]
    for n in SIGNALS:
        rows += signal_case(n)
    out = Path(__file__).parent / "results"
    out.mkdir(exist_ok=True)
    (out / "structured.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    main()
