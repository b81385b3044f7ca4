"""Beliefs about groups of columns: all of them matter, or none does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, Index, PerColumn, Seed
from priorfit.priors.base import Prior, key_of_columns, made_from
from priorfit.priors.groups import Groups
from priorfit.priors.mixture import log_constants, mixture, tails
from priorfit.priors.normal_form import NormalForm
from priorfit.priors.parameters import (
    as_array,
    by_column,
    check,
    form,
    rate,
)
from priorfit.priors.separable import ElasticNet
from priorfit.priors.stated import Stated

__all__ = ["GroupLaplace", "SparseGroupLaplace"]


class _Grouped(Stated):
    """``-log p(b) = sum_j |t_j| / l1_scale_j + sum_g w_g |t_g / group_scale_g|_2 + log Z``."""

    separable = False

    groups: Any
    loc: PerColumn
    by_size: bool
    outputs: str

    def _scales(self) -> tuple[PerColumn, PerColumn]:
        """(l1_scale, group_scale)."""
        raise NotImplementedError

    def _check(self, *names: str) -> None:
        if self.outputs not in ("each", "together"):
            raise InputError(
                "`outputs` must be each or together",
                repr(self.outputs),
                "It says whether a group holds the weights of one output or of all.",
            )
        for name in names:
            check(name, getattr(self, name), positive=name != "loc")
        if self.groups is None or isinstance(self.groups, Mapping):
            return
        if _are_numbers(self.groups):
            object.__setattr__(self, "groups", _codes_of_numbers(self.groups))
            return
        given = list(self.groups) if isinstance(self.groups, Sequence | np.ndarray) else None
        if given is None or any(isinstance(k, Sequence) and not isinstance(k, str) for k in given):
            raise InputError(
                "`groups` must hold one label per column, or map column names to labels",
                repr(self.groups),
                "Write groups=[0, 0, 0, 1, 1], or groups={'gene_*': 'genes'}.",
            )
        object.__setattr__(self, "groups", _codes(given))

    def for_columns(self, names: Sequence[str]) -> Self:
        """See `Prior.for_columns`; columns that ``groups`` does not name stand alone.

        Where ``groups`` is None, the columns made from one column of a table are a group.
        """
        rest = replace(self, groups=None)  # type: ignore[type-var]
        known = Prior.for_columns(rest, names)
        codes = self.groups if _are_numbers(self.groups) else _codes(self._labels(names))
        return replace(known, groups=codes)  # type: ignore[type-var]

    def _labels(self, names: Sequence[str]) -> Sequence[Any]:
        if self.groups is None:
            return list(map(made_from, names))
        if not isinstance(self.groups, Mapping):
            return list(self.groups)
        keys = key_of_columns("groups", self.groups, names, all_named=False)
        named = zip(names, keys, strict=True)
        return [("alone", k) if key is None else self.groups[key] for k, key in named]

    def lower(self, p: int) -> NormalForm:
        """``l1 = 1 / l1_scale`` and the group's rate: ``w / group_scale`` of each member.

        Columns of infinite group scale are in no group; fixed ones count in none.
        """
        b, tau = (by_column("scale", s, p) for s in self._scales())
        fixed = (b == 0) | (tau == 0)
        l1 = np.where(fixed, 0.0, rate(b, 1))
        found = form(l1, np.zeros(p), by_column("loc", self.loc, p), fixed)
        slope = np.where(fixed, 0.0, rate(tau, 1))
        ids = np.where(slope > 0, self._ids(p), -1)
        if not np.any(ids >= 0):
            return found
        if np.any(ids < 0):  # else they count from 0 already
            ids[ids >= 0] = _codes_of_numbers(ids[ids >= 0])
        groups = Groups(ids, slope)
        if self.by_size:
            groups = Groups(ids, slope * np.sqrt(groups.spread(groups.sizes.astype(np.float64))))
        return replace(found, groups=groups)

    def _ids(self, p: int) -> Index:
        if self.groups is None:
            return np.arange(p)
        if isinstance(self.groups, Mapping):
            as_array("groups", self.groups)  # says what is missing
        if len(self.groups) != p:
            raise InputError(
                f"`groups` must hold one label per column (p = {p})",
                f"{len(self.groups)} labels",
                "Give as many labels as X has columns.",
            )
        return np.array(self.groups, dtype=np.intp)

    # -- probabilities: everything in the units in which the group's rate is 1 -------------------

    def _parts(self, shape: tuple[int, ...]) -> tuple[NormalForm, Groups | None, Array]:
        """The form of the last axis, its groups, and the l1 rates in the groups' units."""
        lowered = self.lower(shape[-1] if shape else 1)
        groups = lowered.groups
        if groups is None:
            return lowered, None, lowered.l1
        return lowered, groups, lowered.l1 / np.where(groups.inside, groups.rate, 1.0)

    def neg_log_density(self, b: ArrayLike) -> Array:
        """``-log p(b)``, (..., p): the members of a group carry equal shares of its value.

        Only the sum over a group is the log of a density.
        """
        b = np.asarray(b, dtype=np.float64)
        lowered, groups, edge = self._parts(b.shape)
        alone = (lowered.l1 > 0) & ~lowered.fixed
        constant = np.zeros(len(lowered.l1))
        if groups is not None:
            alone &= ~groups.inside
            shares = groups.spread(log_constants(groups, edge) / groups.sizes)
            constant = shares - np.log(np.where(groups.inside, groups.rate, 1.0))
        constant[alone] = np.log(2.0 / lowered.l1[alone])
        return np.asarray((lowered.value(np.atleast_1d(b)) + constant).reshape(b.shape))

    def cdf(self, b: ArrayLike) -> Array:
        """``P(b_j <= b)`` of each column by itself (its marginal), (..., p)."""
        b = np.asarray(b, dtype=np.float64)
        lowered = self._proper(b.shape)
        t = np.atleast_1d(b) - lowered.loc
        tail = self._tail(np.abs(t))[0]
        found = np.where(t > 0, 1.0 - tail, tail)
        return np.asarray(np.where(lowered.fixed, t >= 0, found).reshape(b.shape), dtype=np.float64)

    def quantile(self, q: ArrayLike) -> Array:
        """The inverse of `cdf`, by Newton on the log of the tail (it is concave)."""
        q = np.asarray(q, dtype=np.float64)
        if not np.all((q >= 0) & (q <= 1)):
            raise InputError(
                "a probability must lie in [0, 1]", repr(q), "Divide percentages by 100."
            )
        lowered = self._proper(q.shape)
        share = np.atleast_1d(q)
        wanted = np.maximum(np.minimum(share, 1.0 - share), 1e-300)
        t = np.zeros(share.shape)
        for _ in range(60):
            tail, density = self._tail(t)
            step = np.log(tail / wanted) * tail / np.maximum(density, 1e-300)
            t = np.maximum(t + step, 0.0)
            if np.all(np.abs(step) <= 1e-13 * (t + 1e-300)):
                break
        t = np.where(lowered.fixed | (share == 0.5), 0.0, t)
        t = np.where((wanted <= 1e-300) & ~lowered.fixed, np.inf, t)
        return np.asarray((lowered.loc + np.sign(share - 0.5) * t).reshape(q.shape))

    def _proper(self, shape: tuple[int, ...]) -> NormalForm:
        lowered = self.lower(shape[-1] if shape else 1)
        if np.any(lowered.flat):
            raise InputError(
                "a probability needs a proper prior",
                "an infinite scale (flat)",
                "Give a finite scale.",
            )
        return lowered

    def _tail(self, t: Array) -> tuple[Array, Array]:
        """``P(b_j - loc_j > t)`` and the density there, for t >= 0 of shape (..., p)."""
        every = np.arange(t.shape[-1])
        return self.marginal(t, every, len(every))

    def marginal(self, t: Array, columns: Index, p: int) -> tuple[Array, Array]:
        """``P(b_j - loc_j > t)`` and the density there, for t >= 0 of shape (..., len(columns))."""
        lowered, groups, edge = self._parts((p,))
        total = (lowered.l1 + (0.0 if groups is None else groups.rate))[columns]
        tail = 0.5 * np.exp(-t * total)
        density = total * tail
        if groups is None or np.all(groups.sizes == 1):
            return tail, density
        mixed = mixture(groups, edge)
        sizes = groups.spread(groups.sizes.astype(np.float64))[columns]
        many = np.flatnonzero(sizes > 1)
        members = columns[many]
        weights = np.exp(mixed.log_weights[groups.ids[members]])
        scale = groups.rate[members]
        found = tails(t[..., many] * scale, edge[members], mixed.z, weights)
        tail[..., many], density[..., many] = found[0], found[1] * scale
        return tail, density

    def sample(self, size: int | tuple[int, ...] | None = None, seed: Seed = None) -> Array:
        """Independent draws of all columns, (..., p); the last axis of ``size`` is p."""
        shape = self._shape() if size is None else (size,) if isinstance(size, int) else size
        rng = np.random.default_rng(seed)
        lowered = self._proper(shape)
        full = (*shape[:-1], len(lowered.l1))
        with np.errstate(divide="ignore"):
            u = rng.laplace(size=full) / np.where(lowered.fixed, np.inf, lowered.l1)
        if lowered.groups is not None:
            u = self._draw(lowered.groups, u, rng)
        return np.asarray((lowered.loc + u).reshape(shape))

    def _draw(self, groups: Groups, u: Array, rng: np.random.Generator) -> Array:
        """Draws of the columns in groups: z of its mixture, then each member given z."""
        _, _, edge = self._parts(u.shape)
        inside = groups.order
        z = self._scale_draws(groups, edge, u.shape[:-1], rng)[..., groups.ids[inside]]
        with np.errstate(divide="ignore"):
            member = ElasticNet(1.0 / edge[inside], z)
        drawn = member.quantile(rng.uniform(size=z.shape))
        u[..., inside] = drawn / groups.rate[inside]
        return u

    def _scale_draws(
        self, groups: Groups, edge: Array, rows: tuple[int, ...], rng: np.random.Generator
    ) -> Array:
        if not np.any(edge[groups.order]):  # chi of d + 1 degrees of freedom
            return np.asarray(
                np.sqrt(rng.chisquare(groups.sizes + 1.0, (*rows, len(groups.sizes))))
            )
        mixed = mixture(groups, edge)
        share = rng.uniform(size=(*rows, len(groups.sizes)))
        cumulative = np.cumsum(np.exp(mixed.log_weights), axis=1)
        middle = cumulative - 0.5 * np.exp(mixed.log_weights)
        out = np.empty(share.shape)
        for g in range(len(groups.sizes)):
            out[..., g] = np.interp(share[..., g], middle[g], mixed.z)
        return out

    def _shape(self) -> tuple[int, ...]:
        count = () if self.groups is None else (len(self.groups),)
        return np.broadcast_shapes(
            count, np.shape(self.loc), *(np.shape(s) for s in self._scales())
        )


@dataclass(frozen=True, eq=False)
class GroupLaplace(_Grouped):
    """``-log p(b) = sum_g sqrt(d_g) |(b_g - loc_g) / scale_g|_2 + log Z``: the group lasso.

    Of a group either all weights leave ``loc`` or none does. The density of a group of d columns is
    spherical (elliptical where scales differ inside it): a direction without preference, and a
    radius ``|b_g - loc_g|_2`` that is Gamma(d, scale / sqrt(d)), normalised as a density in d
    dimensions. A group of one is `Laplace`.

    Parameters
    ----------
    groups : a label per column (p,); or a mapping from column names or patterns to labels, where
        columns that are not named stand alone; or None: the columns made from one column of a
        table (the levels of a category) are a group, every other column stands alone.
    scale : in units of the weights: a number, one per column (p,), or by name. 0 fixes a weight at
        ``loc``, inf takes it out of its group and leaves it free.
    loc : centre of the belief, likewise. Estimates of a whole group can equal it exactly.
    by_size : the usual factor sqrt(d_g), so that a large group is not favoured for its size; False
        leaves it out.
    outputs : where a fit has several outputs (classes, responses): "each" has groups of its own, or
        all weights of a group's columns leave ``loc`` "together". With ``groups=None`` and
        "together" a column matters for all outputs or for none (d_g is the number of outputs).

    Raises
    ------
    InputError
        where a scale is negative, or ``groups`` does not fit the columns.

    Examples
    --------
    >>> prior = GroupLaplace(groups=[0, 0, 1], by_size=False)
    >>> prior.prox([3.0, 4.0, 0.5])
    array([2.4, 3.2, 0. ])

    Source: Yuan & Lin (2006), section 2; Kotz, Kozubowski & Podgórski (2001), chapter 6.
    """

    _powers: ClassVar[Mapping[str, int]] = {"scale": 1}

    groups: Any = None
    scale: PerColumn = 1.0
    loc: PerColumn = 0.0
    by_size: bool = True
    outputs: str = "each"

    def __post_init__(self) -> None:
        self._check("scale", "loc")

    @property
    def word(self) -> str:
        return "group Laplace"

    def _scales(self) -> tuple[PerColumn, PerColumn]:
        return np.inf, self.scale


@dataclass(frozen=True, eq=False)
class SparseGroupLaplace(_Grouped):
    """The product of `Laplace` and `GroupLaplace`: ``-log p(b) = sum_j |t_j| / l1_scale_j
    + sum_g sqrt(d_g) |t_g / group_scale_g|_2 + log Z``, t = b - loc.

    Few groups matter, and in these few columns. The product is renormalised: Z has no closed form
    and is one integral per group (see `priorfit.priors.mixture`), right to about 1e-12.

    Parameters
    ----------
    groups, loc, by_size, outputs : see `GroupLaplace`.
    l1_scale, group_scale : scales of the two factors (number, one per column, or by name). Either 0
        fixes the weight; inf removes that factor.

    Examples
    --------
    >>> prior = SparseGroupLaplace(groups=[0, 0, 1], by_size=False)
    >>> prior.prox([4.0, 5.0, 1.5])
    array([2.4, 3.2, 0. ])

    Source: Simon, Friedman, Hastie & Tibshirani (2013), section 2.
    """

    _powers: ClassVar[Mapping[str, int]] = {"l1_scale": 1, "group_scale": 1}

    groups: Any = None
    l1_scale: PerColumn = 1.0
    group_scale: PerColumn = 1.0
    loc: PerColumn = 0.0
    by_size: bool = True
    outputs: str = "each"

    def __post_init__(self) -> None:
        self._check("l1_scale", "group_scale", "loc")

    @property
    def word(self) -> str:
        return "sparse group Laplace"

    def _scales(self) -> tuple[PerColumn, PerColumn]:
        return self.l1_scale, self.group_scale


def _codes(labels: Sequence[Any]) -> Index:
    """0, 1, 2, ... for the labels in the order in which they first appear."""
    place: dict[Any, int] = {}
    return np.array([place.setdefault(k, len(place)) for k in labels], dtype=np.intp)


def _are_numbers(labels: Any) -> bool:
    return isinstance(labels, np.ndarray) and labels.ndim == 1 and labels.dtype.kind in "iu"


def _codes_of_numbers(labels: Index) -> Index:
    """`_codes` without a loop."""
    _, first, code = np.unique(labels, return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.intp)
    place[np.argsort(first)] = np.arange(len(first))
    return place[code]
