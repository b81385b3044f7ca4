"""Gaussian, few columns: one Gram matrix, the whole path in one native call."""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array
from priorfit.design import Dense
from priorfit.solve.certificate import Certificates, certify, certify_by_gram, joined
from priorfit.solve.columns import stored
from priorfit.solve.native import solve_quadratic
from priorfit.solve.standard import Standard

__all__ = ["Gram", "few_columns"]

_SMALL = 300  # columns whose Gram matrix is small whatever the rows
_TINY = 100  # columns of which a single fit takes all, but at strengths beyond _STRONG
_STRONG = 0.2  # of the strength without weights: above, most columns stay out


def few_columns(standard: Standard, only: float | None = None) -> bool:
    """Whether the Gram matrix of all columns is cheaper than screening.

    For ``only`` one strength it is so where the l1 term leaves many columns in.
    """
    n, m = standard.Z.shape
    l1 = standard.form.l1[standard.form.l1 > 0]
    few = m <= _SMALL or m <= min(n, 5000)
    if only is None or not len(l1) or not few:
        return few
    screened = len(l1) == m - standard.first and stored(standard.Z.base) is not None
    if m <= _SMALL and not screened:
        return True
    dense = _STRONG if m <= _TINY else 2.0 / m
    return m <= n and only * l1.min() < dense * standard.null_correlation


class Gram:
    """An engine that looks at X once."""

    def __init__(self, standard: Standard, tol: float) -> None:
        self.standard, self.tol, self.rounds = standard, tol, 0

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and certificates."""
        found = self.solutions(strengths, warm)
        return found, self._certified(found, strengths)

    def solutions(self, strengths: Array, warm: Array) -> Array:
        """Solutions (m, k) alone, for a search whose end is certified."""
        form, tol = self.standard.form, 1e-13 * self.standard.null_correlation
        gram, q = self.standard.gram, self.standard.correlation
        coefs, self.rounds = solve_quadratic(gram, q, form, None, strengths, warm, tol)
        return coefs.T

    def _certified(self, g: Array, strengths: Array) -> Certificates:
        """By the Gram matrix; the last, and any that it cannot vouch for, by a look at X."""
        standard = self.standard
        if not isinstance(standard.Z.base, Dense) or g.shape[1] < 2:
            return certify(standard, g, strengths)
        most = certify_by_gram(standard, g[:, :-1], strengths[:-1])
        if not np.all(most.gap <= self.tol):
            return certify(standard, g, strengths)
        return joined([most, certify(standard, g[:, -1:], strengths[-1:])])
