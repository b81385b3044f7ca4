"""Columns that native code cannot read where they lie: those that matter are copied.

Of a dense matrix by rows, or a sparse one, a copy by columns would double the memory of a fit. The
strong rule (Tibshirani et al. 2012, section 7) proposes a fifth of the columns at most; the
certificate over all columns, in the order in which they are stored, decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from priorfit._typing import Array, Index
from priorfit.design import Dense, Design, Present, Scaled, Sparse
from priorfit.priors import Groups, NormalForm
from priorfit.solve.certificate import Certificates, certify, joined
from priorfit.solve.columns import read_in_place
from priorfit.solve.many_columns import ManyColumns, among_many
from priorfit.solve.standard import Standard

__all__ = ["Chosen", "Solver", "many_columns"]

_SHARE = 0.2  # of the columns are copied at most
_TOGETHER = 10  # strengths that are solved before all columns are looked at
_ROUNDS = 30
_ROWS = 256  # copied at a time


Solver = Callable[[Array, Array], tuple[Array, Certificates]]


class Chosen:
    """Solutions at decreasing strengths, as many as the share of columns allows.

    ``solver(part, tol)`` is the native path over a copy of some columns, whole groups of them.
    """

    def __init__(
        self, standard: Standard, tol: float, solver: Callable[[Standard, float], Solver]
    ) -> None:
        self.standard, self.tol, self.solver = standard, tol, solver
        self.first = int(standard.Z.intercept)
        self.most = max(100, int(_SHARE * (standard.size - self.first)))
        form = standard.form
        always = (form.l1 == 0) & ~form.fixed
        if form.groups is not None:
            always &= ~form.groups.inside
        self.columns: Index = np.flatnonzero(always[self.first :])

    @staticmethod
    def applies(standard: Standard) -> bool:
        """Whether the columns cannot be read where they lie, and weights outside are 0."""
        form, shared = standard.form, standard.shared
        base = standard.Z.base.base if isinstance(standard.Z.base, Present) else standard.Z.base
        return (
            isinstance(base, Dense | Sparse)
            and not read_in_place(base)
            and not (shared and shared.native)
            and not np.any(np.clip(form.loc, form.lower, form.upper))
        )

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and certificates of the first k strengths."""
        standard, slopes = self.standard, self.standard.pull(warm)
        solutions, found = np.empty((standard.size, len(strengths))), []
        done, previous = 0, _critical(standard, slopes)
        self._add(np.flatnonzero(warm[self.first :]), slopes)
        for _ in range(_ROUNDS * len(strengths)):
            if done == len(strengths):
                break
            ahead = strengths[done : done + _TOGETHER]
            self._propose(slopes, float(ahead[-1]), previous)
            if len(self.columns) > self.most:
                break
            some, checked = self._solve(ahead, warm)
            good = int(np.argmax(np.append(checked.gap, np.inf) > self.tol))
            solutions[:, done : done + good] = some[:, :good]
            found.append(_first(checked, good))
            missed = good < len(ahead)
            if good:
                warm, previous = some[:, good - 1], float(ahead[good - 1])
                slopes = checked.slopes[:, good - 1]
            done += good
            if missed and not self._add_violators(checked.slopes[:, good], float(ahead[good])):
                break
        used = np.concatenate([np.arange(self.first), self.first + self.columns])
        none = Certificates(np.empty(0), np.empty(0), np.empty((0, 0)))
        return solutions[:, :done], joined([none, *found])._replace(moved=used)

    def _solve(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """By native code on the chosen columns; certified on all."""
        standard = self.standard
        used = np.concatenate([np.arange(self.first), self.first + self.columns])
        part = replace(standard, Z=self._view(), form=_of(standard.form, used), shared=None)
        inner, _ = self.solver(part, 0.1 * self.tol)(strengths, warm[used])
        out = np.zeros((standard.size, len(strengths)))
        out[used, : inner.shape[1]] = inner
        return out, certify(standard, out, strengths)

    def _view(self) -> Scaled:
        Z, cols = self.standard.Z, self.columns
        return Scaled(_copied(Z.base, cols), Z.center[cols], Z.scale[cols], Z.intercept)

    def _propose(self, slopes: Array, strength: float, previous: float) -> None:
        """By the strong rule, no more than double what there is."""
        least = max(2.0 * strength - previous, 0.5 * strength)
        level = np.where(self.standard.form.fixed, -1.0, _levels(self.standard, slopes))
        level = level[self.first :]
        strong = level >= min(least, level.max(initial=0.0))  # one at least
        self._add(np.flatnonzero(strong), slopes)

    def _add_violators(self, slopes: Array, strength: float) -> bool:
        """Columns whose slope is beyond the kink, the worst first; whether there was one."""
        before = len(self.columns)
        beyond = _levels(self.standard, slopes) > strength
        self._add(np.flatnonzero(beyond[self.first :]), slopes)
        return len(self.columns) > before

    def _add(self, wanted: Index, slopes: Array) -> None:
        form = self.standard.form
        fresh = np.setdiff1d(wanted, self.columns)
        fresh = fresh[~form.fixed[self.first + fresh]]
        room = max(100, len(self.columns))
        if len(fresh) > room:
            level = _levels(self.standard, slopes)[self.first + fresh]
            fresh = fresh[np.argsort(-level, kind="stable")[:room]]
        self.columns = np.union1d(self.columns, self._whole(fresh)).astype(np.intp)

    def _whole(self, cols: Index) -> Index:
        """These columns and all of their groups."""
        form, at = self.standard.form, self.first + cols
        if form.groups is None:
            return cols
        mates = np.isin(form.groups.ids, form.groups.ids[at]) & form.groups.inside & ~form.fixed
        return np.union1d(cols, np.flatnonzero(mates) - self.first)


def many_columns(standard: Standard, tol: float) -> ManyColumns | Chosen | None:
    """The native path over many columns as they are stored, over chosen ones, or neither."""
    if ManyColumns.applies(standard):
        return ManyColumns(standard, tol)
    applies = Chosen.applies(standard) and among_many(standard)
    return Chosen(standard, tol, ManyColumns) if applies else None


def _copied(base: Design, cols: Index) -> Design:
    """Some columns as native code reads them, in the precision in which they are stored."""
    whole = base.base if isinstance(base, Present) else base
    if isinstance(whole, Dense):
        kind, n = whole.values.dtype.newbyteorder("="), base.shape[0]
        rows = base.rows if isinstance(base, Present) else np.arange(n)
        out = np.empty((n, len(cols)), kind, order="F")
        for start in range(0, n, _ROWS):
            span = slice(start, start + _ROWS)
            out[span] = whole.values[np.ix_(rows[span], cols)]
        return Dense(out)
    return Sparse(base.columns(cols, np.zeros(base.shape[1]))[0])


def _of(form: NormalForm, used: Index) -> NormalForm:
    l1, l2, loc = form.l1[used], form.l2[used], form.loc[used]
    groups = None if form.groups is None else _groups_of(form.groups, used)
    return NormalForm(l1, l2, loc, form.lower[used], form.upper[used], groups)


def _groups_of(groups: Groups, used: Index) -> Groups | None:
    """Those of some columns, numbered anew."""
    ids, rate = groups.ids[used], groups.rate[used]
    left = np.unique(ids[ids >= 0])
    if not len(left):
        return None
    return Groups(np.where(ids >= 0, np.searchsorted(left, ids), -1), rate)


def _first(found: Certificates, count: int) -> Certificates:
    return Certificates(found.gap[:count], found.kkt[:count], found.slopes[:0, :count])


def _levels(standard: Standard, slopes: Array) -> Array:
    """The strength (m,) at which each column, or its group, leaves 0; inf where it has no kink."""
    form = standard.form
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.where(form.l1 > 0, np.abs(slopes) / form.l1, np.inf)
    if form.groups is not None:
        norms = form.groups.spread(form.groups.dual_norms(slopes, form.l1))
        level = np.where(form.groups.inside, norms, level)
    return level


def _critical(standard: Standard, slopes: Array) -> float:
    level = _levels(standard, slopes)
    return float(np.max(level[np.isfinite(level) & ~standard.form.fixed], initial=0.0))
