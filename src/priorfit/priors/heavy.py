"""Beliefs with heavy tails: small weights are shrunk as ever, large ones are left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from scipy.special import gammaln, stdtr, stdtrit

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, PerColumn
from priorfit.priors.concave import Concave, LogShape, StudentShape
from priorfit.priors.normal_form import NormalForm
from priorfit.priors.parameters import as_array, by_column, check, form, rate, times
from priorfit.priors.separable import _Symmetric

__all__ = ["Cauchy", "LogLaplace", "StudentPrior"]


class _Heavy(_Symmetric):
    """A power tail: ``p(b) ~ |b|^-(df + 1)``."""

    _powers: ClassVar[Mapping[str, int]] = {"scale": 1}

    df: PerColumn
    scale: PerColumn

    def __post_init__(self) -> None:
        check("scale", self.scale, positive=True)
        check("loc", self.loc, positive=False)
        check("df", self.df, positive=False)

    def _widths(self) -> tuple[Array, ...]:
        return (as_array("scale", self.scale),)

    def _shape(self) -> tuple[int, ...]:
        return np.broadcast_shapes(super()._shape(), np.shape(self.df))

    @property
    def _df(self) -> Array:
        return as_array("df", self.df)

    def rescaled(self, factor: ArrayLike) -> Self:
        """``scale`` and ``loc`` times ``factor``, the same df."""
        return self._with({"scale": times(self.scale, factor), "loc": times(self.loc, factor)})

    def _moment(self, order: float, value: Array) -> Array:
        """``value`` where the moment of this order exists, else infinite."""
        return np.where(self._df > order, value, np.inf) + np.zeros(self._shape())


@dataclass(frozen=True, eq=False)
class StudentPrior(_Heavy):
    """``-log p(b) = (df + 1)/2 log(1 + t^2 / (df scale^2)) + const``, t = b - loc.

    A normal belief in the middle (of variance ``scale^2 df / (df + 1)``) with a tail that falls as
    ``|t|^-(df + 1)``: no weight becomes exactly zero, and a large one is hardly shrunk. Not
    log-concave: estimates are local optima and say so.

    Parameters
    ----------
    df : degrees of freedom, > 0; 1 is the Cauchy, large is the normal. One number or per column.
    scale : width of the middle, in units of the weight: number, per column (p,) or by name. 0
        fixes the weight at ``loc``; inf leaves it free.
    loc : centre of the belief, likewise.

    Raises
    ------
    InputError
        where df is not positive or a scale is negative.

    A path multiplies ``-log p`` by lambda and keeps the width ``scale sqrt(df)`` at which the tail
    begins; a weak point whose power is no density any more says so when its prior is asked for.

    Examples
    --------
    >>> StudentPrior(df=1.0, scale=1.0).prox([0.5, 10.0]).round(3)
    array([0.17 , 9.798])

    Source: Gelman, Jakulin, Pittau & Su (2008), for logistic regression; West (1984).
    """

    df: PerColumn = 3.0
    scale: PerColumn = 1.0
    loc: PerColumn = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.df, Mapping) and not np.all(np.asarray(self.df) > 0):
            raise InputError(
                "`df` of a Student-t belief must be > 0",
                f"{np.min(np.asarray(self.df, dtype=np.float64)):g}",
                "Without it no density integrates: stay at a stronger prior.",
            )

    @property
    def word(self) -> str:
        return "Cauchy" if np.all(self._df == 1.0) else "Student t"

    def _density(self, t: Array) -> Array:
        (scale,), df = self._widths(), self._df
        half = 0.5 * (df + 1.0)
        norm = gammaln(0.5 * df) - gammaln(half) + 0.5 * np.log(np.pi * df) + np.log(scale)
        return np.asarray(half * np.log1p(np.square(t / scale) / df) + norm)

    def _tail(self, t: Array) -> Array:
        return np.asarray(stdtr(self._df, -t / self._widths()[0]))

    def _tail_inverse(self, q: Array) -> Array:
        t = np.asarray(-self._widths()[0] * stdtrit(self._df, q))
        for _ in range(2):  # near the centre the inverse above has few digits
            step = (self._tail(t) - q) * np.exp(self._density(t))
            t = np.where(q > 0.1, np.maximum(t + step, 0.0), t)
        return t

    @property
    def variance(self) -> Array:
        """``scale^2 df / (df - 2)``, infinite for df <= 2."""
        df = self._df
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._moment(2.0, np.square(self._widths()[0]) * df / (df - 2.0))

    @property
    def mean_abs(self) -> Array:
        """``2 scale sqrt(df / pi) G((df + 1)/2) / (G(df/2) (df - 1))``, infinite for df <= 1."""
        df = self._df
        ratio = np.exp(gammaln(0.5 * (df + 1.0)) - gammaln(0.5 * df))
        with np.errstate(divide="ignore", invalid="ignore"):
            value = 2.0 * self._widths()[0] * np.sqrt(df / np.pi) * ratio / (df - 1.0)
        return self._moment(1.0, value)

    def tempered(self, strength: float) -> Self:
        """``df + 1`` times ``strength`` at the same ``scale sqrt(df)``; `InputError` where df <= 0
        results, because no density is proportional to that power."""
        df = strength * (self._df + 1.0) - 1.0
        if not np.all(df > 0):
            raise InputError(
                "the power of a Student-t belief must still be a density: strength * (df + 1) > 1",
                f"{np.min(df) + 1.0:.3g}",
                "Use a stronger penalty, a larger df, or LogLaplace.",
            )
        width = np.sqrt(self._df / df)
        return replace(self, df=_number(df), scale=times(self.scale, width))

    def unit(self) -> Self:
        """As it is: lambda multiplies ``-log p`` as stated."""
        return self

    def lower(self, p: int) -> NormalForm:
        """``l2 = (df + 1) / (df scale^2)`` at 0, level beyond ``scale sqrt(df)``."""
        scale, df = by_column("scale", self.scale, p), by_column("df", self.df, p)
        l2 = rate(scale, 2) * (df + 1.0) / df
        base = form(np.zeros(p), l2, by_column("loc", self.loc, p), scale == 0)
        size = np.where(scale > 0, scale * np.sqrt(df), np.inf)
        return replace(base, concave=Concave(StudentShape(), size))


def Cauchy(scale: PerColumn = 1.0, loc: PerColumn = 0.0) -> StudentPrior:
    """``p(b) = 1 / (pi scale (1 + t^2 / scale^2))``: `StudentPrior` of one degree of freedom.

    Examples
    --------
    >>> Cauchy(2.5)
    StudentPrior(df=1.0, scale=2.5, loc=0.0)
    """
    return StudentPrior(1.0, scale, loc)


@dataclass(frozen=True, eq=False)
class LogLaplace(_Heavy):
    """``-log p(b) = (df + 1) log(1 + |t| / w) + log(2 w / df)``, w = (df + 1) scale, t = b - loc.

    The generalized double Pareto: at 0 the corner of a Laplace belief of the same scale, hence
    exact zeros, and a tail that falls as ``|t|^-(df + 1)``. Not log-concave: estimates are local
    optima and say so.

    Parameters
    ----------
    scale : that of the Laplace belief it looks like near 0 (1 over the slope of -log p there), in
        units of the weight: number, per column (p,) or by name. 0 fixes, inf leaves free.
    df : weight of the tail, one number or per column: infinitely large is the Laplace. In Armagan,
        Dunson & Lee's letters alpha = df and xi = scale (df + 1) / df. For -1 < df <= 0 the density
        does not integrate; such beliefs are the weak end of a path.
    loc : centre of the belief. Estimates can equal it exactly.

    Raises
    ------
    InputError
        where df is not above -1 or a scale is negative.

    A path multiplies ``-log p`` by lambda and keeps the width w at which the tail begins, which is
    the log-sum penalty of Candes, Wakin & Boyd (2008).

    Examples
    --------
    >>> LogLaplace(scale=1.0, df=1.0).prox([0.9, 3.0, 30.0]).round(3)
    array([ 0.   ,  2.562, 29.937])
    >>> LogLaplace(scale=1.0, df=3.0).variance.round(6)
    np.float64(16.0)

    Source: Armagan, Dunson & Lee (2013), Statistica Sinica 23, equation 1.
    """

    scale: PerColumn = 1.0
    df: PerColumn = 1.0
    loc: PerColumn = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.df, Mapping) and not np.all(np.asarray(self.df) > -1):
            raise InputError(
                "`df` of a log-Laplace belief must be > -1",
                f"{np.min(np.asarray(self.df, dtype=np.float64)):g}",
                "Above 0 the density integrates; large is the Laplace.",
            )

    @property
    def word(self) -> str:
        return "log-Laplace"

    @property
    def width(self) -> Array:
        """``w = (df + 1) scale``, where the tail begins."""
        return np.asarray((self._df + 1.0) * self._widths()[0])

    def _require_proper(self) -> None:
        super()._require_proper()
        if np.any(self._df <= 0):
            raise InputError(
                "a probability needs a proper prior",
                f"df={np.min(self._df):.3g}, whose density does not integrate",
                "Use df > 0.",
            )

    def _density(self, t: Array) -> Array:
        df, w = self._df, self.width
        norm = np.where(df > 0, np.log(2.0 * w / np.where(df > 0, df, 1.0)), 0.0)
        return np.asarray((df + 1.0) * np.log1p(t / w) + norm)

    def _tail(self, t: Array) -> Array:
        return np.asarray(0.5 * np.exp(-self._df * np.log1p(t / self.width)))

    def _tail_inverse(self, q: Array) -> Array:
        return np.asarray(self.width * np.expm1(-np.log(2.0 * q) / self._df))

    @property
    def variance(self) -> Array:
        """``2 w^2 / ((df - 1)(df - 2))``, infinite for df <= 2."""
        df = self._df
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._moment(2.0, 2.0 * np.square(self.width) / ((df - 1.0) * (df - 2.0)))

    @property
    def mean_abs(self) -> Array:
        """``w / (df - 1)``, infinite for df <= 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._moment(1.0, self.width / (self._df - 1.0))

    def tempered(self, strength: float) -> Self:
        """``df + 1`` times ``strength``, scale over it: the same width."""
        if strength == 0:
            return replace(self, scale=np.inf)
        scale = times(self.scale, 1.0 / strength)
        return replace(self, scale=scale, df=_number(strength * (self._df + 1.0) - 1.0))

    def unit(self) -> Self:
        """Scale 1 at the same width, where both are one number."""
        single = self._widths()[0].ndim == 0 and self._df.ndim == 0
        scale = float(self._widths()[0]) if single else 0.0
        return self.tempered(scale) if 0.0 < scale < np.inf else self

    def lower(self, p: int) -> NormalForm:
        """``l1 = 1 / scale`` at 0, falling as ``1 / (1 + |t| / w)``."""
        scale, df = by_column("scale", self.scale, p), by_column("df", self.df, p)
        base = form(rate(scale, 1), np.zeros(p), by_column("loc", self.loc, p), scale == 0)
        size = np.where(scale > 0, (df + 1.0) * scale, np.inf)
        return replace(base, concave=Concave(LogShape(), size))


def _number(value: Array) -> PerColumn:
    return float(value) if np.ndim(value) == 0 else value
