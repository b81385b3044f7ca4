"""Classes whose weights come in groups: the whole path in one native call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from priorfit._core import solve_softmax_group_path
from priorfit._typing import Array
from priorfit.solve.certificate import Certificates
from priorfit.solve.chosen import Solver
from priorfit.solve.columns import read_in_place, stored_or_copied
from priorfit.solve.grouped import Grouped
from priorfit.solve.outputs.softmax import by_output, repays
from priorfit.solve.outputs.standard import OutputsStandard

__all__ = ["Classes"]

_MOST = 4000  # working weights, or columns that classes share: a matrix of these fills 130 MB
_FEW = 10  # rows to a weight: where classes share columns, more of these pay for the Hessian of all


class Classes(Grouped):
    """Groups of weights of classes, above all those of one column: see ``cpp/softmax.hpp``
    and ``cpp/shared_classes.hpp``."""

    standard: OutputsStandard

    def __init__(self, standard: OutputsStandard, tol: float, max_iter: int) -> None:
        super().__init__(standard, tol, max_iter)
        self.outputs = standard.outputs
        self.few = len(standard.y) // standard.outputs // _FEW
        self.most = min(_MOST, self.most)

    @staticmethod
    def applies(standard: OutputsStandard) -> bool:
        """Whether native code can read the columns where they lie, and classes have the same
        units."""
        scale = standard.Z.scale.reshape(-1, standard.outputs)
        return (
            not standard.gaussian
            and standard.form.groups is not None
            and bool(np.all(scale == scale[:, :1]))
            and read_in_place(standard.Z.base)
        )

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates, each warm from the last."""
        if not repays(self.standard, len(strengths)):
            return self._newton(strengths, warm)
        return super().__call__(strengths, warm)

    def _has_loss(self) -> bool:
        return True

    def _way(self) -> Solver:
        return self._path

    def _native(self, base: Array) -> tuple[Callable[..., tuple[int, int]], Any, tuple[float, ...]]:
        standard, Z, q = self.standard, self.standard.Z, self.outputs
        beyond = base.copy()
        beyond[: self.first] = 0.0
        offset = standard.offset + Z.matvec(beyond) if np.any(beyond) else standard.offset
        rows = (
            *(stored_or_copied(Z.base) or ()),
            Z.center,
            np.ascontiguousarray(Z.scale[::q]),
            by_output(standard.y, q),
            np.ascontiguousarray(standard.weights[::q]),
            by_output(offset, q),
            bool(self.first),
        )
        return solve_softmax_group_path, rows, (self.few, self.most)

    def _levels(self, warm: Array) -> Array:
        return warm[1 : self.first] - warm[: min(self.first, 1)]

    def _put_levels(self, levels: Array, solutions: Array) -> None:
        q = self.first
        solutions[1:q] = levels
        if q:
            solutions[:q] -= solutions[np.flatnonzero(self.standard.form.fixed[:q])[0]]
