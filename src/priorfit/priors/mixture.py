"""``p(u) ∝ exp(-|u|_2 - sum_j edge_j |u_j|)`` of one group, as a mixture over one number.

``exp(-|u|_2)`` is the mean of ``prod_j sqrt(2 pi) z N(u_j; 0, z^2)`` over |z|, z standard normal
(West 1987: a scale mixture). Given z the members are independent elastic nets, so the constant,
the marginals and draws cost one integral over z, whatever the size of the group.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import erfcx, gammaln, roots_legendre

from priorfit._typing import Array, ArrayLike
from priorfit.priors.groups import Groups

__all__ = ["Mixture", "log_constants", "mixture", "radial_constant"]


def radial_constant(d: ArrayLike) -> Array:
    """``log of the integral of exp(-|u|_2) over R^d``: 2 pi^(d/2) Gamma(d) / Gamma(d/2)."""
    n = np.asarray(d, dtype=np.float64)
    return np.asarray(np.log(2.0) + 0.5 * n * np.log(np.pi) + gammaln(n) - gammaln(0.5 * n))


class Mixture(NamedTuple):
    """Nodes ``z`` (K,), log weights (G, K) that sum to 1 per group, and log constants (G,)."""

    z: Array
    log_weights: Array
    log_constants: Array


@lru_cache(maxsize=8)
def _nodes(count: int) -> tuple[Array, Array]:
    """Of Gauss and Legendre on [-1, 1]."""
    x, w = roots_legendre(count)
    return x, w


def mixture(groups: Groups, edge: Array) -> Mixture:
    """The mixture of each group; ``edge`` (p,) are l1 rates in units where the group's is 1."""
    reach = np.sqrt(groups.sizes.max(initial=1)) + 12.0
    x, w = _nodes(int(160 + 16 * reach))
    z = 0.5 * reach * (x + 1.0)
    each = np.log(np.sqrt(2 * np.pi) * z * erfcx(np.outer(edge, z) / np.sqrt(2)))
    log_w = np.log(w * reach) - 0.5 * z * z - 0.5 * np.log(2 * np.pi)
    joint = log_w + groups.total(each)
    top = joint.max(axis=1, keepdims=True)
    constants = top[:, 0] + np.log(np.exp(joint - top).sum(axis=1))
    return Mixture(z, joint - constants[:, None], constants)


def log_constants(groups: Groups, edge: Array) -> Array:
    """Log of the integral of ``exp(-|u|_2 - edge'|u|)`` over each group, (G,)."""
    if not np.any(edge[groups.order]):
        return radial_constant(groups.sizes)
    return mixture(groups, edge).log_constants


def tails(t: Array, edge: Array, z: Array, weights: Array) -> tuple[Array, Array]:
    """``P(u > t)`` and the density at t >= 0 of members with mixture weights (..., K)."""
    x, e = t[..., None] / z, edge[..., None] * z
    kernel = np.exp(-x * e - 0.5 * x * x) / erfcx(e / np.sqrt(2))
    tail = 0.5 * kernel * erfcx((x + e) / np.sqrt(2))
    density = kernel / (np.sqrt(2 * np.pi) * z)
    return np.sum(weights * tail, axis=-1), np.sum(weights * density, axis=-1)
