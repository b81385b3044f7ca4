"""Beliefs as people say them: a quantile, an interval, a variance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, PerColumn
from priorfit.priors.base import Prior
from priorfit.priors.parameters import as_array, is_scalar, rate, times, weakened

__all__ = ["Stated"]


class Stated(Prior):
    """A family that is symmetric about ``loc`` and has one width: all else is its shape.

    ``_powers`` names its scales; each enters -log p as the rate ``1 / scale**power``.
    """

    _powers: ClassVar[Mapping[str, int]]
    loc: PerColumn

    def tempered(self, strength: float) -> Self:
        """Every rate times ``strength``: ``scale / strength**(1 / power)``."""
        return self._with(
            {k: times(v, weakened(strength, 1.0 / self._powers[k])) for k, v in self._named.items()}
        )

    def unit(self) -> Self:
        """Rates that add up to 1, in the ratio they have, where all scales are one number."""
        if not is_scalar(*self._named.values()):
            return self
        if len(self._powers) == 1:
            own = next(iter(self._named.values()))
            return self if own == 1.0 else self._with(dict.fromkeys(self._powers, 1.0))
        total = sum(float(rate(as_array(k, v), self._powers[k])) for k, v in self._named.items())
        return self.tempered(1.0 / total) if total > 0 else self

    def rescaled(self, factor: ArrayLike) -> Self:
        """Every scale, and ``loc``, times ``factor``."""
        changed = {k: times(v, factor) for k, v in (self._named | {"loc": self.loc}).items()}
        return self._with(changed)

    @property
    def _named(self) -> dict[str, PerColumn]:
        return {k: getattr(self, k) for k in self._powers}

    def _with(self, changed: Mapping[str, Any]) -> Self:
        return replace(self, **changed)  # type: ignore[type-var]

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
        return stretched._with({"loc": place if place.ndim else float(place)})
