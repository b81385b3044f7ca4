"""A weight is either exactly at loc or it is not: the spike and the slab."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.special import expit, ndtr, ndtri

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, PerColumn, Seed
from priorfit.priors.base import Prior
from priorfit.priors.concave import Concave, Jump
from priorfit.priors.normal_form import NormalForm
from priorfit.priors.parameters import (
    as_array,
    by_column,
    check,
    form,
    is_scalar,
    rate,
    times,
    weakened,
)

__all__ = ["SpikeSlab"]


@dataclass(frozen=True, eq=False)
class SpikeSlab(Prior):
    """``-log p = penalty [b != loc] + (b - loc)^2 / (2 scale^2)``: every weight that is not at loc
    costs ``penalty``, whatever its size. Best subset selection (L0) where scale is infinite.

    With probability ``1 - inclusion`` a weight is exactly loc, else it is normal with standard
    deviation ``scale``; the mode over supports and weights together then has
    ``penalty = log((1 - inclusion) / inclusion) + log(scale sqrt(2 pi))`` (`from_inclusion`). A
    flat slab (scale infinite) has no such probability: penalty is then the price itself, as 1 is
    for AIC, log(n) / 2 for BIC and log(p) for the risk inflation criterion.

    Parameters
    ----------
    penalty : price of one weight, >= 0, in nats; one number, or one per column (p,).
    scale : standard deviation of the slab, in units of the weight; 0 fixes at loc.
    loc : where the spike is.

    Raises
    ------
    InputError
        where a penalty or scale is negative or not a number.

    The price does not depend on the unit of the weight: `rescaled` leaves it alone. A path
    multiplies the whole by lambda, with penalty 1.

    Examples
    --------
    >>> SpikeSlab(penalty=0.5).prox([0.9, 1.1])
    array([0. , 1.1])
    >>> SpikeSlab.from_inclusion(0.5, scale=2.0).penalty.round(4)
    np.float64(1.6121)

    Source: Mitchell & Beauchamp (1988); George & Foster (2000), section 2.
    """

    penalty: PerColumn = 1.0
    scale: PerColumn = np.inf
    loc: PerColumn = 0.0
    cuttable = False

    def __post_init__(self) -> None:
        check("penalty", self.penalty, positive=True)
        check("scale", self.scale, positive=True)
        check("loc", self.loc, positive=False)

    @classmethod
    def from_inclusion(
        cls, inclusion: ArrayLike, scale: PerColumn, loc: PerColumn = 0.0
    ) -> SpikeSlab:
        """The belief that a weight is in with probability ``inclusion``, then normal(loc, scale).

        Raises `InputError` where inclusion is outside (0, 1), the scale is infinite, or being in
        costs less than nothing (the slab is so narrow that it is denser than the spike is likely).
        """
        share, width = np.asarray(inclusion, dtype=np.float64), as_array("scale", scale)
        if not np.all((share > 0) & (share < 1)):
            raise InputError("`inclusion` must lie in (0, 1)", repr(inclusion), "Say 0.1.")
        if not np.all((width > 0) & np.isfinite(width)):
            raise InputError(
                "`scale` must be finite for an inclusion to mean something",
                repr(scale),
                "Give a flat slab a penalty instead: SpikeSlab(penalty=2.0).",
            )
        penalty = np.log1p(-share) - np.log(share) + np.log(width * np.sqrt(2.0 * np.pi))
        if not np.all(penalty >= 0):
            raise InputError(
                "a weight that is in must cost something: "
                "log((1 - inclusion) / inclusion) + log(scale sqrt(2 pi)) >= 0",
                f"{float(np.min(penalty)):.3g}",
                "Lower the inclusion or widen the slab.",
            )
        return cls(penalty, scale, loc)

    @property
    def word(self) -> str:
        return "spike and slab" if np.all(np.isfinite(self._widths()[0])) else "best subset"

    @property
    def inclusion(self) -> Array:
        """``P(b != loc)`` where the slab is normal; raises `InputError` where it is flat."""
        width = self._require_slab()
        cost = as_array("penalty", self.penalty) - np.log(width * np.sqrt(2.0 * np.pi))
        return np.asarray(expit(-cost))

    def _widths(self) -> tuple[Array, ...]:
        return (as_array("scale", self.scale),)

    def _require_slab(self) -> Array:
        (width,) = self._widths()
        if not np.all((width > 0) & np.isfinite(width)):
            raise InputError(
                "a probability needs a proper prior",
                "a flat slab (scale infinite)",
                "Give the slab a finite scale.",
            )
        return width

    def _shape(self) -> tuple[int, ...]:
        parts = (self.penalty, self.scale, self.loc)
        return np.broadcast_shapes(*(np.shape(v) for v in parts))

    def neg_log_density(self, b: ArrayLike) -> Array:
        """``-log`` of the probability of the spike at loc, of the slab's density elsewhere."""
        t = np.asarray(b, dtype=np.float64) - as_array("loc", self.loc)
        (width,), price = self._widths(), as_array("penalty", self.penalty)
        with np.errstate(divide="ignore", invalid="ignore"):
            squared = 0.5 * np.square(t / width)
        cost = np.where(width == 0, np.inf, price + squared)
        proper = (width > 0) & np.isfinite(width)
        odds = price - np.log(np.where(proper, width, 1.0) * np.sqrt(2.0 * np.pi))
        base = np.where(proper, np.logaddexp(0.0, -odds), 0.0)  # -log(1 - inclusion)
        return np.asarray(np.where(t == 0, 0.0, cost) + base)

    def cdf(self, b: ArrayLike) -> Array:
        """``P(weight <= b)``, with a step of ``1 - inclusion`` at loc."""
        width, share = self._require_slab(), self.inclusion
        t = np.asarray(b, dtype=np.float64) - as_array("loc", self.loc)
        return np.asarray(share * ndtr(t / width) + (1.0 - share) * (t >= 0))

    def quantile(self, q: ArrayLike) -> Array:
        """The smallest weight b with ``cdf(b) >= q``; loc for all q on the step."""
        width, share = self._require_slab(), self.inclusion
        given = np.asarray(q, dtype=np.float64)
        if not np.all((given >= 0) & (given <= 1)):
            raise InputError(
                "a probability must lie in [0, 1]", repr(q), "It is a share of the belief."
            )
        below, above = given / share, (given - (1.0 - share)) / share
        at = np.where(below < 0.5, below, np.where(above > 0.5, above, 0.5))
        return np.asarray(as_array("loc", self.loc) + width * ndtri(np.clip(at, 0.0, 1.0)))

    def sample(self, size: int | tuple[int, ...] | None = None, seed: Seed = None) -> Array:
        """Independent draws, most of them exactly loc where inclusion is small."""
        rng = np.random.default_rng(seed)
        shape = self._shape() if size is None else size
        slab = self._require_slab() * rng.normal(size=shape)
        return np.asarray(
            as_array("loc", self.loc)
            + np.where(rng.uniform(size=shape) < self.inclusion, slab, 0.0)
        )

    @property
    def variance(self) -> Array:
        """``inclusion scale^2``."""
        return np.asarray(
            self.inclusion * np.square(self._require_slab()) + np.zeros(self._shape())
        )

    @property
    def mean_abs(self) -> Array:
        """``inclusion scale sqrt(2 / pi)``."""
        reach = self._require_slab() * np.sqrt(2.0 / np.pi)
        return np.asarray(self.inclusion * reach + np.zeros(self._shape()))

    @property
    def peak(self) -> Array:
        """Raises `InputError`: there is a probability at loc, not a density."""
        raise InputError(
            "a peak needs a density", "a spike, which has a probability", "Use `inclusion`."
        )

    def lower(self, p: int) -> NormalForm:
        """``l2 = 1 / scale^2`` and a jump of ``penalty``."""
        scale, loc = by_column("scale", self.scale, p), by_column("loc", self.loc, p)
        base = form(np.zeros(p), rate(scale, 2), loc, scale == 0)
        return replace(base, concave=Concave(Jump(), by_column("penalty", self.penalty, p)))

    def tempered(self, strength: float) -> Self:
        """``penalty`` times ``strength``, ``scale`` over its square root."""
        scale = times(self.scale, weakened(strength, 0.5))
        return replace(self, penalty=times(self.penalty, strength), scale=scale)

    def unit(self) -> Self:
        """The power with penalty 1, where that is one positive number."""
        if not is_scalar(self.penalty) or not self.penalty > 0:
            return self
        return replace(self.tempered(1.0 / float(self.penalty)), penalty=1.0)

    def rescaled(self, factor: ArrayLike) -> Self:
        """``scale`` and ``loc`` times ``factor``; the price of a weight stays."""
        return replace(self, scale=times(self.scale, factor), loc=times(self.loc, factor))
