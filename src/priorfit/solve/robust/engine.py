"""Student's t noise: majorise, minimise, from several starts.

Each step minimises a parabola that touches every row's loss from above, with the prior as it is:
the objective cannot rise (expectation-maximisation in the sense of Dempster, Laird & Rubin 1980;
Lange, Little & Taylor 1989, section 3). Near an optimum Newton's steps take over where the loss is
convex there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import linalg

from priorfit._typing import Array, Index
from priorfit.likelihoods import StudentT
from priorfit.solve.certificate import Certificates, certify, joined
from priorfit.solve.newton import Newton
from priorfit.solve.standard import Standard
from priorfit.solve.working_set import beyond

__all__ = ["SeveralStarts"]

_NEAR = 1e-3  # a step's gain, relative to the null model, below which Newton's steps are tried
_MOST = 1000
_STALLED = 10


class SeveralStarts:
    """An engine: descends from every start and keeps the lowest optimum.

    ``starts(standard, strength)`` are estimates of other models for the same data. ``optima``:
    how many different optima were found at the last strength.
    """

    def __init__(
        self, standard: Standard, tol: float, starts: Callable[[Standard, float], list[Array]]
    ) -> None:
        self.standard, self.starts = standard, starts
        self.descent = _Descent(standard, tol)
        self.rounds, self.optima = 0, 1

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates, each warm from the last."""
        out = np.empty((self.standard.size, len(strengths)))
        parts: list[Certificates] = []
        g = warm
        for k, strength in enumerate(strengths):
            s = float(strength)
            begins = [g, self.standard.start, *self.starts(self.standard, s)]
            found = [self.descent.to_optimum(begin, s) for begin in begins]
            values = [value for _, _, value in found]
            best = int(np.argmin(values))
            self.optima = len(set(np.round(np.array(values) / self.standard.reference, 8)))
            self.rounds = max(self.rounds, self.descent.rounds)
            g, certificate, _ = found[best]
            out[:, k] = g
            parts.append(certificate)
        return out, joined(parts)


class _Descent(Newton):
    """One descent; the quadratic models are those of `Newton`, on parabolas from above."""

    def __init__(self, standard: Standard, tol: float) -> None:
        super().__init__(standard, tol, _MOST)
        self.exact = False

    def to_optimum(self, g: Array, strength: float) -> tuple[Array, Certificates, float]:
        """(g, certificate, objective) of the optimum that lies below ``g``."""
        standard, form = self.standard, self.standard.form
        g = np.clip(g, form.lower, form.upper)
        eta, at = standard.eta(g), np.array([strength])
        value, stalled, self.exact = self._objective(g, eta, strength), 0, False
        certificate = certify(standard, g[:, None], at)
        for rounds in range(1, _MOST + 1):
            self.rounds = max(self.rounds, rounds)
            if certificate.kkt[0] <= 0.1 * self.tol or stalled > _STALLED:
                break
            slopes = certificate.slopes[:, 0]
            working = (g != form.loc) | ~form.kinked
            working |= beyond(form, np.abs(slopes - strength * form.l2 * (g - form.loc)), strength)
            cols = np.flatnonzero((working | self.whole) & ~form.fixed)
            proposal = self._propose(g, eta, slopes, strength, cols)
            moved = self._search(g, eta, value, proposal, strength)
            if moved is None:
                if not self.exact:
                    break
                self.exact, stalled = False, stalled + 1
                continue
            gain, (g, eta, value) = value - moved[2], moved
            stalled = stalled + 1 if gain <= 1e-15 * abs(value) else 0
            self.exact = gain <= _NEAR * standard.reference and stalled == 0
            certificate = certify(standard, g[:, None], at)
        return g, certificate, value

    def _curvatures(self, eta: Array) -> Array:
        likelihood = self.standard.likelihood
        assert isinstance(likelihood, StudentT)
        return self.standard.weights * likelihood.majorant(self.standard.y, eta)

    def _propose(self, g: Array, eta: Array, slopes: Array, strength: float, cols: Index) -> Array:
        """Newton's step where the Hessian of the moving columns is positive, else the parabola's.

        Columns that rest at their kink stay there in the former."""
        standard, form = self.standard, self.standard.form
        if not self.exact or self.dual or form.groups is not None:
            return super()._propose(g, eta, slopes, strength, cols)
        h = standard.likelihood.curvatures(standard.y, eta, standard.weights)
        gram = standard.Z.gram(cols, cols, np.maximum(h, 0.0))
        if np.any(h < 0):
            gram -= standard.Z.gram(cols, cols, np.maximum(-h, 0.0))
        try:
            linalg.cholesky(gram + np.diag(strength * form.l2[cols]), check_finite=False)
        except linalg.LinAlgError:
            return super()._propose(g, eta, slopes, strength, cols)
        return self._minimum(gram, g, slopes, strength, cols)
