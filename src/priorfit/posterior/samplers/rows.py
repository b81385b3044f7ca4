"""Gaussian rows as a sampler needs them: the intercept and the columns without belief taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, NoReturn

import numpy as np
from scipy import linalg

from priorfit._errors import InputError
from priorfit._typing import Array, Index, Mask
from priorfit.problem import Problem

__all__ = ["Rows", "rows_of"]


@dataclass(frozen=True, eq=False)
class Rows:
    """``y = X t + noise`` for the m weights that have a belief, after projection on the rest.

    ``gram`` X'X (m, m) where m <= n, else None; ``X`` (n, m) where m > n, else None;
    ``correlation`` X'y (m,), ``y`` (n,) or empty, ``square`` y'y; ``count`` the degrees of freedom
    that are left. The other fields bring the intercept and the free columns back.
    """

    gram: Array | None
    X: Array | None
    correlation: Array
    y: Array
    square: float
    count: float
    held: Index
    free: Index
    loc: Array
    mean: Array
    level: float
    total: float
    root: Array
    cross: Array
    pull: Array
    intercept: bool

    def lost(self, t: Array) -> float:
        """``|y - X t|^2``, without less than rounding leaves of y'y."""
        if self.gram is not None:
            value = self.square - 2.0 * float(t @ self.correlation) + float(t @ (self.gram @ t))
        else:
            assert self.X is not None
            value = float(np.sum((self.y - self.X @ t) ** 2))
        return max(value, 1e-14 * self.square, 1e-300)

    def whole(self, t: Array, sigma: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Intercepts (k,) and weights (k, p), given the others' t (k, m) and the noise (k,)."""
        k = len(t)
        b = np.empty((k, len(self.held) + len(self.free)))
        b[:, self.held] = t
        if len(self.free):
            mean = linalg.cho_solve((self.root, True), (self.pull - t @ self.cross.T).T).T
            noise = rng.standard_normal((k, len(self.free))) * sigma[:, None]
            b[:, self.free] = mean + linalg.solve_triangular(self.root.T, noise.T, lower=False).T
        a = self.level - b @ self.mean
        b = b + self.loc
        if not self.intercept:
            return np.zeros(k), b
        return a + sigma * rng.standard_normal(k) / np.sqrt(self.total), b


def rows_of(problem: Problem, loc: Array, flat: Mask) -> Rows:
    """The rows of a gaussian problem of one response, in weighted deviations from ``loc``.

    Raises
    ------
    InputError
        where the columns without belief are not told apart by the data: no proper posterior.
    """
    w, design = problem.weights, problem.design
    p, total = design.shape[1], float(problem.weights.sum())
    mean = design.rmatvec(w) / total if problem.intercept else np.zeros(p)
    away = problem.y - problem.offset - design.matvec(loc)
    level = float(w @ away / total) if problem.intercept else 0.0
    away = away - level
    free, held = np.flatnonzero(flat), np.flatnonzero(~flat)
    count = total - problem.intercept - len(free)
    if count <= 0 and len(free):
        _refuse(f"{len(free)} columns without belief on {total:g} rows")
    split = _Split(held, free, loc, mean, level, total)
    if p <= len(away):
        return _by_gram(problem, away, count, split)
    return _by_rows(problem, away, count, split)


class _Split(NamedTuple):
    """Which columns have a belief, and what was taken out of the rows; as in `Rows`."""

    held: Index
    free: Index
    loc: Array
    mean: Array
    level: float
    total: float


def _by_gram(problem: Problem, away: Array, count: float, split: _Split) -> Rows:
    held, free, mean = split.held, split.free, split.mean
    w, design = problem.weights, problem.design
    every = np.arange(design.shape[1])
    gram = design.gram(every, every, w, mean, np.ones(len(every)))
    pulled = design.rmatvec(w * away) - mean * float(w @ away)
    square = float(w @ away**2)
    root, cross = _root(gram[np.ix_(free, free)]), gram[np.ix_(free, held)]
    left = linalg.solve_triangular(root, cross, lower=True) if len(free) else cross
    own = linalg.solve_triangular(root, pulled[free], lower=True) if len(free) else pulled[free]
    inner = gram[np.ix_(held, held)] - left.T @ left
    correlation, square = pulled[held] - left.T @ own, square - float(own @ own)
    return Rows(
        inner, None, correlation, np.zeros(0), max(square, 0.0), count, *split, root, cross,
        pulled[free], problem.intercept,
    )  # fmt: skip


def _by_rows(problem: Problem, away: Array, count: float, split: _Split) -> Rows:
    held, free, mean = split.held, split.free, split.mean
    half = np.sqrt(problem.weights)
    matrix, rest = problem.design.columns(np.arange(problem.design.shape[1]), mean)
    dense = matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix, dtype=np.float64)
    X, y = (dense - rest) * half[:, None], away * half
    root, cross = _root(X[:, free].T @ X[:, free]), X[:, free].T @ X[:, held]
    pull = X[:, free].T @ y
    inner = X[:, held]
    if len(free):
        q = linalg.qr(X[:, free], mode="economic")[0]
        inner, y = inner - q @ (q.T @ inner), y - q @ (q.T @ y)
    return Rows(
        None, inner, inner.T @ y, y, float(y @ y), count, *split, root, cross, pull,
        problem.intercept,
    )  # fmt: skip


def _root(gram: Array) -> Array:
    if not len(gram):
        return gram
    try:
        return np.asarray(linalg.cholesky(gram, lower=True))
    except linalg.LinAlgError:
        _refuse("columns without belief that are combinations of each other")


def _refuse(got: str) -> NoReturn:
    raise InputError(
        "the posterior must be proper: weights without belief must be told apart by the data",
        got,
        "Give them a prior, say pf.Normal(10.0).",
    )
