"""Importance weights whose largest are replaced by what a fitted tail expects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, Index

__all__ = ["Smoothed", "psis"]


@dataclass(frozen=True, eq=False)
class Smoothed:
    """``log_weights`` (draws, n), each column summing to 1 after exp; ``khat`` (n,) the tail's
    shape: below 0.7 the weighted means can be trusted, from 1 on they have no expectation."""

    log_weights: Array
    khat: Array


def psis(log_weights: ArrayLike, reff: ArrayLike = 1.0) -> Smoothed:
    """The M largest of S weights become quantiles of a generalised Pareto fitted to them.

    ``M = min(S / 5, 3 sqrt(S / reff))``; none becomes larger than the largest was. log_weights
    (draws, n) up to a constant of each column; reff the effective share of the draws, one number
    or (n,). Fewer than 25 draws, or a tail that cannot be fitted, keep their weights and get khat
    inf; equal weights in the whole tail get -inf. Raises `InputError` for weights that are not
    finite. Source: Vehtari, Simpson, Gelman, Yao, Gabry (2024), JMLR 25 (72).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> smoothed = psis(0.5 * rng.exponential(size=(4000, 1)))  # Pareto weights with k = 0.5
    >>> bool(abs(smoothed.khat[0] - 0.5) < 0.2)
    True
    """
    raw = np.asarray(log_weights, dtype=np.float64)
    _check(raw)
    shifted = raw - raw.max(axis=0)
    khat = np.full(raw.shape[1], np.inf)
    counts = _tail_counts(raw.shape[0], np.broadcast_to(np.asarray(reff), khat.shape))
    for count in np.unique(counts[counts >= 5]):
        columns = np.flatnonzero(counts == count)
        shifted[:, columns], khat[columns] = _smooth(shifted[:, columns], int(count))
    return Smoothed(shifted - logsumexp(shifted, axis=0), khat)


def _check(raw: Array) -> None:
    if raw.ndim != 2 or raw.shape[0] < 1:
        raise InputError("`log_weights` must be (draws, n)", str(raw.shape), "Join the chains.")
    if not np.isfinite(raw).all():
        raise InputError(
            "`log_weights` must be finite", "NaN or infinity", "Look for draws of density 0."
        )


def _tail_counts(size: int, reff: Array) -> Index:
    share = np.where(np.isfinite(reff) & (reff > 0.0), reff, 1.0)
    return np.floor(np.minimum(size / 5.0, 3.0 * np.sqrt(size / share))).astype(np.intp)


def _smooth(values: Array, count: int) -> tuple[Array, Array]:
    """Log weights (S, m) with their largest ``count`` smoothed, and khat (m,)."""
    order = np.argsort(values, axis=0)[-count - 1 :]
    ordered = np.take_along_axis(values, order, axis=0)
    cutoff = np.exp(ordered[0])
    equal = ordered[-1] - ordered[1] < np.finfo(float).tiny
    with np.errstate(all="ignore"):
        khat, sigma = _fit_pareto(np.exp(ordered[1:]) - cutoff)
        share = (np.arange(count) + 0.5)[:, None] / count
        tail = np.log(cutoff + _pareto_quantile(share, khat, sigma))
    usable = np.isfinite(khat) & np.isfinite(tail).all(axis=0) & ~equal
    tail = np.where(usable, np.minimum(tail, ordered[-1]), ordered[1:])
    smoothed = values.copy()
    np.put_along_axis(smoothed, order[1:], tail, axis=0)
    return smoothed, np.where(usable, khat, np.where(equal, -np.inf, np.inf))


def _fit_pareto(tail: Array) -> tuple[Array, Array]:
    """Shape and scale (m,) of ascending excesses (M, m): the mean over a grid of 30 + sqrt M
    values of ``b = -k / sigma``, weighted by likelihood and prior (Zhang and Stephens 2009), the
    shape drawn towards 1/2 by ten observations."""
    n = len(tail)
    points = 30 + int(np.sqrt(n))
    step = 1.0 - np.sqrt(points / (np.arange(points) + 0.5))
    grid = 1.0 / tail[-1] + step[:, None] / (3.0 * tail[int(n / 4 + 0.5) - 1])
    shapes = np.array([np.log1p(-b * tail).mean(axis=0) for b in grid])
    fit = n * (np.log(-grid / shapes) - shapes - 1.0)
    weights = np.exp(fit - logsumexp(fit, axis=0))
    weights = np.where(weights >= 10.0 * np.finfo(float).eps, weights, 0.0)
    b = (grid * weights).sum(axis=0) / weights.sum(axis=0)
    shape = np.log1p(-b * tail).mean(axis=0)
    return (n * shape + 5.0) / (n + 10.0), -shape / b


def _pareto_quantile(share: Array, khat: Array, sigma: Array) -> Array:
    """``sigma ((1 - share)^-k - 1) / k``, its limit at k = 0."""
    rest = -np.log1p(-share)
    safe = np.where(khat == 0.0, 1.0, khat)
    return np.asarray(sigma * np.where(khat == 0.0, rest, np.expm1(khat * rest) / safe))
