"""Normal priors on every weight, the intercept taken out: factors of the smaller Gram matrix.

With ``A = sqrt(W) (Z - mean) L2^-1/2 = U D^1/2 V'`` the fit at strength s is ``U f U' sqrt(W) y``,
f = d / (d + s): one eigendecomposition of A'A (`Tall`) or AA' (`Wide`) gives every strength and
every leave-one-out residual, ``r_i / (1 - h_i)`` (Allen 1974). One strength is a Cholesky factor.
Source: Hastie & Tibshirani, Expression arrays and the p >> n problem (2004).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import numpy as np
from scipy import linalg
from scipy.linalg import blas

from priorfit._typing import Array, Index
from priorfit.solve.lent import lent
from priorfit.solve.standard import Standard

__all__ = ["Ridge", "Tall", "Wide", "ridge"]

_FEW = 3  # strengths for which as many Cholesky factors are cheaper than one eigendecomposition
_BLOCK = 1 << 17  # numbers per block of rows: they stay in cache
_LARGE = 1000  # rows: beyond, the workspace of LAPACK's evd, two kernels, is worth a digit
_DIGITS = 1e-10  # of the largest eigenvalue: below, the rounding of a Gram matrix would be seen
_EPS = float(np.finfo(np.float64).eps)


class Ridge(ABC):
    """The weights ``normal`` (all with an l2 rate) that fit ``y`` (n,), and the free intercept."""

    def __init__(self, standard: Standard, normal: Index, y: Array) -> None:
        self.standard, self.normal = standard, normal
        w, total = standard.weights, standard.weights.sum()
        self.intercept, self.given = standard.Z.intercept, y
        # centred columns have mean 0 but for rounding; where their offset is large that matters
        self.border = self._sums()[normal] / total if self.intercept else np.zeros(len(normal))
        self.mean = float(w @ y / total) if self.intercept else 0.0
        self.y = y - self.mean
        self.root_l2 = np.sqrt(standard.form.l2[normal])

    def __call__(self, strengths: Array) -> Array:
        """(intercept + normal, k)."""
        few = len(strengths) <= _FEW
        if few:
            b = np.stack([self._one(float(s)) for s in strengths], axis=1)
        else:
            b = self._many(strengths)
        return np.vstack([self.mean - self.border @ b, b]) if self.intercept else b

    def leave_one_out(self, strengths: Array) -> tuple[Array, Array]:
        """Weighted mean of the squared leave-one-out residuals and its standard error, (k,)."""
        w, total = self.standard.weights, self.standard.weights.sum()
        first, second = np.zeros(len(strengths)), np.zeros(len(strengths))
        for rows, residual, left in self._held_out(strengths):
            with np.errstate(divide="ignore", invalid="ignore"):
                square = np.square(np.divide(residual, left, out=residual), out=residual)
            first += w[rows] @ square
            second += w[rows] @ np.square(square, out=square)
        mean = first / total
        variance = np.maximum(second / total - mean**2, 0.0)
        return mean, np.sqrt(variance / total)

    def _sums(self) -> Array:
        """Z' w, (m,)."""
        return self.standard.sums

    @abstractmethod
    def directions(self, least: float) -> tuple[Array, Array, float]:
        """(d, c, rest): what the columns say of each direction, y along it, and the square of what
        is left of y, good to rounding at strengths from ``least``."""

    @abstractmethod
    def _one(self, strength: float) -> Array:
        """Weights at one strength, (normal,); NaN where the system is numerically singular."""

    @abstractmethod
    def _many(self, strengths: Array) -> Array:
        """Weights at every strength, (normal, k)."""

    @abstractmethod
    def _held_out(self, strengths: Array) -> Iterator[tuple[slice, Array, Array]]:
        """(rows, residuals (b, k), 1 - leverages (b, k)) of one block of rows after another."""


def _solved(system: Array, target: Array) -> Array:
    try:
        factor = linalg.cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
        return np.asarray(linalg.cho_solve(factor, target, check_finite=False))
    except linalg.LinAlgError:
        return np.full(len(target), np.nan)


class Tall(Ridge):
    """No more weights than rows: A'A."""

    @cached_property
    def _gram(self) -> Array:
        whole, first = self.standard.gram, self.standard.first
        if len(self.normal) == len(whole) - first:
            gram = whole[first:, first:].copy()
        else:
            gram = whole[np.ix_(self.normal, self.normal)]
        if self.intercept:
            gram -= self.standard.weights.sum() * np.outer(self.border, self.border)
        return np.asarray(gram)

    def _sums(self) -> Array:
        return np.asarray(self.standard.gram[0])

    @cached_property
    def _q(self) -> Array:
        standard, w = self.standard, self.standard.weights
        if self.given is standard.y:  # known already
            return np.asarray(standard.correlation[self.normal] - w.sum() * self.mean * self.border)
        return standard.Z.rmatvec(w * self.y)[self.normal]

    def _spectrum(self, least: float) -> tuple[Array, Array]:
        """(d (r,), V (normal, r)), good to rounding at strengths from ``least``."""
        values, vectors = self._eigen
        largest = values.max(initial=0.0)
        if least >= _DIGITS * largest:
            there = values > len(values) * _EPS * largest
            return values[there], vectors[:, there]
        size, vectors = self._singular
        there = size > len(size) * _EPS * size[0]
        return size[there] ** 2, vectors[:, there]

    @cached_property
    def _eigen(self) -> tuple[Array, Array]:
        gram = self._gram / self.root_l2[:, None] / self.root_l2
        values, vectors = np.linalg.eigh(gram)
        return values, vectors

    @cached_property
    def _singular(self) -> tuple[Array, Array]:
        """Without the square of the Gram matrix: A's triangular factor, by blocks of rows."""
        unit = self._embedded(np.diag(1.0 / self.root_l2))
        root = np.sqrt(self.standard.weights)[:, None]
        triangle: Array = np.zeros((0, len(self.normal)))
        step = max(len(self.normal), _BLOCK // len(self.normal))
        for rows in _spans(len(root), step):
            block = root[rows] * self.standard.Z.take_rows(rows).matvec(unit)
            triangle = np.asarray(np.linalg.qr(np.vstack([triangle, block]), mode="r"))
        _, size, turn = linalg.svd(triangle)
        return size, turn[: len(size)].T

    def directions(self, least: float) -> tuple[Array, Array, float]:
        """See `Ridge`."""
        values, vectors = self._spectrum(least)
        turn = vectors / np.sqrt(values) / self.root_l2[:, None]
        c = turn.T @ self._q
        fit = self.standard.Z.matvec(self._embedded((turn @ c)[:, None]))[:, 0]
        return values, c, float(self.standard.weights @ np.square(self.y - fit))

    def _one(self, strength: float) -> Array:
        system = self._gram.copy()
        system[np.diag_indices_from(system)] += strength * self.root_l2**2
        return _solved(system, self._q)

    def _many(self, strengths: Array) -> Array:
        values, vectors = self._spectrum(float(strengths.min()))
        turned = (vectors.T @ (self._q / self.root_l2))[:, None] / (values[:, None] + strengths)
        return np.asarray((vectors @ turned) / self.root_l2[:, None])

    def _held_out(self, strengths: Array) -> Iterator[tuple[slice, Array, Array]]:
        values, vectors = self._spectrum(float(strengths.min()))
        turn = vectors / np.sqrt(values) / self.root_l2[:, None]
        y, turn = turn.T @ self._q, self._embedded(turn)
        share, mix = _thin(values[:, None] / (values[:, None] + strengths))
        w = self.standard.weights
        level = 1.0 / w.sum() if self.intercept else 0.0
        for rows in _spans(len(w), _BLOCK // max(len(values), len(strengths))):
            U = self.standard.Z.take_rows(rows).matvec(turn)
            fit = (U @ (share * y[:, None])) @ mix
            leverage = (np.square(U, out=U) @ share) @ mix
            yield rows, self.y[rows, None] - fit, 1.0 - w[rows, None] * (leverage + level)

    def _embedded(self, b: Array) -> Array:
        """Coefficients of all unknowns, the intercept such that the fit has mean 0."""
        out = np.zeros((self.standard.size, b.shape[1]))
        out[self.normal] = b
        if self.intercept:
            out[0] = -self.border @ b
        return out


def _thin(share: Array) -> tuple[Array, Array]:
    """``share = left @ right`` to rounding; smooth in the strength, its rank is small."""
    if share.shape[1] <= _FEW:
        return share, np.eye(share.shape[1])
    left, size, right = np.linalg.svd(share, full_matrices=False)
    rank = int(np.sum(size > _EPS * size[0]))
    return left[:, :rank], size[:rank, None] * right[:rank]


def _spans(n: int, step: int) -> Iterator[slice]:
    step = max(64, step)
    return (slice(i, min(n, i + step)) for i in range(0, n, step))


class Wide(Ridge):
    """More weights than rows: AA', with the intercept's direction above all others."""

    @contextmanager
    def _lent(self, apart: bool) -> Iterator[Array]:
        """A A' (n, n), `lent` by the kernel; ``apart``: the intercept's direction above all."""
        K, root = self.standard.kernel, np.sqrt(self.standard.weights)
        level = root / np.sqrt(root @ root)
        along = root * (K @ (root * level)) if self.intercept else np.zeros(0)
        with lent(K, root) as kernel:
            if self.intercept:
                blas.dsyr2(-1.0, level, along, lower=1, a=kernel, overwrite_a=1)
                blas.dsyr(level @ along, level, lower=1, a=kernel, overwrite_a=1)
            if self.intercept and apart:
                above = (2.0 * np.trace(kernel) + 1.0) / (root @ root)
                blas.dsyr(above, root, lower=1, a=kernel, overwrite_a=1)
            yield kernel

    @cached_property
    def _spectrum(self) -> tuple[Array, Array]:
        large = len(self.y) > _LARGE
        with self._lent(apart=True) as kernel:  # of which evd would overwrite all
            if large:
                values, vectors = linalg.eigh(kernel, overwrite_a=True, driver="evr")
            else:
                values, vectors = linalg.eigh(kernel, driver="evd")
        return np.maximum(values, 0.0), vectors

    def directions(self, least: float) -> tuple[Array, Array, float]:  # noqa: ARG002
        """See `Ridge`."""
        values, c = self._spectrum[0].copy(), self._turned
        if self.intercept:
            values, c = values[:-1], c[:-1]
        there = values > len(values) * _EPS * values.max(initial=0.0)
        return values[there], c[there], float(np.sum(c[~there] ** 2))

    def _left(self, strengths: Array) -> Array:
        """``s / (d + s)`` (n, k): what stays of each direction; nothing of the intercept's."""
        left = strengths / np.maximum(self._spectrum[0][:, None] + strengths, 1e-300)
        if self.intercept:
            left[-1] = 0.0
        return np.asarray(left)

    @cached_property
    def _turned(self) -> Array:
        return np.asarray(self._spectrum[1].T @ (np.sqrt(self.standard.weights) * self.y))

    def _one(self, strength: float) -> Array:
        root = np.sqrt(self.standard.weights)
        with self._lent(apart=False) as system:
            system[np.diag_indices_from(system)] += strength
            dual = root * _solved(system, root * self.y)
        return self._slopes(dual[:, None])[:, 0]

    def _many(self, strengths: Array) -> Array:
        size = self._spectrum[0][:, None] + strengths
        inverse = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
        dual = self._spectrum[1] @ (inverse * self._turned[:, None])
        return self._slopes(np.sqrt(self.standard.weights)[:, None] * dual)

    def _slopes(self, dual: Array) -> Array:
        return np.asarray(self.standard.Z.rmatvec(dual)[self.normal] / self.root_l2[:, None] ** 2)

    def _held_out(self, strengths: Array) -> Iterator[tuple[slice, Array, Array]]:
        left, vectors = self._left(strengths), self._spectrum[1]
        root = np.sqrt(self.standard.weights)[:, None]
        mix = left * self._turned[:, None]
        for rows in _spans(len(root), 8 * _BLOCK // len(root)):
            U = vectors[rows]
            yield rows, U @ mix / root[rows], np.square(U) @ left


def ridge(standard: Standard, normal: Index, y: Array) -> Ridge:
    """The smaller of the two."""
    kind = Tall if len(normal) <= standard.Z.shape[0] else Wide
    return kind(standard, normal, y)
