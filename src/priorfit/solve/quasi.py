"""Smooth penalties over fewer columns than rows: quasi-Newton steps from a Hessian that is kept.

The curvatures change little on the way to the optimum, so the factor of one Hessian is the start
of limited-memory updates, each of two looks at X. A new Hessian is made where the present rate
would ask for more steps than it costs. Source: Nocedal & Wright, Numerical Optimization (2006),
algorithms 7.4 and 7.5, with the kept Hessian as H_0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import lapack

from priorfit._typing import Array
from priorfit.solve.least_squares import is_quadratic
from priorfit.solve.native import rows_at
from priorfit.solve.outputs import OutputsStandard
from priorfit.solve.standard import Standard

__all__ = ["Place", "QuasiNewton", "quasi_newton"]

_MOST = 2000  # unknowns whose Hessian is factored
_MEMORY = 10
_PRICE = 8  # steps that cost as much as a Hessian
_ROWS = 10  # rows to an unknown that a first start is made of
_ROUGH = 1e6  # the tolerance of that start: a hundredth of the reference may be left
_THERE = 1e-12  # of the null model's slopes: nothing is left to do
_DIGITS = 1e-8  # of the tolerance: what is certified is then far within it


class Place(NamedTuple):
    """Unknowns, their linear predictor, minus the gradient there, curvatures, the objective."""

    g: Array
    eta: Array
    pull: Array
    curvatures: Array
    value: float


class _Pair(NamedTuple):
    """A step, and what the gradient changed along it."""

    step: Array
    change: Array
    rate: float


class QuasiNewton:
    """``(strengths (k,), warm (m,)) -> solutions (m, k)``: not certified, and where a step fails
    as far as it came."""

    def __init__(self, standard: Standard, tol: float) -> None:
        self.standard, self.rounds = standard, 0
        self.enough = 1e-4 * tol * standard.reference
        self.goal, self.least = _DIGITS * tol * standard.reference, 1e-22 * standard.reference
        self.free = np.flatnonzero(~standard.form.fixed)
        self.hessian: Array | None = None
        self.price = _PRICE

    def __call__(self, strengths: Array, warm: Array) -> Array:
        found = []
        if warm is self.standard.start:
            warm = self._of_few_rows(warm, float(strengths[0]))
        for strength in strengths:
            warm = self._minimum(warm, float(strength))
            found.append(warm)
        return np.stack(found, axis=1)

    def _of_few_rows(self, g: Array, strength: float) -> Array:
        """The minimum over every k-th row, roughly: a start that costs little."""
        standard, n = self.standard, self.standard.Z.shape[0]
        stride = n // max(_ROWS * standard.size, 500)
        if stride < 3 or not standard.by_rows:
            return g
        rows = np.arange(0, n, stride)
        y, weights, offset = standard.y[rows], standard.weights[rows], standard.offset[rows]
        few = replace(standard, Z=standard.Z.take_rows(rows), y=y, weights=weights, offset=offset)
        share = float(weights.sum() / standard.weights.sum())
        return QuasiNewton(few, _ROUGH)._minimum(g, strength * share)

    @np.errstate(over="ignore", invalid="ignore")
    def _minimum(self, g: Array, strength: float) -> Array:
        place = self._place(g, self.standard.eta(g), strength)
        if (
            np.abs(place.pull[self.free]).max(initial=0.0)
            <= _THERE * self.standard.null_correlation
        ):
            return g
        factor = self._factor(place, strength)
        pairs: list[_Pair] = []
        last = np.inf
        for rounds in range(1, 100):
            self.rounds = max(self.rounds, rounds)
            if factor is None:
                break
            direction = _downhill(place.pull[self.free], factor, pairs)
            fall = float(place.pull[self.free] @ direction)
            if not fall > self.least:  # also where it is not a number
                break
            if fall <= self.goal and self._bound(place, strength) <= self.enough:
                break
            if pairs and _steps_left(fall, last, self.goal) > self.price:
                self.hessian, pairs, last = None, [], np.inf
                factor = self._factor(place, strength)
                continue
            there = self._search(place, direction, fall, strength)
            if there is None:
                break
            pairs = _remembered(pairs, place, there, self.free)
            place, last = there, fall
        return place.g

    def _place(self, g: Array, eta: Array, strength: float) -> Place:
        standard, form = self.standard, self.standard.form
        lost, score, curvatures = rows_at(standard, eta)
        away = g - form.loc
        bent = strength * form.l2 * away
        value = lost + 0.5 * float(bent @ away)
        return Place(g, eta, standard.Z.rmatvec(score) - bent, curvatures, value)

    def _bound(self, place: Place, strength: float) -> float:
        """What the shrunk weights add to the gap: the penalty's conjugate, without the Hessian."""
        normal = self.standard.normal
        l2 = strength * self.standard.form.l2[normal]
        return 0.5 * float(np.sum(np.square(place.pull[normal]) / l2))

    def _factor(self, place: Place, strength: float) -> Any:
        """Of the Hessian, its likelihood part the one that is kept; None where it is singular."""
        free = self.free
        if self.hessian is None:
            self.hessian = self._information(place)
        if self.hessian is None:
            return None
        system = self.hessian.copy()
        system[np.diag_indices_from(system)] += strength * self.standard.form.l2[free]
        factor, failed = lapack.dpotrf(system.T, overwrite_a=True)  # symmetric: .T is no copy
        return None if failed else factor

    def _information(self, place: Place) -> Array | None:
        """The likelihood part of the Hessian of the free unknowns; None where few rows curve."""
        if np.count_nonzero(place.curvatures) <= self.standard.size:
            return None
        return self.standard.Z.gram(self.free, self.free, place.curvatures)

    def _search(self, place: Place, direction: Array, fall: float, strength: float) -> Place | None:
        """The first of 1, 1/2, 1/4, ... of the way that lowers the objective enough."""
        step = np.zeros_like(place.g)
        step[self.free] = direction
        change = self.standard.Z.matvec(step)
        share = 1.0
        for _ in range(30):
            there = self._place(place.g + share * step, place.eta + share * change, strength)
            if there.value <= place.value - 1e-4 * share * fall + 1e-13 * abs(place.value):
                return there
            share *= 0.5
        return None


def _remembered(pairs: list[_Pair], place: Place, there: Place, free: Any) -> list[_Pair]:
    step, change = (there.g - place.g)[free], (place.pull - there.pull)[free]
    curve = float(step @ change)
    if not curve > 1e-12 * float(np.sqrt((step @ step) * (change @ change))):
        return pairs
    return [*pairs, _Pair(step, change, 1.0 / curve)][-_MEMORY:]


def _downhill(pull: Array, factor: Any, pairs: list[_Pair]) -> Array:
    """The inverse Hessian of the updates times ``pull``."""
    direction, shares = pull.copy(), []
    for step, change, rate in reversed(pairs):
        shares.append(rate * float(step @ direction))
        direction -= shares[-1] * change
    direction = np.asarray(lapack.dpotrs(factor, direction)[0])
    for (step, change, rate), share in zip(pairs, reversed(shares), strict=True):
        direction += (share - rate * float(change @ direction)) * step
    return direction


def _steps_left(fall: float, before: float, goal: float) -> float:
    """How many steps at the present rate."""
    if fall >= before:
        return np.inf
    return float(np.log(fall / goal) / np.log(before / fall))


def quasi_newton(standard: Standard, tol: float) -> QuasiNewton | None:
    """The engine, where the penalty is quadratic without a box and the columns are fewer than the
    rows."""
    n, m = standard.Z.shape
    several = isinstance(standard, OutputsStandard)
    fits = not several and standard.likelihood.convex and is_quadratic(standard)
    return QuasiNewton(standard, tol) if fits and m <= min(n, _MOST) else None
