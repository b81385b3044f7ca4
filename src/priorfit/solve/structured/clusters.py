"""One quadratic model with a sorted l1 term, by proximal steps and Newton steps on clusters.

A proximal step says which sizes are equal and in which order; with that known the model is a
smooth quadratic of one size for each cluster, whose minimum is one linear system away.
Source: Larsson, Klopfenstein, Massias & Wallin, Coordinate descent for SLOPE (2023), with Newton
steps in place of their sweeps over the clusters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from priorfit._typing import Array, Index
from priorfit.priors.ranked import prox_sorted

__all__ = ["minimise_sorted"]

_ROUNDS = 2000


class Model(NamedTuple):
    """``x'Gx/2 - q'x + sum_i rates_i |x_ranked|_(i)``; ``free`` coordinates pay nothing."""

    gram: Array
    q: Array
    ranked: Index
    free: Index
    rates: Array

    def value(self, x: Array) -> float:
        sizes = -np.sort(-np.abs(x[self.ranked]))
        return float(x @ (0.5 * (self.gram @ x) - self.q) + self.rates @ sizes)


def minimise_sorted(model: Model, start: Array, tol: float) -> tuple[Array, int]:
    """The minimum (m,) to ``tol`` (units of the gradient), and the number of proximal steps."""
    x, curvature = start.copy(), _largest(model.gram)
    best = model.value(x)
    for rounds in range(1, _ROUNDS + 1):
        ahead = x - (model.gram @ x - model.q) / curvature
        ahead[model.ranked] = prox_sorted(ahead[model.ranked], model.rates / curvature)
        moved = float(np.max(np.abs(ahead - x), initial=0.0)) * curvature
        if moved <= tol:
            return x, rounds
        x, found = _newton(model, ahead)
        if found >= best - 1e-15 * abs(best) and moved <= 1e3 * tol:
            return x, rounds
        best = found
    return x, _ROUNDS


def _newton(model: Model, x: Array) -> tuple[Array, float]:
    """The best of x and of the ends of Newton steps on its clusters; sizes that meet are merged."""
    best, value = x, model.value(x)
    for _ in range(20):
        owner, sign, count = _clusters(x[model.ranked])
        target = _on_clusters(model, owner, sign, count)
        step = target - x
        reach = _reach(x[model.ranked] * sign, step[model.ranked] * sign, owner, count)
        if reach >= 1.0:
            there = model.value(target)
            return (target, there) if there <= value else (best, value)
        whole = model.value(target)
        x = _met(x + reach * step, model.ranked, owner, sign, count)
        there = model.value(x)
        if there <= value:
            best, value = x, there
        if whole < value:
            return target, whole
    return best, value


def _clusters(b: Array) -> tuple[Array, Array, int]:
    """(the cluster of each weight, largest size first, -1 for zeros; signs; how many)."""
    sizes, owner = np.unique(-np.abs(b), return_inverse=True)
    count = len(sizes) - int(sizes[-1] == 0)
    return np.where(owner < count, owner, -1), np.sign(b), count


def _on_clusters(model: Model, owner: Array, sign: Array, count: int) -> Array:
    """The minimum over one size per cluster, signs and order as they are."""
    inside = np.flatnonzero(owner >= 0)
    f = len(model.free)
    map_ = np.zeros((len(model.q), count + f))
    map_[model.ranked[inside], owner[inside]] = sign[inside]
    map_[model.free, count + np.arange(f)] = 1.0
    rows = np.concatenate([model.ranked[inside], model.free])
    small = map_[rows]
    system = small.T @ (model.gram[np.ix_(rows, rows)] @ small)
    sizes = np.bincount(owner[inside], minlength=count)
    ends = np.cumsum(sizes)
    sums = np.concatenate([[0.0], np.cumsum(model.rates)])
    price = sums[ends] - sums[ends - sizes]
    right = small.T @ model.q[rows]
    right[:count] -= price
    return map_ @ _solve(system, right)


def _solve(system: Array, right: Array) -> Array:
    try:
        factor = linalg.cho_factor(system, check_finite=False)
        pivots = np.abs(np.diag(factor[0]))
        if len(pivots) and pivots.min() > 1e-7 * pivots.max():
            return np.asarray(linalg.cho_solve(factor, right, check_finite=False))
    except linalg.LinAlgError:
        pass
    return np.asarray(np.linalg.lstsq(system, right, rcond=1e-13)[0])


def _reach(size: Array, step: Array, owner: Array, count: int) -> float:
    """The part of a step after which two sizes meet, or one meets 0."""
    if count == 0:
        return 1.0
    first = np.zeros(count, dtype=np.intp)
    first[owner[owner >= 0]] = np.flatnonzero(owner >= 0)
    sizes, steps = np.append(size[first], 0.0), np.append(step[first], 0.0)
    gap, closing = sizes[:-1] - sizes[1:], steps[1:] - steps[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.where(closing > 0, gap / closing, np.inf)
    return float(min(1.0, times.min()))


def _met(x: Array, ranked: Index, owner: Array, sign: Array, count: int) -> Array:
    """Sizes that met, but for rounding, made equal."""
    out = x.copy()
    first = np.zeros(count, dtype=np.intp)
    first[owner[owner >= 0]] = np.flatnonzero(owner >= 0)
    size = np.append((x[ranked] * sign)[first], 0.0)
    near = 1e-12 * max(float(size.max()), 1e-300)
    for k in range(count - 1, -1, -1):
        if size[k] - size[k + 1] <= near:
            size[k] = size[k + 1]
    out[ranked] = np.where(owner >= 0, size[owner] * sign, 0.0)
    return out


def _largest(gram: Array) -> float:
    """A bound of the largest eigenvalue: forty power steps and a margin."""
    v = np.sqrt(np.abs(np.diag(gram))) + 1e-3
    value = 0.0
    for _ in range(40):
        v = v / np.linalg.norm(v)
        w = gram @ v
        value, v = float(np.linalg.norm(w)), w
        if value == 0.0:
            return 1.0
    return min(1.1 * value, float(np.abs(gram).sum(axis=1).max()))
