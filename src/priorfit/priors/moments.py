"""Expectations under one weight's belief, by Gauss and Legendre between its quantiles."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import roots_legendre

from priorfit._typing import Array
from priorfit.priors.base import Prior

__all__ = ["density_of", "expectation", "gauss_legendre", "quantile_edges"]

_TAILS = np.r_[0.49, 0.45, 0.35, 0.25, 0.15, 0.08, 0.03, 0.01, 10.0 ** -np.arange(3, 19, 1.5)]


@lru_cache(maxsize=1)
def _nodes() -> tuple[Array, Array]:
    """Of Gauss and Legendre on [-1, 1]."""
    x, w = roots_legendre(24)
    return x, w


def expectation(prior: Prior, f: Callable[[Array], Array]) -> Array:
    """``E f(b)`` of each column by itself, in the shape of the prior's parameters.

    ``f`` is elementwise and may have a kink at loc. Right to about 1e-12 for polynomials of small
    degree. Raises `InputError` where the prior is improper.
    """
    b, weights = gauss_legendre(quantile_edges(prior, prior._shape()))
    return np.asarray(np.sum(weights * f(b) * density_of(prior, b), axis=(0, 1)))


def gauss_legendre(edges: Array) -> tuple[Array, Array]:
    """Points and weights between neighbouring edges (K, ...): both (24, K - 1, ...)."""
    x, w = (v.reshape(-1, *(1,) * edges.ndim) for v in _nodes())
    half = 0.5 * np.diff(edges, axis=0)
    return 0.5 * (edges[1:] + edges[:-1]) + half * x, w * half


def density_of(prior: Prior, b: Array) -> Array:
    """The density of each column by itself, (..., p) or, for one number per prior, any shape."""
    if prior.separable:
        return np.asarray(np.exp(-prior.neg_log_density(b)))
    grouped: Any = prior
    p = b.shape[-1]
    return np.asarray(grouped.marginal(np.abs(b - grouped.loc), np.arange(p), p)[1])


def quantile_edges(prior: Prior, shape: tuple[int, ...]) -> Array:
    """Quantiles in both tails, and the centre, in order: (K, *shape)."""
    tails = np.broadcast_to(_TAILS.reshape(-1, *(1,) * len(shape)), (len(_TAILS), *shape))
    low = prior.quantile(tails)
    base: Any = getattr(prior, "prior", prior)
    centre = np.broadcast_to(np.asarray(base.loc, dtype=np.float64), shape)
    if base is prior:  # symmetric: the upper tail without cancellation
        high = 2 * centre - low
    else:
        high = prior.quantile(1.0 - np.maximum(tails, 1e-15))
        centre = np.clip(centre, prior.quantile(np.zeros(shape)), prior.quantile(np.ones(shape)))
    return np.asarray(np.sort(np.concatenate([low, centre[None], high]), axis=0))
