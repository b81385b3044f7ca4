"""Depth changes the norm: what L2 on factors is on their product."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from torch import nn

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, Seed

__all__ = ["Factored", "balance_layers", "factored", "factored_penalty"]


def factored_penalty(w: ArrayLike, depth: int, q: float = 2.0) -> Array:
    """``min { sum_k |u_k|^q / depth : u_1 u_2 ... u_depth = w } = |w|^(q / depth)``.

    L2 on two layers acts as L1 on their product, L1 on two layers as L1/2: at the minimum all
    factors have the same size (arithmetic and geometric mean).

    Examples
    --------
    >>> factored_penalty([4.0, -1.0, 0.0], depth=2)
    array([4., 1., 0.])
    >>> factored_penalty([4.0], depth=2, q=1.0)
    array([2.])

    Source: Neyshabur, Tomioka & Srebro (2015); Kolb et al. (2023), theorem 1.
    """
    if depth < 1:
        raise InputError("`depth` must be >= 1", repr(depth), "2 is a product of two layers.")
    return np.asarray(np.abs(np.asarray(w, dtype=np.float64)) ** (q / depth))


@dataclass(frozen=True)
class Factored:
    """The answer of `factored`: ``coef`` (p,) is the product of ``factors`` (depth, p)."""

    coef: Array
    factors: Array
    objective: float

    @property
    def imbalance(self) -> float:
        """The largest difference in size of two factors of one weight; 0 at a minimum."""
        return float(np.ptp(np.abs(self.factors), axis=0).max())


def factored(
    X: ArrayLike,
    y: ArrayLike,
    penalty: float,
    *,
    depth: int = 2,
    start: float = 0.5,
    seed: Seed = 0,
) -> Factored:
    """``min |y - X (u_1 * ... * u_depth)|^2 / 2 + penalty / depth sum_k |u_k|^2``: the lasso by a
    smooth optimizer.

    Nothing here has a kink, yet the product is the lasso's estimate at lambda ``penalty`` for
    depth 2, and that of an l_(2/depth) penalty, which is not convex, beyond. Weights tend to 0 and
    do not reach it.

    Parameters
    ----------
    X, y : (n, p) and (n,); there is no intercept.
    penalty : lambda on the sum scale.
    start : size of the factors where L-BFGS starts; at 0 it would never leave 0, since that is
        stationary.

    Examples
    --------
    >>> import priorfit as pf
    >>> X, y = np.eye(3), np.array([3.0, -0.5, 2.0])
    >>> factored(X, y, 1.0).coef.round(4) + 0.0
    array([2., 0., 1.])

    Source: Hoff (2017), Lasso, fractional norm and structured sparse estimation using a Hadamard
    product parametrization, section 2.
    """
    table, response = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if depth < 2:
        raise InputError("`depth` must be >= 2", repr(depth), "2 is the lasso.")
    shape = (depth, table.shape[1])
    rng = np.random.default_rng(seed)
    begin = start * (1.0 + 0.1 * rng.normal(size=shape))
    begin[0] *= np.where(table.T @ response < 0, -1.0, 1.0)

    def objective(flat: Array) -> tuple[float, Array]:
        u = flat.reshape(shape)
        residual = table @ u.prod(axis=0) - response
        slope = table.T @ residual
        others = np.array([np.delete(u, k, axis=0).prod(axis=0) for k in range(depth)])
        value = 0.5 * residual @ residual + penalty / depth * np.sum(u * u)
        return float(value), (slope * others + 2.0 * penalty / depth * u).ravel()

    options: Any = {"maxiter": 20_000, "maxfun": 50_000, "ftol": 1e-16, "gtol": 1e-11, "maxcor": 30}
    found = minimize(objective, begin.ravel(), jac=True, method="L-BFGS-B", options=options)
    u = found.x.reshape(shape)
    return Factored(u.prod(axis=0), u, float(found.fun))


@torch.no_grad()
def balance_layers(model: nn.Sequential) -> float:
    """Rescale the hidden units of a ReLU network so that weights into and out of each have one
    norm: the same function at the smallest sum of squares. Returns how much the sum fell.

    For c > 0 a unit's incoming weights and bias times c and its outgoing weights over c change
    nothing (ReLU is homogeneous); ``c^2 a^2 + b^2 / c^2`` is least, ``2 a b``, at ``c^2 = b / a``.
    What L2 penalises of a network is therefore a sum of products of norms.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> x = torch.randn(5, 3)
    >>> before = model(x)
    >>> balance_layers(model) > 0, bool((model(x) - before).abs().max() < 1e-5)
    (True, True)

    Source: Neyshabur, Tomioka & Srebro (2015), section 3.
    """
    kinds = [type(m) for m in model]
    if kinds[::2] != [nn.Linear] * len(kinds[::2]) or kinds[1::2] != [nn.ReLU] * len(kinds[1::2]):
        raise InputError(
            "the network must be linear layers with ReLU between them",
            ", ".join(k.__name__ for k in kinds),
            "Only there a unit can be rescaled without a change.",
        )
    layers: list[Any] = list(model)[::2]
    before = _squares(layers)
    for _ in range(100):
        largest = 0.0
        for into, out in pairwise(layers):
            bias = 0.0 if into.bias is None else into.bias.square()
            a, b = (into.weight.square().sum(1) + bias).sqrt(), out.weight.norm(dim=0)
            c = torch.where((a > 0) & (b > 0), (b / a).sqrt(), 1.0)
            into.weight.mul_(c[:, None])
            if into.bias is not None:
                into.bias.mul_(c)
            out.weight.div_(c)
            largest = max(largest, float((c - 1.0).abs().max()))
        if largest < 1e-7:
            break
    return before - _squares(layers)


def _squares(layers: list[Any]) -> float:
    return float(sum(p.double().square().sum() for m in layers for p in m.parameters()))
