"""The one objective: a likelihood, a prior, a design and a response, checked once and frozen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.design import Design, as_design
from priorfit.likelihoods import Gaussian, Likelihood
from priorfit.priors import Normal, NormalForm, Prior

__all__ = ["Problem", "check_weights", "of_kind", "vector"]


@dataclass(frozen=True, eq=False)
class Problem:
    """Minimise over (intercept, coef) ``J = sum_i w_i (-log p(y_i | eta_i; phi)) - log p(coef)``.

    ``eta = offset + intercept + X coef``. Sums, constants kept: J is a negative log posterior.

    Parameters
    ----------
    X : anything `priorfit.design.as_design` takes, shape (n, p).
    y : (n,) response.
    prior : belief about the p weights; the intercept's prior is flat.
    likelihood : how y scatters around the linear predictor.
    weights : (n,) repeats of each row, >= 0 (2 means the row twice, 0 the row absent).
    offset : (n,) known part of the linear predictor.
    intercept : whether there is one.

    Raises
    ------
    InputError
        for wrong lengths, non-finite numbers, negative weights, y outside the domain.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> problem = pf.Problem.make(np.eye(2), [1.0, 3.0], prior=pf.Laplace(1.0))
    >>> problem.design.shape
    (2, 2)
    """

    likelihood: Likelihood
    prior: Prior
    design: Design
    y: Array
    weights: Array
    offset: Array
    intercept: bool = True

    @classmethod
    def make(
        cls,
        X: Any,
        y: Any,
        *,
        prior: Prior | None = None,
        likelihood: Likelihood | None = None,
        weights: Any = None,
        offset: Any = None,
        intercept: bool = True,
    ) -> Self:
        """A checked problem; see the class for the parameters."""
        likelihood = Gaussian() if likelihood is None else likelihood
        prior = Normal() if prior is None else prior
        of_kind("prior", prior, Prior, "pf.Laplace(scale=0.1)")
        of_kind("likelihood", likelihood, Likelihood, "pf.Poisson()")
        design = as_design(X)
        n = design.shape[0]
        response = vector("y", y, n)
        w = np.ones(n) if weights is None else vector("weights", weights, n)
        check_weights(w)
        o = np.zeros(n) if offset is None else vector("offset", offset, n)
        likelihood.check(response[w > 0])
        prior = prior.for_columns(design.labels())
        problem = cls(likelihood, prior, design, response, w, o, intercept)
        prior.check_columns(design.shape[1])
        return problem

    @cached_property
    def form(self) -> NormalForm:
        """The prior of the p columns in normal form."""
        return self.prior.lower(self.design.shape[1])

    @property
    def n_effective(self) -> float:
        """The number of rows counted with their repeats: the sum of weights."""
        return float(self.weights.sum())

    def eta(self, intercept: float, coef: Array) -> Array:
        """``offset + intercept + X coef``, (n,)."""
        return self.offset + intercept + self.design.matvec(coef)

    def neg_log_likelihood(self, intercept: float, coef: Array, phi: float) -> float:
        """``sum_i w_i (-log p(y_i | eta_i; phi))``, constants kept."""
        loss = self.likelihood.loss(self.y, self.eta(intercept, coef))
        return float(self.weights @ (loss / phi + self.likelihood.constant(self.y, phi)))

    def objective(self, intercept: float, coef: Array, phi: float = 1.0) -> float:
        """J, the negative log posterior up to the evidence; +inf outside the prior's box."""
        with np.errstate(invalid="ignore"):
            belief = np.broadcast_to(self.prior.neg_log_density(coef), coef.shape)
        return self.neg_log_likelihood(intercept, coef, phi) + float(belief.sum())

    def gradient(self, intercept: float, coef: Array, phi: float = 1.0) -> tuple[float, Array]:
        """Gradient of the likelihood part of J: (intercept, coef (p,))."""
        slope = self.weights * self.likelihood.slope(self.y, self.eta(intercept, coef)) / phi
        return float(slope.sum()), self.design.rmatvec(slope)

    def take_rows(self, rows: Any) -> Self:
        """The problem of these rows, the same prior."""
        return replace(
            self,
            design=self.design.take_rows(rows),
            y=self.y[rows],
            weights=self.weights[rows],
            offset=self.offset[rows],
        )


def check_weights(w: Array) -> None:
    """Raise `InputError` where a weight is negative or all are 0."""
    if np.any(w < 0):
        raise InputError(
            "`weights` must be >= 0",
            f"{w[w < 0][0]:g} in row {int(np.flatnonzero(w < 0)[0])}",
            "A weight is how often a row counts; use 0 to leave it out.",
        )
    if not np.any(w > 0):
        raise InputError(
            "some weight must be positive",
            "all zero",
            "Sample weights must contain at least one non-zero number; 1 counts a row once.",
        )


def vector(name: str, values: Any, n: int) -> Array:
    """``values`` as n finite float64 numbers; raises `InputError` naming what is wrong."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"`{name}` must hold numbers", _sample(values), "Encode it first."
        ) from None
    if array.shape != (n,):
        raise InputError(
            f"`{name}` must have one number per row of X (n = {n})",
            f"shape {array.shape}",
            "Check that both hold the same rows.",
        )
    bad = ~np.isfinite(array)
    if np.any(bad):
        i = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"`{name}` must hold finite numbers",
            f"{array[i]} in row {i} ({int(bad.sum())} in all)",
            "Drop these rows or fill them.",
        )
    return array


def _sample(values: Any) -> str:
    return repr(np.asarray(values, dtype=object).ravel()[:1].tolist())[1:-1]


def of_kind(name: str, value: Any, kind: type, example: str) -> None:
    """Raise `InputError` unless ``value`` is one of ``kind``."""
    if not isinstance(value, kind):
        raise InputError(
            f"`{name}` must be a {kind.__name__.lower()} object",
            repr(value),
            f"Write for example {name}={example}.",
        )
