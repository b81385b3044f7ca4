"""Yesterday's posterior as today's prior."""

from __future__ import annotations

from typing import Any

import numpy as np

from priorfit._checks import is_sparse
from priorfit._errors import InputError
from priorfit.design import as_design
from priorfit.likelihoods import Gaussian, Likelihood
from priorfit.priors import MultivariateNormal, Normal, Prior
from priorfit.problem import Problem
from priorfit.solve.api import solve

__all__ = ["update"]


def update(
    prior: Prior,
    X: Any,
    y: Any,
    likelihood: Likelihood,
    *,
    weights: Any = None,
    offset: Any = None,
    intercept: bool = True,
) -> MultivariateNormal:
    """What is believed after data: ``P = P0 + X'WX / phi``, loc the MAP estimate. Exact.

    Updating with one table after another gives what updating with all rows at once gives. An
    intercept is integrated out, each table having its own; for one that all tables share, pass
    ``intercept=False`` and a column of ones with an infinite scale.

    Parameters
    ----------
    prior : `Normal` (scales may be infinite, not 0) or `MultivariateNormal`.
    likelihood : ``Gaussian(noise=...)``, the noise known: no other posterior is normal.
    X, y, weights, offset, intercept : see `priorfit.Problem`.

    Raises
    ------
    InputError
        for another prior or likelihood, or where a direction has neither data nor prior.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> after = pf.update(pf.Normal(1.0), [[1.0], [1.0]], [3.0, 1.0], pf.Gaussian(noise=1.0),
    ...                   intercept=False)
    >>> after.loc.round(6), after.precision.round(6)
    (array([1.333333]), array([[3.]]))

    Source: Bishop, PRML (2006), section 3.3.1.
    """
    phi = likelihood.known_dispersion if isinstance(likelihood, Gaussian) else None
    if phi is None:
        raise InputError(
            "`likelihood` must be gaussian with a known noise for the posterior to be normal",
            repr(likelihood),
            "Give Gaussian(noise=...).",
        )
    if not isinstance(prior, Normal | MultivariateNormal):
        raise InputError(
            "`prior` must be normal for the posterior to be normal", repr(prior), "Use pf.Normal."
        )
    problem = Problem.make(
        as_design(X),
        y,
        prior=prior,
        likelihood=likelihood,
        weights=weights,
        offset=offset,
        intercept=intercept,
    )
    problem.require_one_output("an update")
    p, w = problem.design.shape[1], problem.weights
    columns = problem.design.matvec(np.eye(p))
    if intercept:
        columns = columns - w @ columns / w.sum()
    known = problem.prior
    precision = _dense(known) if isinstance(known, MultivariateNormal) else _diagonal(problem)
    precision = precision + columns.T @ (w[:, None] * columns) / phi
    after = MultivariateNormal(precision, solve(problem, tol=1e-10).coef)
    if not after.proper:
        raise InputError(
            "`precision` must be positive definite after the data",
            "a direction with neither data nor prior",
            "Add some prior to it.",
        )
    return after


def _dense(prior: MultivariateNormal) -> Any:
    given = prior.precision
    return given.toarray() if is_sparse(given) else given


def _diagonal(problem: Problem) -> Any:
    form = problem.form
    if np.any(form.fixed):
        raise InputError(
            "`scale` must be > 0 for a belief to be updated", "0", "Leave fixed columns out of X."
        )
    return np.diag(form.l2)
