"""Single fits of `MultiTaskLasso` against scikit-learn's, both judged by the gap recomputed here.

    python benchmarks/tasks.py

One thread, in alternation, medians of 15 CPU times of a whole ``fit``, checks of the input
included. scikit-learn runs at the loosest of its tolerances 1e-4, 3e-5, ... whose relative duality
gap is at most 1e-6, found before the clock runs; priorfit at its default. The ratio is
scikit-learn / priorfit: above 1 priorfit is faster.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from statistics import median

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy: threads that spin would be counted as work

import numpy as np
from sklearn.linear_model import MultiTaskLasso as Theirs

from priorfit.sklearn import MultiTaskLasso as Ours

CASES = [  # n, p, tasks, correlation of neighbours
    (200, 100, 5, 0.0),
    (200, 1000, 4, 0.0),
    (1000, 100, 10, 0.0),
    (300, 1000, 5, 0.0),
    (200, 100, 5, 0.9),
    (200, 1000, 4, 0.9),
    (500, 300, 3, 0.7),
    (2000, 500, 20, 0.5),
]
SHARES = (0.3, 0.05)  # of the alpha that holds every weight
TOLERANCES = [a * 10.0**-k for k in range(4, 12) for a in (1.0, 0.3)]


def case(n: int, p: int, tasks: int, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """Ten columns matter for all tasks."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    W = np.zeros((p, tasks))
    W[:10] = rng.normal(size=(10, tasks))
    return X, X @ W + rng.normal(size=(n, tasks))


def lengths(V: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(V).sum(axis=1))


def gap(X: np.ndarray, Y: np.ndarray, W: np.ndarray, lam: float) -> float:
    """(P - D) over the null model's loss; ``lam`` on the sum scale, the intercept refitted."""
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    R = Y - X @ W
    share = min(1.0, lam / lengths(X.T @ R).max())
    primal = 0.5 * np.sum(R**2) + lam * lengths(W).sum()
    dual = share * np.sum(R * Y) - 0.5 * share**2 * np.sum(R**2)
    return float((primal - dual) / (0.5 * np.sum(Y**2)))


def seconds(model, X, y) -> float:
    start = time.process_time()
    model.fit(X, y)
    return time.process_time() - start


def race(X: np.ndarray, y: np.ndarray, share: float) -> dict[str, float]:
    """Both at a gap of 1e-6."""
    lam = share * lengths((X - X.mean(axis=0)).T @ (y - y.mean(axis=0))).max()
    alpha = lam / len(X)

    def theirs(tol: float) -> Theirs:
        return Theirs(alpha=alpha, tol=tol, max_iter=100_000)

    gaps = ((tol, gap(X, y, theirs(tol).fit(X, y).coef_.T, lam)) for tol in TOLERANCES)
    tol, found = next(pair for pair in gaps if pair[1] <= 1e-6)
    own = gap(X, y, Ours(alpha=alpha).fit(X, y).coef_.T, lam)
    pairs = [(seconds(theirs(tol), X, y), seconds(Ours(alpha=alpha), X, y)) for _ in range(15)]
    t, o = (median(column) for column in zip(*pairs, strict=True))
    return {"scikit-learn ms": 1e3 * t, "priorfit ms": 1e3 * o, "ratio": t / o, "tol": tol,
            "gap of scikit-learn": found, "gap": own}  # fmt: skip


def main() -> None:
    """Print a line of JSON for each case and strength."""
    warnings.simplefilter("ignore")
    for shape in CASES:
        X, y = case(*shape)
        for share in SHARES:
            print(json.dumps({"case": shape, "share": share} | race(X, y, share)), flush=True)


if __name__ == "__main__":
    main()
