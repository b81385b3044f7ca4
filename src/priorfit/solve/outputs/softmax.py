"""Softmax regression over many columns: the whole path in one native call."""

from __future__ import annotations

import numpy as np

from priorfit._core import solve_softmax_path
from priorfit._typing import Array
from priorfit.design import Dense
from priorfit.solve.approach import LOOSE, approach
from priorfit.solve.certificate import Certificates
from priorfit.solve.columns import read_in_place, stored_or_copied
from priorfit.solve.outputs.standard import OutputsStandard

__all__ = ["SoftmaxPath", "by_output", "repays"]

_MOST = 4000  # working weights: their Hessian then fills 130 MB
_MEMORY = 1 << 26  # numbers in the copies of the working columns: 0.5 GB
_LARGE = 1 << 27  # bytes of a table whose columns are not copied for one strength, 134 MB,
_FEW = 1000  # where its weights are no more than these
_ALWAYS = 1500  # weights without a kink: all of them work
_STEP = 0.7  # from one strength to the next on the way to a distant first one


class SoftmaxPath:
    """See ``cpp/softmax.hpp``; for priors without groups, only the intercepts flat."""

    def __init__(self, standard: OutputsStandard, tol: float) -> None:
        self.standard, self.tol = standard, tol
        form = standard.form
        self.arrays = stored_or_copied(standard.Z.base) or ()
        self.base = np.clip(form.loc, form.lower, form.upper)
        self.base[: standard.first] = 0.0
        self.offset = standard.offset
        if np.any(self.base):
            self.offset = self.offset + standard.Z.matvec(self.base)
        rows = len(standard.y) // standard.outputs
        self.most = min(_MOST, max(100, _MEMORY // rows))

    @staticmethod
    def applies(standard: OutputsStandard) -> bool:
        """Whether native code can read the columns, and the prior is of this kind."""
        form, first = standard.form, standard.first
        scale = standard.Z.scale.reshape(-1, standard.outputs)
        always = int(np.sum((form.l1 == 0) & ~form.fixed)) - first
        return (
            not standard.gaussian
            and form.groups is None
            and bool(np.all(scale == scale[:, :1]))
            and read_in_place(standard.Z.base)
            and always <= _ALWAYS
            and not np.any(form.flat[first:])
        )

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and certificates, as many of the strengths as the working set allows."""
        way = self._approach(float(strengths[0])) if warm is self.standard.start else np.empty(0)
        skip = len(way)
        tols = np.repeat([max(self.tol, LOOSE), self.tol], [skip, len(strengths)])
        solutions, gaps, kkts = self._run(np.concatenate([way, strengths]), tols, warm)
        found = Certificates(gaps[skip:], kkts[skip:], np.empty((0, max(len(gaps) - skip, 0))))
        return solutions[:, skip:], found

    def _approach(self, s: float) -> Array:
        l1, correlation = self.standard.form.l1, self.standard.correlation
        pure = (l1 > 0) & ~self.standard.form.fixed
        top = float(np.max(np.abs(correlation[pure]) / l1[pure], initial=0.0))
        return approach(top, s, _STEP)

    def _run(self, strengths: Array, tols: Array, warm: Array) -> tuple[Array, Array, Array]:
        standard, first, q = self.standard, self.standard.first, self.standard.outputs
        points, form = len(strengths), standard.form
        solutions = np.zeros((standard.size, points))
        gaps, kkts = np.empty(points), np.empty(points)
        intercepts = np.zeros((points, q - 1))
        if first:
            intercepts[0] = warm[1:q] - warm[0]
        done, _ = solve_softmax_path(
            *self.arrays,
            standard.Z.center,
            np.ascontiguousarray(standard.Z.scale[::q]),
            by_output(standard.y, q),
            np.ascontiguousarray(standard.weights[::q]),
            by_output(self.offset, q),
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
            np.empty(standard.size - first, np.int64),
            standard.reference,
            standard.null_correlation,
            self.most,
        )
        solutions = solutions[:, :done] + self.base[:, None]
        if first:
            solutions[1:q] = intercepts[:done].T
            solutions[:q] -= solutions[np.flatnonzero(form.fixed[:q])[0]]
        return solutions, gaps[:done], kkts[:done]


def by_output(values: Array, outputs: int) -> Array:
    """(n q,) as (q, n)."""
    return np.ascontiguousarray(values.reshape(-1, outputs).T)


def repays(standard: OutputsStandard, count: int) -> bool:
    """Whether so many strengths are worth a copy of the working columns: over few columns of a
    large table one is not."""
    base = standard.Z.base
    large = isinstance(base, Dense) and base.values.nbytes > _LARGE
    return count > 1 or not large or standard.size > _FEW
