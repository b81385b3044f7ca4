"""Neighbours are alike: beliefs about the differences of weights that come in an order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, Seed
from priorfit.priors.base import Prior
from priorfit.priors.change import Change, Cumulative
from priorfit.priors.normal_form import NormalForm
from priorfit.priors.parameters import check, weakened
from priorfit.priors.separable import Laplace, Normal

__all__ = ["RandomWalk"]

_KINDS = {"normal": Normal, "laplace": Laplace}
_MOST = 4


@dataclass(frozen=True, eq=False)
class RandomWalk(Prior):
    """``-log p(b) = sum_j -log q((D^k (b - loc))_j)``, q a normal or a Laplace density.

    D takes differences of neighbours, in the order of the columns. Order 1 believes that
    neighbours are alike, order 2 that they lie on a line, order 3 on a parabola. Normal steps make
    a smooth curve, Laplace steps a few breaks: the fused lasso (order 1) and trend filters.
    In the coordinates ``(b_0, (Db)_0, ..., D^k b)`` the belief is `Normal` or `Laplace`; that is
    how it is fitted, so that equal neighbours are exactly equal. The first k coordinates (the
    level, the slope, ...) are flat, unless ``start`` says otherwise: the prior is then proper.

    Parameters
    ----------
    scale : width of one step; a number or one per step (p - order,); units b.
    order : 1, 2, 3 or 4.
    kind : "normal" or "laplace".
    loc : curve that the weights follow in the absence of data, a number or (p,).
    start : scale of the first ``order`` coordinates; inf is flat.
    positions : (p,) rising places of the columns, where they are not evenly spaced. Differences
        below the last are divided by distances, and a step over a distance d has the scale
        ``scale * sqrt(d)``: variance grows with distance.

    Raises
    ------
    InputError
        where one of these does not hold.

    Examples
    --------
    >>> prior = RandomWalk(1.0, kind="laplace")
    >>> prior.neg_log_density([0.0, 0.0, 2.0]).sum().round(4)  # steps 0 and 2
    np.float64(3.3863)

    Source: Rue & Held, Gaussian Markov Random Fields (2005), chapter 3; Tibshirani et al., Sparsity
    and smoothness via the fused lasso (2005); Kim et al., l1 trend filtering (2009).
    """

    scale: Any = 1.0
    order: int = 1
    kind: str = "normal"
    loc: Any = 0.0
    start: float = float("inf")
    positions: Any = None

    separable = False
    common_unit = True

    def __post_init__(self) -> None:
        if self.order != int(self.order) or not 1 <= self.order <= _MOST:
            raise InputError(
                f"`order` must be a whole number from 1 to {_MOST}",
                repr(self.order),
                "1 believes in equal neighbours, 2 in straight lines.",
            )
        if self.kind not in _KINDS:
            raise InputError(
                f"`kind` must be one of {', '.join(_KINDS)}", repr(self.kind), "Choose one of them."
            )
        check("scale", self.scale, positive=True)
        check("start", self.start, positive=True)
        check("loc", self.loc, positive=False)
        object.__setattr__(self, "order", int(self.order))
        places = self.positions
        if places is None:
            return
        places = np.array(places, dtype=np.float64)
        if places.ndim != 1 or not np.all(np.isfinite(places)) or not np.all(np.diff(places) > 0):
            raise InputError(
                "`positions` must be finite and rise from column to column",
                "places that do not",
                "Put the columns in their order; merge columns at the same place.",
            )
        object.__setattr__(self, "positions", places)

    @property
    def coordinates(self) -> str:  # type: ignore[override]
        """Differences of this order."""
        return {1: "D", 2: "D²", 3: "D³", 4: "D⁴"}[self.order]

    @property
    def word(self) -> str:
        return {1: "random walk", 2: "random walk of slopes"}.get(
            self.order, f"random walk of order {self.order}"
        )

    def change(self, p: int) -> Change:
        """``u = (b_0, (Db)_0, ..., D^k b)`` with a `Normal` or `Laplace` belief."""
        if p <= self.order:
            raise InputError(
                f"a random walk of order {self.order} must have more than {self.order} columns",
                f"p = {p}",
                "Lower the order.",
            )
        if np.ndim(self.scale) not in (0, 1) or np.size(self.scale) not in (1, p - self.order):
            raise InputError(
                f"`scale` must be one number or one per step (p - order = {p - self.order})",
                f"shape {np.shape(self.scale)}",
                "Steps are between neighbours: there are fewer than columns.",
            )
        widths = self._widths(p)
        scales = np.full(p, float(self.start))
        scales[self.order :] = np.asarray(self.scale) * np.sqrt(widths[-1])
        family = _KINDS[self.kind]
        return Change(Cumulative(widths), family(scales), self._loc(p))

    def _widths(self, p: int) -> tuple[Array, ...]:
        if self.positions is None:
            return tuple(np.ones(p - level - 1) for level in range(self.order))
        x = self.positions
        if len(x) != p:
            raise InputError(
                f"`positions` must name one place per column (p = {p})",
                f"{len(x)}",
                "Give as many as X has columns.",
            )
        return tuple((x[k + 1 :] - x[: p - k - 1]) / (k + 1) for k in range(self.order))

    def _loc(self, p: int) -> Array:
        if np.ndim(self.loc) > 1 or np.size(self.loc) not in (1, p):
            raise InputError(
                f"`loc` must be one number or one per column (p = {p})",
                f"shape {np.shape(self.loc)}",
                "Give as many values as X has columns.",
            )
        return np.full(p, np.asarray(self.loc, dtype=np.float64))

    def neg_log_density(self, b: ArrayLike) -> Array:
        """Of each coordinate u of the weights (..., p), the first k of them 0 where flat."""
        b = np.asarray(b, dtype=np.float64)
        change = self.change(b.shape[-1])
        u = change.into(b.reshape(-1, b.shape[-1]).T).T.reshape(b.shape)
        share = change.basis.log_det / b.shape[-1]
        return np.asarray(change.prior.neg_log_density(u) + share)

    def lower(self, p: int) -> NormalForm:
        """Not of this form: raises `InputError`. `priorfit.solve` fits it in other coordinates."""
        self.check_columns(p)
        raise InputError(
            "this needs a belief about the columns one by one, or in groups",
            f"a {self.word}",
            "Fit it with solve, path or an estimator.",
        )

    def check_columns(self, p: int) -> None:
        """See `Prior.check_columns`."""
        self.change(p)

    def sample(
        self,
        size: int | tuple[int, ...] | None = None,
        seed: Seed = None,
    ) -> Array:
        """Walks (..., p); ``size`` ends with p. A flat start begins every walk at loc."""
        shape = self._shape() if size is None else (size,) if isinstance(size, int) else tuple(size)
        if not shape:
            raise InputError("a walk must have a length", "no `size`", "Give sample(size=p).")
        change, rng = self.change(shape[-1]), np.random.default_rng(seed)
        scales = np.asarray(change.prior.scale)  # type: ignore[attr-defined]
        flat = np.isinf(scales)
        proper = _KINDS[self.kind](np.where(flat, 1.0, scales))
        u = np.where(flat, 0.0, proper.quantile(rng.uniform(size=shape)))
        flat_u = u.reshape(-1, shape[-1]).T
        return change.back(flat_u).T.reshape(shape)

    def cdf(self, b: ArrayLike) -> Array:  # noqa: ARG002
        """Not of one weight: raises `InputError`."""
        raise InputError(
            "a probability needs a belief about each weight by itself",
            f"a {self.word}",
            "Its steps have one: Normal or Laplace of the same scale.",
        )

    def quantile(self, q: ArrayLike) -> Array:
        """Not of one weight: raises `InputError`."""
        return self.cdf(q)

    def tempered(self, strength: float) -> Self:
        """Every rate times ``strength``."""
        factor = weakened(strength, 0.5 if self.kind == "normal" else 1.0)
        return self._with_scales(factor)

    def unit(self) -> Self:
        """Steps of scale 1 where the scale is one number; ``start`` in proportion."""
        if np.ndim(self.scale) or not 0 < self.scale < np.inf:
            return self
        return replace(self._with_scales(1.0 / float(self.scale)), scale=1.0)

    def widened(self, factor: ArrayLike) -> Self:
        """Every scale times ``factor``, one number."""
        return self._with_scales(np.asarray(factor, dtype=np.float64).item())

    def rescaled(self, factor: ArrayLike) -> Self:
        """Every scale, and ``loc``, times one number; raises `InputError` for several."""
        f = np.asarray(factor, dtype=np.float64)
        if f.size > 1 and np.ptp(f) > 1e-12 * np.max(np.abs(f)):
            raise InputError(
                "columns of a random walk must keep their common unit",
                "one factor per column",
                "Use standardize=False and units='raw'.",
            )
        one = float(f.flat[0])
        return replace(self._with_scales(one), loc=np.asarray(self.loc, dtype=np.float64) * one)

    def _with_scales(self, factor: float) -> Self:
        return replace(self, scale=self.scale * factor, start=self.start * factor)

    @cached_property
    def _length(self) -> int | None:
        if self.positions is not None:
            return len(self.positions)
        if np.ndim(self.loc):
            return int(np.size(self.loc))
        return None if np.ndim(self.scale) == 0 else int(np.size(self.scale)) + self.order

    def _shape(self) -> tuple[int, ...]:
        return () if self._length is None else (self._length,)
