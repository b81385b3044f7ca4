"""The rate of a Laplace belief that is most probable, weights integrated out by sampling.

With ``y ~ N(Xb, sigma^2)`` and ``p(b) = (lambda / 2 sigma) exp(-lambda |b| / sigma)`` the slope of
the log evidence by log lambda is ``p - lambda E[sum |b_j| / sigma]``, so each step of EM is
``lambda = p / E[sum |b_j| / sigma]``, the mixing scales being integrated out of it.

Sources: Park & Casella (2008), section 3.1; Rajaratnam, Khare, Sparks & Zhang (2019) for the order
of the draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from priorfit._typing import Array

__all__ = ["LassoEvidence", "Sums", "learned_rate"]

_STEPS = 24  # of EM; the second half is averaged
_WORK = 10_000  # draws of weights in a step, and at least _FEW sweeps
_FEW, _MANY = 25, 200
_LAST = 8  # times as many sweeps at the rate that was found
_CAP = 1e12


@dataclass(frozen=True, eq=False)
class Sums:
    """``X'X`` (p, p), ``X'y`` (p,), ``y'y``, how many ``rows``, and the noise where it is known."""

    gram: Array
    correlation: Array
    square: float
    rows: float
    sigma: float | None = None


@dataclass(frozen=True, eq=False)
class LassoEvidence:
    """``rate`` lambda and ``sigma`` (the root of the posterior mean of sigma^2); ``totals``: draws
    of ``sum |b_j| / sigma`` at that rate; ``size`` p; ``trace``: the rates of all steps."""

    rate: float
    sigma: float
    totals: Array
    size: int
    trace: Array

    @property
    def slope(self) -> float:
        """``1 - lambda E[sum |b_j| / sigma] / p``: 0 at the best rate but for the draws."""
        return 1.0 - self.rate * float(self.totals.mean()) / self.size

    def relative(self, rates: Array) -> tuple[Array, Array]:
        """Log evidence (k,) of other rates over that of `rate`, from the same draws, and how many
        of them speak for each: ``(sum w)^2 / sum w^2``."""
        away = rates[:, None] - self.rate
        logs = self.size * np.log(rates / self.rate)[:, None] - away * self.totals
        top = logs.max(axis=1, keepdims=True)
        w = np.exp(logs - top)
        return np.asarray(top[:, 0] + np.log(w.mean(axis=1))), w.sum(axis=1) ** 2 / (w**2).sum(
            axis=1
        )


def learned_rate(sums: Sums, seed: int | None = 0) -> LassoEvidence:
    """The rate at which the log evidence is stationary, up to the error of sampling.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 5))
    >>> y = X @ rng.laplace(size=5) + rng.normal(size=200)
    >>> sums = Sums(X.T @ X, X.T @ y, float(y @ y), 200.0)
    >>> bool(abs(learned_rate(sums).slope) < 0.1)
    True
    """
    rng, p = np.random.default_rng(seed), len(sums.correlation)
    sweeps = int(np.clip(_WORK // p, _FEW, _MANY))
    rate, chain = _start(sums)
    trace = np.empty(_STEPS)
    for k in range(_STEPS):
        totals, _, chain = _draws(sums, rate, chain, sweeps, rng)
        rate = trace[k] = p / float(totals.mean())
    rate = float(np.exp(np.log(trace[_STEPS // 2 :]).mean()))
    totals, variances, _ = _draws(sums, rate, chain, _LAST * sweeps, rng)
    return LassoEvidence(rate, float(np.sqrt(variances.mean())), totals, p, trace)


def _start(sums: Sums) -> tuple[float, Array]:
    """``p sigma / sum |b|`` at a fit that is shrunk a little, and 1 / tau^2 (p,) to match."""
    p = len(sums.correlation)
    ridge = np.trace(sums.gram) / p * 1e-3 + 1e-300
    b = np.linalg.solve(sums.gram + ridge * np.eye(p), sums.correlation)
    lost = max(sums.square - float(b @ sums.correlation), 1e-12 * sums.square)
    sigma = sums.sigma or np.sqrt(lost / max(sums.rows - p, 1.0))
    rate = p * sigma / max(float(np.abs(b).sum()), 1e-300)
    return float(rate), np.minimum(rate * sigma / np.maximum(np.abs(b), 1e-300), _CAP)


def _draws(
    sums: Sums, rate: float, precision: Array, sweeps: int, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """``sum |b| / sigma`` and sigma^2 of each sweep, and where the chain is: 1 / tau^2 (p,)."""
    p = len(precision)
    totals, variances = np.empty(sweeps), np.empty(sweeps)
    system, diagonal = np.empty_like(sums.gram), np.arange(p)
    for k in range(sweeps):
        system[:] = sums.gram
        system[diagonal, diagonal] += precision
        root = linalg.lapack.dpotrf(system.T, lower=0, overwrite_a=1)[0]  # system = root' root
        z = linalg.lapack.dtrtrs(root, sums.correlation, lower=0, trans=1)[0]
        variance = _variance(sums, float(z @ z), rng)
        sigma = np.sqrt(variance)
        b = linalg.lapack.dtrtrs(root, z + sigma * rng.standard_normal(p), lower=0)[0]
        size = np.maximum(np.abs(b), 1e-300)
        precision = rng.wald(np.minimum(rate * sigma / size, _CAP), rate * rate)
        precision = np.maximum(precision, 1.0 / _CAP)
        totals[k], variances[k] = size.sum() / sigma, variance
    return totals, variances, precision


def _variance(sums: Sums, explained: float, rng: np.random.Generator) -> float:
    """sigma^2 with the weights integrated out; its prior is flat in log sigma."""
    if sums.sigma is not None:
        return sums.sigma**2
    left = max(sums.square - explained, 1e-12 * sums.square)
    return 0.5 * left / float(rng.gamma(0.5 * sums.rows))
