"""The one objective: a likelihood, a prior, a design and a response, checked once and frozen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from priorfit._checks import check_weights, of_kind, vector
from priorfit._typing import Array
from priorfit.design import Design, as_design, changed
from priorfit.likelihoods import Gaussian, Likelihood
from priorfit.priors import Change, Normal, NormalForm, Prior, as_prior

__all__ = ["Problem"]


@dataclass(frozen=True, eq=False)
class Problem:
    """Minimise over (intercept, coef) ``J = sum_i w_i (-log p(y_i | eta_i; phi)) - log p(coef)``.

    ``eta = offset + intercept + X coef``. Sums, constants kept: J is a negative log posterior.

    Parameters
    ----------
    X : anything `priorfit.design.as_design` takes, shape (n, p).
    y : (n,) response; for `Cox` see `priorfit.survival`.
    prior : belief about the p weights; the intercept's prior is flat.
    likelihood : how y scatters around the linear predictor.
    weights : (n,) repeats of each row, >= 0 (2 means the row twice, 0 the row absent).
    offset : (n,) known part of the linear predictor.
    intercept : whether there is one. `Cox` has none (the baseline hazard takes its place) and
        `Ordinal` has cut-points instead: True is then the same as False.

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
        prior = Normal() if prior is None else as_prior(prior)
        of_kind("prior", prior, Prior, "pf.Laplace(scale=0.1)")
        of_kind("likelihood", likelihood, Likelihood, "pf.Poisson()")
        design = as_design(X)
        n = design.shape[0]
        response = likelihood.response(y, n)
        w = np.ones(n) if weights is None else vector("weights", weights, n)
        check_weights(w)
        o = np.zeros(n) if offset is None else vector("offset", offset, n)
        likelihood.check(response[w > 0])
        prior = prior.for_columns(design.labels())
        own = intercept and likelihood.has_intercept
        problem = cls(likelihood, prior, design, response, w, o, own)
        prior.check_columns(design.shape[1])
        return problem

    @cached_property
    def form(self) -> NormalForm:
        """The prior of the p columns in normal form."""
        return self.prior.lower(self.design.shape[1])

    @cached_property
    def change(self) -> Change | None:
        """`Prior.change` for these columns."""
        return self.prior.change(self.design.shape[1])

    @cached_property
    def changed(self) -> Self:
        """The problem in the coordinates of `change`; itself where there are none."""
        change = self.change
        if change is None:
            return self
        return replace(
            self,
            prior=change.prior,
            design=changed(self.design, change.basis),
            offset=self.offset + self.design.matvec(change.loc),
        )

    @property
    def n_effective(self) -> float:
        """The number of rows counted with their repeats: the sum of weights."""
        return float(self.weights.sum())

    def eta(self, intercept: float, coef: Array) -> Array:
        """``offset + intercept + X coef``, (n,)."""
        return self.offset + intercept + self.design.matvec(coef)

    def neg_log_likelihood(self, intercept: float, coef: Array, phi: float) -> float:
        """``sum_i w_i (-log p(y_i | eta_i; phi))``, constants kept."""
        lost = self.likelihood.total(self.y, self.eta(intercept, coef), self.weights)
        return float(lost / phi + self.weights @ self.likelihood.constant(self.y, phi))

    def objective(self, intercept: float, coef: Array, phi: float = 1.0) -> float:
        """J, the negative log posterior up to the evidence; +inf outside the prior's box."""
        with np.errstate(invalid="ignore"):
            belief = np.broadcast_to(self.prior.neg_log_density(coef), coef.shape)
        return self.neg_log_likelihood(intercept, coef, phi) + float(belief.sum())

    def gradient(self, intercept: float, coef: Array, phi: float = 1.0) -> tuple[float, Array]:
        """Gradient of the likelihood part of J: (intercept, coef (p,))."""
        score = self.likelihood.score(self.y, self.eta(intercept, coef), self.weights) / -phi
        return float(score.sum()), self.design.rmatvec(score)

    def take_rows(self, rows: Any) -> Self:
        """The problem of these rows, the same prior."""
        return replace(
            self,
            design=self.design.take_rows(rows),
            y=self.y[rows],
            weights=self.weights[rows],
            offset=self.offset[rows],
        )
