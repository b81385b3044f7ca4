"""Beliefs as people say them: a quantile, an interval, a variance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike
from priorfit.priors.base import Prior

__all__ = ["Stated"]


class Stated(Prior):
    """A family that is symmetric about ``loc`` and has one width: all else is its shape."""

    @classmethod
    def from_quantile(
        cls, q: float, value: ArrayLike, *, loc: ArrayLike = 0.0, **shape: Any
    ) -> Self:
        """The belief with ``P(b <= value) = q``: ``quantile(q)`` is ``value``.

        Parameters
        ----------
        q : a share of the belief, not 1/2, which only says where the centre is.
        value : the weight below which it lies; a number, or one per column (p,).
        loc : centre of the belief, likewise.
        shape : what else the family has: relative scales of an elastic net, groups.

        Raises
        ------
        InputError
            where no width does it: q outside (0, 1), or value on the wrong side of loc.

        Examples
        --------
        >>> import priorfit as pf
        >>> prior = pf.Laplace.from_quantile(0.9, 0.5)
        >>> round(prior.scale, 4), float(prior.quantile(0.9).round(12))
        (0.3107, 0.5)
        """
        if not 0 < q < 1 or q == 0.5:
            raise InputError(
                "`q` must lie in (0, 1) and not be 1/2", repr(q), "Say for example 0.9 or 0.05."
            )
        unit = cls(**shape)
        reach = unit.quantile(np.full(unit._shape(), q))
        width = (np.asarray(value, dtype=np.float64) - np.asarray(loc)) / reach
        return unit._stretched(width, loc, "`value` must lie on the side of `loc` that `q` says")

    @classmethod
    def from_interval(
        cls, low: ArrayLike, high: ArrayLike, mass: float = 0.95, **shape: Any
    ) -> Self:
        """The belief that holds ``mass`` in [low, high], as much below as above; loc is the middle.

        Raises `InputError` where ``low >= high`` or ``mass`` is outside (0, 1).

        Examples
        --------
        >>> import priorfit as pf
        >>> prior = pf.Normal.from_interval(-1, 1, 0.95)
        >>> round(prior.scale, 4)
        0.5102
        """
        if not 0 < mass < 1:
            raise InputError("`mass` must lie in (0, 1)", repr(mass), "0.95 means 95 %.")
        low, high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        if not np.all(low < high):
            raise InputError("`low` must be < `high`", f"{low}, {high}", "Swap or widen them.")
        return cls.from_quantile(0.5 + mass / 2, high, loc=0.5 * (low + high), **shape)

    @classmethod
    def from_variance(cls, variance: ArrayLike, *, loc: ArrayLike = 0.0, **shape: Any) -> Self:
        """The belief with this variance of each weight (not the square of the scale).

        Raises `InputError` where it is not positive.

        Examples
        --------
        >>> import priorfit as pf
        >>> pf.Laplace.from_variance(2.0), pf.Normal.from_variance(2.25)
        (Laplace(scale=1.0, loc=0.0), Normal(scale=1.5, loc=0.0))
        """
        unit = cls(**shape)
        given = np.asarray(variance, dtype=np.float64)
        if not np.all((given > 0) & np.isfinite(given)):
            raise InputError("`variance` must be > 0", repr(variance), "It is a squared width.")
        return unit._stretched(np.sqrt(given / unit.variance), loc, "`variance` must be > 0")

    def _stretched(self, width: Array, loc: ArrayLike, must: str) -> Self:
        if not np.all((width > 0) & np.isfinite(width)):
            raise InputError(must, f"a width of {np.min(width):g}", "Correct the numbers.")
        place = np.asarray(loc, dtype=np.float64)
        stretched = self.rescaled(width if np.ndim(width) else float(width))
        return replace(stretched, loc=place if place.ndim else float(place))  # type: ignore[type-var]
