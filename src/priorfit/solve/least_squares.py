"""Gaussian likelihood, normal and flat priors, no bounds: linear algebra gives the answer.

p <= n: Cholesky of Z'WZ + s L2, or one eigendecomposition for a whole path; p > n: one
eigendecomposition of the n x n kernel. Where weights are free, or these lose digits, a pivoted QR
of the augmented matrix. Source: Hastie & Tibshirani, Expression arrays and the p >> n problem
(2004); Golub & Van Loan, sections 5.5 and 6.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg

from priorfit._typing import Array, Index
from priorfit.solve.certificate import Certificates, certify
from priorfit.solve.standard import Standard

__all__ = ["LeastSquares", "dual_normal", "is_quadratic", "kernel"]


def is_quadratic(standard: Standard) -> bool:
    """Whether the penalty is quadratic and the box trivial."""
    form = standard.form
    unbounded = (np.isinf(form.lower) & np.isinf(form.upper)) | form.fixed
    return not np.any(form.kinked) and bool(np.all(unbounded))


class LeastSquares:
    """An engine of linear algebra alone; the warm start is not used."""

    def __init__(self, standard: Standard, tol: float) -> None:
        self.standard, self.tol, self.rounds = standard, tol, 1
        form = standard.form
        unknown = ~form.fixed
        self.flat = np.flatnonzero(unknown & (form.l2 == 0))
        self.normal = np.flatnonzero(unknown & (form.l2 > 0))
        self.base = np.where(form.fixed | (form.l2 > 0), standard.start, 0.0)
        self.rest = standard.y - standard.Z.matvec(self.base)

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:  # noqa: ARG002
        """Solutions (m, k) and certificates."""
        standard = self.standard
        if len(self.flat) > int(standard.Z.intercept):
            solutions = self._orthogonal(strengths)
            return solutions, certify(standard, solutions, strengths)
        solve = _primal if len(self.normal) <= standard.Z.shape[0] else _dual
        solutions = np.repeat(self.base[:, None], len(strengths), axis=1)
        moved = solve(standard, self.flat, self.normal, self.rest, strengths)
        solutions[np.concatenate([self.flat, self.normal])] += moved
        found = certify(standard, solutions, strengths)
        missed = np.flatnonzero(found.gap > self.tol)
        if not len(missed) or standard.size > 5000:
            return solutions, found
        solutions[:, missed] = self._orthogonal(strengths[missed])
        return solutions, certify(standard, solutions, strengths)

    def _orthogonal(self, strengths: Array) -> Array:
        unknown = np.concatenate([self.flat, self.normal])
        out = np.repeat(self.base[:, None], len(strengths), axis=1)
        for k, s in enumerate(strengths):
            out[unknown, k] += _augmented_qr(self.standard, unknown, self.rest, s)
        return out


def _primal(standard: Standard, flat: Index, normal: Index, y: Array, s: Array) -> Array:
    """Normal equations with the (orthogonal) intercept first; (flat + normal, k)."""
    w, Z = standard.weights, standard.Z
    l2 = standard.form.l2[normal]
    correlation = Z.rmatvec(w * y)
    gram = Z.gram(normal, normal, w)
    q = correlation[normal]
    if len(flat):  # centred columns: the intercept is the weighted mean, but for rounding
        border = Z.gram(flat, normal, w)[0] / w.sum()
        mean = correlation[flat[0]] / w.sum()
        gram -= w.sum() * np.outer(border, border)
        q = q - w.sum() * mean * border
    b = _cholesky(gram, q, l2, s) if len(s) <= 3 else _spectral(gram, q, l2, s)
    return b if not len(flat) else np.vstack([mean - border @ b, b])


def _cholesky(gram: Array, q: Array, l2: Array, strengths: Array) -> Array:
    out = np.empty((len(q), len(strengths)))
    for k, s in enumerate(strengths):
        try:
            out[:, k] = linalg.solve(gram + np.diag(s * l2), q, assume_a="pos")
        except (linalg.LinAlgError, linalg.LinAlgWarning):
            out[:, k] = np.nan
    return out


def _spectral(gram: Array, q: Array, l2: Array, strengths: Array) -> Array:
    """With u = sqrt(l2) b the path is ``u(s) = V (D + s)^-1 V' q / sqrt(l2)``."""
    root = np.sqrt(l2)
    values, vectors = linalg.eigh(gram / root[:, None] / root)
    shrunk = (vectors.T @ (q / root))[:, None] / (np.maximum(values, 0.0)[:, None] + strengths)
    return np.asarray((vectors @ shrunk) / root[:, None])


def kernel(standard: Standard, normal: Index) -> Array:
    """``Z_N diag(1/l2) Z_N'`` (n, n), by blocks of columns."""
    n = standard.Z.shape[0]
    out = np.zeros((n, n))
    step = max(1, (1 << 22) // n)
    for start in range(0, len(normal), step):
        cols = normal[start : start + step]
        block = standard.Z.columns(cols, np.zeros(standard.size))[0]
        block = block / np.sqrt(standard.form.l2[cols])
        out += block @ block.T
    return out


def _dual(standard: Standard, flat: Index, normal: Index, y: Array, s: Array) -> Array:
    """With K the kernel and H = diag(w): ``b = L2^-1 Z' u / s``, ``(K/s + H^-1) u = y - Z_F a``."""
    root = np.sqrt(standard.weights)
    values, vectors = linalg.eigh(root[:, None] * kernel(standard, normal) * root)
    spectrum = np.maximum(values, 0.0)
    rotated_y = vectors.T @ (root * y)
    free = standard.Z.columns(flat, np.zeros(standard.size))[0]
    rotated_free = vectors.T @ (root[:, None] * free)
    alphas, duals = [], []
    for strength in s:
        inverse = 1.0 / (spectrum / strength + 1.0)
        normal_matrix = rotated_free.T @ (inverse[:, None] * rotated_free)
        a = np.linalg.solve(normal_matrix, rotated_free.T @ (inverse * rotated_y))
        duals.append(root * (vectors @ (inverse * (rotated_y - rotated_free @ a))))
        alphas.append(a)
    slopes = standard.Z.rmatvec(np.stack(duals, axis=1))[normal]
    b = slopes / standard.form.l2[normal][:, None] / s
    return np.vstack([np.stack(alphas, axis=1), b])


def dual_normal(
    K: Array, free: Array, target: Array, h: Array, strength: float
) -> tuple[Array, Array]:
    """One weighted step for GLMs: (a, u) with ``(K/s + diag(1/h)) u = target - Z_F a``."""
    root = np.sqrt(h)
    system = root[:, None] * (K / strength) * root
    system[np.diag_indices_from(system)] += 1.0
    factor = linalg.cho_factor(system, overwrite_a=True)

    def solve(v: Array) -> Array:
        return np.asarray((root * linalg.cho_solve(factor, (root * v.T).T).T).T)

    smooth = solve(free)
    a = np.linalg.solve(free.T @ smooth, smooth.T @ target)
    return np.asarray(a, dtype=np.float64), solve(target - free @ a)


def _augmented_qr(standard: Standard, unknown: Index, y: Array, strength: float) -> Array:
    """Least squares of ``[sqrt(w) Z; sqrt(s l2)] b = [sqrt(w) y; 0]`` by QR with column pivoting.

    Columns that depend on others get the minimum-norm solution (in standard units).
    """
    root = np.sqrt(standard.weights)
    columns = standard.Z.columns(unknown, np.zeros(standard.size))[0] * root[:, None]
    penalty = np.sqrt(strength * standard.form.l2[unknown])
    matrix = np.vstack([columns, np.diag(penalty)[penalty > 0]])
    size = np.sqrt(np.square(matrix).sum(axis=0))
    size = np.where(size > 0, size, 1.0)
    target = np.concatenate([root * y, np.zeros(len(matrix) - len(y))])
    q, r, order = linalg.qr(matrix / size, mode="economic", pivoting=True)
    pivots = np.abs(np.diag(r))
    rank = int(np.sum(pivots > pivots[0] * max(matrix.shape) * np.finfo(float).eps))
    found = _refined(q, r, order, rank, matrix / size, target)
    return found / size


def _refined(q: Any, r: Any, order: Any, rank: int, A: Array, target: Array) -> Array:
    """The solution, and one step of refinement on its residual."""
    apply = _triangular(q, r, order, rank)
    x = apply(target)
    return x + apply(target - A @ x)


def _triangular(q: Any, r: Any, order: Any, rank: int) -> Callable[[Array], Array]:
    head = r[:rank, :rank]
    full = rank == r.shape[1]

    def apply(v: Array) -> Array:
        projected = (q.T @ v)[:rank]
        x = np.empty(r.shape[1])
        if full:
            x[order] = linalg.solve_triangular(head, projected)
        else:  # r[:rank] is wide: the minimum-norm solution of a full-rank system
            x[order] = np.linalg.lstsq(r[:rank], projected, rcond=None)[0]
        return x

    return apply
