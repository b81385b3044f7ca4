"""Many columns: the whole path in one native call."""

from __future__ import annotations

from typing import Any

import numpy as np

from priorfit._core import solve_path
from priorfit._typing import Array
from priorfit.design import Dense, Present
from priorfit.solve.approach import LOOSE, approach
from priorfit.solve.certificate import Certificates, joined
from priorfit.solve.columns import read_in_place, stored_or_copied
from priorfit.solve.native import native_loss, native_rows
from priorfit.solve.standard import Standard
from priorfit.solve.zeros import mostly_zero

__all__ = ["ManyColumns", "among_many"]

_MEMORY = 1 << 27  # numbers in the copies of the working columns: 1 GB
_COPY = 1 << 24  # the same where the engine for what is left needs none
_MOST = 6000  # working columns: their Gram matrix then fills 290 MB
_MOST_SPARSE = 2000  # sparse gaussian columns with a Gram matrix; fewer where it would not pay
_MOST_ROWS = 1 << 32  # native sparse columns number their rows with 32 bits
_FEW, _FAR = 100, 1e-2  # of few columns with coupled rows, whose sums over the rows cost most
_NONE = np.empty(0)
_STEP = 0.8  # from one strength to the next on the way to a distant first one


def among_many(standard: Standard) -> bool:
    """Whether the likelihood is a native one, few weights have no kink, and none but the
    intercept a flat prior."""
    form, first = standard.form, int(standard.Z.intercept)
    always = int(np.sum((form.l1 == 0) & ~form.fixed)) - first
    return (
        form.groups is None
        and (standard.gaussian or _known(standard))
        and always <= _MOST // 4
        and not np.any(form.flat[first:])
    )


def _known(standard: Standard) -> bool:
    if not standard.likelihood.coupled:
        return native_loss(standard.likelihood) is not None
    return isinstance(standard.Z.base, Dense) and standard.risk_sets is not None


def _arrays(standard: Standard) -> tuple[Any, ...]:
    """The columns as native code takes them; of shared ones the rows that are present too."""
    shared, base = standard.shared, standard.Z.base
    if shared is None:
        return stored_or_copied(base) or ()
    if shared.quadratic:
        return (shared.columns,)
    return shared.columns, base.rows if isinstance(base, Present) else np.empty(0, np.int64)


def _most_coupled(standard: Standard) -> int:
    """Working columns of which a copy is small, or small beside the table."""
    n, m = standard.Z.shape
    return max(_COPY // n, m // 5)


class ManyColumns:
    """Solutions at decreasing strengths; see ``cpp/path.hpp`` for the algorithm.

    Columns are read where they lie; dense ones that are not contiguous are copied once. A prior
    mean that is not 0 is moved there: weights enter as the distance from it.
    """

    def __init__(self, standard: Standard, tol: float) -> None:
        self.standard, self.tol = standard, tol
        self.first = int(standard.Z.intercept)
        self.arrays = _arrays(standard)
        form = standard.form
        self.base = np.minimum(np.maximum(form.loc, form.lower), form.upper)
        self.moves = bool(np.any(self.base))
        self.rows = native_rows(standard)
        self.offset, self.y, self.root = self.rows.offset, self.rows.y, np.ones(len(standard.y))
        if self.moves:
            self.offset = self.offset + standard.Z.matvec(self.base)
        if standard.gaussian:  # weights and offset go into the rows
            self.root = np.sqrt(standard.weights)
            self.y = self.root * (standard.y - self.offset)
        self.most = min(_MOST, max(100, _MEMORY // standard.Z.shape[0]))
        if standard.likelihood.coupled:
            self.arrays = (standard.risk_sets, *self.arrays)
            self.most = min(self.most, _most_coupled(standard))
        self.by_residuals = standard.gaussian and len(self.arrays) == 3
        if self.by_residuals:
            self.most = _MOST_SPARSE
        elif len(self.arrays) == 3:  # sparse GLMs form no Gram matrix
            self.most = standard.size

    @staticmethod
    def applies(standard: Standard) -> bool:
        """Whether the columns can be read and the problem is `among_many` columns."""
        if standard.form.ranked is not None or standard.form.concave is not None:
            return False
        shared, base = standard.shared, standard.Z.base
        readable = shared.native if shared is not None else read_in_place(base)
        return readable and standard.Z.shape[0] < _MOST_ROWS and among_many(standard)

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and certificates, as many of the strengths as the working set allows."""
        standard = self.standard
        skip = 0
        if warm is standard.start:
            approach = self._approach(float(strengths[0]))
            skip = len(approach)
            strengths = np.concatenate([approach, strengths])
        tols = np.where(np.arange(len(strengths)) < skip, max(self.tol, LOOSE), self.tol)
        name = self.rows.loss or "gaussian"
        solutions, found = self._run(name, strengths, tols, warm, self.most)
        done = solutions.shape[1]
        if done < len(strengths) and self.by_residuals:
            warm = solutions[:, -1] if done else warm
            name = "gaussian, by residuals"
            rest, more = self._run(name, strengths[done:], tols[done:], warm, standard.size)
            solutions, found = np.hstack([solutions, rest]), joined([found, more])
        gap, kkt, slopes, moved = found[:4]
        done = max(skip, solutions.shape[1])
        kept = Certificates(gap[skip:done], kkt[skip:done], slopes[:, skip:done], moved)
        return solutions[:, skip:done], kept

    def _run(
        self, name: str, strengths: Array, tols: Array, warm: Array, most: int
    ) -> tuple[Array, Certificates]:
        """One native call; solutions and certificates of the strengths that were done."""
        standard, first, form = self.standard, self.first, self.standard.form
        points, p = len(strengths), standard.size - first
        solutions = mostly_zero(standard.size, points)
        gaps, kkts, intercepts = np.empty(points), np.empty(points), np.zeros(points)
        intercepts[0] = warm[0] if first else 0.0
        working = np.empty(p, np.int64)
        done, m = solve_path(
            *self.arrays,
            standard.Z.center,
            standard.Z.scale,
            self.root,
            self.y,
            name,
            self.rows.weights,
            self.offset,
            bool(first),
            form.l1[first:],
            form.l2[first:],
            (form.loc - self.base)[first:],
            (form.lower - self.base)[first:],
            (form.upper - self.base)[first:],
            strengths,
            tols,
            (warm - self.base)[first:],
            solutions[first:],
            intercepts,
            gaps,
            kkts,
            working,
            standard.reference,
            standard.null_correlation,
            most,
            self._lengths(),
            self._null_pull(warm),
        )
        used = np.sort(working[:m])
        solutions = solutions[:, :done]
        if self.moves:
            solutions += self.base[:, None]
        if first and not standard.gaussian:
            solutions[0] = intercepts[:done]
        moved = np.concatenate([np.arange(first), first + used])
        return solutions, Certificates(gaps[:done], kkts[:done], np.empty((0, done)), moved)

    def _lengths(self) -> Array:
        """|z_j| of the columns (p,) with the roots of their rows' weights, a hair above; none where
        only a look at X could tell."""
        standard, w = self.standard, self.standard.weights
        if standard.spread is None or not (standard.gaussian or np.all(w == w[0])):
            return _NONE
        total = float(w.sum()) if standard.gaussian else float(len(w))
        return np.asarray((1.0 + 1e-9) * np.sqrt(total) * standard.spread)

    def _null_pull(self, warm: Array) -> Array:
        """Z' theta (p,) where ``warm`` is the null model, its score as free of the intercept as
        rounding lets it be; else none."""
        standard, first = self.standard, self.first
        if warm is not standard.start or self.moves or standard.likelihood.coupled:
            return _NONE
        found = standard.correlation
        if first and abs(found[0]) > 1e-13 * np.abs(standard.score(standard.null)).sum():
            return _NONE
        return found[first:]

    def _approach(self, s: float) -> Array:
        l1, correlation = self.standard.form.l1, self.standard.correlation
        pure = (l1 > 0) & ~self.standard.form.fixed
        top = float(np.max(np.abs(correlation[pure]) / l1[pure], initial=0.0))
        step = _STEP if self.standard.size > _FEW or not self.standard.likelihood.coupled else _FAR
        return approach(top, s, step)
