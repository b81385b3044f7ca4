"""Priors as normals of random variance: what lets a sampler draw all weights at once.

``t_j = b_j - loc_j ~ normal(0, kappa^2 / w_j)``: kappa is the one number by which all scales are
multiplied (the strength), w the local precisions. Each class says how w is drawn given the weights,
and how probable kappa is with w integrated out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np

from priorfit._typing import Array, Index, Mask
from priorfit.posterior.samplers.slice_sampling import NO_SLAB, OfScale, SlabMass
from priorfit.priors import (
    ByColumn,
    Groups,
    Horseshoe,
    LogLaplace,
    NormalForm,
    Prior,
    StudentPrior,
)

__all__ = ["Local", "Mixing", "inverse_gaussian", "mixing_of"]

_TINY = 1e-150
_HELD = 1e24  # the precision of a weight that may not move
_NARROW = 1e-12  # stands for a scale of 0


class Local(NamedTuple):
    """Precisions w (p,) of the weights over kappa, and what else the next draw starts from."""

    precision: Array
    inner: Array


class Mixing(ABC):
    """The prior of p weights given local precisions, and these given the weights."""

    #: mask (p,): no belief at all
    flat: Mask
    #: mask (p,): held at loc
    fixed: Mask

    @abstractmethod
    def only(self, columns: Index) -> Mixing:
        """The mixing of some of the columns."""

    @abstractmethod
    def start(self) -> Local:
        """Precisions to begin with."""

    @abstractmethod
    def draw(self, s: Array, local: Local, rng: np.random.Generator) -> Local:
        """``w | s`` for ``s = t / kappa`` (p,)."""

    @abstractmethod
    def of_scale(self, t: Array, local: Local) -> OfScale:
        """``p(t | kappa)``, with w integrated out where that is closed."""

    #: whether w changes at all
    moves = True

    #: precisions (p,) that kappa does not scale, or 0
    still: Array | float = 0.0

    #: what `still` leaves of the mass of the weights
    mass: SlabMass = NO_SLAB


def inverse_gaussian(mean: Array, shape: Array, rng: np.random.Generator) -> Array:
    """Draws of ``p(x) = sqrt(shape / 2 pi x^3) exp(-shape (x - mean)^2 / (2 mean^2 x))``.

    Without cancellation where mean / shape is large. Source: Michael, Schucany & Haas (1976).

    Examples
    --------
    >>> x = inverse_gaussian(np.full(40000, 2.0), np.full(40000, 3.0), np.random.default_rng(0))
    >>> bool(abs(x.mean() - 2.0) < 0.05)
    True
    """
    q = mean / shape * np.square(rng.standard_normal(mean.shape))
    x = mean * 2.0 / (2.0 + q + np.sqrt(q * (q + 4.0)))
    other = rng.random(mean.shape) * (mean + x) > mean
    return np.where(other, mean * (mean / np.maximum(x, _TINY)), x)


@dataclass(frozen=True, eq=False)
class FormMixing(Mixing):
    """``-log p = l1'|t| + l2't^2 / 2 + sum_g |R_g t_g|``: w is l2 plus one inverse gaussian per
    kink.

    ``exp(-a |t|)`` is the mean of normals whose precision x has ``1 / x ~ exponential(a^2 / 2)``,
    and ``x | t ~ inverse gaussian(a / |t|, a^2)``; the norm of a group likewise, one x for all its
    members. Sources: Andrews & Mallows (1974); Park & Casella (2008); Kyung, Gill, Ghosh & Casella
    (2010), section 3.
    """

    form: NormalForm

    @cached_property
    def flat(self) -> Mask:  # type: ignore[override]
        return self.form.flat

    @cached_property
    def fixed(self) -> Mask:  # type: ignore[override]
        return self.form.fixed

    @cached_property
    def _scaled(self) -> int:
        """How many weights the strength scales."""
        return int(np.count_nonzero(~self.flat & ~self.fixed))

    def only(self, columns: Index) -> FormMixing:
        form, groups = self.form, self.form.groups
        if groups is not None:
            ids = groups.ids[columns]
            ids[ids >= 0] = np.unique(ids[ids >= 0], return_inverse=True)[1]
            groups = Groups(ids, groups.rate[columns]) if np.any(ids >= 0) else None
        l1, l2, loc, lower, upper = (
            part[columns] for part in (form.l1, form.l2, form.loc, form.lower, form.upper)
        )
        return FormMixing(NormalForm(l1, l2, loc, lower, upper, groups))

    @cached_property
    def _base(self) -> Array:
        return np.where(self.fixed, _HELD, self.form.l2)

    @cached_property
    def _kinks(self) -> Index:
        return np.flatnonzero((self.form.l1 > 0) & ~self.fixed)

    @property
    def moves(self) -> bool:  # type: ignore[override]
        return len(self._kinks) > 0 or self.form.groups is not None

    def start(self) -> Local:
        form = self.form
        w = self._base + form.l1**2
        if form.groups is not None:
            w = w + form.groups.rate**2
        return Local(w, np.zeros(0))

    def draw(self, s: Array, local: Local, rng: np.random.Generator) -> Local:
        if not self.moves:
            return local
        form, w, at = self.form, self._base, self._kinks
        if len(at):
            l1 = form.l1[at]
            w = w.copy()
            w[at] += inverse_gaussian(l1 / np.maximum(np.abs(s[at]), _TINY), l1 * l1, rng)
        if form.groups is not None:
            length = np.maximum(form.groups.lengths(s), _TINY)
            each = inverse_gaussian(1.0 / length, np.ones_like(length), rng)
            w = w + form.groups.spread(each) * form.groups.rate**2
        return Local(w, local.inner)

    def of_scale(self, t: Array, local: Local) -> OfScale:  # noqa: ARG002
        form, m = self.form, self._scaled
        linear, square = float(form.l1 @ np.abs(t)), 0.5 * float(form.l2 @ (t * t))
        if form.groups is not None:
            linear += float(form.groups.lengths(t).sum())
        return OfScale(m, linear, square)


@dataclass(frozen=True, eq=False)
class _Separable(Mixing):
    """Priors of one column each, with their own scale (p,)."""

    scale: Array

    @property
    def flat(self) -> Mask:  # type: ignore[override]
        return np.isinf(self.scale)

    @property
    def fixed(self) -> Mask:  # type: ignore[override]
        return np.asarray(self.scale <= _NARROW)

    def only(self, columns: Index) -> Self:
        return replace(self, **{f.name: getattr(self, f.name)[columns] for f in fields(self)})

    def of_scale(self, t: Array, local: Local) -> OfScale:
        free = ~self.flat & ~self.fixed
        m, square = int(np.count_nonzero(free)), 0.5 * float(local.precision[free] @ (t[free] ** 2))
        return OfScale(m, 0.0, square)


@dataclass(frozen=True, eq=False)
class StudentMixing(_Separable):
    """``w ~ gamma(df / 2, rate df scale^2 / 2)``; given t again a gamma. (West 1984.)"""

    df: Array

    def start(self) -> Local:
        return Local(1.0 / self.scale**2, np.zeros(0))

    def draw(self, s: Array, local: Local, rng: np.random.Generator) -> Local:
        rate = 0.5 * (self.df * self.scale**2 + s * s)
        return Local(rng.standard_gamma(0.5 * (self.df + 1.0)) / rate, local.inner)


@dataclass(frozen=True, eq=False)
class LogLaplaceMixing(_Separable):
    """A Laplace rate that is gamma(df, rate width), then normals as for a Laplace.

    Source: Armagan, Dunson & Lee (2013), Statistica Sinica 23, section 2.
    """

    df: Array

    def start(self) -> Local:
        return Local(1.0 / self.scale**2, np.zeros(0))

    def draw(self, s: Array, local: Local, rng: np.random.Generator) -> Local:
        size, width = np.abs(s), (self.df + 1.0) * self.scale
        free = self.flat
        width = np.where(free, 1.0, width)
        rate = rng.standard_gamma(self.df + 1.0) / (width + size)
        w = inverse_gaussian(rate / np.maximum(size, _TINY), rate * rate, rng)
        return Local(np.where(free, 0.0, w), local.inner)


@dataclass(frozen=True, eq=False)
class HorseshoeMixing(_Separable):
    """``w = eta / scale^2``, ``eta = 1 / r^2``, r half-Cauchy: ``p(eta | s) ~ exp(-m eta) /
    (1 + eta)``, m = s^2 / (2 scale^2), by a slice under ``1 / (1 + eta)``.

    A finite slab is a precision of its own, which w does not know of (Nishimura & Suchard 2023).

    Source: Polson, Scott & Windle (2014), JRSS B 76, supplement; Johndrow, Orenstein &
    Bhattacharya (2020), section 2.
    """

    slab: Array

    @cached_property
    def still(self) -> Array | float:  # type: ignore[override]
        return 0.0 if np.all(np.isinf(self.slab)) else 1.0 / self.slab**2

    @cached_property
    def mass(self) -> SlabMass:  # type: ignore[override]
        shares, counts = np.unique(self.scale / self.slab, return_counts=True)
        return SlabMass(shares[shares > 0], counts[shares > 0].astype(np.float64))

    def start(self) -> Local:
        return Local(1.0 / self.scale**2, np.ones(len(self.scale)))

    def draw(self, s: Array, local: Local, rng: np.random.Generator) -> Local:
        m = np.maximum(0.5 * np.square(s / self.scale), _TINY)
        u = rng.random(len(s)) / (1.0 + local.inner)
        top = 1.0 / np.maximum(u, _TINY) - 1.0
        share = -np.expm1(-m * top)
        eta = np.where(
            m * top < 1e-8,
            rng.random(len(s)) * top,
            -np.log1p(-rng.random(len(s)) * share) / m,
        )
        eta = np.clip(eta, _TINY, top)
        return Local(eta / self.scale**2, eta)


@dataclass(frozen=True, eq=False)
class SideBySide(Mixing):
    """A mixing for each part of the columns."""

    parts: tuple[Mixing, ...]
    columns: tuple[Index, ...]

    @property
    def moves(self) -> bool:  # type: ignore[override]
        return any(part.moves for part in self.parts)

    @property
    def fixed(self) -> Mask:  # type: ignore[override]
        return self._placed([part.fixed for part in self.parts]) > 0

    @property
    def flat(self) -> Mask:  # type: ignore[override]
        return self._placed([part.flat for part in self.parts]) > 0

    @property
    def still(self) -> Array | float:  # type: ignore[override]
        each = [
            np.broadcast_to(part.still, where.shape)
            for part, where in zip(self.parts, self.columns, strict=True)
        ]
        return self._placed(each) if any(np.any(one > 0) for one in each) else 0.0

    @property
    def mass(self) -> SlabMass:  # type: ignore[override]
        each = [part.mass for part in self.parts]
        return SlabMass(*(np.concatenate(one) for one in zip(*each, strict=True)))

    def _placed(self, values: list[Array] | list[Mask]) -> Array:
        out = np.zeros(sum(map(len, self.columns)))
        for where, each in zip(self.columns, values, strict=True):
            out[where] = each
        return out

    def only(self, columns: Index) -> SideBySide:
        parts, places = [], []
        for part, where in zip(self.parts, self.columns, strict=True):
            kept = np.flatnonzero(np.isin(columns, where))
            if len(kept):
                order = np.argsort(where)
                own = order[np.searchsorted(where, columns[kept], sorter=order)]
                parts.append(part.only(own))
                places.append(kept)
        return SideBySide(tuple(parts), tuple(places))

    def start(self) -> Local:
        return self._joined([part.start() for part in self.parts])

    def _joined(self, locals_: list[Local]) -> Local:
        """The inner states stand in the order of the columns, 1 where a part has none."""
        inner = [
            one.inner if len(one.inner) == len(where) else np.ones(len(where))
            for one, where in zip(locals_, self.columns, strict=True)
        ]
        return Local(self._placed([one.precision for one in locals_]), self._placed(inner))

    def _split(self, local: Local) -> list[Local]:
        return [Local(local.precision[where], local.inner[where]) for where in self.columns]

    def draw(self, s: Array, local: Local, rng: np.random.Generator) -> Local:
        each = zip(self.parts, self.columns, self._split(local), strict=True)
        return self._joined([part.draw(s[where], one, rng) for part, where, one in each])

    def of_scale(self, t: Array, local: Local) -> OfScale:
        each = [
            part.of_scale(t[where], one)
            for part, where, one in zip(self.parts, self.columns, self._split(local), strict=True)
        ]
        return OfScale(*(sum(one) for one in zip(*each, strict=True)))


def mixing_of(prior: Prior, p: int) -> Mixing | None:
    """The mixing of the prior of ``p`` weights; None where it is not one of normals.

    Boxes, sorted weights, spikes and improper shapes have none.
    """
    if isinstance(prior, ByColumn):
        parts = [
            (part, np.asarray(c))
            for part, c in zip(prior.parts.values(), prior.columns or (), strict=True)
        ]
        each = [mixing_of(part, len(where)) for part, where in parts]
        if any(one is None for one in each):
            return None
        return SideBySide(tuple(e for e in each if e is not None), tuple(w for _, w in parts))
    if isinstance(prior, Horseshoe | StudentPrior | LogLaplace):
        return _heavy(prior, p)
    form = prior.lower(p)
    plain = form.concave is None and form.ranked is None
    boxed = np.any((np.isfinite(form.lower) | np.isfinite(form.upper)) & ~form.fixed)
    return FormMixing(form) if plain and not boxed else None


def _heavy(prior: Horseshoe | StudentPrior | LogLaplace, p: int) -> Mixing | None:
    scale = np.broadcast_to(np.asarray(prior.scale, dtype=np.float64), (p,)).copy()
    if isinstance(prior, Horseshoe):
        slab = np.broadcast_to(np.asarray(prior.slab, dtype=np.float64), (p,)).copy()
        return HorseshoeMixing(scale, slab)
    df = np.broadcast_to(np.asarray(prior.df, dtype=np.float64), (p,)).copy()
    if np.any(df <= 0):
        return None
    scale = np.maximum(scale, _NARROW)
    if isinstance(prior, StudentPrior):
        return StudentMixing(scale, df)
    return LogLaplaceMixing(scale, df)
