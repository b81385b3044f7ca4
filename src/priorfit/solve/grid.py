"""Which strengths a path visits."""

from __future__ import annotations

from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.priors import (
    ByColumn,
    ElasticNet,
    Flat,
    MultivariateNormal,
    Normal,
    NormalForm,
    Prior,
    RandomWalk,
    SparseGroupLaplace,
    Truncated,
)
from priorfit.problem import Problem
from priorfit.solve.engines import engine
from priorfit.solve.local.stationary import column_curvatures
from priorfit.solve.quantile.null import null_pull
from priorfit.solve.standard import Standard, standardize

__all__ = ["TWO_RATES", "from_scales", "grid_of", "is_squared", "lambda_max"]

TWO_RATES = ElasticNet | SparseGroupLaplace


def grid_of(
    problem: Problem, standard: Standard, penalties: Any, n_points: int, ratio: float | None
) -> Array:
    """The lambdas given, strongest first, or a grid."""
    if penalties is None:
        return _default_grid(problem, standard, n_points, ratio)
    lambdas = np.sort(np.atleast_1d(np.asarray(penalties, dtype=np.float64)))[::-1].copy()
    if lambdas.ndim != 1 or not np.all((lambdas >= 0) & np.isfinite(lambdas)):
        raise InputError(
            "`penalties` must be finite numbers >= 0", repr(penalties), "They are lambdas."
        )
    return lambdas


def lambda_max(problem: Problem) -> float:
    """The smallest lambda at which every weight with a kink (l1, group) sits at its prior mean.

    ``max_j |X_j' theta| / rate_j`` at the fit without those weights (rate: 1 for a scalar scale),
    for groups the dual norm; 0 where no weight has a kink.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> pf.lambda_max(pf.Problem.make(np.eye(2), [3.0, -4.0], prior=pf.Laplace(),
    ...                               intercept=False))
    4.0
    """
    problem = problem.changed
    return _lambda_max(standardize(problem)) if np.any(problem.form.kinked) else 0.0


def _lambda_max(standard: Standard) -> float:
    form = standard.form
    pure = form.kinked
    if not np.any(pure):
        return 0.0
    if form.concave is not None and form.concave.jumps:
        return _price_max(standard) / standard.y_unit**2
    correlation = _pull(standard, standard.start)
    others = (form.flat) & (np.abs(correlation) > 1e-12 * standard.null_correlation)
    if np.any(others[standard.first :]) or np.any(form.loc[pure] != 0):
        bound = 10.0 * _holding(form, correlation) + 1e-300
        run = engine(standard, solver="auto", tol=1e-12, max_iter=1000)
        g = run(np.array([bound]), standard.start)[0][:, 0]
        while np.any(g[pure] != form.loc[pure]) and np.isfinite(bound):
            bound *= 10.0
            g = run(np.array([bound]), g)[0][:, 0]
        correlation = _pull(standard, g)
    up = np.where(standard.start < form.upper, correlation, 0.0)
    down = np.where(standard.start > form.lower, -correlation, 0.0)
    return _holding(form, np.maximum(np.maximum(up, down), 0.0)) / standard.y_unit**2


def _price_max(standard: Standard) -> float:
    """The smallest strength s at which no weight by itself is worth its price:
    ``pull^2 / (2 (h + s l2)) <= s price``."""
    form, start = standard.form, standard.start
    assert form.concave is not None
    pull, price = standard.pull(start), form.concave.size
    h = column_curvatures(standard, standard.eta(start))
    gain = np.square(pull[price > 0]) / (2.0 * price[price > 0])
    h, l2 = h[price > 0], form.l2[price > 0]
    root = np.sqrt(h * h + 4.0 * l2 * gain)
    strength = 2.0 * gain / np.maximum(h + root, 1e-300)
    return float(np.max(strength[~form.fixed[price > 0]], initial=0.0))


def _pull(standard: Standard, g: Array) -> Array:
    """Z' theta (m,) where no kink has given way; where theta is a set, its best member."""
    return standard.pull(g) if standard.likelihood.smooth else null_pull(standard, g)


def _holding(form: NormalForm, correlation: Array) -> float:
    """The smallest strength at which every kink withstands these correlations."""
    alone = form.kinked
    most = 0.0
    if form.groups is not None:
        alone = alone & ~form.groups.inside
        most = float(form.groups.dual_norms(correlation, form.l1).max())
    if form.ranked is not None:
        alone = alone & ~form.ranked.inside(len(alone))
        most = max(most, float(form.ranked.dual_norm(correlation)))
    return float(np.max(np.abs(correlation[alone]) / form.l1[alone], initial=most))


def _default_grid(
    problem: Problem, standard: Standard, n_points: int, ratio: float | None
) -> Array:
    """Log-spaced lambdas from the strongest that matters downwards."""
    n, p = problem.design.shape
    top, share = _lambda_max(standard), (1e-2 if n < p else 1e-3)
    form = standard.form
    if top <= 0:  # no l1 term: from where the best column keeps 1 % of its weight
        spread = float(
            np.max(standard.weights.sum() / np.maximum(form.l2, 1e-300)[form.l2 > 0], initial=0)
        )
        top, share = 100.0 * (spread or 1.0) / standard.y_unit**2, 1e-7
    elif np.any(form.l2 > 0):
        share *= 0.1
    share = share if ratio is None else ratio
    if not 0 < share < 1 or n_points < 1:
        raise InputError(
            "a grid must have 0 < ratio < 1 and n_points >= 1",
            f"{share}, {n_points}",
            "Correct them.",
        )
    return top * np.geomspace(1.0, share, n_points)


def from_scales(problem: Problem, scales: Array) -> Array:
    phi = problem.likelihood.known_dispersion
    if phi is None:
        raise InputError(
            "`scales` need a known noise",
            f"{problem.likelihood!r} with it unknown",
            "Give it, as in Gaussian(noise=...) or Gamma(dispersion=...), or penalties=.",
        )
    if not np.all(scales > 0):
        raise InputError("`scales` must be > 0", repr(scales), "A scale is a width.")
    if isinstance(problem.prior, ByColumn):
        raise InputError(
            "`scales` need a prior with one scale", "one by column", "Give penalties=."
        )
    base = problem.prior.prior if isinstance(problem.prior, Truncated) else problem.prior
    if isinstance(base, TWO_RATES):
        return phi / scales * float(np.asarray(base.l1_scale))
    return phi / scales**2 if is_squared(base) else phi / scales


def is_squared(prior: Prior) -> bool:
    """Whether lambda is phi over the square of the scale: a normal density, of any coordinates."""
    walk = isinstance(prior, RandomWalk) and prior.kind == "normal"
    return walk or isinstance(prior, Normal | Flat | MultivariateNormal)
