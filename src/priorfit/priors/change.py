"""Beliefs that are simple in other coordinates: ``b = loc + L u`` with a simple belief about u."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.linalg import spsolve_triangular

from priorfit._checks import is_sparse
from priorfit._typing import Array, Index

if TYPE_CHECKING:
    from priorfit.priors.base import Prior

__all__ = ["Basis", "Change", "Cumulative", "Eigen", "Identity", "SideBySide", "Triangular"]


class Basis(ABC):
    """An invertible linear map L of p coordinates; vectors are (p,), several of them (p, k)."""

    #: log |det L|
    log_det: float

    @abstractmethod
    def apply(self, u: Array) -> Array:
        """``L u``."""

    @abstractmethod
    def adjoint(self, v: Array) -> Array:
        """``L' v``."""

    @abstractmethod
    def solve(self, b: Array) -> Array:
        """``L^-1 b``."""

    @abstractmethod
    def inverse(self) -> Any:
        """``L^-1`` (p, p), dense or sparse."""


@dataclass(frozen=True, eq=False)
class Change:
    """``b = loc + L u`` where ``prior`` is the belief about u: separable, or in groups.

    The density of b is that of u over ``|det L|``.
    """

    basis: Basis
    prior: Prior
    loc: Array

    def into(self, b: Array) -> Array:
        """``u = L^-1 (b - loc)`` of weights (p,) or (p, k)."""
        return self.basis.solve((b.T - self.loc).T)

    def back(self, u: Array) -> Array:
        """``b = loc + L u`` of coordinates (p,) or (p, k)."""
        return np.asarray((self.basis.apply(u).T + self.loc).T)


@dataclass(frozen=True)
class Identity(Basis):
    """``L = I``: p coordinates that stay what they are."""

    p: int
    log_det = 0.0

    def apply(self, u: Array) -> Array:
        return u

    def adjoint(self, v: Array) -> Array:
        return v

    def solve(self, b: Array) -> Array:
        return b

    def inverse(self) -> Any:
        return sparse.eye_array(self.p, format="csr")


@dataclass(frozen=True, eq=False)
class Cumulative(Basis):
    """Sums of sums: u holds the first weight, the first slope, ..., then the last differences.

    ``widths[l]`` (p - l - 1,) divides the differences of level l, but for the last level's: with
    all of them 1, u is ``(b_0, (Db)_0, ..., (D^k b))``, D the matrix of neighbours' differences.
    Source: Tibshirani, Adaptive piecewise polynomial estimation via trend filtering (2014).
    """

    widths: tuple[Array, ...]

    @property
    def log_det(self) -> float:  # type: ignore[override]
        return float(sum(np.log(w).sum() for w in self.widths[:-1]))

    def apply(self, u: Array) -> Array:
        out = np.array(u, dtype=np.float64)
        for level in range(len(self.widths) - 1, -1, -1):
            if level < len(self.widths) - 1:
                out[level + 1 :] = (out[level + 1 :].T * self.widths[level]).T
            np.cumsum(out[level:], axis=0, out=out[level:])
        return out

    def adjoint(self, v: Array) -> Array:
        out = np.array(v, dtype=np.float64)
        for level in range(len(self.widths)):
            out[level:] = np.cumsum(out[level:][::-1], axis=0)[::-1]
            if level < len(self.widths) - 1:
                out[level + 1 :] = (out[level + 1 :].T * self.widths[level]).T
        return out

    def solve(self, b: Array) -> Array:
        out = np.array(b, dtype=np.float64)
        for level in range(len(self.widths)):
            out[level + 1 :] = np.diff(out[level:], axis=0)
            if level < len(self.widths) - 1:
                out[level + 1 :] = (out[level + 1 :].T / self.widths[level]).T
        return out

    def inverse(self) -> Any:
        p = len(self.widths[0]) + 1
        out = sparse.eye_array(p, format="csr")
        for level, width in enumerate(self.widths):
            unit = 1.0 / width if level < len(self.widths) - 1 else np.ones_like(width)
            below = np.concatenate([np.zeros(level), unit])
            diagonal = np.concatenate([np.ones(level + 1), unit])
            step: Any = sparse.diags_array(diagonal) - sparse.diags_array(below, offsets=-1)
            out = sparse.csr_array(step @ out)
        return out


@dataclass(frozen=True, eq=False)
class Triangular(Basis):
    """``L = Q' R^-1``: R upper triangular, dense or CSR, of the columns in ``order``."""

    root: Any
    order: Index

    @property
    def log_det(self) -> float:  # type: ignore[override]
        return -float(np.log(self.root.diagonal()).sum())

    def apply(self, u: Array) -> Array:
        out = np.empty(u.shape)
        out[self.order] = _triangular(self.root, u, lower=False)
        return out

    def adjoint(self, v: Array) -> Array:
        return _triangular(self.root.T, v[self.order], lower=True)

    def solve(self, b: Array) -> Array:
        return np.asarray(self.root @ b[self.order])

    def inverse(self) -> Any:
        return self.root[:, np.argsort(self.order)]


def _triangular(root: Any, v: Array, *, lower: bool) -> Array:
    rows: Any = root
    if is_sparse(root):
        return np.asarray(spsolve_triangular(rows.tocsr(), v, lower=lower))
    return np.asarray(linalg.solve_triangular(root, v, lower=lower))


@dataclass(frozen=True, eq=False)
class Eigen(Basis):
    """``L = V diag(1 / root)`` with V orthogonal."""

    vectors: Array
    root: Array

    @property
    def log_det(self) -> float:  # type: ignore[override]
        return -float(np.log(self.root).sum())

    def apply(self, u: Array) -> Array:
        return np.asarray(self.vectors @ (u.T / self.root).T)

    def adjoint(self, v: Array) -> Array:
        return np.asarray(((self.vectors.T @ v).T / self.root).T)

    def solve(self, b: Array) -> Array:
        return np.asarray(((self.vectors.T @ b).T * self.root).T)

    def inverse(self) -> Any:
        return self.root[:, None] * self.vectors.T


@dataclass(frozen=True, eq=False)
class SideBySide(Basis):
    """One map for each set of columns; ``columns`` share all p among them."""

    parts: tuple[Basis, ...]
    columns: tuple[Index, ...]

    @property
    def log_det(self) -> float:  # type: ignore[override]
        return sum(part.log_det for part in self.parts)

    def apply(self, u: Array) -> Array:
        out = np.empty(u.shape)
        for part, cols in zip(self.parts, self.columns, strict=True):
            out[cols] = part.apply(u[cols])
        return out

    def adjoint(self, v: Array) -> Array:
        out = np.empty(v.shape)
        for part, cols in zip(self.parts, self.columns, strict=True):
            out[cols] = part.adjoint(v[cols])
        return out

    def solve(self, b: Array) -> Array:
        out = np.empty(b.shape)
        for part, cols in zip(self.parts, self.columns, strict=True):
            out[cols] = part.solve(b[cols])
        return out

    def inverse(self) -> Any:
        order = np.argsort(np.concatenate(self.columns))
        whole = sparse.block_diag([part.inverse() for part in self.parts], format="csr")
        return whole[order][:, order]
