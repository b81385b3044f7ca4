"""Columns in groups: the whole path in one native call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from priorfit._core import solve_glm_group_path, solve_group_path
from priorfit._typing import Array
from priorfit.design import Dense
from priorfit.solve.approach import LOOSE, approach
from priorfit.solve.blocks import Blocks, blocks_of, only_groups
from priorfit.solve.certificate import Certificates, joined
from priorfit.solve.chosen import Chosen, Solver
from priorfit.solve.columns import readable, stored_or_copied
from priorfit.solve.group_gram import GroupGram
from priorfit.solve.native import native_loss, native_rows
from priorfit.solve.newton import Newton
from priorfit.solve.standard import Standard

__all__ = ["MOST", "Grouped"]

MOST = 6000  # working columns: their Gram matrix then fills 290 MB
_FEW = 150  # columns whose Gram matrix costs less than what it saves
_TALL = 6  # rows to a column, from which on all of them are few
_CLOSED = 64  # columns of a block that goes to its minimum in closed form
_ROWS = 2000  # at most, for systems among the rows
_STEP = 0.7  # from one strength to the next on the way to a distant first one
_MEMORY = 1 << 27  # numbers in the copies of the working columns: 1 GB


class Grouped:
    """An engine; see ``cpp/group_path.hpp``. What it leaves undone goes to proximal Newton."""

    outputs, step = 1, _STEP

    def __init__(self, standard: Standard, tol: float, max_iter: int) -> None:
        self.standard, self.tol, self.max_iter, self.rounds = standard, tol, max_iter, 0
        self.first = standard.first
        form = standard.form
        free = np.flatnonzero(~form.fixed)
        self.blocks = blocks_of(form, free[free >= self.first])
        n, p = len(standard.y), standard.size
        self.most = max(100, _MEMORY // n)
        self.few, self.patience, self.systems = min(MOST, self.most), 0.0, False
        if np.all(self.blocks.rate > 0):
            self._choose_ways(n, p)
        if not self.systems:
            self.most = min(MOST, self.most)
        self.native = (
            self._has_loss()
            and readable(standard.Z.base)
            and not np.any(form.flat[self.first :])
            and only_groups(form)
        )
        self.path = self._way()

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates, each warm from the last."""
        if not self.native:
            return self._newton(strengths, warm)
        solutions, found = self.path(strengths, warm)
        done = solutions.shape[1]
        self.rounds = max(self.rounds, done)
        if done < len(strengths):
            rest, more = self._newton(strengths[done:], solutions[:, -1] if done else warm)
            none = more._replace(slopes=np.empty((0, len(more.gap))))
            solutions, found = np.hstack([solutions, rest]), joined([found, none])
        for k in np.flatnonzero(found.gap > self.tol):
            again, better = self._newton(strengths[k : k + 1], solutions[:, k])
            if better.gap[0] < found.gap[k]:
                solutions[:, k] = again[:, 0]
                found.gap[k], found.kkt[k] = better.gap[0], better.kkt[0]
                found = found._replace(moved=None)
        return solutions, found

    def _has_loss(self) -> bool:
        """Whether native code has the likelihood."""
        return self.standard.gaussian or native_loss(self.standard.likelihood) is not None

    def _choose_ways(self, n: int, p: int) -> None:
        """For how many columns a Gram matrix is best, and what is best for more of them."""
        if not self.standard.gaussian:  # single columns do not repay systems where rows bend
            wide = 2 * len(self.blocks.rate) <= len(self.blocks.columns)
            self.systems = wide and isinstance(self.standard.Z.base, Dense) and n <= _ROWS
            if self.systems:
                self.few = min(self.few, n // 2 if p > n else n)
            return
        self.systems = n <= _ROWS and p > n
        self.patience = _patience(self.blocks, n)
        if self.systems:
            self.few = min(self.few, n // 2)
        elif self.patience and p * _TALL > n:
            self.few = min(self.few, _FEW)

    def _way(self) -> Solver:
        """What is solved at first: by one Gram matrix, on chosen columns, or on all of them."""
        if self.native and self.standard.gaussian and GroupGram.applies(self.standard):
            return GroupGram(self.standard, self.tol)
        if self.native and Chosen.applies(self.standard):
            return Chosen(self.standard, self.tol, self._of_some)
        return self._path

    def _of_some(self, part: Standard, tol: float) -> Grouped:
        """The same over a copy of some columns."""
        return Grouped(part, tol, self.max_iter)

    def _path(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """As many of the strengths as the working set allows."""
        way = self._approach(float(strengths[0])) if warm is self.standard.start else np.empty(0)
        tols = np.repeat([max(self.tol, LOOSE), self.tol], [len(way), len(strengths)])
        solutions, found = self._run(np.concatenate([way, strengths]), tols, warm)
        return solutions[:, len(way) :], _without(found, len(way))

    def _approach(self, s: float) -> Array:
        form, slopes = self.standard.form, self.standard.correlation
        alone = (form.l1 > 0) & ~form.fixed
        if form.groups is not None:
            alone &= ~form.groups.inside
        top = np.max(np.abs(slopes[alone]) / form.l1[alone], initial=0.0)
        if form.groups is not None:
            top = max(top, form.groups.dual_norms(slopes, form.l1).max())
        return approach(float(top), s, self.step)

    def _newton(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        newton = Newton(self.standard, self.tol, min(self.max_iter, 200))
        found = newton(strengths, warm)
        self.rounds = max(self.rounds, newton.rounds)
        return found

    def _run(self, strengths: Array, tols: Array, warm: Array) -> tuple[Array, Certificates]:
        standard, first = self.standard, self.first
        points, p = len(strengths), standard.size - first
        base = np.clip(standard.form.loc, standard.form.lower, standard.form.upper)
        levels = self._levels(warm)
        coefs = np.zeros((points, p + len(levels)))
        coefs[0] = np.concatenate([(warm - base)[first:], levels])
        gaps, kkts, working = np.empty(points), np.empty(points), np.empty(p, np.int64)
        blocks = self.blocks
        call, rows, limits = self._native(base)
        done, m = call(
            *rows,
            blocks.first,
            blocks.columns - first,
            blocks.l1,
            blocks.rate,
            strengths,
            tols,
            coefs,
            gaps,
            kkts,
            working,
            standard.reference,
            standard.null_correlation,
            *limits,
        )
        solutions = np.repeat(base[:, None], done, axis=1)
        used = np.sort(working[:m])
        solutions[first + used] += coefs[:done, used].T
        self._put_levels(coefs[:done, p:].T, solutions)
        moved = np.concatenate([np.arange(first), first + used])
        return solutions, Certificates(gaps[:done], kkts[:done], np.empty((0, done)), moved)

    def _native(self, base: Array) -> tuple[Callable[..., tuple[int, int]], Any, tuple[float, ...]]:
        """The native function, its columns and rows, and its limits."""
        if self.standard.gaussian:
            ways = self.few, self.most, self.patience, self.systems  # see `cpp/group_model.hpp`
            return solve_group_path, self._columns(base), (*ways, self.outputs)
        return solve_glm_group_path, self._rows(base), (self.few, self.most)

    def _levels(self, warm: Array) -> Array:
        """The intercepts as native code takes them; centred gaussian columns need none."""
        return warm[:0] if self.standard.gaussian else warm[: self.first]

    def _put_levels(self, levels: Array, solutions: Array) -> None:
        """Intercepts (l, k) of native code into the solutions (m, k)."""
        solutions[: len(levels)] = levels

    def _columns(self, base: Array) -> tuple[Any, ...]:
        """The columns, their units, and what ``base`` leaves of y, as native code takes them."""
        Z, root = self.standard.Z, np.sqrt(self.standard.weights)
        y = self._beyond(base)
        return (*(stored_or_copied(Z.base) or ()), Z.center, Z.scale, root, root * y)

    def _beyond(self, base: Array) -> Array:
        """What ``base`` leaves of y."""
        standard = self.standard
        return standard.y - standard.Z.matvec(base) if np.any(base) else standard.y

    def _rows(self, base: Array) -> tuple[Any, ...]:
        """The columns, their units, and the rows of a likelihood that is not quadratic."""
        Z, ones = self.standard.Z, np.ones(len(self.standard.y))
        name, y, weights, offset = native_rows(self.standard)
        if np.any(base):
            offset = offset + Z.matvec(base)
        columns = (*(stored_or_copied(Z.base) or ()), Z.center, Z.scale, ones)
        return (*columns, y, name, weights, offset, bool(self.first))


def _patience(blocks: Blocks, n: int) -> float:
    """How many times their worth sweeps may take: 0 where Newton steps end exactly, less than 1
    where blocks have no closed form."""
    sizes = np.diff(blocks.first)
    if np.sum(sizes) < 2 * len(sizes):
        return 0.0
    slow = (sizes > _CLOSED) | (np.add.reduceat(blocks.l1, blocks.first[:-1]) > 0)
    return float(1.0 / (1.0 + 7.5 * np.sum(np.square(sizes[slow])) / (n * np.sum(sizes))))


def _without(found: Certificates, first: int) -> Certificates:
    """All but the first ones."""
    gap, kkt, slopes, moved = found[:4]
    return Certificates(gap[first:], kkt[first:], slopes[:, first:], moved)
