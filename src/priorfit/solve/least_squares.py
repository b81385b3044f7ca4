"""Gaussian likelihood, normal and flat priors, no bounds: linear algebra gives the answer.

`priorfit.solve.ridge` where all weights have a normal prior; where some are free, or it loses
digits, a pivoted QR of the augmented matrix. Source: Golub & Van Loan, sections 5.5 and 6.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
from scipy import linalg

from priorfit._typing import Array, Index
from priorfit.priors import NormalForm
from priorfit.solve.certificate import Certificates, certify, certify_by_gram, joined
from priorfit.solve.lent import lent
from priorfit.solve.ridge import Ridge, Tall, ridge
from priorfit.solve.standard import Standard

__all__ = ["LeastSquares", "among_rows", "dual_normal", "is_quadratic", "quadratic_form"]


def is_quadratic(standard: Standard) -> bool:
    """Whether the penalty is quadratic and the box trivial."""
    return quadratic_form(standard.form)


def quadratic_form(form: NormalForm) -> bool:
    """`is_quadratic`, of the penalty alone."""
    if np.any(form.kinked):
        return False
    return bool(np.all((np.isinf(form.lower) & np.isinf(form.upper)) | form.fixed))


class LeastSquares:
    """An engine of linear algebra alone; the warm start is not used."""

    def __init__(self, standard: Standard, tol: float) -> None:
        self.standard, self.tol, self.rounds = standard, tol, 1
        form = standard.form
        unknown = ~form.fixed
        self.flat = np.flatnonzero(unknown & (form.l2 == 0))
        self.normal = standard.normal
        self.base = np.where(form.fixed | (form.l2 > 0), standard.start, 0.0)
        self.rest = standard.y - standard.Z.matvec(self.base) if np.any(self.base) else standard.y

    @cached_property
    def ridge(self) -> Ridge:
        """The factors, made once."""
        return ridge(self.standard, self.normal, self.rest)

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:  # noqa: ARG002
        """Solutions (m, k) and certificates."""
        standard = self.standard
        if len(self.flat) > int(standard.Z.intercept):
            solutions = self._orthogonal(strengths)
            return solutions, certify(standard, solutions, strengths)
        solutions = np.repeat(self.base[:, None], len(strengths), axis=1)
        solutions[np.concatenate([self.flat, self.normal])] += self.ridge(strengths)
        found = self._certified(solutions, strengths)
        missed = np.flatnonzero(found.gap > self.tol)
        if not len(missed) or standard.size > 5000:
            return solutions, found
        solutions[:, missed] = self._orthogonal(strengths[missed])
        return solutions, certify(standard, solutions, strengths)

    def _certified(self, solutions: Array, strengths: Array) -> Certificates:
        """All but the last by the Gram matrix of the columns, where it is at hand."""
        standard = self.standard
        if not isinstance(self.ridge, Tall) or len(strengths) < 2:
            return certify(standard, solutions, strengths)
        most = certify_by_gram(standard, solutions[:, :-1], strengths[:-1])
        if np.any(most.gap > self.tol):
            return certify(standard, solutions, strengths)
        return joined([most, certify(standard, solutions[:, -1:], strengths[-1:])])

    def _orthogonal(self, strengths: Array) -> Array:
        unknown = np.concatenate([self.flat, self.normal])
        out = np.repeat(self.base[:, None], len(strengths), axis=1)
        for k, s in enumerate(strengths):
            out[unknown, k] += _augmented_qr(self.standard, unknown, self.rest, s)
        return out


def dual_normal(
    K: Array, free: Array, target: Array, h: Array, strength: float, pull: Array
) -> tuple[Array, Array]:
    """One weighted step: (a, u) with ``(K/s + diag(1/h)) u = target - Z_F a``, ``Z_F'u = pull``."""
    root = np.sqrt(h)
    try:
        with among_rows(K, root, strength) as system:
            factor = linalg.cho_factor(system, lower=True, overwrite_a=True)
            return _bordered(lambda v: linalg.cho_solve(factor, v), root, free, target, pull)
    except linalg.LinAlgError:  # by rounding: its eigenvalues are >= 1
        with among_rows(K, root, strength) as system:
            values, vectors = linalg.eigh(system)
        half = vectors / np.sqrt(np.maximum(values, 1.0)) @ vectors.T
        return _bordered(lambda v: half @ (half @ v), root, free, target, pull)


def _bordered(
    inverse: Callable[[Array], Any], root: Array, free: Array, target: Array, pull: Array
) -> tuple[Array, Array]:
    """See `dual_normal`, for the inverse of `among_rows`."""

    def solve(v: Array) -> Array:
        return np.asarray((root * inverse((root * v.T).T).T).T)

    smooth = solve(free)
    a = np.linalg.solve(free.T @ smooth, smooth.T @ target - pull)
    return np.asarray(a, dtype=np.float64), solve(target - free @ a)


@contextmanager
def among_rows(K: Array, root: Array, strength: float) -> Iterator[Array]:
    """``R K R / s + I`` for R = diag(root), `lent` by K (n, n)."""
    with lent(K, root / np.sqrt(strength)) as system:
        system[np.diag_indices_from(system)] += 1.0
        yield system


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
