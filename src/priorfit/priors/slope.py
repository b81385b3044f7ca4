"""Large weights pay more: the sorted Laplace prior of SLOPE and OSCAR."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy.special import gammaln, ndtri

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, PerColumn, Seed
from priorfit.priors.base import Prior
from priorfit.priors.normal_form import NormalForm
from priorfit.priors.parameters import by_column, check, is_scalar, times, weakened
from priorfit.priors.ranked import Ranked

__all__ = ["SLOPE"]


@dataclass(frozen=True, eq=False)
class SLOPE(Prior):
    """``-log p(b) = sum_i rates_i |t|_(i) + sum_i log(rates_1 + ... + rates_i) - log(2^p p!)``,
    t = (b - loc) / scale, |t|_(1) >= |t|_(2) >= ...

    The largest weight meets the largest rate. Weights of like size become exactly equal, so that
    columns cluster; with the rates of Benjamini and Hochberg the estimate adapts to how many
    weights matter. Proper: the gaps between the sorted sizes are independent exponentials, of rates
    ``rates_1 + ... + rates_i``. Equal rates are a `Laplace` prior.

    Parameters
    ----------
    q : share of false discoveries in ``rates_i = Phi^-1(1 - i q / (2 p))``, in (0, 1).
    scale : widths, in units of b; a number or one per column (p,).
    loc : centre, likewise.
    rates : (p,) falling numbers >= 0, the first > 0, in place of those of ``q``.

    Raises
    ------
    InputError
        where one of these does not hold.

    Examples
    --------
    >>> prior = SLOPE(rates=[2.0, 1.0])
    >>> prior.neg_log_density([1.0, -3.0]).sum().round(4)  # 7 + log 2 + log 3 - log 8
    np.float64(6.7123)

    Source: Bogdan, van den Berg, Sabatti, Su & Candes, SLOPE: adaptive variable selection via
    convex optimization (2015); the normalising constant follows from its gaps.
    """

    q: float = 0.1
    scale: PerColumn = 1.0
    loc: PerColumn = 0.0
    rates: Any = None

    separable = False

    def __post_init__(self) -> None:
        check("scale", self.scale, positive=True)
        check("loc", self.loc, positive=False)
        if is_scalar(self.scale) and not 0 < float(self.scale) < np.inf:
            raise InputError(
                "`scale` must be a positive number", repr(self.scale), "Use Flat for no belief."
            )
        if not 0 < self.q < 1:
            raise InputError("`q` must lie in (0, 1)", repr(self.q), "Say for example 0.1.")
        if self.rates is None:
            return
        rates = np.array(self.rates, dtype=np.float64)
        falling = rates.ndim == 1 and len(rates) and np.all(np.diff(rates) <= 0)
        if not (falling and rates[0] > 0 and rates[-1] >= 0 and np.all(np.isfinite(rates))):
            raise InputError(
                "`rates` must fall from a positive number to one >= 0, (p,)",
                f"shape {rates.shape}" if rates.ndim != 1 else "numbers that do not",
                "Sort them; the largest weight pays the first.",
            )
        object.__setattr__(self, "rates", rates)

    @classmethod
    def oscar(cls, p: int, pairs: float, scale: PerColumn = 1.0, loc: PerColumn = 0.0) -> Self:
        """``sum |t_j| + pairs sum_{j<k} max(|t_j|, |t_k|)``: ``rates_i = 1 + pairs (p - i)``.

        Source: Bondell & Reich, Simultaneous regression shrinkage, variable selection, and
        supervised clustering of predictors with OSCAR (2008).

        Examples
        --------
        >>> SLOPE.oscar(3, 0.5).rates
        array([2. , 1.5, 1. ])
        """
        if not (np.isfinite(pairs) and pairs >= 0):
            raise InputError("`pairs` must be >= 0", repr(pairs), "0 is a Laplace prior.")
        return cls(scale=scale, loc=loc, rates=1.0 + pairs * np.arange(p - 1, -1, -1))

    @property
    def word(self) -> str:
        return "sorted Laplace"

    def sequence(self, p: int) -> Array:
        """The p rates, largest first."""
        if self.rates is None:
            return np.asarray(ndtri(1.0 - np.arange(1, p + 1) * self.q / (2 * p)))
        if len(self.rates) != p:
            raise InputError(
                f"`rates` must hold one rate per rank (p = {p})",
                f"{len(self.rates)}",
                "Give as many as X has columns.",
            )
        return np.asarray(self.rates)

    def lower(self, p: int) -> NormalForm:
        """No rate of its own for any column, and `Ranked`."""
        scale, loc = by_column("scale", self.scale, p), by_column("loc", self.loc, p)
        if not np.all((scale > 0) & np.isfinite(scale)):
            raise InputError(
                "`scale` must be positive and finite for every column of a sorted prior",
                f"{scale[~((scale > 0) & np.isfinite(scale))][0]}",
                "Leave fixed columns out; give free ones another prior.",
            )
        none, bound = np.zeros(p), np.full(p, np.inf)
        ranked = Ranked(np.arange(p), 1.0 / scale, self.sequence(p))
        return NormalForm(none, none, loc, -bound, bound, ranked=ranked)

    def neg_log_density(self, b: ArrayLike) -> Array:
        """Of each weight (..., p): its rate times its size, and an equal share of the constant."""
        b = np.asarray(b, dtype=np.float64)
        form = self.lower(b.shape[-1])
        return np.asarray(form.value(b) + self._constant(b.shape[-1]) / b.shape[-1])

    def _constant(self, p: int) -> float:
        sums = np.cumsum(self.sequence(p))
        scales = np.log(by_column("scale", self.scale, p)).sum()
        return float(np.log(sums).sum() - p * np.log(2.0) - gammaln(p + 1) + scales)

    def sample(self, size: int | tuple[int, ...] | None = None, seed: Seed = None) -> Array:
        """Independent draws of all weights, (..., p); the last axis of ``size`` is p."""
        shape = self._shape() if size is None else (size,) if isinstance(size, int) else tuple(size)
        if not shape:
            raise InputError("draws must have a length", "no `size`", "Give sample(size=p).")
        rng, p = np.random.default_rng(seed), shape[-1]
        gaps = rng.exponential(size=shape) / np.cumsum(self.sequence(p))
        sizes = np.cumsum(gaps[..., ::-1], axis=-1)
        signed = rng.permuted(sizes, axis=-1) * rng.choice([-1.0, 1.0], size=shape)
        loc, scale = by_column("loc", self.loc, p), by_column("scale", self.scale, p)
        return np.asarray(loc + scale * signed)

    def cdf(self, b: ArrayLike) -> Array:  # noqa: ARG002
        """Not of one weight: raises `InputError`."""
        raise InputError(
            "a probability needs a belief about each weight by itself",
            "a sorted Laplace",
            "Draw from it with sample(size=p).",
        )

    def quantile(self, q: ArrayLike) -> Array:
        """Not of one weight: raises `InputError`."""
        return self.cdf(q)

    def tempered(self, strength: float) -> Self:
        """The scale over ``strength``."""
        return replace(self, scale=times(self.scale, weakened(strength, 1.0)))

    def unit(self) -> Self:
        """Scale 1, where it is one number."""
        return replace(self, scale=1.0) if is_scalar(self.scale) else self

    def rescaled(self, factor: ArrayLike) -> Self:
        """``scale`` and ``loc`` times ``factor``."""
        return replace(self, scale=times(self.scale, factor), loc=times(self.loc, factor))

    def _shape(self) -> tuple[int, ...]:
        own = () if self.rates is None else (len(self.rates),)
        return np.broadcast_shapes(own, np.shape(self.scale), np.shape(self.loc))
