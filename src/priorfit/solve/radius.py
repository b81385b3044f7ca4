"""The constrained problem: the smallest loss V(t) with a norm of at most t.

By convexity its answer is a penalised one, at the lambda for which the norm is t (Osborne, Presnell
& Turlach 2000; Boyd & Vandenberghe 2004, section 5.5). Lambda is found on the path: where the path
is a straight line between two lambdas (the lasso), the answer is a point of that line.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from priorfit._typing import Array, Intercept
from priorfit.problem import Problem
from priorfit.solve.certificate import certify
from priorfit.solve.engines import engine
from priorfit.solve.restore import restore
from priorfit.solve.result import Certificate
from priorfit.solve.standard import Standard

__all__ = ["AtRadius", "at_radius"]

_TIGHT = 1e-10  # the gap of the penalised fits on the way
_STEP = 4.0  # how fast lambda moves to enclose the answer
_FAR, _FAR_OF_GROUPS = 1e-9, 1e-5  # how far down, relative to the start; then it is called slack


class AtRadius(NamedTuple):
    """The fit with norm <= ``radius``.

    ``penalty`` is lambda, the multiplier of the prior's unit penalty; ``shadow_price`` is -dV/dt,
    what one more unit of radius takes off the loss; both are 0 where the constraint is ``slack``.
    ``certificate`` bounds the loss beyond V(t), relative to the null model.
    """

    intercept: Intercept
    coef: Array
    radius: float
    penalty: float
    shadow_price: float
    slack: bool
    certificate: Certificate


class _Point(NamedTuple):
    penalty: float
    g: Array
    level: float


class _Search:
    """Penalised fits at any lambda, warm from the last, and the two nearest to the level."""

    def __init__(self, standard: Standard, level: float, tol: float, solver: str) -> None:
        self.standard, self.level = standard, level
        self.run = engine(standard, solver=solver, tol=min(tol, _TIGHT), max_iter=10_000)
        self.enough = 0.01 * tol  # left to gain: the constraint is slack
        self.inside: _Point | None = None
        self.outside: _Point | None = None

    def total(self, g: Array) -> float:
        return float(self.standard.form.total(g - self.standard.form.loc))

    def fit(self, penalty: float, warm: Array) -> _Point:
        g = self.run(np.array([penalty * self.standard.y_unit**2]), warm)[0][:, 0]
        point = _Point(penalty, g, self.total(g))
        if point.level <= self.level:
            if self.inside is None or point.level >= self.inside.level:
                self.inside = point
        elif self.outside is None or point.level <= self.outside.level:
            self.outside = point
        return point

    def excess(self, penalty: float) -> float:
        """Of the level: a straight line between kinks of a lasso, nearly one for ridge."""
        found = self._at(penalty).level
        if self.standard.form.kinked.any():
            return found - self.level
        return float(self.level**-0.5 - max(found, 1e-300) ** -0.5)

    def _at(self, penalty: float) -> _Point:
        """The fit at ``penalty``; the one that is there, where it is: another may differ by its
        rounding, and end on the other side of the level."""
        for known in (self.inside, self.outside):
            if known is not None and known.penalty == penalty:
                return known
        nearest = self.inside or self.outside
        return self.fit(penalty, self.standard.start if nearest is None else nearest.g)

    def enclose(self, start: float, warm: Array) -> None:
        """Walk from ``start`` until the level lies between two fits, or the constraint is slack."""
        point = self.fit(start, warm)
        while self.inside is None and point.penalty < 1e200:
            point = self.fit(point.penalty * _STEP**2, point.g)
        n, m = self.standard.Z.shape
        last = start * (_FAR if self.standard.form.groups is None else _FAR_OF_GROUPS)
        while self.outside is None and point.penalty > last:
            if m > n and _certificate(self.standard, point, self.level, 1.0).gap <= self.enough:
                break
            point = self.fit(point.penalty / _STEP, point.g)
        if self.outside is None and m <= n:
            self.fit_free(point.g)

    def fit_free(self, warm: Array) -> None:
        """The fit without a penalty."""
        free = replace(self.standard, form=self.standard.form.ungrouped())
        run, self.run = self.run, engine(free, solver="auto", tol=_TIGHT, max_iter=10_000)
        self.fit(0.0, warm)
        self.run = run

    def between(self) -> _Point:
        """The fit on the level, on the line between the two nearest fits."""
        inside, outside = self.inside, self.outside
        if inside is None or outside is None:
            raise ArithmeticError("the level is not enclosed")
        brentq(self.excess, outside.penalty, inside.penalty, xtol=1e-300, rtol=1e-14)
        inside, outside = self.inside or inside, self.outside or outside
        share = (self.level - inside.level) / (outside.level - inside.level)
        g = np.where(inside.g == outside.g, inside.g, (1 - share) * inside.g + share * outside.g)
        penalty = (1 - share) * inside.penalty + share * outside.penalty
        return _Point(penalty, g, self.total(g))


def at_radius(
    problem: Problem,
    standard: Standard,
    radius: float,
    start: float,
    warm: Array,
    *,
    tol: float = 1e-6,
    solver: str = "auto",
) -> AtRadius:
    """The fit of a problem of unit rate with norm <= ``radius``, searched from lambda ``start``."""
    level = problem.form.level(radius)
    search = _Search(standard, level, tol, solver)
    search.enclose(start, warm)
    inside = search.inside
    if inside is None:
        raise ArithmeticError("no penalty reaches so small a norm")
    slack = search.outside is None
    point = inside if slack else search.between()
    intercepts, coefs = restore(standard, point.g[:, None], problem)
    penalty = 0.0 if slack else point.penalty
    price = penalty * float(problem.form.slope(radius))
    certificate = _certificate(standard, point, level, tol)
    at = intercepts[..., 0]
    intercept = float(at) if problem.outputs is None else at
    return AtRadius(intercept, coefs[..., 0], radius, penalty, price, slack, certificate)


def _certificate(standard: Standard, point: _Point, level: float, tol: float) -> Certificate:
    """``loss(g) - V <= penalised gap + lambda (level - total(g))``, for any g inside the ball.

    With lambda 0 too where the constraint may be slack: V is not below the free minimum.
    """
    strengths = standard.y_unit**2 * np.array([point.penalty, 0.0])
    found = certify(standard, np.repeat(point.g[:, None], 2, axis=1), strengths)
    unused = strengths * max(level - point.level, 0.0) / standard.reference
    gaps = found.gap + unused
    k = int(np.argmin(gaps))
    return Certificate(float(gaps[k]), float(found.kkt[k]), tol)
