"""One number at a time, from any density, without a step size to get wrong."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, log
from typing import NamedTuple

import numpy as np

from priorfit._core import draw_log_scale as _native_draw_log_scale
from priorfit._core import draw_log_scale_of_locals as _native_draw_log_scale_of_locals
from priorfit._typing import Array
from priorfit.posterior.samplers.positive import Positive, power
from priorfit.priors import log_slab_mass

__all__ = [
    "NO_SLAB",
    "OfScale",
    "SlabMass",
    "draw_log_scale",
    "draw_log_scale_of_locals",
    "slice_draw",
]

_OUT = 40  # steps outward at most, each twice as long as the one before


class OfScale(NamedTuple):
    """``p(what is known | x) ~ x^-order exp(-linear / x - square / x^2)`` of a scale x > 0."""

    order: float
    linear: float
    square: float


class SlabMass(NamedTuple):
    """The different scale / slab of weights with a slab, and how many have each: (k,), (k,)."""

    shares: Array
    counts: Array

    def log(self, log_x: float) -> float:
        """The log of the mass of all weights where their scales are multiplied by x."""
        x = power(log_x)
        each = zip(self.shares.tolist(), self.counts.tolist(), strict=True)
        return float(sum(count * log_slab_mass(x * share) for share, count in each))


NO_SLAB = SlabMass(np.zeros(0), np.zeros(0))


def draw_log_scale_of_locals(
    precision: Array,
    belief: Positive,
    log_x: float,
    rng: np.random.Generator,
    width: float,
    mass: SlabMass,
) -> float:
    """One step of `slice_draw` for the log of x, with x times every local scale held.

    The local scales are half-Cauchy, ``precision`` their -2nd powers at the present x.
    """
    code = belief.code
    if code is not None:
        seed = int(rng.bit_generator.random_raw())
        shape = (code, belief.a, belief.b, *mass)
        return _native_draw_log_scale_of_locals(precision, *shape, log_x, width, seed)

    def log_density(t: float) -> float:
        eta = precision * power(2.0 * (t - log_x))
        value = len(eta) * t - float(np.log1p(eta).sum())
        return value + t + belief.log(power(t)) - mass.log(t)

    return slice_draw(log_density, log_x, rng, width)


def draw_log_scale(
    given: OfScale,
    belief: Positive,
    log_x: float,
    rng: np.random.Generator,
    width: float,
    mass: SlabMass = NO_SLAB,
) -> float:
    """One step of `slice_draw` for the log of a scale that is ``given`` and believed in, and that
    divides the density of weights by their ``mass``.

    Native for the beliefs that are a formula; its numbers come from one seed that rng draws.
    """
    order, linear, square = given
    code = belief.code
    if code is not None:
        seed = int(rng.bit_generator.random_raw())
        shape = (code, belief.a, belief.b, *mass)
        return _native_draw_log_scale(order, linear, square, *shape, log_x, width, seed)

    def log_density(t: float) -> float:
        lost = linear * power(-t) + square * power(-2.0 * t)
        return (1.0 - order) * t - lost + belief.log(power(t)) - mass.log(t)

    return slice_draw(log_density, log_x, rng, width)


def slice_draw(
    log_density: Callable[[float], float], x: float, rng: np.random.Generator, width: float = 1.0
) -> float:
    """One step of a Markov chain that leaves ``exp(log_density)`` as it is.

    Draw a level below the density at x, then a point from the slice above it: an interval around
    x is doubled until both ends lie outside (Neal's doubling), and is shrunk towards x by points
    that do not lie in the slice or from which x's interval could not have been reached.

    Source: Neal (2003), Annals of Statistics 31, sections 4.1 to 4.2 (figures 4, 5 and 6).

    Examples
    --------
    >>> rng, x = np.random.default_rng(0), 0.0
    >>> draws = []
    >>> for _ in range(4000):
    ...     x = slice_draw(lambda t: -0.5 * t * t, x, rng)
    ...     draws.append(x)
    >>> bool(abs(np.std(draws) - 1.0) < 0.05)
    True
    """
    level = log_density(x) + log(rng.random() or 1e-300)
    low = x - width * rng.random()
    high = low + width
    at_low, at_high = log_density(low), log_density(high)
    for _ in range(_OUT):
        if not (level < at_low or level < at_high):
            break
        if rng.random() < 0.5:
            low -= high - low
            at_low = log_density(low)
        else:
            high += high - low
            at_high = log_density(high)
    left, right = low, high
    while True:
        new = left + rng.random() * (right - left)
        if level < log_density(new) and _reachable(log_density, x, new, level, width, low, high):
            return new
        if new < x:
            left = new
        elif new > x:
            right = new
        else:
            return x


def _reachable(
    log_density: Callable[[float], float],
    x: float,
    new: float,
    level: float,
    width: float,
    low: float,
    high: float,
) -> bool:
    """Whether doubling from ``new`` could have made the same interval."""
    parted = False
    while high - low > 1.1 * width:
        middle = 0.5 * (low + high)
        parted = parted or (x < middle) != (new < middle)
        if new < middle:
            high = middle
        else:
            low = middle
        if parted and level >= max(_at(log_density, low), _at(log_density, high)):
            return False
    return True


def _at(log_density: Callable[[float], float], x: float) -> float:
    value = log_density(x)
    return value if value == value else -inf
