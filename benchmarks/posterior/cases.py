"""Tables and beliefs for the race of samplers: the same for everyone."""

from __future__ import annotations

from typing import Any

import numpy as np

Case = dict[str, Any]


def diabetes() -> Case:
    """A: gaussian, Laplace belief whose strength and noise are unknown, 442 x 10."""
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    X = X / X.std(axis=0)
    return {"X": X, "y": (y - y.mean()) / y.std(), "likelihood": "gaussian", "prior": "laplace"}


def wide() -> Case:
    """B: gaussian, Laplace belief of unknown strength and noise, 200 x 500, noise 1."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(200, 500))
    b = np.r_[rng.choice([-1.0, 1.0], size=10), np.zeros(490)]
    return {"X": X, "y": X @ b + rng.normal(size=200), "likelihood": "gaussian", "prior": "laplace"}


def logistic() -> Case:
    """D: two classes, 5000 x 30, Normal(1)."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5000, 30))
    eta = X @ (0.5 * rng.normal(size=30))
    y = (rng.random(5000) < 1 / (1 + np.exp(-eta))).astype(float)
    return {"X": X, "y": y, "likelihood": "bernoulli", "prior": "normal"}


def counts() -> Case:
    """Poisson, Laplace belief whose strength is unknown, 500 x 50."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(500, 50))
    b = np.r_[0.3 * rng.normal(size=10), np.zeros(40)]
    y = rng.poisson(np.exp(X @ b + 0.5)).astype(float)
    return {"X": X, "y": y, "likelihood": "poisson", "prior": "laplace"}


def sparse_logistic() -> Case:
    """C: two classes, 300 x 100, 8 weights of size, a regularized horseshoe of unknown scale."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(300, 100))
    b = np.r_[2.0 * rng.choice([-1.0, 1.0], size=8), np.zeros(92)]
    y = (rng.random(300) < 1 / (1 + np.exp(-X @ b))).astype(float)
    tau = 2.0 * 8 / 92 / np.sqrt(300)  # Piironen & Vehtari (2017), expected number of weights: 8
    case = {"X": X, "y": y, "likelihood": "bernoulli", "prior": "horseshoe"}
    return {**case, "scale": tau, "slab": 2.0}


CASES = {"A": diabetes, "B": wide, "C": sparse_logistic, "D": logistic, "counts": counts}
