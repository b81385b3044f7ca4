"""Ordered classes: the cut-points are unknowns like the weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from priorfit._typing import Array, Index
from priorfit.likelihoods import Ordinal
from priorfit.likelihoods.steps import Step, step
from priorfit.posterior.samplers.target import Target
from priorfit.problem import Problem

__all__ = ["OrdinalTarget", "cuts_of", "ends_of", "target_of"]


def cuts_of(u: Array) -> Array:
    """Cut-points (..., K - 1), increasing, of the first of them and the logs of the gaps.

    ``c_0 = u_0``, ``c_k = c_{k-1} + exp(u_k)``; ``|dc / du| = exp(u_1 + ... + u_{K-2})``.

    Examples
    --------
    >>> cuts_of(np.array([-1.0, 0.0, np.log(2.0)]))
    array([-1.,  0.,  2.])
    """
    with np.errstate(over="ignore"):
        gaps = np.concatenate([u[..., :1], np.exp(u[..., 1:])], axis=-1)
    return np.asarray(np.cumsum(gaps, axis=-1))


def ends_of(y: Index, cuts: Array) -> Array:
    """The cut-points below and above each row's class, (2, n), infinite at the outer classes."""
    edges = np.concatenate([[-np.inf], cuts, [np.inf]])
    return np.stack([edges[y], edges[y + 1]])


@dataclass(frozen=True, eq=False)
class OrdinalTarget(Target):
    """``x = (c_0, log(c_1 - c_0), ..., coef)``: minus the log likelihood and minus
    ``u_1 + ... + u_{K-2}``, the log of ``|dc / du|``.

    So the belief about the cut-points is flat, ``p(c_0 < ... < c_{K-2}) = 1``, as it is for the MAP
    estimate. It is improper; the posterior is not, because every class is seen: where an outer
    cut-point leaves for infinity the rows of its class lose an exponential.

    Where `Target` has the linear predictor of the rows, this one has the two ends (2, n) of the
    interval that each of them fell in: cut-points less the linear predictor.
    """

    lift = -1.0

    @cached_property
    def first(self) -> int:
        """How many cut-points there are."""
        return int(self.problem.y[self.problem.weights > 0].max())

    @cached_property
    def _classes(self) -> Index:
        """Classes of the rows; rows of weight 0, which may hold anything, are put in range."""
        return np.clip(self.problem.y, 0, self.first).astype(np.intp)

    @property
    def _link(self) -> str:
        return cast(Ordinal, self.problem.likelihood).link

    def _terms(self, ends: Array) -> Step:
        return step(ends[0], ends[1], self._link)

    def whole(self, x: Array) -> tuple[Array, Array]:
        """Cut-points (K - 1,) and weights (p,)."""
        return cuts_of(x[: self.first]), x[self.first :]

    def eta(self, x: Array) -> Array:
        """The ends (2, n) of the rows' intervals."""
        linear = self.problem.eta(0.0, x[self.first :])
        return ends_of(self._classes, cuts_of(x[: self.first])) - linear

    def along(self, t: Array) -> Array:
        """How both ends move with the weights."""
        return -super().along(t)

    def rows(self, eta: Array) -> tuple[float, Array]:
        """The sum of the losses, and the score by the linear predictor of each row."""
        return self.at_once(eta)[:2]

    def at_once(self, eta: Array) -> tuple[float, Array, Array]:
        """`rows`, and the curvature by the linear predictor."""
        found, w = self._terms(eta), self.problem.weights
        with np.errstate(over="ignore", invalid="ignore"):
            bend = np.maximum(found.up2 + 2.0 * found.cross + found.down2, 0.0)
            return -float(w @ found.log), -w * (found.down + found.up), w * bend

    def at(self, x: Array) -> tuple[float, Array]:
        """The losses less the log of the measure, and the gradient (size,)."""
        u, w = x[: self.first], self.problem.weights
        with np.errstate(over="ignore", invalid="ignore"):  # where steps leave the reals
            found = self._terms(self.eta(x))
            pulled = self.problem.design.rmatvec(w * (found.down + found.up))
            slope = self._turned(u) @ self._by_cuts(w * found.up, w * found.down)
            slope[1:] -= 1.0
            lost = -float(w @ found.log) - float(u[1:].sum())
        return lost, np.concatenate([slope, pulled])

    def losses(self, x: Array) -> Array:
        """`at` of k vectors (size, k)."""
        return np.array([self.at(column)[0] for column in x.T])

    def hessian(self, x: Array) -> Array:
        """That of the losses by cut-points and weights, which is positive semidefinite, in the
        coordinates of x; without what the bend of the coordinates themselves adds."""
        found, w = self._terms(self.eta(x)), self.problem.weights
        bend = np.maximum(w * (found.up2 + 2.0 * found.cross + found.down2), 0.0)
        p, turned = self.problem.design.shape[1], self._turned(x[: self.first])
        every = np.arange(p)
        out = np.empty((self.size, self.size))
        inner = self.problem.design.gram(every, every, bend, np.zeros(p), np.ones(p))
        out[self.first :, self.first :] = inner
        out[: self.first, : self.first] = turned @ self._curved(found) @ turned.T
        mixed = turned @ self.problem.design.rmatvec(self._mixed(found)).T
        out[: self.first, self.first :], out[self.first :, : self.first] = mixed, mixed.T
        return out

    def middle(self) -> Array:
        """The MAP estimate and the cut-points that fit best beside it."""
        problem, coef = self.problem, self._found().coef
        kept = problem.weights > 0
        likelihood = cast(Ordinal, problem.likelihood)
        eta = problem.eta(0.0, coef)[kept]
        cuts = likelihood.cut_points(problem.y[kept], eta, problem.weights[kept])
        gaps = np.maximum(np.diff(cuts), 1e-8)
        return np.concatenate([cuts[:1], np.log(gaps), coef])

    # -- derivatives by the cut-points -----------------------------------------------------------

    def _turned(self, u: Array) -> Array:
        """``(dc / du)'`` (K - 1, K - 1)."""
        with np.errstate(over="ignore"):
            rates = np.concatenate([[1.0], np.exp(u[1:])])
        return np.asarray(rates[:, None] * np.triu(np.ones((len(u), len(u)))))

    def _by_cuts(self, up: Array, down: Array) -> Array:
        """Minus what the rows say of the cut-point above and of the one below them, (K - 1,)."""
        m = self.first + 1
        above, below = np.bincount(self._classes, up, m), np.bincount(self._classes, down, m)
        return np.asarray(-above[:-1] - below[1:])

    def _curved(self, found: Step) -> Array:
        """The second derivatives by two cut-points."""
        w, m = self.problem.weights, self.first + 1
        own = -self._by_cuts(w * found.up2, w * found.down2)
        both = np.bincount(self._classes, w * found.cross, m)[1:-1]
        return np.asarray(np.diag(own) + np.diag(both, 1) + np.diag(both, -1))

    def _mixed(self, found: Step) -> Array:
        """The second derivatives by the linear predictor and a cut-point, (n, K - 1)."""
        w, y, places = self.problem.weights, self._classes, np.arange(len(self._classes))
        out = np.zeros((len(y), self.first + 2))
        out[places, y + 1] = -w * (found.up2 + found.cross)
        out[places, y] = -w * (found.down2 + found.cross)
        return out[:, 1:-1]


def target_of(problem: Problem) -> Target:
    """The likelihood of the problem by all that is unknown in it."""
    kind = OrdinalTarget if isinstance(problem.likelihood, Ordinal) else Target
    return kind(problem)
