"""Gaussian, few columns in groups over many rows: one Gram matrix, and X is not copied."""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array
from priorfit.design import Dense
from priorfit.solve.blocks import blocks_of
from priorfit.solve.certificate import Certificates, certify, certify_by_gram, joined
from priorfit.solve.columns import read_in_place
from priorfit.solve.native import solve_group_quadratic
from priorfit.solve.standard import Standard

__all__ = ["GroupGram"]

_COLUMNS = 300


class GroupGram:
    """Solutions at every strength from ``Z'WZ``, which is summed by blocks of rows."""

    def __init__(self, standard: Standard, tol: float) -> None:
        self.standard, self.tol = standard, tol
        free = np.flatnonzero(~standard.form.fixed)
        self.blocks = blocks_of(standard.form, free[free >= standard.first])

    @staticmethod
    def applies(standard: Standard) -> bool:
        """Whether X is dense with few columns that cannot be read where they lie."""
        base = standard.Z.base
        return isinstance(base, Dense) and not read_in_place(base) and standard.size <= _COLUMNS

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates, each warm from the last."""
        standard, blocks = self.standard, self.blocks
        base = np.clip(standard.form.loc, standard.form.lower, standard.form.upper)
        q = standard.correlation - standard.gram @ base
        inner = np.ascontiguousarray(standard.gram[np.ix_(blocks.columns, blocks.columns)])
        out = np.repeat(base[:, None], len(strengths), axis=1)
        b, tol = (warm - base)[blocks.columns], 1e-13 * standard.null_correlation
        for k, s in enumerate(strengths):
            b = solve_group_quadratic(inner, q[blocks.columns], blocks, float(s), b, tol)
            out[blocks.columns, k] += b
        return out, self._certified(out, strengths)

    def _certified(self, g: Array, strengths: Array) -> Certificates:
        """By the Gram matrix; the last, and all where it cannot vouch for one, by a look at X."""
        most = certify_by_gram(self.standard, g[:, :-1], strengths[:-1])
        if not np.all(most.gap <= self.tol):
            return certify(self.standard, g, strengths)
        return joined([most, certify(self.standard, g[:, -1:], strengths[-1:])])
