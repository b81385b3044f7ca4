"""A normal belief in which weights know of each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.linalg import splu
from scipy.special import ndtr, ndtri

from priorfit._checks import is_sparse
from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, Index, Seed
from priorfit.priors.base import Prior
from priorfit.priors.change import Basis, Change, Eigen, Triangular
from priorfit.priors.normal_form import NormalForm
from priorfit.priors.separable import Normal

__all__ = ["MultivariateNormal"]

_ZERO = 1e-14  # of the largest: a pivot or an eigenvalue that is rounding only


@dataclass(frozen=True, eq=False)
class MultivariateNormal(Prior):
    """``-log p(b) = (b - loc)' P (b - loc) / 2 - log det P / 2 + (p / 2) log(2 pi)``.

    With ``P = R'R`` the weights ``u = R (b - loc)`` are independent standard normal, so a fit is a
    ridge fit of ``X R^-1`` with the offset ``X loc``: exact, for every likelihood, with its
    certificate. What yesterday's data leave behind is of this kind (`priorfit.update`).

    Parameters
    ----------
    precision : inverse of the covariance, (p, p), symmetric and positive definite; units 1/b². A
        dense one may be singular: the belief is flat along its null space (an intrinsic prior).
        A sparse one stays sparse.
    loc : mean, a number or (p,).

    Raises
    ------
    InputError
        where the precision is not such a matrix.

    Examples
    --------
    >>> prior = MultivariateNormal([[2.0, 1.0], [1.0, 2.0]])
    >>> prior.neg_log_density([0.0, 0.0]).sum().round(4)
    np.float64(1.2886)

    Source: Bishop, PRML (2006), section 2.3; Rue & Held, Gaussian Markov Random Fields (2005).
    """

    precision: Any
    loc: Any = 0.0

    separable = False
    coordinates = "R"

    def __post_init__(self) -> None:
        P = _checked(self.precision)
        loc = np.broadcast_to(np.asarray(self.loc, dtype=np.float64), (P.shape[0],)).copy()
        if not np.all(np.isfinite(loc)):
            raise InputError("`loc` must be finite", repr(self.loc), "Use finite numbers.")
        object.__setattr__(self, "precision", P)
        object.__setattr__(self, "loc", loc)
        _ = self._parts

    @cached_property
    def _parts(self) -> tuple[Basis, Array]:
        """(L, scales of u): 1, or infinite along the directions that the precision leaves flat."""
        p = len(self.loc)
        if is_sparse(self.precision):
            root, order = _sparse_root(self.precision)
            return Triangular(root, order), np.ones(p)
        root = _dense_root(self.precision)
        if root is not None:
            return Triangular(root, np.arange(p)), np.ones(p)
        values, vectors = np.linalg.eigh(self.precision)
        zero = _ZERO * p * max(float(values[-1]), 0.0)
        if values[0] < -zero:
            raise InputError(
                "`precision` must be positive definite, or semidefinite",
                f"a smallest eigenvalue of {values[0]:.3g}",
                "No belief is less than flat in a direction; add some prior to it.",
            )
        flat = values <= zero
        roots = np.sqrt(np.where(flat, 1.0, values))
        return Eigen(vectors, roots), np.where(flat, np.inf, 1.0)

    @property
    def proper(self) -> bool:
        """Whether the belief is proper in every direction: the precision is positive definite."""
        return bool(np.all(np.isfinite(self._parts[1])))

    def change(self, p: int) -> Change:
        """``u = R (b - loc)``, whose prior is standard normal, or flat where P leaves it so."""
        self.check_columns(p)
        basis, scales = self._parts
        return Change(basis, Normal(1.0 if self.proper else scales), self.loc)

    @property
    def covariance(self) -> Array:
        """The inverse of the precision, (p, p); raises `InputError` where it has none."""
        if not self.proper:
            raise InputError(
                "a covariance needs a proper prior", "a singular precision", "Add some prior."
            )
        root = self._parts[0].apply(np.eye(len(self.loc)))
        return np.asarray(root @ root.T)

    @property
    def variance(self) -> Array:
        """Of each weight by itself, (p,)."""
        return np.diag(self.covariance).copy()

    @property
    def word(self) -> str:
        return "multivariate normal"

    def neg_log_density(self, b: ArrayLike) -> Array:
        """Of each coordinate u, (..., p), with an equal share of the constant; their sum is
        -log p(b), without a constant for flat directions."""
        b, p = np.asarray(b, dtype=np.float64), len(self.loc)
        change = self.change(p)
        u = change.into(b.reshape(-1, p).T).T.reshape(b.shape)
        return np.asarray(change.prior.neg_log_density(u) + change.basis.log_det / p)

    def cdf(self, b: ArrayLike) -> Array:
        """``P(b_j <= b)`` of each column by itself, (..., p)."""
        return np.asarray(ndtr((np.asarray(b) - self.loc) / np.sqrt(self.variance)))

    def quantile(self, q: ArrayLike) -> Array:
        """The inverse of `cdf`."""
        return np.asarray(self.loc + np.sqrt(self.variance) * ndtri(np.asarray(q)))

    def sample(self, size: int | tuple[int, ...] | None = None, seed: Seed = None) -> Array:
        """Independent draws of all columns, (..., p); the last axis of ``size`` is p."""
        if not self.proper:
            raise InputError("draws need a proper prior", "a singular precision", "Add some prior.")
        shape = self._shape() if size is None else (size,) if isinstance(size, int) else size
        drawn = np.random.default_rng(seed).normal(size=shape).reshape(-1, len(self.loc))
        return self.change(len(self.loc)).back(drawn.T).T.reshape(shape)

    def prox(self, z: ArrayLike, step: float = 1.0) -> Array:
        """``(I + step P)^-1 (z + step P loc)``."""
        z = np.asarray(z, dtype=np.float64)
        system = np.eye(len(self.loc)) + step * self.precision  # dense, also of a sparse one
        t = (z - self.loc).reshape(-1, len(self.loc))
        return np.asarray(self.loc + np.linalg.solve(system, t.T).T.reshape(z.shape))

    def check_columns(self, p: int) -> None:
        """See `Prior.check_columns`."""
        if p != len(self.loc):
            raise InputError(
                f"`precision` must be of the columns (p = {p})",
                f"shape {self.precision.shape}",
                "Fit the same columns, in the same order.",
            )

    def lower(self, p: int) -> NormalForm:
        """Not of this form: raises `InputError`. `priorfit.solve` fits it in other coordinates."""
        self.check_columns(p)
        raise InputError(
            "this needs a belief about the columns one by one, or in groups",
            self.word,
            "Fit it with solve or an estimator, with the strength as given.",
        )

    def tempered(self, strength: float) -> Self:
        """The precision times ``strength``."""
        return replace(self, precision=self.precision * strength)

    def unit(self) -> Self:
        """Itself: a path's lambdas multiply its precision."""
        return self

    def rescaled(self, factor: ArrayLike) -> Self:
        """``loc`` times ``factor``, the precision divided by it on both sides."""
        f = np.broadcast_to(np.asarray(factor, dtype=np.float64), self.loc.shape)
        if is_sparse(self.precision):
            over = sparse.diags_array(1.0 / f)
            return replace(self, precision=over @ self.precision @ over, loc=self.loc * f)
        return replace(self, precision=self.precision / np.outer(f, f), loc=self.loc * f)

    def _shape(self) -> tuple[int, ...]:
        return self.loc.shape  # type: ignore[no-any-return]


def _checked(given: Any) -> Any:
    """A symmetric finite matrix, dense or CSC, float64."""
    P: Any = sparse.csc_array(given, dtype=np.float64) if is_sparse(given) else None
    P = np.array(given, dtype=np.float64) if P is None else P
    cells = P.data if is_sparse(P) else P
    if P.ndim != 2 or P.shape[0] != P.shape[1] or not np.all(np.isfinite(cells)):
        raise InputError(
            "`precision` must be a square matrix of finite numbers",
            f"shape {P.shape}",
            "It is the inverse of the covariance.",
        )
    size = np.sqrt(np.abs(P.diagonal()))
    if is_sparse(P):
        away = (P - P.T).tocoo()
        skew = np.abs(away.data) > 1e-10 * size[away.row] * size[away.col]
    else:
        skew = np.abs(P - P.T) > 1e-10 * np.outer(size, size)
    if np.any(skew):
        raise InputError("`precision` must be symmetric", "one that is not", "Use (P + P.T)/2.")
    return (0.5 * (P + P.T)).tocsc() if is_sparse(P) else 0.5 * (P + P.T)


def _dense_root(P: Array) -> Array | None:
    """R, upper triangular with ``R'R = P``; None where P is not safely positive definite."""
    try:
        root = np.asarray(linalg.cholesky(P, lower=False))
    except linalg.LinAlgError:
        return None
    safe = np.diag(root) ** 2 > _ZERO * len(P) * np.diag(P)
    return root if np.all(safe) else None


def _sparse_root(P: Any) -> tuple[Any, Index]:
    """(R, order): ``R'R = P`` with rows and columns of P in ``order``, from an LU factor that keeps
    to the diagonal: U = D L', R = D^-1/2 U."""
    try:
        factor = splu(
            P,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        pivots = factor.U.diagonal()
        proper = bool(np.all(pivots > _ZERO * P.shape[0] * P.diagonal().max()))
        proper = proper and np.array_equal(factor.perm_r, factor.perm_c)
    except RuntimeError:  # exactly singular
        proper = False
    if not proper:
        raise InputError(
            "a sparse `precision` must be positive definite",
            "one that is not",
            "Give a singular one as a dense array, or use pf.RandomWalk.",
        )
    root = sparse.diags_array(1.0 / np.sqrt(pivots)) @ factor.U
    return sparse.csr_array(root), np.argsort(factor.perm_c).astype(np.intp)
