"""Gaussian, dense, many columns: the whole path in one native call."""

from __future__ import annotations

from typing import Any

import numpy as np

from priorfit._core import gaussian_path
from priorfit._typing import Array
from priorfit.design import Dense
from priorfit.solve.certificate import Certificates
from priorfit.solve.columns import contiguous_columns
from priorfit.solve.standard import Standard

__all__ = ["DensePath"]

_MOST = 6000  # working columns: their Gram matrix then fills 290 MB
_STEP = 0.8  # from one strength to the next on the way to a distant first one


class DensePath:
    """Solutions at decreasing strengths; see ``cpp/gaussian_path.hpp`` for the algorithm.

    Columns are used where they lie if they are contiguous, else copied once. Columns away from a
    prior mean that is not 0 enter as the distance from it.
    """

    def __init__(self, standard: Standard, tol: float) -> None:
        self.standard, self.tol = standard, tol
        self.first = int(standard.Z.intercept)
        values = contiguous_columns(standard.Z.base)
        self.values = _contiguous_copy(standard.Z.base) if values is None else values
        form = standard.form
        self.base = np.clip(form.loc, form.lower, form.upper)
        root = np.sqrt(standard.weights)
        self.root = root
        self.y = root * (
            standard.y - standard.Z.matvec(self.base) if np.any(self.base) else standard.y
        )

    @staticmethod
    def applies(standard: Standard) -> bool:
        """Whether the design is dense and only the intercept has a flat prior."""
        form, first = standard.form, int(standard.Z.intercept)
        plain = int(np.sum((form.l1 == 0) & ~form.fixed)) - first
        return (
            standard.gaussian
            and isinstance(standard.Z.base, Dense)
            and plain <= _MOST // 4
            and not np.any(form.flat[first:])
        )

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and certificates, as many of the strengths as the working set allows."""
        standard, first = self.standard, self.first
        approach = self._approach(float(strengths[0])) if warm is standard.start else np.empty(0)
        skip = len(approach)
        strengths = np.concatenate([approach, strengths])
        tols = np.full(len(strengths), self.tol)
        tols[:skip] = 1e-2
        coefs = np.zeros((len(strengths), standard.size - first))
        coefs[0] = (warm - self.base)[first:]
        gaps, kkts = np.empty(len(strengths)), np.empty(len(strengths))
        form, Z, shift = standard.form, standard.Z, self.base
        done = gaussian_path(
            self.values,
            Z.center,
            Z.scale,
            self.root,
            self.y,
            form.l1[first:],
            form.l2[first:],
            (form.loc - shift)[first:],
            (form.lower - shift)[first:],
            (form.upper - shift)[first:],
            strengths,
            tols,
            coefs,
            gaps,
            kkts,
            standard.reference,
            standard.null_correlation,
            _MOST,
        )
        done = max(done, skip)
        solutions = np.zeros((standard.size, done - skip))
        solutions[first:] = coefs[skip:done].T
        if np.any(shift):
            solutions += shift[:, None]
        slopes = np.empty((0, done - skip))
        return solutions, Certificates(gaps[skip:done], kkts[skip:done], slopes)

    def _approach(self, s: float) -> Array:
        """Strengths on the way from the one that holds every weight down to ``s``."""
        l1, correlation = self.standard.form.l1, self.standard.correlation
        pure = (l1 > 0) & ~self.standard.form.fixed
        top = float(np.max(np.abs(correlation[pure]) / l1[pure], initial=0.0))
        if not 0 < s < _STEP * top:
            return np.empty(0)
        steps = int(np.ceil(np.log(top / s) / -np.log(_STEP)))
        return np.geomspace(top, s, steps + 1)[:-1]


def _contiguous_copy(design: Any) -> Any:
    values = design.values
    return np.asfortranarray(values, dtype=values.dtype.newbyteorder("="))
