"""Criteria that need one path only: fit, plus a price of each degree of freedom.

With D the deviance of a point, df its degrees of freedom and n the rows counted with their weights:

    aic   D + 2 df                     bic   D + log(n) df
    ebic  bic + 2 log C(p, k)          gcv   n D / (n - df)^2
    sure  (RSS + 2 sigma^2 df) / n

D is RSS / sigma^2 for a gaussian of known noise and ``n log(RSS / n)`` where the noise is unknown;
that falls without end when a fit has as many degrees of freedom as rows, so such points count only
up to df = n / 2.

Sources: Akaike (1974); Schwarz (1978); Chen & Chen (2008), equation 2.5 with gamma = 1; Craven &
Wahba (1979); Stein (1981). df: Zou, Hastie & Tibshirani (2007).
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from priorfit._errors import InputError
from priorfit._typing import Array, Mask
from priorfit.likelihoods import Gaussian
from priorfit.problem import Problem
from priorfit.select.cv import per_sd
from priorfit.select.selection import Selection
from priorfit.solve import Path, path_of

__all__ = ["CRITERIA", "by_criterion"]

CRITERIA = ("aic", "bic", "ebic", "gcv", "sure")
_SHARE = 0.5  # of the rows that degrees of freedom may take up where the noise is unknown


def by_criterion(
    problem: Problem,
    criterion: str,
    *,
    standardize: bool = True,
    path: Path | None = None,
    **grid: object,
) -> tuple[Selection, Path]:
    """The smallest ``criterion`` along a path, and the path.

    Parameters
    ----------
    problem : with a prior of unit rate (`Prior.unit`).
    criterion : one of `CRITERIA`; see the module for their formulas.
    standardize : state the prior per standard deviation of each column.
    path : where it is known already.
    grid : ``penalties``, ``n_points``, ``ratio``, ``tol``, ``max_iter``: see `pf.path`.

    Raises
    ------
    InputError
        for another name; "sure" without a gaussian of known noise.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 5))
    >>> problem = pf.Problem.make(X, X[:, 0] + rng.normal(size=100), prior=pf.Laplace())
    >>> selection, _ = by_criterion(problem, "bic")
    >>> int(selection.n_nonzero[selection.chosen])
    1
    """
    problem.require_one_output("a criterion along the path")
    if criterion not in CRITERIA:
        raise InputError(
            f"the criterion must be one of {', '.join(CRITERIA)}", repr(criterion), "Choose one."
        )
    found = path or path_of(per_sd(problem) if standardize else problem, **grid)  # type: ignore[arg-type]
    scores = _scores(found, criterion)
    return Selection(
        found.penalties,
        scores[:, None],
        found.n_nonzero,
        "best",
        criterion=criterion.upper(),
        method=f"{criterion.upper()} on the path",
        valid=_trusted(found),
        path=found,
    ), found


def _scores(path: Path, criterion: str) -> Array:
    n, df = path.problem.n_effective, path.df
    if criterion == "gcv":
        left = np.maximum(n - df, 1e-8)
        return np.asarray(n * _lost(path) / left**2)
    if criterion == "sure":
        variance = path.problem.likelihood.known_dispersion
        if not isinstance(path.problem.likelihood, Gaussian) or variance is None:
            raise InputError(
                "sure must have a gaussian likelihood of known noise",
                repr(path.problem.likelihood),
                "Give Gaussian(noise=...), or use gcv.",
            )
        return np.asarray((_lost(path) + 2.0 * variance * df) / n)
    price = {"aic": 2.0}.get(criterion, float(np.log(n)))
    score = _deviance(path) + price * df
    if criterion == "ebic":
        p, k = len(path.coefs), path.n_nonzero
        score = score + 2.0 * (gammaln(p + 1) - gammaln(k + 1) - gammaln(p - k + 1))
    return np.asarray(score)


def _lost(path: Path) -> Array:
    """Twice the loss above that of a perfect fit, (k,): RSS for the gaussian."""
    problem = path.problem
    best = problem.likelihood.least(problem.y, problem.weights)
    return 2.0 * (path.losses - best)


def _deviance(path: Path) -> Array:
    lost, n = _lost(path), path.problem.n_effective
    phi = path.problem.likelihood.known_dispersion
    if phi is None:
        return np.asarray(n * np.log(np.maximum(lost / n, 1e-300)))
    return lost / phi


def _trusted(path: Path) -> Mask | None:
    if path.problem.likelihood.known_dispersion is not None:
        return None
    few = path.df <= _SHARE * path.problem.n_effective
    few[0] = True
    return np.asarray(few)
