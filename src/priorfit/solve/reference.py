"""Accelerated proximal gradient in NumPy: slow, plain, right. The native engines are tied to it.

Source: Beck & Teboulle (2009), FISTA; restart of O'Donoghue & Candes (2015), gradient scheme.
"""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array
from priorfit.solve.certificate import Certificates, certify, joined
from priorfit.solve.standard import Standard

__all__ = ["Reference"]


class Reference:
    """An engine for every likelihood and prior that has a prox."""

    def __init__(self, standard: Standard, tol: float, max_iter: int) -> None:
        self.standard, self.tol, self.max_iter = standard, tol, max_iter
        self.rounds = max_iter

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates, each warm from the last."""
        g, found = warm, []
        out = np.empty((self.standard.size, len(strengths)))
        for k, s in enumerate(strengths):
            g, certificate = _solve_one(self.standard, g, np.array([s]), self.tol, self.max_iter)
            out[:, k] = g
            found.append(certificate)
        return out, joined(found)


def _smooth(standard: Standard, g: Array) -> tuple[float, Array]:
    eta = standard.eta(g)
    with np.errstate(over="ignore", invalid="ignore"):
        value = standard.total(eta)
        gradient = -standard.Z.rmatvec(standard.score(eta))
        return (value if np.isfinite(value) else np.inf), gradient


def _solve_one(
    standard: Standard, g: Array, at: Array, tol: float, max_iter: int
) -> tuple[Array, Certificates]:
    form, s = standard.form, float(at[0])
    ahead, momentum, step = g, 1.0, 1.0 / float(standard.weights.sum())
    for iteration in range(max_iter):
        if iteration % 20 == 0:
            certificate = certify(standard, g[:, None], at)
            if certificate.gap[0] <= tol:
                break
        value, gradient = _smooth(standard, ahead)
        step *= 1.1
        while True:  # backtrack until the quadratic bound holds
            trial = form.prox(ahead - step * gradient, step * s)
            d = trial - ahead
            bound = value + gradient @ d + d @ d / (2 * step)
            if _smooth(standard, trial)[0] <= bound + 1e-12 * abs(value):
                break
            step *= 0.5
        restart = (ahead - trial) @ (trial - g) > 0
        following = 1.0 if restart else 0.5 + np.sqrt(0.25 + momentum**2)
        ahead = trial if restart else trial + (momentum - 1.0) / following * (trial - g)
        g, momentum = trial, following
    return g, certify(standard, g[:, None], at)
