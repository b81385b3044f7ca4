"""Drop-ins against scikit-learn on the bundled tables: median time, in alternation.

    python benchmarks/dropins.py

One thread. scikit-learn runs at its default tolerance; priorfit always at a certified gap of 1e-6.
The ratio is scikit-learn's median CPU time over priorfit's: above 1 priorfit is faster.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path
from statistics import median

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy: threads that spin would be counted as work

import numpy as np
from sklearn import linear_model as theirs
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.preprocessing import StandardScaler

from priorfit import sklearn as ours

DIABETES = load_diabetes(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True)
SCALED = (StandardScaler().fit_transform(CANCER[0]), CANCER[1])
WINE, DIGITS = load_wine(return_X_y=True), load_digits(return_X_y=True)
WINE = (StandardScaler().fit_transform(WINE[0]), WINE[1])
DIGITS = (DIGITS[0] / 16.0, DIGITS[1])
WORST = (SCALED[0][:, :20], SCALED[0][:, 20:])  # ten responses: the worst cells of each image
CV = {"scoring": "accuracy", "l1_ratios": (0.0,), "use_legacy_attributes": False}

CASES = [
    ("Lasso", {"alpha": 0.1}, "diabetes", DIABETES, 200),
    ("ElasticNet", {"alpha": 0.01}, "diabetes", DIABETES, 200),
    ("Ridge", {"alpha": 1.0}, "diabetes", DIABETES, 200),
    ("PoissonRegressor", {"alpha": 1e-3}, "diabetes", DIABETES, 50),
    ("LassoCV", {"cv": 5}, "diabetes", DIABETES, 10),
    ("ElasticNetCV", {"cv": 5}, "diabetes", DIABETES, 10),
    ("RidgeCV", {"alphas": np.logspace(-3, 3, 20)}, "diabetes", DIABETES, 100),
    ("Lasso", {"alpha": 0.01}, "breast cancer", CANCER, 50),
    ("Ridge", {"alpha": 1.0}, "breast cancer", CANCER, 200),
    ("LogisticRegression", {}, "breast cancer", CANCER, 30),
    ("LogisticRegression", {}, "breast cancer, scaled", SCALED, 50),
    ("LogisticRegressionCV", CV, "breast cancer, scaled", SCALED, 7),
    ("LogisticRegressionCV", CV, "wine, scaled", WINE, 7),
    ("LogisticRegressionCV", CV | {"Cs": 5, "cv": 3}, "digits", DIGITS, 1),
    ("MultiTaskLassoCV", {"cv": 5}, "breast cancer, 10 tasks", WORST, 3),
    ("MultiTaskElasticNetCV", {"cv": 5}, "breast cancer, 10 tasks", WORST, 3),
]


def seconds(model, X, y):
    """CPU and wall seconds of one fit."""
    cpu, wall = time.process_time(), time.perf_counter()
    model.fit(X, y)
    return time.process_time() - cpu, time.perf_counter() - wall


def main() -> None:
    """Print one line per case and append it to results/dropins.jsonl."""
    warnings.simplefilter("ignore")
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    print(f"{'estimator':<22}{'table':<24}{'sklearn ms':>12}{'priorfit ms':>12}{'ratio':>8}")
    with open(results / "dropins.jsonl", "a", encoding="utf-8") as log:
        for name, options, table, (X, y), repeats in CASES:
            runs: dict[str, list[tuple[float, float]]] = {"theirs": [], "ours": []}
            for _ in range(repeats + 1):
                for who, room in (("theirs", theirs), ("ours", ours)):
                    runs[who].append(seconds(getattr(room, name)(**options), X, y))
            a, b = (1e3 * median(t for t, _ in runs[who][1:]) for who in ("theirs", "ours"))
            print(f"{name:<22}{table:<24}{a:>12.3f}{b:>12.3f}{a / b:>8.2f}", flush=True)
            row = {"case": name, "table": table, "sklearn_ms": a, "priorfit_ms": b, "ratio": a / b}
            log.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    sys.exit(main())
