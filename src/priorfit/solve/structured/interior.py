"""Gaussian fits of columns nearly alike: a barrier finds the support, Newton steps finish."""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array
from priorfit.solve.certificate import Certificates, certify, joined
from priorfit.solve.native import solve_quadratic
from priorfit.solve.standard import Standard
from priorfit.solve.structured.barrier import minimise_quadratic

__all__ = ["Interior"]

_FEW = 8  # rounds that a warm start gets before the barrier


class Interior:
    """An engine for l1 and l2 terms without bounds or groups."""

    def __init__(self, standard: Standard, tol: float) -> None:
        self.standard, self.tol, self.rounds = standard, tol, 0
        self.free = np.flatnonzero(~standard.form.fixed)
        self.inner = 1e-13 * standard.null_correlation

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and certificates, each warm from the last."""
        out, found, g = np.empty((self.standard.size, len(strengths))), [], warm
        for k, s in enumerate(strengths):
            g, certificate = self._solve(float(s), g)
            out[:, k] = g
            found.append(certificate)
        return out, joined(found)

    def _solve(self, strength: float, warm: Array) -> tuple[Array, Certificates]:
        best = self._finished(strength, warm, _FEW)
        if best[1].gap[0] <= self.tol:
            return best
        standard, form, free = self.standard, self.standard.form, self.free
        g = warm.copy()
        g[free] = minimise_quadratic(
            standard.gram[np.ix_(free, free)],
            self._pull(g)[free],
            strength * form.l1[free],
            strength * form.l2[free],
            form.loc[free],
            standard.reference,
        )
        found = certify(standard, g[:, None], np.array([strength]))
        tries = [best, (g, found), self._finished(strength, g, 200)]
        return min(tries, key=lambda one: float(one[1].gap[0]))

    def _pull(self, g: Array) -> Array:
        """The linear term, what the fixed unknowns explain taken out."""
        held = np.where(self.standard.form.fixed, g, 0.0)
        return self.standard.correlation - self.standard.gram @ held

    def _finished(self, strength: float, g: Array, rounds: int) -> tuple[Array, Certificates]:
        """Newton steps on the support of ``g``, and coordinates that find what is amiss."""
        standard, at = self.standard, np.array([strength])
        b, taken = solve_quadratic(
            standard.gram, standard.correlation, standard.form, None, at, g, self.inner, rounds
        )
        self.rounds = max(self.rounds, taken)
        return b[0], certify(standard, b.T, at)
