"""One weight in or out, with its value: moves between sets of weights that are exact.

A weight that comes in has a value, drawn from a curve near its density given all the others; one
that leaves must have had a value that the same curve could have drawn. So the two kinds of state
are compared by densities of the same dimension: reversible jumps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import lgamma, log, log1p, pi, sqrt
from typing import NamedTuple

import numpy as np

from priorfit._typing import Array, Mask
from priorfit.likelihoods import Coupled
from priorfit.posterior.samplers.target import Target

__all__ = ["Bump", "Columns", "Look", "Place", "Slabs", "Toggles"]

_ROUNDS = 2  # of Newton's method
_NEAR = 0.5  # of a standard deviation: a step as short as this needs no second look
_DF = 5.0  # of the curve that values are drawn from: heavier tails than a normal slab
_LOG = lgamma(0.5 * (_DF + 1.0)) - lgamma(0.5 * _DF) - 0.5 * log(_DF * pi)
_TABLE = 1 << 22  # numbers of a table up to which its columns are kept side by side
_PAIRS = 1000  # columns up to which correlations are kept


@dataclass(frozen=True, eq=False)
class Look:
    """The rows at one linear predictor: losses at dispersion 1; score and information where they
    are asked for."""

    target: Target
    eta: Array

    @cached_property
    def _both(self) -> tuple[float, Array, Array] | None:
        """All at once, where that is how they are cheapest."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return self.target.at_once(self.eta)

    @cached_property
    def lost(self) -> float:
        """The sum of the losses; infinite or nan where they overflow."""
        if self._both is not None:
            return self._both[0]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return self.target.lost(self.eta)

    @cached_property
    def bends(self) -> tuple[Array, Array]:
        """Score and information of each row."""
        if self._both is not None:
            return self._both[1:]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return self.target.bends(self.eta)


class Bump(NamedTuple):
    """A curve in the place of the density of one weight: its middle and its scale."""

    middle: float
    sd: float

    def draw(self, rng: np.random.Generator) -> float:
        """Student's t around the middle."""
        return self.middle + self.sd * float(rng.standard_t(_DF))

    def log(self, t: float) -> float:
        """Log of its density."""
        z = (t - self.middle) / self.sd
        return _LOG - 0.5 * (_DF + 1.0) * log1p(z * z / _DF) - log(self.sd)


class Place(NamedTuple):
    """Which weights are in (m,), ``x`` (size,): first unknowns, then t = b - loc, 0 where a weight
    is out; what the rows look like there."""

    inside: Mask
    x: Array
    look: Look


@dataclass(frozen=True, eq=False)
class Slabs:
    """``scale`` (m,) of the slabs; ``jumping`` (m,): which weights have a spike at all."""

    scale: Array
    jumping: Mask

    def log(self, j: int, t: float) -> float:
        """Log density of the slab of weight j."""
        z = t / float(self.scale[j])
        return -0.5 * z * z - log(float(self.scale[j])) - 0.5 * log(2.0 * pi)


@dataclass(frozen=True, eq=False)
class Columns:
    """The directions that weights move the rows in: columns less ``center`` (p,), their means,
    where an intercept takes the difference up (its belief is flat, so nothing else changes) or
    one number more for all rows changes nothing."""

    target: Target
    center: Array

    @classmethod
    def of(cls, target: Target) -> Columns:
        """Of the rows of a target."""
        problem, p = target.problem, target.problem.design.shape[1]
        total = float(problem.weights.sum())
        free = target.first > 0 or isinstance(problem.likelihood, Coupled)
        return cls(target, problem.design.rmatvec(problem.weights) / total if free else np.zeros(p))

    @cached_property
    def _table(self) -> Array | None:
        """All directions, each in one piece (p, n), where they are few numbers."""
        design, p = self.target.problem.design, len(self.center)
        if design.shape[0] * p > _TABLE:
            return None
        return np.ascontiguousarray((design.matvec(np.eye(p)) - self.center).T)

    def column(self, j: int) -> Array:
        """The direction (n,) of weight j."""
        k = j // (self.target.problem.outputs or 1)
        if self._table is not None:
            return np.asarray(self._table[k])
        matrix, _ = self.target.problem.design.columns(np.array([k]), np.zeros(len(self.center)))
        dense = matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)
        return np.asarray(dense[:, 0] - self.center[k], dtype=np.float64)

    def moved(self, eta: Array, column: Array, j: int, t: float) -> Array:
        """The linear predictor where weight j has grown by t."""
        q = self.target.problem.outputs
        if q is None:
            return np.asarray(eta + (self.target.lift * t) * column)
        out = eta.copy()
        out[:, j % q] += t * column
        return out

    def level(self, x: Array, j: int, t: float) -> Array:
        """x where weight j has grown by t and the intercept has taken up its mean."""
        q, first = self.target.problem.outputs or 1, self.target.first
        out = x.copy()
        out[first + j] += t
        if first:
            out[j % q] -= self.target.lift * t * self.center[j // q]
        return out

    def pull(self, look: Look, column: Array, j: int) -> tuple[float, float]:
        """The slope and the curvature of the losses by weight j."""
        q = self.target.problem.outputs
        score, info = (v if q is None else v[:, j % q] for v in look.bends)
        return -float(column @ score), float((column * column) @ info)

    @cached_property
    def _closeness(self) -> Array | None:
        design, p = self.target.problem.design, len(self.center)
        if p > _PAIRS:
            return None
        every, w = np.arange(p), self.target.problem.weights
        mean, sd = design.moments(w)
        gram = design.gram(every, every, w, mean, np.where(sd > 0, sd, 1.0)) / w.sum()
        return np.asarray(np.minimum(gram * gram, 1.0) ** 2 + 0.1 / p)

    def closeness(self, j: int) -> Array:
        """How readily each weight takes the place of j, (m,): by the fourth power of the
        correlation of their columns, and a little of all; symmetric."""
        q, p = self.target.problem.outputs or 1, len(self.center)
        if self._closeness is None:
            return np.ones(p * q)
        return np.repeat(self._closeness[j // q], q)


@dataclass(frozen=True, eq=False)
class Toggles:
    """Moves that change which weights are in. Of a weight j with value t, all others held::

        log ratio(in : out) = (lost(0) - lost(t)) / phi + odds_j + log slab(t) - log bump(t)

    bump is Student's t around two Newton steps from t = 0, whether the weight is in or not: it
    depends on the others only, so that the way back is drawn from the same curve.

    Source: Green (1995), Biometrika 82, sections 3 and 4; Gottardo & Raftery (2008), Journal of
    Computational and Graphical Statistics 17, for densities of mixed dimension.
    """

    columns: Columns
    slabs: Slabs

    @property
    def target(self) -> Target:
        """The rows."""
        return self.columns.target

    def look(self, eta: Array) -> Look:
        """The rows at one linear predictor."""
        return Look(self.target, eta)

    def toggled(
        self, place: Place, j: int, odds: Array, phi: float, rng: np.random.Generator
    ) -> Place:
        """Propose weight j out where it is in, in where it is out."""
        column, known = self.columns.column(j), float(place.x[self.target.first + j])
        was = bool(place.inside[j])
        out = self._without(place.look, column, j, known) if was else place.look
        bump = self.bump(out, column, j, phi)
        t = known if was else bump.draw(rng)
        there = place.look if was else self.look(self.columns.moved(out.eta, column, j, t))
        x = self.columns.level(place.x, j, -t if was else t)
        gain = self._gain(out, there, j, t, bump, phi) + float(odds[j])
        gain = (-gain if was else gain) + self._gauged(place.x, x, phi)
        if not log(rng.random() or 1e-300) < gain:
            return place
        inside = place.inside.copy()
        inside[j] = not was
        return self._placed(inside, x, out if was else there)

    def swapped(self, place: Place, odds: Array, phi: float, rng: np.random.Generator) -> Place:
        """Propose that a weight that is out takes the place of one that is in."""
        jumping = self.slabs.jumping
        within, without = (np.flatnonzero(jumping & s) for s in (place.inside, ~place.inside))
        if not len(within) or not len(without):
            return place
        i = int(rng.choice(within))
        chance = self.columns.closeness(i)[without]
        j = int(rng.choice(without, p=chance / chance.sum()))
        inside = place.inside.copy()
        inside[i], inside[j] = False, True
        way = self._way(float(chance.sum()), j, jumping & ~inside)
        one, other = self.columns.column(i), self.columns.column(j)
        known = float(place.x[self.target.first + i])
        out = self._without(place.look, one, i, known)
        old, new = self.bump(out, one, i, phi), self.bump(out, other, j, phi)
        t = new.draw(rng)
        there = self.look(self.columns.moved(out.eta, other, j, t))
        gain = self._gain(out, there, j, t, new, phi) + float(odds[j] - odds[i])
        gain -= self._gain(out, place.look, i, known, old, phi)
        x = self.columns.level(self.columns.level(place.x, i, -known), j, t)
        x[self.target.first + i] = 0.0
        if not log(rng.random() or 1e-300) < gain + way + self._gauged(place.x, x, phi):
            return place
        return self._placed(inside, x, there)

    def bump(self, out: Look, column: Array, j: int, phi: float) -> Bump:
        """Near the density of weight j, given all others, from the rows without it: Newton's method
        from 0, steps halved until they go down."""
        rate, look, t = float(self.slabs.scale[j]) ** -2, out, 0.0
        if not np.isfinite(out.lost):
            return Bump(0.0, float(self.slabs.scale[j]))
        slope, bend = self.columns.pull(look, column, j)
        for _ in range(_ROUNDS):
            curve = bend / phi + rate
            move = -(slope / phi + t * rate) / curve
            if not abs(move) * sqrt(curve) > _NEAR:
                t += move if move == move else 0.0
                break
            below = look.lost / phi + 0.5 * rate * t * t
            for _ in range(40):
                look = self.look(self.columns.moved(out.eta, column, j, t + move))
                if look.lost / phi + 0.5 * rate * (t + move) ** 2 <= below:
                    break
                move *= 0.5
            t += move
            slope, bend = self.columns.pull(look, column, j)
        return Bump(t, 1.0 / sqrt(bend / phi + rate))

    # -- pieces ----------------------------------------------------------------------------------

    def _way(self, total: float, j: int, then: Mask) -> float:
        """The log ratio of choosing the one for the other after a swap to before it: closeness is
        symmetric, so that only what it was divided by differs."""
        return log(total / float(self.columns.closeness(j)[then].sum()))

    def _without(self, look: Look, column: Array, j: int, t: float) -> Look:
        return self.look(self.columns.moved(look.eta, column, j, -t))

    def _gain(self, out: Look, there: Look, j: int, t: float, bump: Bump, phi: float) -> float:
        """The log ratio of in to out, but for the prior odds."""
        return (out.lost - there.lost) / phi + self.slabs.log(j, t) - bump.log(t)

    def _gauged(self, x: Array, to: Array, phi: float) -> float:
        first = self.target.first
        return (self.target.gauge(x[:first]) - self.target.gauge(to[:first])) / phi

    def _placed(self, inside: Mask, x: Array, look: Look) -> Place:
        """x with exact zeros where a weight is out."""
        x[self.target.first :][~inside] = 0.0
        return Place(inside, x, look)
