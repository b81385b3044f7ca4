"""Alternating directions in NumPy: slow, plain, right. The interior point is tied to it.

Source: Boyd et al. (2011), Distributed optimization ... via ADMM, sections 3.4.1 and 4; the loss
and the prior are each met by their prox, a least-squares problem joins them.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from priorfit._typing import Array
from priorfit.solve.certificate import Certificates, certify, joined
from priorfit.solve.standard import Standard

__all__ = ["Splitting"]

_LOOK = 50  # iterations between certificates
_SETTLED = 1000  # iterations after which rho stays: it is proven for a constant one


class Splitting:
    """The reference engine of a loss with a kink, for every prior that has a prox."""

    def __init__(self, standard: Standard, tol: float, max_iter: int) -> None:
        self.standard, self.tol, self.max_iter = standard, tol, max_iter
        self.rounds = max_iter
        every = np.arange(standard.size)
        self.Z = standard.Z.columns(every, np.zeros(standard.size))[0]

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates, each warm from the last."""
        g, found = warm, []
        out = np.empty((self.standard.size, len(strengths)))
        for k, strength in enumerate(strengths):
            g, certificate = self._solve(g, float(strength))
            out[:, k] = g
            found.append(certificate)
        return out, joined(found)

    def _solve(self, g: Array, strength: float) -> tuple[Array, Certificates]:
        """min loss(r) + penalty(z) subject to r = y - offset - Z g and z = g."""
        standard, Z, at = self.standard, self.Z, np.array([strength])
        q, w = standard.likelihood.q, standard.weights  # type: ignore[attr-defined]
        b = (
            standard.y
            - standard.offset
            - Z @ np.where(standard.form.fixed, standard.form.lower, 0.0)
        )
        Z = np.where(standard.form.fixed, 0.0, Z)  # a fixed weight is known
        spread = float(np.mean(np.abs(b - np.mean(b)))) or 1.0
        rho = float(np.mean(w)) / spread
        factor = linalg.cho_factor(Z.T @ Z + np.eye(len(g)))
        z, r = g, b - Z @ g
        theta, force = np.zeros_like(b), np.zeros_like(g)
        best: tuple[Array, Certificates] | None = None
        for iteration in range(self.max_iter):
            g = linalg.cho_solve(factor, Z.T @ (b - r + theta / rho) + z - force / rho)
            eta, before = Z @ g, (r, z)
            aim = b - eta + theta / rho
            r = aim - np.clip(aim, -(1.0 - q) * w / rho, q * w / rho)
            theta = rho * (aim - r)
            z = standard.form.prox(g + force / rho, strength / rho)
            force = force + rho * (g - z)
            if iteration % _LOOK == 0:
                for point in (theta[:, None], None):
                    certificate = certify(standard, z[:, None], at, point)
                    if best is None or certificate.gap[0] < best[1].gap[0]:
                        best = (z, certificate)
                if best is not None and best[1].gap[0] <= self.tol:
                    break
                if iteration < _SETTLED:
                    rho = _balanced(rho, Z, (b - eta - r, g - z), (r - before[0], z - before[1]))
        assert best is not None
        return best


def _balanced(rho: float, Z: Array, off: tuple[Array, Array], moved: tuple[Array, Array]) -> float:
    """A larger rho where feasibility lags behind, a smaller one where stationarity does."""
    primal = float(np.hypot(np.linalg.norm(off[0]), np.linalg.norm(off[1])))
    dual = rho * float(np.linalg.norm(Z.T @ moved[0] - moved[1]))
    if primal > 10.0 * dual:
        return 2.0 * rho
    return 0.5 * rho if dual > 10.0 * primal else rho
