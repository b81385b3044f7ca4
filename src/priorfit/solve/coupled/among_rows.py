"""A normal prior over more columns than rows: Newton's step among the rows.

With K = Z diag(1/l2) Z' = C C' the weights are ``loc + Z' C^-T v / l2``, the linear predictor is
``C v`` and the penalty ``|v|^2 / 2``: an exact change of unknowns from m to at most n. Columns with
a flat prior stay as they are.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from priorfit._typing import Array
from priorfit.likelihoods import Hessian
from priorfit.solve.least_squares import is_quadratic
from priorfit.solve.standard import Standard

__all__ = ["AmongRows"]


class AmongRows:
    """The factor of the kernel, made once."""

    def __init__(self, standard: Standard) -> None:
        self.standard, form = standard, standard.form
        self.normal, self.flat = standard.normal, np.flatnonzero(form.flat)
        values, vectors = linalg.eigh(standard.kernel)
        kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
        self.root, self.vectors = np.sqrt(values[kept]), vectors[:, kept]
        free = standard.Z.columns(self.flat, np.zeros(standard.size))[0]
        self.columns = np.hstack([self.vectors * self.root, free])

    @staticmethod
    def applies(standard: Standard) -> bool:
        """Whether the prior is normal, or flat for a few, over more columns than rows."""
        n, flat = standard.Z.shape[0], int(np.sum(standard.form.flat))
        return is_quadratic(standard) and len(standard.normal) > n >= flat

    def propose(self, g: Array, score: Array, hessian: Hessian, strength: float) -> Array:
        """The minimum of the quadratic model at g, (m,): first as if H were 0, then among the
        rows; both start from the pull on g, so that near the end nothing large cancels."""
        standard, normal, A = self.standard, self.normal, self.columns
        slopes, l2 = standard.Z.rmatvec(score), standard.form.l2[normal]
        step = np.zeros(standard.size)
        step[normal] = slopes[normal] / (strength * l2) - (g - standard.form.loc)[normal]
        t = standard.Z.matvec(step)
        means, moved = hessian.apply(A), hessian.apply(t[:, None])[:, 0]
        root = np.sqrt(hessian.bound)[:, None] * A
        system, rank = root.T @ root - means.T @ means, len(self.root)
        system[np.arange(rank), np.arange(rank)] += strength
        right = means.T @ moved - A.T @ (hessian.bound * t)
        right[rank:] += slopes[self.flat]
        unit = np.sqrt(np.maximum(np.diag(system), 1e-300))
        system /= np.outer(unit, unit)
        found = np.linalg.lstsq(system, right / unit, rcond=None)[0] / unit
        step[normal] += standard.Z.rmatvec(self.vectors @ (found[:rank] / self.root))[normal] / l2
        step[self.flat] = found[rank:]
        return np.asarray(g + step)
