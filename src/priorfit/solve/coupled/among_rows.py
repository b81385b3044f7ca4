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
        self.base = np.where(form.flat, 0.0, standard.start)
        self.fixed_eta = standard.eta(self.base)

    @staticmethod
    def applies(standard: Standard) -> bool:
        """Whether the prior is normal, or flat for a few, over more columns than rows."""
        n, flat = standard.Z.shape[0], int(np.sum(standard.form.flat))
        return is_quadratic(standard) and len(standard.normal) > n >= flat

    def propose(self, eta: Array, score: Array, hessian: Hessian, strength: float) -> Array:
        """The minimum of the quadratic model at eta, (m,)."""
        A, x = self.columns, eta - self.fixed_eta
        means, moved = hessian.apply(A), hessian.apply(x[:, None])[:, 0]
        root = np.sqrt(hessian.bound)[:, None] * A
        system = root.T @ root - means.T @ means
        rank = len(self.root)
        system[np.arange(rank), np.arange(rank)] += strength
        right = A.T @ (score + hessian.bound * x) - means.T @ moved
        found = np.linalg.lstsq(system, right, rcond=None)[0] if rank < A.shape[1] else (
            linalg.solve(system, right, assume_a="pos")
        )  # fmt: skip
        proposal, standard = self.base.copy(), self.standard
        spread = standard.Z.rmatvec(self.vectors @ (found[:rank] / self.root))[self.normal]
        proposal[self.normal] += spread / standard.form.l2[self.normal]
        proposal[self.flat] = found[rank:]
        return proposal
