"""A belief of its own for each part of the columns, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, Index, Seed
from priorfit.priors.base import Prior, key_of_columns
from priorfit.priors.change import Change, Identity, SideBySide
from priorfit.priors.concave import Concave
from priorfit.priors.groups import Groups
from priorfit.priors.normal_form import NormalForm

__all__ = ["ByColumn", "as_prior"]

_KNOWN = {"l1", "l2", "loc", "lower", "upper", "groups", "concave"}


@dataclass(frozen=True, eq=False)
class ByColumn(Prior):
    """``-log p(b) = sum over parts of -log p_part(b_part)``: a prior for each part of the columns.

    Parameters
    ----------
    parts : priors by the name of a column, by a pattern (``gene_*``; ``*`` is all others), or by
        what columns were made from: "region" or "C(region)" are all levels, "log(age):sex" all of
        an interaction. An exact name wins over what it was made from, that over a pattern, an
        earlier pattern over a later one. A tuple of names is a part in that order: neighbours of
        a `RandomWalk` are neighbours in it.
    columns : the places of each part's columns, in the order of ``parts``; None until the columns
        are known. Fits find them.

    A mapping may stand wherever a prior is asked for: ``{"age": Normal(1), "*": Laplace(0.1)}``.
    The strength of all parts is one common factor of their rates.

    Raises
    ------
    InputError
        where a part is no prior or itself by column, a column has no part, or a part no column.

    Examples
    --------
    >>> import priorfit as pf
    >>> prior = ByColumn({"age": pf.Normal(1.0, loc=0.5), "gene_*": pf.Laplace(0.1)})
    >>> known = prior.for_columns(["gene_1", "age", "gene_2"])
    >>> known.lower(3).l1, known.lower(3).loc
    (array([10.,  0., 10.]), array([0. , 0.5, 0. ]))
    """

    parts: Mapping[Any, Prior]
    columns: Sequence[Index] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.parts, Mapping) or not self.parts:
            raise InputError(
                "`parts` must map names of columns to priors",
                repr(self.parts),
                "Write for example {'age': Normal(1.0), '*': Laplace(0.1)}.",
            )
        for key, part in self.parts.items():
            named = isinstance(key, str) or (
                isinstance(key, tuple) and all(isinstance(name, str) for name in key)
            )
            if not named or not isinstance(part, Prior):
                raise InputError(
                    "every part must be a prior under the name of a column",
                    f"{key!r}: {part!r}",
                    "Write for example {'age': Normal(1.0), '*': Laplace(0.1)}.",
                )
            if isinstance(part, ByColumn):
                raise InputError(
                    "a part must not be by column itself", f"{key!r}", "Put its parts beside it."
                )
        if self.columns is not None:
            places = tuple(np.asarray(c, dtype=np.intp) for c in self.columns)
            object.__setattr__(self, "columns", places)
            self._check_places()

    @property
    def separable(self) -> bool:  # type: ignore[override]
        """Whether every part is."""
        return all(part.separable for part in self.parts.values())

    @property
    def word(self) -> str:
        return "by column"

    @property
    def loc(self) -> Array:
        """The centre of each column's prior, (p,)."""
        return self._gathered(lambda part, n: np.broadcast_to(getattr(_base(part), "loc", 0.0), n))

    def for_columns(self, names: Sequence[str]) -> Self:
        """Each part with the columns of ``names`` that it is the prior of."""
        if self.columns is not None:
            return self
        owner = {
            name: key for key in self.parts for name in (key if isinstance(key, tuple) else (key,))
        }
        keys = [owner[key] for key in key_of_columns("prior", owner, names)]
        order = np.array([list(self.parts).index(key) for key in keys], dtype=np.intp)
        places = [np.flatnonzero(order == k) for k in range(len(self.parts))]
        place = {name: j for j, name in enumerate(names)}
        for k, key in enumerate(self.parts):  # the order of a tuple is that of its prior
            if isinstance(key, tuple) and len(places[k]) == len(key):
                places[k] = np.array([place[name] for name in key], dtype=np.intp)
        known = {
            _said(key): part.for_columns([names[j] for j in where.tolist()])
            for (key, part), where in zip(self.parts.items(), places, strict=True)
            if len(where)
        }
        return type(self)(known, [where for where in places if len(where)])

    def check_columns(self, p: int) -> None:
        """See `Prior.check_columns`."""
        self._check_size(p)
        for part, where in self._placed():
            part.check_columns(len(where))
            change = part.change(len(where))
            _form_of(part if change is None else change.prior, len(where))
        whole = self.change(p)
        (self if whole is None else whole.prior).lower(p)

    def change(self, p: int) -> Change | None:
        """The coordinates of the parts side by side; None where no part has others."""
        self._check_size(p)
        each = [(part.change(len(where)), part, where) for part, where in self._placed()]
        if all(change is None for change, _, _ in each):
            return None
        loc, bases, priors = np.zeros(p), [], []
        for change, part, where in each:
            bases.append(Identity(len(where)) if change is None else change.basis)
            priors.append(part if change is None else change.prior)
            loc[where] = 0.0 if change is None else change.loc
        columns = tuple(where for _, _, where in each)
        inner = ByColumn(dict(zip(self.parts, priors, strict=True)), columns)
        return Change(SideBySide(tuple(bases), columns), inner, loc)

    @property
    def coordinates(self) -> str:  # type: ignore[override]
        """The map of all parts together."""
        return "L⁻¹"

    @property
    def common_unit(self) -> bool:  # type: ignore[override]
        """Whether one of the parts wants its columns in one unit."""
        return any(part.common_unit for part in self.parts.values())

    def lower(self, p: int) -> NormalForm:
        """The normal forms of the parts side by side, their groups numbered on.

        Raises `InputError` where a part has no normal form.
        """
        self._check_size(p)
        l1, l2, loc, lower, upper, rate = np.zeros((6, p))
        ids, count = np.full(p, -1), 0
        bent: list[tuple[Concave, Index]] = []
        for part, where in self._placed():
            form = _form_of(part, len(where))
            l1[where], l2[where], loc[where] = form.l1, form.l2, form.loc
            lower[where], upper[where] = form.lower, form.upper
            if form.concave is not None:
                bent.append((form.concave, where))
            if form.groups is not None:
                inside = form.groups.inside
                ids[where[inside]] = form.groups.ids[inside] + count
                rate[where] = form.groups.rate
                count += len(form.groups.sizes)
        groups = Groups(ids, rate) if count else None
        return NormalForm(l1, l2, loc, lower, upper, groups, _concave_of(bent, p, groups))

    def neg_log_density(self, b: ArrayLike) -> Array:
        """``-log p(b)`` of each coefficient, (..., p)."""
        return self._each(lambda part, values: part.neg_log_density(values), b)

    def cdf(self, b: ArrayLike) -> Array:
        """``P(b_j <= b)`` of each column by itself, (..., p)."""
        return self._each(lambda part, values: part.cdf(values), b)

    def quantile(self, q: ArrayLike) -> Array:
        """The inverse of `cdf`, (..., p)."""
        return self._each(lambda part, values: part.quantile(values), q)

    def sample(self, size: int | tuple[int, ...] | None = None, seed: Seed = None) -> Array:
        """Independent draws of all columns, (..., p); the last axis of ``size`` is p."""
        shape = self._shape() if size is None else (size,) if isinstance(size, int) else size
        self._check_size(shape[-1] if shape else 0)
        rng, out = np.random.default_rng(seed), np.empty(shape)
        for part, where in self._placed():
            out[..., where] = part.sample((*shape[:-1], len(where)), seed=rng)
        return out

    @property
    def variance(self) -> Array:
        """Variance of each weight, (p,); raises `InputError` where a part is improper."""
        return self._gathered(lambda part, n: np.broadcast_to(part.variance, n))

    @property
    def mean_abs(self) -> Array:
        """Mean distance of each weight from its centre, (p,)."""
        return self._gathered(lambda part, n: np.broadcast_to(part.mean_abs, n))

    @property
    def peak(self) -> Array:
        """The density of each weight at its centre, (p,)."""
        return self._gathered(lambda part, n: np.broadcast_to(part.peak, n))

    def tempered(self, strength: float) -> Self:
        """Every part tempered: one common factor of all rates."""
        return self.changed(lambda part: part.tempered(strength))

    def unit(self) -> Self:
        """The scales of the parts are relative ones."""
        return self.changed(lambda part: part.relative())

    def along(self, form: NormalForm, total_weight: float) -> NormalForm:
        """See `Prior.along`; MCP and SCAD are refused beside a heavy tail of another kind."""
        moving = [part.along(form, total_weight) is not form for part in self.parts.values()]
        if not any(moving):
            return form
        first = next(part for part, moves in zip(self.parts.values(), moving, strict=True) if moves)
        return first.along(form, total_weight)

    def member(self, penalty: float, phi: float, total_weight: float) -> Self:
        """See `Prior.member`."""
        return self.changed(lambda part: part.member(penalty, phi, total_weight))

    def rescaled(self, factor: ArrayLike) -> Self:
        """Every part in the new units; ``factor`` is a number or (p,)."""
        return self._times(factor, lambda part, own: part.rescaled(own))

    def widened(self, factor: ArrayLike) -> Self:
        """See `Prior.widened`."""
        return self._times(factor, lambda part, own: part.widened(own))

    def _times(self, factor: ArrayLike, change: Callable[[Prior, ArrayLike], Prior]) -> Self:
        if np.ndim(factor) == 0:
            return self.changed(lambda part: change(part, factor))
        each = np.asarray(factor, dtype=np.float64)
        self._check_size(len(each))
        where = iter([places for _, places in self._placed()])
        return self.changed(lambda part: change(part, each[next(where)]))

    def changed(self, change: Callable[[Prior], Prior]) -> Self:
        """The same columns under other priors: ``change`` of each part, in order."""
        parts = {key: change(part) for key, part in self.parts.items()}
        return type(self)(parts, self.columns)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, ByColumn):
            return NotImplemented
        if (self.columns is None) != (other.columns is None):
            return False
        if list(self.parts.items()) != list(other.parts.items()):
            return False
        both = zip(self.columns or (), other.columns or (), strict=True)
        return all(np.array_equal(a, b) for a, b in both)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"ByColumn({dict(self.parts)!r})"

    def _shape(self) -> tuple[int, ...]:
        return () if self.columns is None else (sum(map(len, self.columns)),)

    def _placed(self) -> Iterator[tuple[Prior, Index]]:
        if self.columns is None:
            raise InputError(
                "a prior by column needs the columns",
                "no names",
                "Fit it to a data frame, or call prior.for_columns(names) first.",
            )
        return zip(self.parts.values(), self.columns, strict=True)

    def _each(self, value: Callable[[Prior, Array], Array], b: ArrayLike) -> Array:
        b = np.asarray(b, dtype=np.float64)
        self._check_size(b.shape[-1] if b.ndim else 0)
        out = np.empty(b.shape)
        for part, where in self._placed():
            out[..., where] = value(part, b[..., where])
        return out

    def _gathered(self, value: Callable[[Prior, tuple[int]], Array]) -> Array:
        out = np.empty(self._shape() or (0,))
        for part, where in self._placed():
            out[where] = value(part, (len(where),))
        return out

    def _check_size(self, p: int) -> None:
        known = sum(len(where) for _, where in self._placed())
        if p != known:
            raise InputError(
                f"a prior by column must be of the columns (p = {p})",
                f"one of {known} columns",
                "Fit the same columns, or state it by name.",
            )

    def _check_places(self) -> None:
        places = self.columns or ()
        every = np.concatenate(places) if len(places) else np.zeros(0, dtype=np.intp)
        if len(places) != len(self.parts) or not np.array_equal(
            np.sort(every), np.arange(len(every))
        ):
            raise InputError(
                "`columns` must give every column to one part",
                f"{len(every)} places for {len(self.parts)} parts",
                "Leave it out: fits find the columns by name.",
            )


def as_prior(prior: Any) -> Any:
    """A mapping as a `ByColumn`; anything else as it came."""
    return ByColumn(prior) if isinstance(prior, Mapping) else prior


def _said(key: Any) -> str:
    return key if isinstance(key, str) else ", ".join(key)


def _base(part: Prior) -> Any:
    return getattr(part, "prior", part)


def _form_of(part: Prior, p: int) -> NormalForm:
    """The normal form of a part, if it is one of the arrays that this module puts together."""
    form = part.lower(p)
    beyond = [f.name for f in fields(form) if f.name not in _KNOWN]
    if any(getattr(form, name) is not None for name in beyond):
        raise InputError(
            "a part of a prior by column must treat its columns one by one or in groups",
            part.word,
            "State it for all columns, or choose another prior for this part.",
        )
    return form


def _concave_of(
    parts: list[tuple[Concave, Index]], p: int, groups: Groups | None
) -> Concave | None:
    """One concave part for all columns: its shape must be one, and no groups beside it."""
    if not parts:
        return None
    shape = parts[0][0].shape
    if groups is not None or any(concave.shape != shape for concave, _ in parts):
        raise InputError(
            "the parts of a prior by column must have one kind of heavy tail, and no groups",
            "several kinds" if groups is None else "groups beside a heavy tail",
            "Use the same family for all columns that are not convex.",
        )
    size = np.full(p, 0.0 if parts[0][0].jumps else np.inf)
    for concave, where in parts:
        size[where] = concave.size
    return Concave(shape, size)
