"""Ridge too large for any Gram matrix: conjugate gradients on X alone, never made dense.

``min_v |c - A v|^2 / 2 + s |v|^2 / 2`` for ``A = sqrt(W) Z_N L2^-1/2`` and ``v = L2^1/2 b``. The
gap of such a v is ``|A'(c - A v) - s v|^2 / (2 s)``: the recursion stops on the certificate itself.
Source: Björck, Numerical Methods for Least Squares Problems (1996), section 7.4 (CGLS).
"""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array
from priorfit.design import Dense
from priorfit.solve.certificate import Certificates, certify, joined
from priorfit.solve.standard import Standard

__all__ = ["ConjugateGradients", "is_huge", "trace"]

_DENSE, _SPARSE = 10_000, 3_000  # order of the largest Gram matrix worth a factor


def is_huge(standard: Standard) -> bool:
    """Whether the smaller Gram matrix is too large to factor."""
    most = _DENSE if isinstance(standard.Z.base, Dense) else _SPARSE
    return min(len(standard.normal), standard.Z.shape[0]) > most


class ConjugateGradients:
    """An engine for normal priors on every weight."""

    def __init__(self, standard: Standard, tol: float, max_iter: int) -> None:
        self.standard, self.tol, self.max_iter, self.rounds = standard, tol, max_iter, 0
        self.base = standard.start.copy()
        self.base[: int(standard.Z.intercept)] = 0.0
        rest = standard.y - standard.Z.matvec(self.base) if np.any(self.base) else standard.y
        self.mean = 0.0
        if standard.Z.intercept:
            self.mean = float(standard.weights @ rest / standard.weights.sum())
        self.target = np.sqrt(standard.weights) * (rest - self.mean)

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and certificates, each warm from the last."""
        normal, root = self.standard.normal, np.sqrt(self.standard.form.l2[self.standard.normal])
        v = (warm - self.base)[normal] * root
        out, parts = np.repeat(self.base[:, None], len(strengths), axis=1), []
        for k, s in enumerate(strengths):
            goal = 0.5 * self.tol * self.standard.reference
            for _ in range(3):  # the recursion drifts: what the certificate refuses goes on
                v, rounds = solved(self.standard, self.target, float(s), v, goal, self.max_iter)
                self.rounds = max(self.rounds, rounds)
                g = self.base.copy()
                g[normal] += v / root
                if self.standard.Z.intercept:
                    g[0] = self.mean
                found = certify(self.standard, g[:, None], strengths[k : k + 1])
                if found.gap[0] <= self.tol or rounds >= self.max_iter:
                    break
                goal *= 1e-2
            out[:, k] = g
            parts.append(found)
        return out, joined(parts)


def solved(
    standard: Standard, target: Array, s: float, v: Array, goal: float, max_iter: int
) -> tuple[Array, int]:
    """(v, iterations) with a gap of at most ``goal``, from ``v``; scaled by A's column norms."""
    normal = standard.normal
    l2, w = standard.form.l2[normal], np.sqrt(standard.weights)
    unit, size = 1.0 / np.sqrt(l2), 2.0 * standard.weights.sum() / l2 + s  # columns are near unit

    def forward(v: Array) -> Array:
        g = np.zeros(standard.size)
        g[normal] = unit * v
        return w * standard.Z.matvec(g)

    def back(d: Array) -> Array:
        return np.asarray(unit * standard.Z.rmatvec(w * d)[normal])

    d = target - forward(v) if np.any(v) else target.copy()
    r = back(d) - s * v
    p = z = r / size
    now = r @ z
    for rounds in range(max_iter):
        if r @ r <= 2.0 * s * goal or now == 0.0:
            return v, rounds
        q = forward(p)
        step = now / (q @ q + s * (p @ p))
        v = v + step * p
        d -= step * q
        r = back(d) - s * v
        z = r / size
        before, now = now, r @ z
        p = z + (now / before) * p
    return v, max_iter


def trace(standard: Standard, strength: float) -> float:
    """``tr A (A'A + s)^-1 A'`` from random signs, the same at each call.

    One vector of them is enough: its error is about the root of twice the trace (Hutchinson 1990).
    """
    n, normal = standard.Z.shape[0], standard.normal
    probe = np.random.default_rng(0).choice([-1.0, 1.0], size=n)
    v, _ = solved(standard, probe, strength, np.zeros(len(normal)), 1e-3 * n, 1000)
    g = np.zeros(standard.size)
    g[normal] = v / np.sqrt(standard.form.l2[normal])
    return float(probe @ (np.sqrt(standard.weights) * standard.Z.matvec(g)))
