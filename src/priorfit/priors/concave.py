"""The concave part of a penalty: how much less a large weight pays than its convex part asks.

A penalty is ``l1 |t| + l2/2 t^2 + c(|t|)`` with c concave, c(0) = 0 and (but for a jump) c'(0) = 0:
the convex part is what it looks like near 0 (Gong et al. 2013, table 1, in this form). Methods give
the whole penalty: its parts may be large numbers of a small difference.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from priorfit._typing import Array
from priorfit.priors.cubic import cubic_roots

__all__ = ["Concave", "Jump", "LogShape", "McpShape", "ScadShape", "Shape", "StudentShape"]


@dataclass(frozen=True)
class Shape(ABC):
    """Elementwise functions of t = |b - loc| >= 0 and the column's ``l1``, ``l2`` and ``size``,
    the rates times the strength. ``size`` is the width at which c sets in, in units of b."""

    #: what native code calls it
    code: ClassVar[int]

    @property
    def parameter(self) -> float:
        """The one number of the shape that native code needs, if any."""
        return 0.0

    @abstractmethod
    def value(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:
        """The penalty of t."""

    @abstractmethod
    def slope(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:
        """Its derivative, from above where that jumps; at 0 ``l1``."""

    @abstractmethod
    def bend(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:
        """Its second derivative where there is one."""

    @abstractmethod
    def stationary(self, d: Array, h: Array, l1: Array, l2: Array, size: Array) -> list[Array]:
        """All t > 0 where ``h (t - d) + l1 + l2 t + c'(t) = 0``, d >= 0; NaN in place of none."""

    def at(self, size: Array, strength: float, follows: bool) -> Array:
        """The sizes at a strength: a width may grow with it, a height always does."""
        return size * strength if follows else size


def _within(t: Array, low: Array | float, high: Array | float) -> Array:
    return np.where((t > 0) & (t >= low) & (t <= high), t, np.nan)


@dataclass(frozen=True)
class McpShape(Shape):
    """``-l1 t^2 / (2 size)`` up to size, where the whole penalty is level (Zhang 2010)."""

    code: ClassVar[int] = 1

    def value(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:
        inner = np.minimum(t, size)
        return 0.5 * l2 * t * t + l1 * inner * (1.0 - 0.5 * inner / size)

    def slope(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:
        return l2 * t + l1 * np.maximum(1.0 - t / size, 0.0)

    def bend(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:
        return l2 - np.where(t < size, l1 / size, 0.0)

    def stationary(self, d: Array, h: Array, l1: Array, l2: Array, size: Array) -> list[Array]:
        inner = (h * d - l1) / (h + l2 - l1 / size)
        return [_within(inner, 0.0, size), _within(h * d / (h + l2), size, np.inf)]


@dataclass(frozen=True)
class ScadShape(Shape):
    """Nothing up to the knee ``size / a``, then ``-l1 (t - knee)^2 / (2 (size - knee))`` up to
    size, where the whole penalty is level (Fan & Li 2001)."""

    a: float
    code: ClassVar[int] = 2

    @property
    def parameter(self) -> float:
        return self.a

    def value(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:
        knee = size / self.a
        with np.errstate(invalid="ignore"):
            inner = np.clip(t, knee, size) - knee
            bent = 0.5 * inner * (inner / (size - knee))
        inside = np.minimum(t, size) - np.where(np.isinf(size), 0.0, bent)
        return np.asarray(0.5 * l2 * t * t + l1 * inside)

    def slope(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:
        knee = size / self.a
        with np.errstate(invalid="ignore"):
            left = np.clip((size - t) / (size - knee), 0.0, 1.0)
        return l2 * t + l1 * np.where(np.isinf(size), 1.0, left)

    def bend(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:
        knee = size / self.a
        return l2 - np.where((t > knee) & (t < size), l1 / (size * (1.0 - 1.0 / self.a)), 0.0)

    def stationary(self, d: Array, h: Array, l1: Array, l2: Array, size: Array) -> list[Array]:
        knee, steep = size / self.a, l1 * self.a / (self.a - 1.0)
        middle = (h * d - steep) / (h + l2 - steep / size)
        return [
            _within((h * d - l1) / (h + l2), 0.0, knee),
            _within(middle, knee, size),
            _within(h * d / (h + l2), size, np.inf),
        ]


@dataclass(frozen=True)
class LogShape(Shape):
    """``l1 (size log(1 + t / size) - t)`` (Candes, Wakin & Boyd 2008)."""

    code: ClassVar[int] = 3

    def value(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:
        finite = np.where(np.isinf(size), 1.0, size)
        length = np.where(np.isinf(size), t, finite * np.log1p(t / finite))
        return 0.5 * l2 * t * t + l1 * length

    def slope(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:
        return l2 * t + l1 / (1.0 + t / size)

    def bend(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:
        return l2 - l1 / (size * np.square(1.0 + t / size))

    def stationary(self, d: Array, h: Array, l1: Array, l2: Array, size: Array) -> list[Array]:
        """The roots of ``(h + l2) t^2 + ((h + l2) size - h d) t - (h d - l1) size``."""
        curve = h + l2
        # divided by size, so that a size of infinity leaves the linear equation of the l1 term
        a, b, c = curve / size, curve - h * d / size, l1 - h * d
        root = np.sqrt(b * b - 4.0 * a * c)
        q = -0.5 * (b + np.copysign(root, b))
        return [_within(c / q, 0.0, np.inf), _within(q / a, 0.0, np.inf)]


@dataclass(frozen=True)
class StudentShape(Shape):
    """``l2/2 (size^2 log(1 + t^2 / size^2) - t^2)``: l2 is the curvature at 0, there is no kink."""

    code: ClassVar[int] = 4

    def value(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:  # noqa: ARG002
        finite = np.where(np.isinf(size), 1.0, size)
        level = finite * finite * np.log1p(np.square(t / finite))
        return 0.5 * l2 * np.where(np.isinf(size), t * t, level)

    def slope(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:  # noqa: ARG002
        return l2 * t / (1.0 + np.square(t / size))

    def bend(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:  # noqa: ARG002
        square = np.square(t / size)
        return l2 * (1.0 - square) / np.square(1.0 + square)

    def stationary(self, d: Array, h: Array, l1: Array, l2: Array, size: Array) -> list[Array]:
        """The roots u = t / size of ``h (u - d / size) (1 + u^2) + l2 u``."""
        finite = np.where(np.isinf(size), 1.0, size)
        e, r = d / finite, l2 / h
        roots = cubic_roots(-e, 1.0 + r, -e)
        found = [_within(finite * u, 0.0, np.inf) for u in roots]
        plain = (h * d - l1) / (h + l2)
        return [np.where(np.isinf(size), _within(plain, 0.0, np.inf), t) for t in found]


@dataclass(frozen=True)
class Jump(Shape):
    """``size`` for every weight that is not at loc: a height, not a width."""

    code: ClassVar[int] = 5

    def value(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:
        return l1 * t + 0.5 * l2 * t * t + np.where(t > 0, size, 0.0)

    def slope(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:  # noqa: ARG002
        return l1 + l2 * t

    def bend(self, t: Array, l1: Array, l2: Array, size: Array) -> Array:  # noqa: ARG002
        return l2 + np.zeros(np.broadcast_shapes(np.shape(t), np.shape(size)))

    def stationary(self, d: Array, h: Array, l1: Array, l2: Array, size: Array) -> list[Array]:  # noqa: ARG002
        return [_within((h * d - l1) / (h + l2), 0.0, np.inf)]

    def at(self, size: Array, strength: float, follows: bool) -> Array:  # noqa: ARG002
        return size * strength


@dataclass(frozen=True, eq=False)
class Concave:
    """One shape for all columns; ``size`` (p,), infinite (0 for a jump) where a column has none.

    ``follows``: the width is in proportion to the strength, as on a path of MCP or SCAD, where
    what stays the same is the concavity.
    """

    shape: Shape
    size: Array
    follows: bool = False

    @property
    def jumps(self) -> bool:
        """Whether the penalty is not continuous at loc."""
        return isinstance(self.shape, Jump)

    def at(self, strength: float) -> Array:
        """The sizes at a strength, (p,)."""
        return self.shape.at(self.size, strength, self.follows)

    def in_units(self, unit: Array, y_unit: float, intercept: bool) -> Concave:
        """For weights times ``unit``, strengths times ``y_unit**2``; none for an intercept."""
        size = self.size if self.jumps else self.size * unit
        if self.follows:
            size = size / y_unit**2
        none = np.full(int(intercept), 0.0 if self.jumps else np.inf)
        return replace(self, size=np.concatenate([none, size]))
