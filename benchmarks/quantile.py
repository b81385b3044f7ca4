"""Quantile regression against HiGHS (scikit-learn) and statsmodels: CPU seconds, one thread.

OMP_NUM_THREADS=1 python benchmarks/quantile.py

Every answer is judged by the same objective, recomputed here; ``over`` is how far it lies above
the lowest answer, relative to the null model (priorfit's own gap is near 1e-12).
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable

import numpy as np
from sklearn.linear_model import QuantileRegressor
from statsmodels.regression.quantile_regression import QuantReg

import priorfit as pf

#: (rows, columns, order, lambda)
CASES = ((1000, 20, 0.5, 0.0), (3000, 20, 0.3, 0.0), (500, 200, 0.5, 10.0), (200, 1000, 0.5, 8.0))

Fit = Callable[[], tuple[float, np.ndarray]]


def table(n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten of p columns matter; noise with three degrees of freedom."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    return X, X[:, :10] @ np.linspace(-2, 2, 10) + rng.standard_t(3, size=n)


def fits(X: np.ndarray, y: np.ndarray, q: float, penalty: float) -> dict[str, Fit]:
    """Name -> a fit that returns (intercept, coef)."""

    def ours() -> tuple[float, np.ndarray]:
        prior = pf.Laplace(1.0 / penalty) if penalty else pf.Flat()
        fit = pf.solve(pf.Problem.make(X, y, prior=prior, likelihood=pf.Quantile(q)))
        return fit.intercept, fit.coef

    def highs() -> tuple[float, np.ndarray]:
        m = QuantileRegressor(quantile=q, alpha=penalty / len(y), solver="highs").fit(X, y)
        return float(m.intercept_), m.coef_

    def statsmodels() -> tuple[float, np.ndarray]:
        b = QuantReg(y, np.column_stack([np.ones(len(y)), X])).fit(q=q, max_iter=10_000).params
        return float(b[0]), b[1:]

    found: dict[str, Fit] = {"priorfit": ours, "scikit-learn HiGHS": highs}
    return found if penalty else found | {"statsmodels": statsmodels}


def main(rounds: int = 3) -> None:
    """One JSON line per case and solver: median of ``rounds`` in alternation."""
    warnings.simplefilter("ignore")
    for n, p, q, penalty in CASES:
        X, y = table(n, p)
        seconds: dict[str, list[float]] = {}
        lost: dict[str, float] = {}

        def objective(intercept: float, coef: np.ndarray) -> float:
            r = y - intercept - X @ coef  # noqa: B023
            return float(np.maximum(q * r, (q - 1) * r).sum() + penalty * np.abs(coef).sum())  # noqa: B023

        for _ in range(rounds):
            for name, fit in fits(X, y, q, penalty).items():
                begun = time.process_time()
                answer = fit()
                seconds.setdefault(name, []).append(time.process_time() - begun)
                lost[name] = objective(*answer)
        null = objective(float(np.quantile(y, q)), np.zeros(p))
        best = min(lost.values())
        ours = float(np.median(seconds["priorfit"]))
        for name, each in seconds.items():
            took = float(np.median(each))
            line = {"n": n, "p": p, "q": q, "lambda": penalty, "solver": name, "seconds": took}
            line |= {"ratio": round(took / ours, 2), "over": (lost[name] - best) / null}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
