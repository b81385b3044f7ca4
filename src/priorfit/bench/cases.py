"""Simulated problems to race on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from priorfit._typing import Array

__all__ = ["SMALL", "Case", "bernoulli", "gaussian", "grouped", "poisson", "text"]


class Case(NamedTuple):
    """``X`` (n, p) dense in Fortran order or CSC; the grid ends at ``ratio``; ``group`` columns
    that lie side by side are penalised by their length times its root."""

    likelihood: str
    l1_ratio: float
    ratio: float
    X: Any
    y: Array
    group: int = 1


def correlated(n: int, p: int, rho: float, seed: int) -> Array:
    """Columns of an AR(1) process."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(p, n))
    for j in range(1, p):
        X[j] = rho * X[j - 1] + np.sqrt(1 - rho * rho) * X[j]
    return X.T


def signal(X: Any, k: int, seed: int) -> Array:
    """X b of k normal weights, over its standard deviation."""
    rng = np.random.default_rng(seed)
    b = np.zeros(X.shape[1])
    b[rng.choice(X.shape[1], k, replace=False)] = rng.normal(size=k)
    eta = np.asarray(X @ b)
    return np.asarray((eta - eta.mean()) / eta.std())


def gaussian(n: int, p: int, rho: float, k: int = 50, seed: int = 0, **more: Any) -> Case:
    """AR(1) columns, 50 normal weights, noise a third of the signal."""
    X = correlated(n, p, rho, seed)
    y = signal(X, k, seed + 1) + np.random.default_rng(seed + 2).normal(size=n) / 3
    return Case("gaussian", more.get("l1_ratio", 1.0), more.get("ratio", 1e-2), X, y)


def bernoulli(n: int, p: int, rho: float, k: int = 50, seed: int = 0) -> Case:
    """AR(1) columns, log odds of standard deviation 3."""
    X = correlated(n, p, rho, seed)
    chance = 1 / (1 + np.exp(-3 * signal(X, k, seed + 1)))
    y = (np.random.default_rng(seed + 2).uniform(size=n) < chance).astype(float)
    return Case("bernoulli", 1.0, 1e-2, X, y)


def poisson(n: int, p: int, rho: float, k: int = 30, seed: int = 0) -> Case:
    """AR(1) columns, log mean of standard deviation 1."""
    X = correlated(n, p, rho, seed)
    y = np.random.default_rng(seed + 2).poisson(np.exp(signal(X, k, seed + 1))).astype(float)
    return Case("poisson", 1.0, 1e-2, X, y)


def grouped(n: int, p: int, rho: float, group: int, k: int = 5, **more: Any) -> Case:
    """k groups matter; ``likelihood="bernoulli"``: log odds of standard deviation 3."""
    seed = more.get("seed", 0)
    X = correlated(n, p, rho, seed)
    rng = np.random.default_rng(seed + 1)
    b = np.zeros((p // group, group))
    b[rng.choice(p // group, k, replace=False)] = rng.normal(size=(k, group))
    eta, noise = X @ b.ravel(), np.random.default_rng(seed + 2)
    eta = (eta - eta.mean()) / eta.std()
    if more.get("likelihood") == "bernoulli":
        y = (noise.uniform(size=n) < 1 / (1 + np.exp(-3 * eta))).astype(float)
        return Case("bernoulli", 1.0, 0.05, X, y, group)
    return Case("gaussian", 1.0, 1e-2, X, eta + noise.normal(size=n) / 3, group)


def text(n: int, p: int, likelihood: str, unit: bool, k: int = 200, seed: int = 0) -> Case:
    """Counts of words of Zipf frequency, 0.1 % of them there; columns raw or of unit norm."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, p + 1)
    rows = rng.integers(0, n, size=int(1e-3 * n * p))
    cols = rng.choice(p, size=len(rows), p=share / share.sum())
    X = sparse.csc_matrix((np.ones(len(rows)), (rows, cols)), shape=(n, p))
    X.sum_duplicates()
    if unit:
        norms = np.sqrt(np.ravel(X.power(2).sum(axis=0)))
        X = sparse.csc_matrix(X @ sparse.diags(1 / np.maximum(norms, 1e-300)))
    eta = signal(X, k, seed + 1)
    if likelihood == "gaussian":
        return Case("gaussian", 1.0, 1e-2, X, eta + rng.normal(size=n) / 3)
    y = (rng.uniform(size=n) < 1 / (1 + np.exp(-3 * eta))).astype(float)
    return Case("bernoulli", 1.0, 1e-2, X, y)


#: what `priorfit bench` runs: seconds, not minutes
SMALL: dict[str, Callable[[], Case]] = {
    "lasso 200 x 1000": lambda: gaussian(200, 1000, 0.6),
    "lasso 500 x 2000, correlated": lambda: gaussian(500, 2000, 0.95),
    "lasso 5000 x 200": lambda: gaussian(5000, 200, 0.6, ratio=1e-3),
    "elastic net 200 x 2000": lambda: gaussian(200, 2000, 0.6, l1_ratio=0.5),
    "logistic 300 x 1000": lambda: bernoulli(300, 1000, 0.6),
    "poisson 500 x 500": lambda: poisson(500, 500, 0.6),
    "text 2000 x 5000, sparse": lambda: text(2000, 5000, "gaussian", unit=False),
}
