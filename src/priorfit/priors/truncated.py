"""A belief cut to a box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, PerColumn
from priorfit.priors.base import Prior
from priorfit.priors.normal_form import NormalForm
from priorfit.priors.parameters import as_array, by_column, times
from priorfit.priors.separable import Flat

__all__ = ["Truncated"]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Truncated(Prior):
    """``p(b) = base(b) / (F(upper) - F(lower))`` on [lower, upper], 0 outside; F is the base's cdf.

    Signs (``lower=0``), boxes, half-normal and exponential beliefs. A `Flat` base is uniform on a
    finite box and improper on a half line.

    Parameters
    ----------
    prior : the belief to cut.
    lower, upper : bounds (number, one per column, or by name), ``lower <= upper``; kept as
        ``lower_bound`` and ``upper_bound``, because `lower` is what every prior does.

    Raises
    ------
    InputError
        where a bound is not a number or ``lower > upper``.

    Examples
    --------
    >>> import priorfit as pf
    >>> positive = pf.Truncated(pf.Laplace(scale=2.0), lower=0)  # exponential with mean 2
    >>> positive.prox([3.0, -1.0], step=2.0)
    array([2., 0.])
    """

    prior: Prior
    lower_bound: PerColumn
    upper_bound: PerColumn

    def __init__(self, prior: Prior, lower: PerColumn = -np.inf, upper: PerColumn = np.inf) -> None:
        if not isinstance(prior, Prior) or isinstance(prior, Truncated):
            raise InputError(
                "`prior` must be a prior that is not itself truncated",
                repr(prior),
                "Write Truncated(Laplace(0.1), lower=0).",
            )
        if not prior.separable:
            raise InputError(
                "`prior` must treat columns one by one to be truncated",
                prior.word,
                "Bounds inside a group have no exact prox; leave them out.",
            )
        if not prior.cuttable:
            raise InputError(
                "`prior` must be a density to be truncated",
                prior.word,
                "Use LogLaplace, whose tail is as heavy and which may be truncated.",
            )
        object.__setattr__(self, "prior", prior)
        object.__setattr__(self, "lower_bound", lower)
        object.__setattr__(self, "upper_bound", upper)
        if not any(isinstance(v, Mapping) for v in (lower, upper)):
            low, high = np.broadcast_arrays(*self._bounds())
            if not np.all(low <= high):
                bad = int(np.flatnonzero(~(low <= high))[0])
                raise InputError(
                    "`lower` must be <= `upper`",
                    f"lower={low.flat[bad]}, upper={high.flat[bad]}",
                    "Swap or widen them.",
                )

    @property
    def word(self) -> str:
        return f"truncated {self.prior.word}"

    def arguments(self) -> dict[str, Any]:
        """See `Prior.arguments`."""
        return {"prior": self.prior, "lower": self.lower_bound, "upper": self.upper_bound}

    def __repr__(self) -> str:
        bounds = (("lower", self.lower_bound, -np.inf), ("upper", self.upper_bound, np.inf))
        said = [f"{k}={v!r}" for k, v, none in bounds if np.ndim(v) or v != none]
        return f"Truncated({', '.join([repr(self.prior), *said])})"

    def neg_log_density(self, b: ArrayLike) -> Array:
        """The base's, plus the log of the mass inside the box; infinite outside."""
        b = np.asarray(b, dtype=np.float64)
        low, high = self._bounds()
        inside = (low <= b) & (b <= high)
        return np.where(inside, self.prior.neg_log_density(b) + self._log_mass(), np.inf)

    def cdf(self, b: ArrayLike) -> Array:
        """``(F(b) - F(lower)) / (F(upper) - F(lower))`` clipped to [0, 1]."""
        low, high = self._bounds()
        clipped = np.clip(np.asarray(b, dtype=np.float64), low, high)
        return np.asarray(self._mass(low, clipped) / self._proper_mass())

    def quantile(self, q: ArrayLike) -> Array:
        """``F^{-1}(F(lower) + q (F(upper) - F(lower)))``."""
        share = np.asarray(q, dtype=np.float64)
        low, high = self._bounds()
        mass = self._proper_mass()
        if isinstance(self.prior, Flat):
            return np.asarray(low + share * mass)
        # from the nearer end, mirrored about loc where the box lies in the upper tail
        loc = as_array("loc", self.prior.loc)  # type: ignore[attr-defined]
        mirrored = low > loc
        start = self.prior.cdf(np.where(mirrored, 2 * loc - high, low))
        position = start + np.where(mirrored, 1.0 - share, share) * mass
        found = self.prior.quantile(np.clip(position, 0.0, 1.0))
        return np.clip(np.where(mirrored, 2 * loc - found, found), low, high)

    def lower(self, p: int) -> NormalForm:
        """The base's form with its box narrowed to [lower, upper].

        Raises `InputError` where a fixed weight lies outside the box.
        """
        base = self.prior.lower(p)
        low = np.maximum(base.lower, by_column("lower", self.lower_bound, p))
        high = np.minimum(base.upper, by_column("upper", self.upper_bound, p))
        if np.any(low > high):
            j = int(np.flatnonzero(low > high)[0])
            raise InputError(
                "a weight fixed at loc (scale 0) must lie inside its bounds",
                f"loc={base.loc[j]} for column {j}",
                "Move loc or the bounds.",
            )
        return replace(base, lower=low, upper=high)

    def tempered(self, strength: float) -> Self:
        """The base tempered, the same box."""
        return self._with(self.prior.tempered(strength), self.lower_bound, self.upper_bound)

    def unit(self) -> Self:
        """The base at rate 1, the same box."""
        return self._with(self.prior.unit(), self.lower_bound, self.upper_bound)

    def rescaled(self, factor: ArrayLike) -> Self:
        """Base and box in the new units; ``factor`` must be positive."""
        return self._with(
            self.prior.rescaled(factor),
            times(self.lower_bound, factor),
            times(self.upper_bound, factor),
        )

    def widened(self, factor: ArrayLike) -> Self:
        """See `Prior.widened`."""
        return self._with(self.prior.widened(factor), self.lower_bound, self.upper_bound)

    def for_columns(self, names: Sequence[str]) -> Self:
        """See `Prior.for_columns`."""
        bounds = super().for_columns(names)
        return self._with(self.prior.for_columns(names), bounds.lower_bound, bounds.upper_bound)

    def _with(self, prior: Prior, lower: PerColumn, upper: PerColumn) -> Self:
        return type(self)(prior, lower, upper)

    def _bounds(self) -> tuple[Array, Array]:
        return as_array("lower", self.lower_bound), as_array("upper", self.upper_bound)

    def _shape(self) -> tuple[int, ...]:
        low, high = self._bounds()
        return np.broadcast_shapes(self.prior._shape(), low.shape, high.shape)

    def _mass(self, low: Array, high: Array) -> Array:
        """Mass of the base on [low, high], without cancellation in the upper tail."""
        if isinstance(self.prior, Flat):
            return np.asarray(high - low)
        base: Any = self.prior
        loc = as_array("loc", base.loc)
        direct = base._cdf(high) - base._cdf(low)
        mirrored = base._cdf(2 * loc - low) - base._cdf(2 * loc - high)
        return np.asarray(np.where(low > loc, mirrored, direct))

    def _proper_mass(self) -> Array:
        mass = self._mass(*self._bounds())
        if not np.all(np.isfinite(mass) & (mass > 0)):
            raise InputError(
                "a probability needs a proper prior",
                f"mass {np.min(mass)} inside the box",
                "Give finite bounds that the belief can reach.",
            )
        return mass

    def _log_mass(self) -> Array:
        """log of the mass inside the box: of its width where the base is flat.

        0 where that width is infinite (an improper prior has no mass) and where there is one value
        only (a scale of 0, or equal bounds).
        """
        low, high = self._bounds()
        width = np.asarray(high - low)
        free = np.where(np.isfinite(width), width, 1.0)
        if isinstance(self.prior, Flat):
            mass, point = free, width == 0
        else:
            base: Any = self.prior
            with np.errstate(invalid="ignore"):
                mass = np.where(base._free(), free, self._mass(low, high))
            point = base._fixed() | (width == 0)
        mass = np.where(point, 1.0, mass)
        if not np.all(mass > 0):
            raise InputError(
                "the bounds must hold some of the belief",
                f"a mass of {np.min(mass)} inside the box",
                "Move the bounds or loc, or widen the scale.",
            )
        return np.log(mass)
