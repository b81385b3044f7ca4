"""Data whose weights are known."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from scipy.special import expit

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, Seed

__all__ = ["Simulated", "simulate"]

LIKELIHOODS = ("gaussian", "bernoulli", "poisson")
#: the largest linear predictor whose exponential is drawn as a count
LARGEST_LOG_MEAN = 30.0


@dataclass(frozen=True, eq=False)
class Simulated:
    """A simulated table and its truth: ``eta = intercept + X coef``, ``mu = E(y | X)``.

    Attributes
    ----------
    X, y : columns (n, p) and target (n,).
    coef, intercept : the true weights (p,) and level.
    noise : standard deviation of the gaussian noise, in units of y; 0 for other likelihoods.
    eta, mu : linear predictor (n,) and mean of y (n,).

    Examples
    --------
    >>> data = simulate(50, 3, n_nonzero=1)
    >>> bool(np.allclose(data.mu, data.intercept + data.X @ data.coef))
    True
    """

    X: Array
    y: Array
    coef: Array
    intercept: float
    noise: float
    eta: Array
    mu: Array


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
    """Draw normal columns with ``corr(x_j, x_k) = correlation^|j-k|`` and y from known weights.

    ``eta = intercept + X coef``; gaussian: ``y = eta + noise * e``, e standard normal, with
    ``noise = ||X coef|| / (snr sqrt(n))`` (so that ``E ||noise e||^2 = (||X coef|| / snr)^2``), or
    1 where ``X coef = 0``; bernoulli: ``P(y = 1) = 1/(1 + exp(-eta))``; poisson:
    ``y ~ Poisson(exp(eta))``.

    Parameters
    ----------
    n, p : rows and columns.
    likelihood : "gaussian", "bernoulli" or "poisson".
    n_nonzero : how many weights are N(0, 1), at random places; the others are 0.
    correlation : of neighbouring columns (AR(1)), in (-1, 1).
    snr : ``||X coef|| / ||noise e||`` for the gaussian; the other likelihoods do not use it.
    coef : weights (p,) instead of random ones; `n_nonzero` is then not used.
    intercept, seed : level, and what makes it reproducible.

    Raises
    ------
    InputError
        for impossible settings, and for a poisson mean above ``exp(30)``.

    Examples
    --------
    >>> data = simulate(100, 5, n_nonzero=2)
    >>> int((data.coef != 0).sum())
    2
    """
    _check(n, p, likelihood, correlation, snr, intercept, seed)
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1.0 - correlation**2) * X[:, j]
    b = _weights(rng, p, n_nonzero, coef)
    signal = X @ b
    eta = intercept + signal
    noise = float(np.linalg.norm(signal) / (snr * np.sqrt(n))) or 1.0
    if likelihood != "gaussian":
        noise = 0.0
    mu, y = _draw(rng, likelihood, eta, noise)
    return Simulated(X, y, b, float(intercept), noise, eta, mu)


def _draw(
    rng: np.random.Generator, likelihood: str, eta: Array, noise: float
) -> tuple[Array, Array]:
    """Return the mean and one draw of the target."""
    if likelihood == "gaussian":
        return eta.copy(), eta + noise * rng.standard_normal(eta.size)
    if likelihood == "bernoulli":
        mu = expit(eta)
        return mu, (rng.uniform(size=eta.size) < mu).astype(np.float64)
    if eta.max() > LARGEST_LOG_MEAN:
        raise InputError(
            f"the log mean `eta` of a poisson must be <= {LARGEST_LOG_MEAN:g}",
            f"{eta.max():.3g}",
            "Use smaller `coef`, `n_nonzero` or `intercept`.",
        )
    mu = np.exp(eta)
    return mu, rng.poisson(mu).astype(np.float64)


def _weights(rng: np.random.Generator, p: int, n_nonzero: int, coef: ArrayLike | None) -> Array:
    if coef is not None:
        return _given(coef, p)
    if not (isinstance(n_nonzero, Integral) and 0 <= n_nonzero <= p):
        raise InputError(
            "`n_nonzero` must be an integer between 0 and p",
            f"{n_nonzero!r} for p = {p}",
            f"Pass n_nonzero={p} or less, or more columns.",
        )
    b = np.zeros(p)
    b[rng.choice(p, n_nonzero, replace=False)] = rng.standard_normal(n_nonzero)
    return b


def _given(coef: ArrayLike, p: int) -> Array:
    must, do = f"`coef` must hold {p} finite numbers", "Pass one weight per column."
    try:
        b = np.array(coef, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(must, repr(coef), do) from error
    if b.shape != (p,):
        raise InputError(must, f"shape {b.shape}", do)
    if not np.isfinite(b).all():
        raise InputError(must, f"{b[~np.isfinite(b)][0]}", do)
    return b


def _check(
    n: int, p: int, likelihood: str, correlation: float, snr: float, intercept: float, seed: Seed
) -> None:
    for name, value in (("n", n), ("p", p)):
        if not (isinstance(value, Integral) and value >= 1):
            raise InputError(f"`{name}` must be an integer >= 1", repr(value), "Use 1 or more.")
    if likelihood not in LIKELIHOODS:
        known = ", ".join(LIKELIHOODS)
        raise InputError(
            f"`likelihood` must be one of {known}", repr(likelihood), "Pass one of these names."
        )
    if not -1 < correlation < 1:
        raise InputError(
            "`correlation` must lie in (-1, 1)", f"{correlation}", "Use 0 for independent columns."
        )
    if not 0 < snr < np.inf:
        raise InputError(
            "`snr` must be > 0 and finite", f"{snr}", "Use a large number for little noise."
        )
    if not np.isfinite(intercept):
        raise InputError("`intercept` must be finite", f"{intercept}", "Use 0 for no level.")
    if isinstance(seed, Integral) and seed < 0:
        raise InputError("`seed` must be >= 0", f"{seed}", "Use any other whole number.")
