"""The four plain beliefs: flat, normal, Laplace, and the product of the last two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr, ndtri, ndtri_exp

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, Mask, PerColumn
from priorfit.priors.base import Prior
from priorfit.priors.normal_form import NormalForm
from priorfit.priors.parameters import (
    as_array,
    by_column,
    check,
    form,
    rate,
    times,
)
from priorfit.priors.stated import Stated

__all__ = ["ElasticNet", "Flat", "Laplace", "Normal"]


class _Symmetric(Stated):
    """Density symmetric about ``loc``; subclasses say it for t = |b - loc| only."""

    loc: PerColumn

    def _widths(self) -> tuple[Array, ...]:
        raise NotImplementedError

    def _density(self, t: Array) -> Array:
        raise NotImplementedError

    def _tail(self, t: Array) -> Array:
        """``P(b - loc > t)`` for t >= 0."""
        raise NotImplementedError

    def _tail_inverse(self, q: Array) -> Array:
        """The t >= 0 with ``_tail(t) = q``, 0 < q <= 1/2."""
        raise NotImplementedError

    def _fixed(self) -> Mask:
        return np.asarray(np.any([w == 0 for w in np.broadcast_arrays(*self._widths())], axis=0))

    def _free(self) -> Mask:
        return np.asarray(
            np.all([np.isinf(w) for w in np.broadcast_arrays(*self._widths())], axis=0)
        )

    def _shape(self) -> tuple[int, ...]:
        return np.broadcast_shapes(*(w.shape for w in self._widths()), np.shape(self.loc))

    def neg_log_density(self, b: ArrayLike) -> Array:
        """``-log p(b)`` of each coefficient (see the class for the formula)."""
        t = np.abs(np.asarray(b, dtype=np.float64) - as_array("loc", self.loc))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            proper = self._density(t)
        if all(w.ndim == 0 and 0.0 < w < np.inf for w in self._widths()):
            return proper
        point = np.where(t == 0, 0.0, np.inf)
        return np.where(self._fixed(), point, np.where(self._free(), 0.0, proper))

    def cdf(self, b: ArrayLike) -> Array:
        """``P(weight <= b)``; raises `InputError` where a scale is infinite."""
        self._require_proper()
        return self._cdf(b)

    def _cdf(self, b: ArrayLike) -> Array:
        """`cdf`, without meaning where a scale is infinite."""
        t = np.asarray(b, dtype=np.float64) - as_array("loc", self.loc)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            tail = self._tail(np.abs(t))
        return np.where(
            self._fixed(), (t >= 0).astype(np.float64), np.where(t > 0, 1.0 - tail, tail)
        )

    def quantile(self, q: ArrayLike) -> Array:
        """The weight below which the share ``q`` of the belief lies."""
        self._require_proper()
        share = np.asarray(q, dtype=np.float64)
        if not np.all((share >= 0) & (share <= 1)):
            raise InputError(
                "a probability must lie in [0, 1]", repr(q), "It is a share of the belief."
            )
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            t = self._tail_inverse(np.minimum(share, 1.0 - share))
        away = np.where(self._fixed(), 0.0, np.where(share == 0.5, 0.0, t))
        return np.asarray(as_array("loc", self.loc) + np.sign(share - 0.5) * away)

    def _require_proper(self) -> None:
        if np.any(self._free()):
            raise InputError(
                "a probability needs a proper prior",
                "an infinite scale (flat)",
                "Give a finite scale.",
            )


@dataclass(frozen=True, eq=False)
class Flat(Prior):
    """``p(b) ∝ 1``: no belief. Improper, contributes 0 to the objective.

    Examples
    --------
    >>> Flat().neg_log_density([-5.0, 0.0, 1e6])
    array([0., 0., 0.])
    """

    loc: PerColumn = 0.0

    def __post_init__(self) -> None:
        check("loc", self.loc, positive=False)

    @property
    def word(self) -> str:
        return "flat"

    def neg_log_density(self, b: ArrayLike) -> Array:
        """0 for every weight."""
        return np.zeros(np.shape(b))

    def cdf(self, b: ArrayLike) -> Array:  # noqa: ARG002
        """Not defined: raises `InputError`."""
        raise InputError("a probability needs a proper prior", "Flat()", "Use a finite scale.")

    def quantile(self, q: ArrayLike) -> Array:
        """Not defined: raises `InputError`."""
        return self.cdf(q)

    def lower(self, p: int) -> NormalForm:
        """No penalty, no bounds."""
        zero = np.zeros(p)
        return form(zero, zero, by_column("loc", self.loc, p), np.zeros(p, dtype=bool))

    def tempered(self, strength: float) -> Self:  # noqa: ARG002
        """Itself."""
        return self

    def unit(self) -> Self:
        """Itself."""
        return self

    def rescaled(self, factor: ArrayLike) -> Self:
        """Flat again, with the location in the new units."""
        return replace(self, loc=times(self.loc, factor))


@dataclass(frozen=True, eq=False)
class Normal(_Symmetric):
    """``-log p(b) = (b - loc)^2 / (2 scale^2) + log(scale sqrt(2 pi))``: the L2 penalty.

    Parameters
    ----------
    scale : standard deviation, in units of the weight: a number, one per column (p,), or a
        mapping from column names. 0 fixes the weight at ``loc``; inf leaves it free.
    loc : prior mean, likewise.

    Raises
    ------
    InputError
        where a scale is negative or not a number.

    Examples
    --------
    >>> Normal(scale=2.0).neg_log_density(0.0).round(4)
    np.float64(1.6121)
    >>> Normal().prox([3.0, -1.0])
    array([ 1.5, -0.5])

    Source: Hoerl & Kennard (1970); Bishop, PRML (2006), section 1.2.5.
    """

    _powers: ClassVar[Mapping[str, int]] = {"scale": 2}

    scale: PerColumn = 1.0
    loc: PerColumn = 0.0

    def __post_init__(self) -> None:
        check("scale", self.scale, positive=True)
        check("loc", self.loc, positive=False)

    @property
    def word(self) -> str:
        return "normal"

    def _widths(self) -> tuple[Array, ...]:
        return (as_array("scale", self.scale),)

    def _density(self, t: Array) -> Array:
        (scale,) = self._widths()
        return np.asarray(0.5 * (t / scale) ** 2 + np.log(scale) + 0.5 * np.log(2 * np.pi))

    @property
    def variance(self) -> Array:
        """``scale^2``."""
        return np.square(self._widths()[0]) + np.zeros(self._shape())

    @property
    def mean_abs(self) -> Array:
        """``scale sqrt(2 / pi)``."""
        return np.asarray(self._widths()[0] * np.sqrt(2.0 / np.pi) + np.zeros(self._shape()))

    def _tail(self, t: Array) -> Array:
        return np.asarray(ndtr(-t / self._widths()[0]))

    def _tail_inverse(self, q: Array) -> Array:
        return np.asarray(-self._widths()[0] * ndtri(q))

    def lower(self, p: int) -> NormalForm:
        """``l2 = 1 / scale^2``."""
        scale = by_column("scale", self.scale, p)
        return form(np.zeros(p), rate(scale, 2), by_column("loc", self.loc, p), scale == 0)


@dataclass(frozen=True, eq=False)
class Laplace(_Symmetric):
    """``-log p(b) = |b - loc| / scale + log(2 scale)``: the L1 penalty. Variance 2 scale².

    Parameters
    ----------
    scale : mean of |b - loc|, in units of the weight: a number, one per column (p,), or a mapping
        from column names. 0 fixes the weight at ``loc``; inf leaves it free.
    loc : centre of the belief, likewise. Estimates can equal it exactly.

    Raises
    ------
    InputError
        where a scale is negative or not a number.

    Examples
    --------
    >>> Laplace(scale=0.5).neg_log_density([0.0, 1.0])
    array([0., 2.])
    >>> Laplace().prox([3.0, -0.5])
    array([2., 0.])

    Source: Tibshirani (1996), section 5.
    """

    _powers: ClassVar[Mapping[str, int]] = {"scale": 1}

    scale: PerColumn = 1.0
    loc: PerColumn = 0.0

    def __post_init__(self) -> None:
        check("scale", self.scale, positive=True)
        check("loc", self.loc, positive=False)

    @property
    def word(self) -> str:
        return "Laplace"

    def _widths(self) -> tuple[Array, ...]:
        return (as_array("scale", self.scale),)

    def _density(self, t: Array) -> Array:
        (scale,) = self._widths()
        return np.asarray(t / scale + np.log(2 * scale))

    @property
    def variance(self) -> Array:
        """``2 scale^2``."""
        return 2.0 * np.square(self._widths()[0]) + np.zeros(self._shape())

    @property
    def mean_abs(self) -> Array:
        """``scale``."""
        return self._widths()[0] + np.zeros(self._shape())

    def _tail(self, t: Array) -> Array:
        return np.asarray(0.5 * np.exp(-t / self._widths()[0]))

    def _tail_inverse(self, q: Array) -> Array:
        return np.asarray(-self._widths()[0] * np.log(2 * q))

    def lower(self, p: int) -> NormalForm:
        """``l1 = 1 / scale``."""
        scale = by_column("scale", self.scale, p)
        return form(rate(scale, 1), np.zeros(p), by_column("loc", self.loc, p), scale == 0)


@dataclass(frozen=True, eq=False)
class ElasticNet(_Symmetric):
    """``-log p(b) = |t| / l1_scale + t^2 / (2 l2_scale^2) + log Z``, t = b - loc.

    The *product* of a Laplace and a normal density, renormalised: two halves of a normal centred
    at ∓l2_scale²/l1_scale, glued at ``loc``. With x = l2_scale / l1_scale,
    ``Z = 2 sqrt(2 pi) l2_scale exp(x^2 / 2) Phi(-x)``.

    Parameters
    ----------
    l1_scale, l2_scale : scales of the two factors, in units of the weight (number, one per column,
        or by name). Either 0 fixes the weight; inf removes that factor.
    loc : centre of the belief.

    Examples
    --------
    >>> ElasticNet(l1_scale=1.0, l2_scale=1.0).prox([3.0, 0.5])
    array([1., 0.])

    Source: Zou & Hastie (2005), section 3; Li & Lin (2010), equation 2; Hans (2011).
    """

    _powers: ClassVar[Mapping[str, int]] = {"l1_scale": 1, "l2_scale": 2}

    l1_scale: PerColumn = 1.0
    l2_scale: PerColumn = 1.0
    loc: PerColumn = 0.0

    def __post_init__(self) -> None:
        check("l1_scale", self.l1_scale, positive=True)
        check("l2_scale", self.l2_scale, positive=True)
        check("loc", self.loc, positive=False)

    @property
    def word(self) -> str:
        return "elastic net"

    def _widths(self) -> tuple[Array, ...]:
        return as_array("l1_scale", self.l1_scale), as_array("l2_scale", self.l2_scale)

    def _density(self, t: Array) -> Array:
        b, tau = self._widths()
        log_z = np.log(np.sqrt(2 * np.pi) * tau * erfcx(tau / b / np.sqrt(2)))
        log_z = np.where(np.isinf(tau), np.log(2 * b), log_z)
        return np.asarray(t / b + 0.5 * (t / tau) ** 2 + log_z)

    def _tail(self, t: Array) -> Array:
        b, tau = self._widths()
        both = np.exp(-t / b - 0.5 * (t / tau) ** 2)
        ratio = erfcx((t / tau + tau / b) / np.sqrt(2)) / erfcx(tau / b / np.sqrt(2))
        return np.asarray(0.5 * both * np.where(np.isinf(tau), 1.0, ratio))

    def _tail_inverse(self, q: Array) -> Array:
        b, tau = self._widths()
        x = tau / b
        t = -tau * (ndtri_exp(np.log(2 * q) + log_ndtr(-x)) + x)
        t = np.maximum(np.where((x > 1e3) | np.isinf(tau), -b * np.log(2 * q), t), 0.0)
        for _ in range(2):  # Newton on the log tail removes what cancels above
            tail = self._tail(t)
            slope = -np.exp(-self._density(t)) / tail
            t = np.where(tail > 0, np.maximum(t - (np.log(tail) - np.log(q)) / slope, 0.0), t)
        return np.where(q == 0, np.inf, t)

    def lower(self, p: int) -> NormalForm:
        """``l1 = 1 / l1_scale``, ``l2 = 1 / l2_scale^2``."""
        b = by_column("l1_scale", self.l1_scale, p)
        tau = by_column("l2_scale", self.l2_scale, p)
        loc = by_column("loc", self.loc, p)
        return form(rate(b, 1), rate(tau, 2), loc, (b == 0) | (tau == 0))
