"""A strength chosen by evidence against scikit-learn's BayesianRidge, one thread, in turn.

    python benchmarks/evidence.py [--repeats 5]

Ours is `MAPRegressor(strength="evidence")`: a path of 100 certified points, and the highest of all
maxima of the evidence. BayesianRidge is one fixed-point iteration, at the ``tol`` that makes its
weights agree with ours to 1e-6; its time at its default is the last column.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from statistics import median
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import numpy as np
from sklearn.linear_model import BayesianRidge

import priorfit as pf

SIZES = ((442, 10), (2000, 200), (20_000, 200), (500, 400))


def seconds(model: Any, X: np.ndarray, y: np.ndarray) -> float:
    """CPU seconds of one fit."""
    start = time.process_time()
    model.fit(X, y)
    return time.process_time() - start


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for n, p in SIZES:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(n, p))
        y = X @ rng.normal(size=p) + 3.0 * rng.normal(size=n)
        ours = pf.MAPRegressor(prior=pf.Normal(), strength="evidence", standardize=False)
        flat = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 0.0)
        theirs = BayesianRidge(**flat, tol=1e-9, max_iter=10_000)
        loose = BayesianRidge()
        rounds = [[seconds(m, X, y) for m in (ours, theirs, loose)] for _ in range(options.repeats)]
        own, tight, default = (median(column) for column in zip(*rounds, strict=True))
        apart = np.max(np.abs(ours.coef_ - theirs.coef_)) / np.max(np.abs(ours.coef_))
        print(
            f"{n} x {p}: ours {own:.3f} s, BayesianRidge {tight:.3f} s (ratio {tight / own:.1f}), "
            f"at its default {default:.3f} s ({default / own:.1f}); weights apart {apart:.0e}"
        )


if __name__ == "__main__":
    main()
