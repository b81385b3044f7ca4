"""What an interior point keeps inside: kinks with their slopes, walls with their forces."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from priorfit._typing import Array

__all__ = ["Kinks", "Walls", "room"]


class Walls(NamedTuple):
    """``x >= 0`` with ``force >= 0`` and ``x force = mu`` on the central path."""

    x: Array
    force: Array

    @property
    def product(self) -> float:
        """This part's share of the duality gap."""
        return float(self.x @ self.force)

    def lack(self, mu: float, move: Walls | None) -> Array:
        """What the products lack to be mu, less the product of the predictor's steps."""
        lack = mu - self.x * self.force
        return lack if move is None else lack - move.x * move.force

    def move(self, dx: Array, lack: Array) -> Walls:
        """The step of both that belongs to a step of x."""
        return Walls(dx, (lack - self.force * dx) / self.x)

    def after(self, move: Walls, primal: float, dual: float) -> Walls:
        """A share of a step."""
        return Walls(self.x + primal * move.x, self.force + dual * move.force)


class Kinks(NamedTuple):
    """``up (x)_+ + down (-x)_+`` at ``x = u - v`` with a slope theta between -down and up.

    ``over = up - theta`` and ``under = theta + down``; all four are positive, and ``u over =
    v under = mu`` on the central path.
    """

    u: Array
    v: Array
    over: Array
    under: Array

    @classmethod
    def near(cls, x: Array, up: Array, down: Array, away: Array) -> Kinks:
        """At x, both sides ``away`` from 0, with the slope that is central there."""
        u, v = np.maximum(x, 0.0) + away, np.maximum(-x, 0.0) + away
        share = v / (u + v)
        return cls(u, v, (up + down) * share, (up + down) * (1.0 - share))

    @property
    def product(self) -> float:
        """This part's share of the duality gap."""
        return float(self.u @ self.over + self.v @ self.under)

    @property
    def weight(self) -> Array:
        """How fast the slope follows x."""
        return self.over * self.under / (self.u * self.under + self.v * self.over)

    def theta(self, up: Array, down: Array) -> Array:
        """The slope, from the side on which it is exact."""
        return np.where(self.over < self.under, up - self.over, self.under - down)

    def lack(self, mu: float, move: Kinks | None) -> tuple[Array, Array]:
        """What the products lack to be mu, less the products of the predictor's steps."""
        first, second = mu - self.u * self.over, mu - self.v * self.under
        if move is None:
            return first, second
        return first - move.u * move.over, second - move.v * move.under

    def lag(self, lack: tuple[Array, Array]) -> Array:
        """The change of x that would leave theta where it is."""
        return lack[0] / self.over - lack[1] / self.under

    def move(self, dtheta: Array, lack: tuple[Array, Array]) -> Kinks:
        """The step of all four that belongs to a step of theta."""
        du, dv = (lack[0] + self.u * dtheta) / self.over, (lack[1] - self.v * dtheta) / self.under
        return Kinks(du, dv, -dtheta, dtheta)

    def after(self, move: Kinks, primal: float, dual: float) -> Kinks:
        """A share of a step."""
        return Kinks(
            self.u + primal * move.u,
            self.v + primal * move.v,
            self.over + dual * move.over,
            self.under + dual * move.under,
        )


def room(x: Array, dx: Array) -> float:
    """The largest share of a step, at most 1, that keeps x >= 0."""
    least = float(np.min(dx / x, initial=0.0))
    return 1.0 if least >= -1.0 else -1.0 / least
