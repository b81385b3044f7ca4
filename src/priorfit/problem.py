"""The one objective: a likelihood, a prior, a design and a response, checked once and frozen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from priorfit._checks import check_weights, matrix, of_kind, vector
from priorfit._errors import InputError
from priorfit._typing import Array, Intercept
from priorfit.design import Design, as_design, changed
from priorfit.likelihoods import Gaussian, Likelihood
from priorfit.priors import Change, Normal, NormalForm, Prior, as_prior, for_outputs

__all__ = ["Problem", "neg_log_belief"]


def neg_log_belief(belief: Prior, coef: Array) -> float:
    """``-log p(coef)`` of all weights together, in the order of `Problem.belief`."""
    flat = coef.ravel()
    with np.errstate(invalid="ignore"):
        return float(np.broadcast_to(belief.neg_log_density(flat), flat.shape).sum())


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """Minimise over (intercept, coef) ``J = sum_i w_i (-log p(y_i | eta_i; phi)) - log p(coef)``.

    ``eta = offset + intercept + X coef``. Sums, constants kept: J is a negative log posterior.
    With q outputs (classes of `Multinomial`, responses of `Gaussian`) eta, y and offset are (n, q),
    coef (p, q) and the intercept (q,); the prior of the p columns holds for each output.

    Parameters
    ----------
    X : anything `priorfit.design.as_design` takes, shape (n, p).
    y : (n,) response; class codes (n,) or shares (n, q); several responses (n, q); for `Cox` see
        `priorfit.survival`.
    prior : belief about the p weights; the intercept's prior is flat.
    likelihood : how y scatters around the linear predictor.
    weights : (n,) repeats of each row, >= 0 (2 means the row twice, 0 the row absent).
    offset : (n,) or (n, q) known part of the linear predictor.
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

    def __repr__(self) -> str:
        (n, p), free = self.design.shape, "an" if self.intercept else "no"
        parts = f"{self.likelihood.name} likelihood, {type(self.prior).__name__} prior"
        return f"<Problem: {parts}, {n} rows, {p} columns, {free} intercept>"

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
        if offset is None:
            o = np.zeros(response.shape if likelihood.has_outputs else n)
        elif response.ndim == 2 and likelihood.has_outputs:
            o = matrix("offset", offset, n, response.shape[1])
        else:
            o = vector("offset", offset, n)
        counted = w > 0
        likelihood.check(response if np.all(counted) else response[counted])
        prior = prior.for_columns(design.labels())
        own = intercept and likelihood.has_intercept
        problem = cls(likelihood, prior, design, response, w, o, own)
        lowered = problem.belief.check_columns(problem.n_weights)
        if lowered is not None:
            problem.__dict__["form"] = lowered  # known already
        return problem

    @property
    def outputs(self) -> int | None:
        """How many linear predictors a row has; None for one that is not counted: y is (n,)."""
        return self.y.shape[1] if self.y.ndim == 2 and self.likelihood.has_outputs else None

    @property
    def n_weights(self) -> int:
        """How many weights there are: p, or p times the outputs."""
        return self.design.shape[1] * (self.outputs or 1)

    @property
    def weight_labels(self) -> Sequence[str]:
        """Names of all weights in the order of `belief`; ``column [output]`` of several outputs."""
        names = self.design.labels()
        if self.outputs is None:
            return names
        return [f"{name} [{k}]" for name in names for k in range(self.outputs)]

    @cached_property
    def belief(self) -> Prior:
        """The prior of all weights: that of the columns, or for each output (`for_outputs`)."""
        if self.outputs is None:
            return self.prior
        return for_outputs(self.prior, self.design.shape[1], self.likelihood.free(self.outputs))

    @cached_property
    def form(self) -> NormalForm:
        """The prior of all weights in normal form, (p,) or (p q,)."""
        return self.belief.lower(self.n_weights)

    @cached_property
    def change(self) -> Change | None:
        """`Prior.change` for these columns; none where there are several outputs."""
        if self.outputs is not None:
            return None
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

    def eta(self, intercept: Intercept, coef: Array) -> Array:
        """``offset + intercept + X coef``, (n,) or (n, q)."""
        return np.asarray(self.offset + intercept + self.design.matvec(coef))

    def etas(self, intercepts: Array, coefs: Array) -> Array:
        """`eta` of k estimates: (k,) and (p, k), or (q, k) and (p, q, k)."""
        products = self.design.matvec(coefs.reshape(len(coefs), -1))
        offset = self.offset[..., None] + intercepts
        return np.asarray(offset + products.reshape(offset.shape))

    def require_one_output(self, what: str) -> None:
        """Raise `InputError` where rows have several outputs, which ``what`` does not know."""
        if self.outputs is not None:
            raise InputError(
                f"{what} must have one output per row",
                f"{self.outputs} outputs",
                "Fit one response, or one class against the rest, at a time.",
            )

    def neg_log_likelihood(self, intercept: Intercept, coef: Array, phi: float) -> float:
        """``sum_i w_i (-log p(y_i | eta_i; phi))``, constants kept."""
        lost = self.likelihood.total(self.y, self.eta(intercept, coef), self.weights)
        constant = np.sum(self.weights @ self.likelihood.constant(self.y, phi))
        return float(lost / phi + constant)

    def objective(self, intercept: Intercept, coef: Array, phi: float = 1.0) -> float:
        """J, the negative log posterior up to the evidence; +inf outside the prior's box."""
        return self.neg_log_likelihood(intercept, coef, phi) + neg_log_belief(self.belief, coef)

    def gradient(
        self, intercept: Intercept, coef: Array, phi: float = 1.0
    ) -> tuple[Intercept, Array]:
        """Gradient of the likelihood part of J: (intercept, coef), of their shapes."""
        score = self.likelihood.score(self.y, self.eta(intercept, coef), self.weights) / -phi
        total = score.sum(axis=0)
        return (float(total) if self.outputs is None else total), self.design.rmatvec(score)

    def take_rows(self, rows: Any) -> Self:
        """The problem of these rows, the same prior."""
        return replace(
            self,
            design=self.design.take_rows(rows),
            y=self.y[rows],
            weights=self.weights[rows],
            offset=self.offset[rows],
        )
