"""Lengths of groups inside an interior point: second-order cones.

``rate |t_g|`` is ``rate tau`` with (tau, t_g) in the cone ``|t_g| <= tau``; its slope force_g is
kept by (rate, -force_g) in the same cone. Both are scaled to one point, symmetrically, before they
are linearised (Nesterov & Todd 1997; formulas as in Vandenberghe, The CVXOPT linear and quadratic
cone program solvers, 2010, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from priorfit._typing import Array
from priorfit.priors import Groups

__all__ = ["Cones", "Pair", "Scaling"]


class Pair(NamedTuple):
    """A vector of every group's cone: ``head`` (G,) and ``body`` (m,), 0 outside groups."""

    head: Array
    body: Array


@dataclass(frozen=True)
class Cones:
    """``tau`` (G,) and ``force`` (m,); a step of both is one of these too."""

    tau: Array
    force: Array

    @classmethod
    def near(cls, groups: Groups, t: Array, away: Array) -> Cones:
        """The central slope at t, ``away`` from the cone's wall."""
        tau = groups.distances(t) + away
        share = groups.spread(groups.radius / tau)
        return cls(tau, np.where(groups.inside, 0.9 * share * t, 0.0))

    def product(self, groups: Groups, t: Array) -> float:
        """These cones' share of the duality gap."""
        return float(groups.radius @ self.tau - self.force @ t)

    def after(self, move: Cones, primal: float, dual: float) -> Cones:
        """A share of a step."""
        return Cones(self.tau + primal * move.tau, self.force + dual * move.force)

    def rooms(self, groups: Groups, t: Array, dt: Array, move: Cones) -> tuple[float, float]:
        """The largest shares of a step, at most 1, inside the cones."""
        primal = _room(groups, Pair(self.tau, t), Pair(move.tau, dt))
        still = np.zeros_like(self.tau)
        dual = _room(groups, Pair(groups.radius, self.force), Pair(still, move.force))
        return primal, dual


@dataclass(frozen=True)
class Scaling:
    """The point w at which ``W z = W^-1 s`` (``scaled``), for s = (tau, t), z = (rate, -force)."""

    groups: Groups
    w: Pair
    size: Array
    scaled: Pair

    @classmethod
    def at(cls, groups: Groups, t: Array, cones: Cones) -> Scaling:
        s, z = Pair(cones.tau, t), Pair(groups.radius, -cones.force)
        first, second = np.sqrt(_depth(groups, s)), np.sqrt(_depth(groups, z))
        s, z = _times(groups, s, 1.0 / first), _times(groups, z, 1.0 / second)
        share = 0.5 / np.sqrt(0.5 + 0.5 * _inner(groups, s, z))
        w = _times(groups, Pair(s.head + z.head, s.body - z.body), share)
        size = np.sqrt(first / second)
        bare = cls(groups, w, size, s)
        return cls(groups, w, size, bare.down(Pair(cones.tau, t)))

    def up(self, v: Pair) -> Pair:
        """``W v``."""
        return _times(self.groups, _boost(self.groups, self.w, v), self.size)

    def down(self, v: Pair) -> Pair:
        """``W^-1 v``."""
        back = Pair(self.w.head, -self.w.body)
        return _times(self.groups, _boost(self.groups, back, v), 1.0 / self.size)

    @property
    def matrix(self) -> Array:
        """How fast the force follows t, tau following too: ``(I - 2 w w' / (2 w0^2 - 1)) / size^2``
        group by group, (m, m)."""
        inside = np.flatnonzero(self.groups.inside)
        each = 1.0 / self.size**2
        rank = np.zeros((len(self.w.body), len(each)))
        rank[inside, self.groups.ids[inside]] = self.w.body[inside]
        share = each * 2.0 / (2.0 * self.w.head**2 - 1.0)
        return np.asarray(np.diag(self.groups.spread(each)) - (rank * share) @ rank.T)

    def lack(self, mu: float, t: Array | None, move: Cones | None) -> Pair:
        """What the scaled products lack to be mu, less those of the predictor's steps."""
        lack = _product(self.groups, self.scaled, self.scaled)
        if t is not None and move is not None:
            ds = self.down(Pair(move.tau, t))
            dz = self.up(Pair(0.0 * move.tau, -move.force))
            more = _product(self.groups, ds, dz)
            lack = Pair(lack.head + more.head, lack.body + more.body)
        return self.down(_divide(self.groups, self.scaled, Pair(mu - lack.head, -lack.body)))

    def rest(self, lack: Pair) -> Array:
        """The step of the force where t stays."""
        share = 2.0 * self.w.head * lack.head / (2.0 * self.w.head**2 - 1.0)
        return -lack.body - self.groups.spread(share) * self.w.body

    def move(self, t: Array, lack: Pair) -> Cones:
        """The step that belongs to a step of t."""
        inside = np.where(self.groups.inside, t, 0.0)
        along = self.groups.total(self.w.body * inside)
        square = 2.0 * self.w.head**2 - 1.0
        tau = (self.size**2 * lack.head + 2.0 * self.w.head * along) / square
        pulled = self.groups.spread(2.0 * along / square) * self.w.body
        each = self.groups.spread(1.0 / self.size**2)
        return Cones(tau, each * (inside - pulled) + self.rest(lack))


def _depth(groups: Groups, v: Pair) -> Array:
    """``v0^2 - |v1|^2``, positive inside the cone."""
    length = groups.distances(v.body)
    return np.maximum((v.head - length) * (v.head + length), 1e-300)


def _inner(groups: Groups, a: Pair, b: Pair) -> Array:
    return a.head * b.head + groups.total(a.body * b.body)


def _times(groups: Groups, v: Pair, share: Array) -> Pair:
    return Pair(v.head * share, v.body * groups.spread(share))


def _boost(groups: Groups, w: Pair, v: Pair) -> Pair:
    """``[[w0, w1'], [w1, I + w1 w1' / (1 + w0)]] v``."""
    along = groups.total(w.body * v.body)
    share = v.head + along / (1.0 + w.head)
    body = np.where(groups.inside, v.body, 0.0)
    return Pair(w.head * v.head + along, body + groups.spread(share) * w.body)


def _product(groups: Groups, a: Pair, b: Pair) -> Pair:
    """``(a'b, a0 b1 + b0 a1)``."""
    body = groups.spread(a.head) * b.body + groups.spread(b.head) * a.body
    return Pair(_inner(groups, a, b), body)


def _divide(groups: Groups, a: Pair, v: Pair) -> Pair:
    """The x with ``_product(a, x) = v``."""
    head = (a.head * v.head - groups.total(a.body * v.body)) / _depth(groups, a)
    return Pair(
        head,
        (v.body - groups.spread(head) * a.body)
        / np.where(groups.inside, groups.spread(a.head), 1.0),
    )


def _room(groups: Groups, v: Pair, step: Pair) -> float:
    """The largest share, at most 1, at which every ``v + share step`` is inside its cone."""
    a = step.head**2 - groups.total(step.body * step.body)
    b = v.head * step.head - groups.total(v.body * step.body)
    c = _depth(groups, v)
    root = np.sqrt(np.maximum(b * b - a * c, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        # the smaller positive root of a x^2 + 2 b x + c, without cancellation
        far = np.where(b < 0, -b + root, -(b + root))
        one, two = c / far, far / a
    roots = np.concatenate([one, two])
    positive = roots[np.isfinite(roots) & (roots > 0)]
    wall = -v.head / np.where(step.head < 0, step.head, -1e-300)
    return float(min(1.0, positive.min(initial=1.0), wall.min(initial=1.0)))
