"""From a problem to its whole regularization path."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from priorfit._checks import of_kind
from priorfit._errors import ConvergenceWarning, InputError
from priorfit._threads import passes_in
from priorfit._typing import Array
from priorfit.likelihoods import Likelihood
from priorfit.priors import Laplace, Prior, as_prior
from priorfit.problem import Problem
from priorfit.solve.api import check_settings
from priorfit.solve.engines import Engine, engine
from priorfit.solve.grid import from_scales, grid_of
from priorfit.solve.path import Path
from priorfit.solve.pilot import pilot_shape
from priorfit.solve.restore import restore
from priorfit.solve.shared import Shared
from priorfit.solve.standard import Standard, standardize
from priorfit.solve.structured import SignalFit, fit_signal, solver_for, walk_of

__all__ = ["hold_shape", "path", "path_of", "solved_path"]


def path(
    X: Any,
    y: Any,
    *,
    prior: Prior | None = None,
    likelihood: Likelihood | None = None,
    weights: Any = None,
    offset: Any = None,
    intercept: bool = True,
    penalties: Any = None,
    scales: Any = None,
    n_points: int = 100,
    ratio: float | None = None,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    solver: str = "auto",
    threads: int = 1,
) -> Path:
    """MAP estimates for a whole sequence of prior scales.

    The loss is the same along the path: an unknown theta of `NegativeBinomial` or scale of `Huber`
    is estimated once, at the point of a coarse path that BIC takes; `Path.likelihood` has it.

    Parameters
    ----------
    X, y, likelihood, weights, offset, intercept : see `priorfit.Problem`.
    prior : the shape of the belief (default `Laplace`); a scalar scale is replaced by the path's,
        scales per column stay as relative scales.
    penalties : lambdas on the sum scale, any order; or
    scales : prior scales instead (needs a known dispersion); or
    n_points, ratio : a log-spaced grid from `lambda_max` down to ``ratio`` times it (default 1e-2
        where n < p, 1e-3 otherwise, 1e-7 without an l1 term).
    tol, max_iter, solver, threads : see `priorfit.solve`.

    A `ConvergenceWarning` counts the points that miss ``tol``, if any.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> X, y = np.diag([1.0, 2.0]), np.array([3.0, 0.1])
    >>> pf.path(X, y, penalties=[4.0, 1.0], intercept=False).coefs
    array([[0., 2.],
           [0., 0.]])
    """
    prior = Laplace() if prior is None else as_prior(prior)
    of_kind("prior", prior, Prior, "pf.Laplace(scale=0.1)")
    problem = Problem.make(
        X,
        y,
        prior=prior.unit(),
        likelihood=likelihood,
        weights=weights,
        offset=offset,
        intercept=intercept,
    )
    if scales is not None:
        if penalties is not None:
            raise InputError("give `penalties` or `scales`", "both", "Drop one of them.")
        penalties = from_scales(problem, np.asarray(scales, dtype=np.float64))
    settings: Any = {"n_points": n_points, "ratio": ratio, "tol": tol, "max_iter": max_iter}
    with passes_in(threads):
        found = path_of(problem, penalties, solver=solver, **settings)
    if not found.certified:
        proofs = found._proofs
        missed = int(np.sum(proofs > tol))
        word = "kkt" if found.local else "gap"
        warnings.warn(
            f"{missed} of {len(proofs)} points miss the {word} of {tol:.0e} that was asked for "
            f"(worst: {proofs.max():.1e}). Raise max_iter, loosen tol, or end the path sooner.",
            ConvergenceWarning,
            stacklevel=2,
        )
    return found


def path_of(
    problem: Problem,
    penalties: Any = None,
    *,
    n_points: int = 100,
    ratio: float | None = None,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    solver: str = "auto",
    shared: Shared | None = None,
) -> Path:
    """The path of a problem whose prior has unit rate (`Prior.unit`); see `path`.

    ``shared``: what the problem, a sample of its rows, shares with others (`share`).
    """
    check_settings(tol, max_iter)
    options: Any = {"n_points": n_points, "ratio": ratio, "tol": tol, "penalties": penalties}
    if problem.likelihood.known_shape is None:
        held = hold_shape(problem)
        return path_of(held, max_iter=max_iter, solver=solver, shared=shared, **options)
    if problem.change is not None:
        found = _signal_path(problem, options) if solver == "auto" else None
        if found is not None and found.certified:
            return found
        solver = solver_for(problem, solver)
        inner = path_of(problem.changed, solver=solver, max_iter=max_iter, **options)
        if found is not None and np.sum(found.gaps <= tol) > np.sum(inner.gaps <= tol):
            return found
        coefs = problem.change.back(inner.coefs)
        return replace(inner, coefs=coefs, prior=problem.prior, problem=problem, _inner=inner)
    form = problem.prior.along(problem.form, problem.n_effective)
    standard = standardize(problem, form, shared=shared)
    lambdas = grid_of(problem, standard, penalties, n_points, ratio)
    only = float(lambdas[0]) * standard.y_unit**2 if len(lambdas) == 1 else None
    run = engine(standard, solver=solver, tol=tol, max_iter=max_iter, only=only)
    return solved_path(problem, standard, run, lambdas, tol)


def hold_shape(problem: Problem) -> Problem:
    """The problem whose theta or scale, where it is unknown, is held at what `pilot_shape` finds.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 3))
    >>> y = pf.NegativeBinomial(theta=2.0).draw(1 + X[:, 0], 1.0, rng)
    >>> problem = pf.Problem.make(X, y, prior=pf.Laplace(), likelihood=pf.NegativeBinomial())
    >>> 1.5 < hold_shape(problem).likelihood.theta < 2.5
    True
    """
    if problem.likelihood.known_shape is not None:
        return problem
    return replace(problem, likelihood=pilot_shape(problem, path_of))


def _signal_path(problem: Problem, options: Any) -> Path | None:
    """Point by point where every weight is seen by itself, else None."""
    change = problem.change
    if change is None or walk_of(problem) is None:
        return None
    inside = problem.changed
    standard = standardize(inside, inside.prior.along(inside.form, inside.n_effective))
    grid = options["penalties"], options["n_points"], options["ratio"]
    lambdas = grid_of(inside, standard, *grid)
    fits: list[SignalFit] = []
    for penalty in lambdas:
        fit = fit_signal(problem, float(penalty), options["tol"])
        if fit is None:
            return None
        fits.append(fit)
    coefs, steps = (
        np.column_stack(v) for v in zip(*((f.coef, f.steps) for f in fits), strict=True)
    )
    u = change.into(coefs)
    u[-len(steps) :] = steps
    b0, gaps, kkts = np.array([(f.intercept, f.gap, f.kkt) for f in fits]).T
    proof = gaps, kkts
    inner = Path(u, b0, lambdas, *proof, inside.prior, inside, options["tol"], standard)
    return replace(inner, coefs=coefs, prior=problem.prior, problem=problem, _inner=inner)


def solved_path(
    problem: Problem, standard: Standard, run: Engine, lambdas: Array, tol: float
) -> Path:
    """The path that an engine finds."""
    solutions, found = run(lambdas * standard.y_unit**2, standard.start)
    intercepts, coefs = restore(standard, solutions, problem, found.moved)
    return Path(
        coefs,
        intercepts,
        lambdas,
        found.gap,
        found.kkt,
        problem.prior,
        problem,
        tol,
        standard,
    )
