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

_ROUNDS = 20_000
_STEPS = 20  # proximal ones between two Newton steps
_MERGES = 3
_RIDGE = 1e-10  # of the diagonal: far below what the next Newton step corrects


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


def minimise_sorted(
    model: Model, start: Array, tol: float, curvature: float | None = None
) -> tuple[Array, float]:
    """(the minimum (m,) to ``tol`` in units of the gradient, the largest curvature).

    The clusters of ``start`` are tried first; ``curvature`` where it is known.
    """
    if not len(start):
        return start, 1.0
    bound = _largest(model.gram) if curvature is None else curvature
    x, best = _newton(model, start)
    steps, rounds = 1, 0
    while rounds < _ROUNDS:
        ahead, moved = _proximal(model, x, bound, steps)
        rounds, steps = rounds + steps, _STEPS
        if moved <= tol:
            return x, bound
        x, found = _newton(model, ahead)
        if found >= best - 1e-15 * abs(best) and moved <= 1e3 * tol:
            return x, bound
        best = found
    return x, bound


def _proximal(model: Model, x: Array, curvature: float, steps: int) -> tuple[Array, float]:
    """Accelerated proximal steps; and how far the first one went, in units of the gradient."""
    ahead, momentum, moved = x, 1.0, 0.0
    for k in range(steps):
        there = ahead - (model.gram @ ahead - model.q) / curvature
        there[model.ranked] = prox_sorted(there[model.ranked], model.rates / curvature)
        if k == 0:
            moved = float(np.max(np.abs(there - x), initial=0.0)) * curvature
        if (ahead - there) @ (there - x) > 0:
            momentum, ahead, x = 1.0, there, there
            continue
        following = 0.5 + np.sqrt(0.25 + momentum**2)
        ahead = there + (momentum - 1.0) / following * (there - x)
        momentum, x = following, there
    return x, moved


def _newton(model: Model, x: Array) -> tuple[Array, float]:
    """The best of x and of the ends of Newton steps on its clusters; sizes that meet are merged."""
    best, value = x, model.value(x)
    for _ in range(_MERGES):
        owner, sign, count = _clusters(x[model.ranked])
        target = _on_clusters(model, x, owner, sign, count)
        step = target - x
        reach = _reach(x[model.ranked] * sign, step[model.ranked] * sign, owner, count)
        whole = model.value(target)
        if reach >= 1.0 or whole < value:
            return (target, whole) if whole <= value else (best, value)
        x = _met(x + reach * step, model.ranked, owner, sign, count)
        there = model.value(x)
        if there <= value:
            best, value = x, there
    return best, value


def _clusters(b: Array) -> tuple[Array, Array, int]:
    """(the cluster of each weight, largest size first, -1 for zeros; signs; how many)."""
    sizes, owner = np.unique(-np.abs(b), return_inverse=True)
    count = len(sizes) - int(len(sizes) > 0 and sizes[-1] == 0)
    return np.where(owner < count, owner, -1), np.sign(b), count


def _on_clusters(model: Model, x: Array, owner: Array, sign: Array, count: int) -> Array:
    """The minimum over one size per cluster, signs and order as they are at x."""
    inside = np.flatnonzero(owner >= 0)
    inside = inside[np.argsort(owner[inside], kind="stable")]
    rows = np.concatenate([model.ranked[inside], model.free])
    signs = np.concatenate([sign[inside], np.ones(len(model.free))])
    sizes = np.bincount(owner[inside], minlength=count)
    firsts = np.concatenate([np.cumsum(sizes) - sizes, len(inside) + np.arange(len(model.free))])
    system = model.gram[np.ix_(rows, rows)] * signs * signs[:, None]
    right = (model.q - model.gram @ x)[rows] * signs
    if len(firsts) < len(rows):
        system = np.add.reduceat(np.add.reduceat(system, firsts, axis=0), firsts, axis=1)
        right = np.add.reduceat(right, firsts)
    sums = np.concatenate([[0.0], np.cumsum(model.rates)])
    ends = np.cumsum(sizes)
    right[:count] -= sums[ends] - sums[ends - sizes]
    moves = _solve(system, right)
    out = x.copy()
    spread = np.concatenate([sizes, np.ones(len(model.free), dtype=np.intp)])
    out[rows] += np.repeat(moves, spread) * signs
    return out


def _solve(system: Array, right: Array) -> Array:
    """The step; where clusters depend on one another, the one that goes no farther than it need."""
    if not len(right):
        return right
    system[np.diag_indices_from(system)] *= 1.0 + _RIDGE
    try:
        factor = linalg.cho_factor(system, check_finite=False, overwrite_a=True)
        return np.asarray(linalg.cho_solve(factor, right, check_finite=False))
    except linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(system, right, rcond=1e-12)[0])


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
