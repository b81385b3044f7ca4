"""A strength that tightens with n: what noise alone could reach in any of p columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import brentq

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods import Gaussian
from priorfit.problem import Problem
from priorfit.select.cv import per_sd
from priorfit.select.selection import Selection
from priorfit.solve import Path, hold_shape, path_of

__all__ = ["universal"]


def universal(
    problem: Problem, *, standardize: bool = True, **settings: Any
) -> tuple[Selection, Path]:
    """``lambda = sigma sqrt(2 n log p)`` for columns of unit standard deviation.

    The largest of p correlations with pure noise stays below it with high probability, so a Laplace
    belief of this strength drops columns that say nothing, however many rows there are. A belief
    that is held fixed while n grows does not: its threshold shrinks like 1/n, noise like 1/sqrt(n).

    An unknown sigma is that of the scaled lasso, which is the square-root lasso:
    ``sigma^2 = RSS / n`` at the fit of this very lambda, unique because the joint problem is
    convex. For other likelihoods ``sigma^2`` is the mean curvature of the loss at the null model,
    the variance of a row's score.

    Parameters
    ----------
    problem : with a prior of unit rate (`Prior.unit`) that has a kink.
    standardize : state the prior per standard deviation of each column.
    settings : ``tol``, ``max_iter``: see `pf.path`.

    Raises
    ------
    InputError
        for a prior without a kink: it selects nothing.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 50))
    >>> problem = pf.Problem.make(X, X[:, 0] + rng.normal(size=200), prior=pf.Laplace())
    >>> int(universal(problem)[0].n_nonzero[0])
    1

    Sources: Donoho & Johnstone (1994); Belloni, Chernozhukov & Wang (2011); Sun & Zhang (2012),
    equation 2.
    """
    problem.require_one_output("the universal threshold")
    if not np.any(problem.form.kinked):
        raise InputError(
            "universal must have a prior that can hold a weight at its centre",
            repr(problem.prior),
            "Use a Laplace, elastic net or group prior, or another way to choose the strength.",
        )
    shaped = hold_shape(per_sd(problem) if standardize else problem)
    n, p = shaped.n_effective, max(shaped.design.shape[1], 2)
    unit = float(np.sqrt(2.0 * n * np.log(p)))
    likelihood = shaped.likelihood
    if isinstance(likelihood, Gaussian) and likelihood.noise is None:
        sigma = _scaled_noise(shaped, unit, settings)
    else:
        sigma = _score_deviation(shaped)
    path = path_of(shaped, [sigma * unit], **settings)
    return Selection(
        path.penalties,
        2.0 * path.losses[:, None] / n,
        path.n_nonzero,
        "best",
        criterion="deviance per row",
        method=f"the universal threshold at a noise of {sigma:.4g}",
        path=path,
    ), path


def _score_deviation(problem: Problem) -> float:
    likelihood, w = problem.likelihood, problem.weights
    phi = likelihood.known_dispersion or 1.0
    if isinstance(likelihood, Gaussian):
        return float(np.sqrt(phi))
    null = problem.offset + (
        likelihood.null_eta(problem.y, w, problem.offset) if problem.intercept else 0.0
    )
    return float(np.sqrt(phi * likelihood.information(problem.y, null, w).sum() / w.sum()))


def _scaled_noise(problem: Problem, unit: float, settings: dict[str, Any]) -> float:
    """sigma with ``sigma^2 = RSS(sigma unit) / n``: the excess falls as sigma grows."""
    n, w = problem.n_effective, problem.weights
    away = problem.y - problem.offset
    away = away - (w @ away / w.sum() if problem.intercept else 0.0)
    most = float(np.sqrt(w @ np.square(away) / n))
    if most == 0:
        raise InputError("y must vary", "a constant response", "There is nothing to explain.")
    known = replace(problem, likelihood=Gaussian(noise=1.0))

    def excess(log_sigma: float) -> float:
        sigma: Array = np.exp(log_sigma)
        losses = path_of(known, [float(sigma) * unit], **settings).losses
        return float(np.log(max(2.0 * losses[0] / n, 1e-300)) - 2.0 * log_sigma)

    low, high = np.log(most) - 12.0, np.log(most)
    if excess(low) < 0:
        return float(np.exp(low))
    return float(np.exp(brentq(excess, low, high + 1e-9, xtol=1e-10)))
