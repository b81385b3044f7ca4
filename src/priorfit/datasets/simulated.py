"""Data whose weights are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, Seed

__all__ = ["Simulated", "simulate"]

LIKELIHOODS = ("gaussian", "bernoulli", "poisson")


@dataclass(frozen=True, eq=False)
class Simulated:
    """``X`` (n, p), ``y`` (n,), and the truth: ``coef`` (p,), ``intercept``, ``noise``, ``eta``."""

    X: Array
    y: Array
    coef: Array
    intercept: float
    noise: float
    eta: Array


def simulate(
    n: int,
    p: int,
    *,
    likelihood: str = "gaussian",
    n_nonzero: int = 10,
    correlation: float = 0.0,
    snr: float = 3.0,
    coef: ArrayLike | None = None,
    intercept: float = 0.0,
    seed: Seed = 0,
) -> Simulated:
    """Normal columns with ``corr(x_j, x_k) = correlation^|j-k|`` and a sparse linear predictor.

    ``eta = intercept + X coef``; gaussian: ``y = eta + noise * e`` with
    ``noise = ||X coef|| / (snr sqrt(n))``; bernoulli: ``P(y = 1) = 1/(1 + exp(-eta))``; poisson:
    ``y ~ Poisson(exp(eta))``.

    Parameters
    ----------
    n, p : rows and columns.
    likelihood : "gaussian", "bernoulli" or "poisson".
    n_nonzero : how many weights are N(0, 1), at random places; the others are 0.
    correlation : of neighbouring columns (AR(1)), in (-1, 1).
    snr : ``||X coef|| / ||noise||`` for the gaussian.
    coef : weights (p,) instead of random ones.
    intercept, seed : level, and what makes it reproducible.

    Raises
    ------
    InputError
        for impossible settings.

    Examples
    --------
    >>> data = simulate(100, 5, n_nonzero=2)
    >>> int((data.coef != 0).sum())
    2
    """
    _check(n, p, likelihood, correlation, snr)
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1.0 - correlation**2) * X[:, j]
    b = _weights(rng, p, n_nonzero, coef)
    signal = X @ b
    eta = intercept + signal
    noise = float(np.linalg.norm(signal) / (snr * np.sqrt(n))) or 1.0
    if likelihood == "gaussian":
        y = eta + noise * rng.standard_normal(n)
    elif likelihood == "bernoulli":
        y, noise = (rng.uniform(size=n) < expit(eta)).astype(np.float64), 0.0
    else:
        y, noise = rng.poisson(np.exp(np.minimum(eta, 30.0))).astype(np.float64), 0.0
    return Simulated(X, y, b, intercept, noise, eta)


def _weights(rng: np.random.Generator, p: int, n_nonzero: int, coef: ArrayLike | None) -> Array:
    if coef is not None:
        given = np.asarray(coef, dtype=np.float64)
        if given.shape != (p,):
            raise InputError(f"`coef` must have shape ({p},)", f"{given.shape}", "")
        return given
    if not 0 <= n_nonzero <= p:
        raise InputError("`n_nonzero` must lie between 0 and p", f"{n_nonzero} for p = {p}", "")
    b = np.zeros(p)
    b[rng.choice(p, n_nonzero, replace=False)] = rng.standard_normal(n_nonzero)
    return b


def _check(n: int, p: int, likelihood: str, correlation: float, snr: float) -> None:
    if n < 1 or p < 1:
        raise InputError("`n` and `p` must be >= 1", f"n={n}, p={p}", "")
    if likelihood not in LIKELIHOODS:
        raise InputError(
            f"`likelihood` must be one of {', '.join(LIKELIHOODS)}", repr(likelihood), ""
        )
    if not -1 < correlation < 1:
        raise InputError("`correlation` must lie in (-1, 1)", f"{correlation}", "")
    if not snr > 0:
        raise InputError("`snr` must be > 0", f"{snr}", "")
