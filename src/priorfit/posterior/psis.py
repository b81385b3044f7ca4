"""Importance weights whose largest are smoothed by a generalised Pareto tail."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from priorfit._errors import InputError
from priorfit._typing import Array

__all__ = ["Smoothed", "psis", "tail_shape", "trusted"]

_FEW = 5  # points of a tail, at least


class Smoothed(NamedTuple):
    """``log_weights`` (draws, n), each column sums to one; ``khat`` (n,): the tail's shape.

    The weights' variance is finite for k < 1/2; above `trusted` an estimate is not to be used.
    """

    log_weights: Array
    khat: Array


def trusted(draws: int) -> float:
    """The largest k-hat that ``draws`` can carry: ``min(1 - 1 / log10(draws), 0.7)``.

    Source: Vehtari, Simpson, Gelman, Yao & Gabry (2024), JMLR 25, section 3.2.4.
    """
    return float(min(1.0 - 1.0 / np.log10(max(draws, 11)), 0.7))


def psis(log_ratios: Array, reff: float = 1.0) -> Smoothed:
    """Pareto smoothed importance weights of ``log_ratios`` (draws, n), unnormalised.

    The largest ``min(draws / 5, 3 sqrt(draws / reff))`` ratios of each column are replaced by the
    expected order statistics of a generalised Pareto distribution that is fitted to them, cut at
    the largest raw ratio. ``reff``: effective over nominal number of draws.

    Raises
    ------
    InputError
        where there are fewer than 25 draws.

    Source: Vehtari, Simpson, Gelman, Yao & Gabry (2024), JMLR 25, algorithm 1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> ratios = 0.5 * rng.exponential(size=(4000, 1))  # a Pareto tail of shape 1/2
    >>> bool(abs(psis(ratios).khat[0] - 0.5) < 0.15)
    True
    """
    ratios = np.asarray(log_ratios, dtype=np.float64)
    ratios = ratios[:, None] if ratios.ndim == 1 else ratios
    if len(ratios) < 25:
        raise InputError("there must be at least 25 draws", f"{len(ratios)}", "Sample for longer.")
    tail = int(np.ceil(min(0.2 * len(ratios), 3.0 * np.sqrt(len(ratios) / reff))))
    columns = [_smoothed(column - column.max(), tail) for column in ratios.T]
    weights = np.stack([w for w, _ in columns], axis=1)
    weights = weights - logsumexp(weights, axis=0)
    return Smoothed(weights, np.array([k for _, k in columns]))


def _smoothed(logs: Array, tail: int) -> tuple[Array, float]:
    """One column, whose largest is 0, and its k-hat."""
    order = np.argsort(logs)
    cutoff = max(float(logs[order[-tail - 1]]), float(np.log(np.finfo(np.float64).tiny)))
    above = order[logs[order] > cutoff]
    if len(above) <= _FEW - 1:
        return logs, np.inf
    start = np.exp(cutoff)
    excess = np.exp(logs[above]) - start
    shape, scale = tail_shape(excess)
    out = logs.copy()
    if np.isfinite(shape):
        p = (np.arange(len(above)) + 0.5) / len(above)
        quantiles = scale * _growth(-np.log1p(-p), shape)
        out[above] = np.log(quantiles + start)
    return np.minimum(out, 0.0), shape


def _growth(x: Array, shape: float) -> Array:
    """``(exp(shape x) - 1) / shape``."""
    return x if shape == 0.0 else np.asarray(np.expm1(shape * x) / shape)


def tail_shape(excess: Array) -> tuple[float, float]:
    """Shape k and scale of the generalised Pareto of sorted ``excess`` > 0, with a weak prior that
    pulls k towards 1/2 by ten observations.

    Source: Zhang & Stephens (2009), Technometrics 51; Vehtari et al. (2024), appendix.
    """
    n, prior = len(excess), 3.0
    if excess[0] == excess[-1]:
        return 0.0, float(excess.mean())
    count = 30 + int(np.sqrt(n))
    theta = 1.0 - np.sqrt(count / (np.arange(1, count + 1) - 0.5))
    theta = theta / (prior * excess[int(n / 4 + 0.5) - 1]) + 1.0 / excess[-1]
    k = np.log1p(-theta[:, None] * excess).mean(axis=1)
    fit = n * (np.log(-theta / k) - k - 1.0)
    weight = 1.0 / np.exp(fit - fit[:, None]).sum(axis=1)
    keep = weight >= 10 * np.finfo(np.float64).eps
    weight, theta = weight[keep] / weight[keep].sum(), theta[keep]
    best = float(theta @ weight)
    shape = float(np.log1p(-best * excess).mean())
    scale = -shape / best
    return (n * shape + 5.0) / (n + 10.0), scale
