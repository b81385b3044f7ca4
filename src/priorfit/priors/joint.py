"""Different beliefs about different columns, independent of each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, Index, Seed
from priorfit.priors.base import Prior, key_of_columns
from priorfit.priors.change import Change, Identity, SideBySide
from priorfit.priors.groups import Groups
from priorfit.priors.normal_form import NormalForm

__all__ = ["Joint"]


@dataclass(frozen=True, eq=False)
class Joint(Prior):
    """``-log p(b) = sum_k -log p_k(b_k)``: one prior for each set of columns.

    Parameters
    ----------
    parts : a mapping from columns to their prior. A key is a name, a pattern with ``*`` and ``?``,
        or a tuple of names, whose order is that of the prior's columns: neighbours of a
        `RandomWalk` are neighbours in that tuple. Patterns take columns in the table's order, and
        what tuples name is taken first. Columns of an array are called x0, x1, ...

    Raises
    ------
    InputError
        where a column has no prior, or two sorted priors (`SLOPE`) stand side by side.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> prior = Joint({"lag_*": pf.RandomWalk(0.1), "*": pf.Normal(2.0)})
    >>> prior.for_columns(["age", "lag_1", "lag_2"]).parts[0][0]
    (1, 2)
    """

    parts: Any

    separable = False

    def __post_init__(self) -> None:
        parts = self.parts
        pairs = list(parts.items()) if isinstance(parts, Mapping) else list(parts)
        if not pairs or not all(isinstance(prior, Prior) for _, prior in pairs):
            raise InputError(
                "`parts` must map columns to priors",
                repr(self.parts),
                "Write Joint({'lag_*': RandomWalk(0.1), '*': Normal()}).",
            )
        if not isinstance(parts, Mapping):
            fixed = tuple((tuple(int(j) for j in cols), prior) for cols, prior in pairs)
            object.__setattr__(self, "parts", fixed)

    def __eq__(self, other: object) -> bool:
        return self.parts == other.parts if isinstance(other, Joint) else NotImplemented

    def __hash__(self) -> int:
        return hash(Joint)

    def for_columns(self, names: Sequence[str]) -> Self:
        """Keys become column numbers; each part's own names become arrays."""
        if not isinstance(self.parts, Mapping):
            return self
        flat = {
            name: key for key in self.parts for name in (key if isinstance(key, tuple) else (key,))
        }
        found = key_of_columns("parts", flat, list(names))
        place = {name: j for j, name in enumerate(names)}
        parts = []
        for key, prior in self.parts.items():
            own = [j for j, k in enumerate(found) if flat[k] == key]
            if isinstance(key, tuple):
                own = [place[name] for name in key]
            if own:
                parts.append((tuple(own), prior.for_columns([names[j] for j in own])))
        return replace(self, parts=tuple(parts))

    @property
    def word(self) -> str:
        return "joint prior"

    @property
    def coordinates(self) -> str:  # type: ignore[override]
        """The map of all parts together."""
        return "L⁻¹"

    @property
    def common_unit(self) -> bool:  # type: ignore[override]
        """Whether one of the parts wants its columns in one unit."""
        return any(prior.common_unit for prior in self._priors)

    @property
    def _priors(self) -> list[Prior]:
        if isinstance(self.parts, Mapping):
            return list(self.parts.values())
        return [prior for prior, _ in self._placed]

    @property
    def _placed(self) -> list[tuple[Prior, Index]]:
        if isinstance(self.parts, Mapping):
            raise InputError(
                "`parts` are given by column name and need the columns",
                "no names",
                "Fit it to data, or call prior.for_columns(names) first.",
            )
        return [(prior, np.array(cols, dtype=np.intp)) for cols, prior in self.parts]

    def check_columns(self, p: int) -> None:
        """See `Prior.check_columns`."""
        every = np.sort(np.concatenate([cols for _, cols in self._placed]))
        if not np.array_equal(every, np.arange(p)):
            raise InputError(
                f"`parts` must hold every column once (p = {p})",
                f"{len(every)} columns",
                "Add a part '*' for all other columns.",
            )
        for prior, cols in self._placed:
            prior.check_columns(len(cols))

    def change(self, p: int) -> Change | None:
        """The maps of the parts side by side; None where no part has one."""
        self.check_columns(p)
        each = [(prior.change(len(cols)), prior, cols) for prior, cols in self._placed]
        if all(change is None for change, _, _ in each):
            return None
        loc = np.zeros(p)
        bases, priors = [], []
        for change, prior, cols in each:
            bases.append(Identity(len(cols)) if change is None else change.basis)
            priors.append((cols, prior if change is None else change.prior))
            if change is not None:
                loc[cols] = change.loc
        columns = tuple(cols for _, _, cols in each)
        return Change(SideBySide(tuple(bases), columns), Joint(priors), loc)

    def lower(self, p: int) -> NormalForm:
        """The forms of the parts, each in its own columns."""
        self.check_columns(p)
        forms = [(prior.lower(len(cols)), cols) for prior, cols in self._placed]
        out = NormalForm(*np.zeros((5, p)))
        for form, cols in forms:
            for name in ("l1", "l2", "loc", "lower", "upper"):
                getattr(out, name)[cols] = getattr(form, name)
        ranked = [(f.ranked, cols) for f, cols in forms if f.ranked is not None]
        if len(ranked) > 1:
            raise InputError(
                "at most one part may be a sorted prior", f"{len(ranked)}", "Join their columns."
            )
        placed = [replace(r, columns=cols[r.columns]) for r, cols in ranked]
        return replace(out, groups=_together(forms, p), ranked=placed[0] if placed else None)

    def neg_log_density(self, b: ArrayLike) -> Array:
        """Of each part, in its own columns, (..., p)."""
        b = np.asarray(b, dtype=np.float64)
        return self._each(b.shape, lambda prior, cols: prior.neg_log_density(b[..., cols]))

    def sample(self, size: int | tuple[int, ...] | None = None, seed: Seed = None) -> Array:
        """Independent draws of all columns, (..., p); the last axis of ``size`` is p."""
        shape = self._shape() if size is None else (size,) if isinstance(size, int) else tuple(size)
        rng = np.random.default_rng(seed)
        return self._each(
            shape, lambda prior, cols: prior.sample((*shape[:-1], len(cols)), seed=rng)
        )

    def _each(self, shape: tuple[int, ...], of: Callable[[Prior, Index], Array]) -> Array:
        out = np.empty(shape)
        for prior, cols in self._placed:
            out[..., cols] = of(prior, cols)
        return out

    def cdf(self, b: ArrayLike) -> Array:  # noqa: ARG002
        """Not of one weight: raises `InputError`."""
        raise InputError("a probability needs one prior", "a joint one", "Ask its parts.")

    def quantile(self, q: ArrayLike) -> Array:
        """Not of one weight: raises `InputError`."""
        return self.cdf(q)

    def tempered(self, strength: float) -> Self:
        """Every part tempered."""
        return self._with(lambda prior: prior.tempered(strength))

    def unit(self) -> Self:
        """Itself: the scales of its parts are relative to each other."""
        return self

    def widened(self, factor: float) -> Self:
        """Every part widened."""
        return self._with(lambda prior: prior.widened(factor))

    def rescaled(self, factor: ArrayLike) -> Self:
        """Every part by the factors of its columns."""
        given = np.asarray(factor, dtype=np.float64)
        parts = tuple(
            (cols, prior.rescaled(given if given.ndim == 0 else given[cols]))
            for prior, cols in self._placed
        )
        return replace(self, parts=parts)

    def _with(self, change: Callable[[Prior], Prior]) -> Self:
        if isinstance(self.parts, Mapping):
            return replace(self, parts={k: change(prior) for k, prior in self.parts.items()})
        return replace(self, parts=tuple((cols, change(prior)) for cols, prior in self.parts))

    def _shape(self) -> tuple[int, ...]:
        return (sum(len(cols) for _, cols in self._placed),)


def _together(forms: list[tuple[NormalForm, Index]], p: int) -> Groups | None:
    """The groups of all parts, numbered on."""
    ids, rate, count = np.full(p, -1), np.zeros(p), 0
    for form, cols in forms:
        if form.groups is None:
            continue
        ids[cols] = np.where(form.groups.ids >= 0, form.groups.ids + count, -1)
        rate[cols] = form.groups.rate
        count += len(form.groups.sizes)
    return Groups(ids, rate) if count else None
