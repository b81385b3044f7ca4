"""A normal belief in which weights know of each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy import linalg
from scipy.special import ndtr, ndtri

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, Seed
from priorfit.priors.base import Prior
from priorfit.priors.change import Change, Triangular
from priorfit.priors.normal_form import NormalForm
from priorfit.priors.separable import Normal

__all__ = ["MultivariateNormal"]


@dataclass(frozen=True, eq=False)
class MultivariateNormal(Prior):
    """``-log p(b) = (b - loc)' P (b - loc) / 2 - log det P / 2 + (p / 2) log(2 pi)``.

    With ``P = R'R`` the weights ``u = R (b - loc)`` are independent standard normal, so a fit is a
    ridge fit of ``X R^-1`` with the offset ``X loc``: exact, for every likelihood, with its
    certificate. What yesterday's data leave behind is of this kind (`priorfit.update`).

    Parameters
    ----------
    precision : inverse of the covariance, (p, p), symmetric and positive definite; units 1/b².
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

    Source: Bishop, PRML (2006), section 2.3.
    """

    precision: Any
    loc: Any = 0.0

    separable = False
    coordinates = "R"

    def __post_init__(self) -> None:
        P = np.array(self.precision, dtype=np.float64)
        if P.ndim != 2 or P.shape[0] != P.shape[1] or not np.all(np.isfinite(P)):
            raise InputError(
                "`precision` must be a square matrix of finite numbers",
                f"shape {P.shape}",
                "It is the inverse of the covariance.",
            )
        size = np.sqrt(np.abs(np.diag(P)))
        if not np.all(np.abs(P - P.T) <= 1e-10 * np.outer(size, size)):
            raise InputError("`precision` must be symmetric", "one that is not", "Use (P + P.T)/2.")
        loc = np.broadcast_to(np.asarray(self.loc, dtype=np.float64), (len(P),)).copy()
        if not np.all(np.isfinite(loc)):
            raise InputError("`loc` must be finite", repr(self.loc), "Use finite numbers.")
        object.__setattr__(self, "precision", 0.5 * (P + P.T))
        object.__setattr__(self, "loc", loc)
        _ = self.root

    @cached_property
    def root(self) -> Array:
        """R, upper triangular with ``R'R = P``, (p, p)."""
        try:
            return np.asarray(linalg.cholesky(self.precision, lower=False))
        except linalg.LinAlgError:
            raise InputError(
                "`precision` must be positive definite",
                f"a smallest eigenvalue of {np.linalg.eigvalsh(self.precision)[0]:.3g}",
                "A belief must be proper in every direction; add some prior to it.",
            ) from None

    def change(self, p: int) -> Change:
        """``u = R (b - loc)``, whose prior is standard normal."""
        self.check_columns(p)
        return Change(Triangular(self.root, np.arange(p)), Normal(1.0), self.loc)

    @property
    def covariance(self) -> Array:
        """The inverse of the precision, (p, p)."""
        return np.asarray(linalg.cho_solve((self.root, False), np.eye(len(self.loc))))

    @property
    def variance(self) -> Array:
        """Of each weight by itself, (p,)."""
        return np.diag(self.covariance).copy()

    @property
    def word(self) -> str:
        return "multivariate normal"

    def whiten(self, b: ArrayLike) -> Array:
        """``u = R (b - loc)``, (..., p)."""
        return np.asarray((np.asarray(b, dtype=np.float64) - self.loc) @ self.root.T)

    def colour(self, u: Array) -> Array:
        """``R^-1 u``, (..., p): `whiten` undone, but for loc."""
        flat = u.reshape(-1, len(self.loc)).T
        return np.asarray(linalg.solve_triangular(self.root, flat).T.reshape(u.shape))

    def neg_log_density(self, b: ArrayLike) -> Array:
        """Of each weight given the later ones, (..., p); their sum is -log p(b)."""
        u = self.whiten(b)
        return np.asarray(0.5 * u * u + 0.5 * np.log(2 * np.pi) - np.log(np.diag(self.root)))

    def cdf(self, b: ArrayLike) -> Array:
        """``P(b_j <= b)`` of each column by itself, (..., p)."""
        return np.asarray(ndtr((np.asarray(b) - self.loc) / np.sqrt(self.variance)))

    def quantile(self, q: ArrayLike) -> Array:
        """The inverse of `cdf`."""
        return np.asarray(self.loc + np.sqrt(self.variance) * ndtri(np.asarray(q)))

    def sample(self, size: int | tuple[int, ...] | None = None, seed: Seed = None) -> Array:
        """Independent draws of all columns, (..., p); the last axis of ``size`` is p."""
        shape = self._shape() if size is None else (size,) if isinstance(size, int) else size
        drawn = self.colour(np.random.default_rng(seed).normal(size=shape))
        return np.asarray(self.loc + drawn)

    def prox(self, z: ArrayLike, step: float = 1.0) -> Array:
        """``(I + step P)^-1 (z + step P loc)``."""
        z = np.asarray(z, dtype=np.float64)
        system = np.eye(len(self.loc)) + step * self.precision
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
        """Itself: its strength is not one number."""
        return self

    def rescaled(self, factor: ArrayLike) -> Self:
        """``loc`` times ``factor``, the precision divided by it on both sides."""
        f = np.broadcast_to(np.asarray(factor, dtype=np.float64), self.loc.shape)
        return replace(self, precision=self.precision / np.outer(f, f), loc=self.loc * f)

    def _shape(self) -> tuple[int, ...]:
        return self.loc.shape  # type: ignore[no-any-return]
