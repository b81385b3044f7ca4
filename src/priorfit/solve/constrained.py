"""A problem whose prior is given by a radius instead of a scale."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from priorfit._errors import ConvergenceWarning, InputError
from priorfit.problem import Problem
from priorfit.solve.api import check_settings
from priorfit.solve.engines import Auto
from priorfit.solve.grid import grid_of
from priorfit.solve.noise import degrees_of_freedom
from priorfit.solve.path import Path
from priorfit.solve.radius import AtRadius, at_radius
from priorfit.solve.result import Freedom, Solution
from priorfit.solve.standard import standardize
from priorfit.solve.status import Status

__all__ = ["Constrained", "constrained"]


class Constrained(NamedTuple):
    """A constrained fit: ``found`` at the radius, the ``problem`` whose prior (and noise) the
    radius turned out to mean, its ``solution``, and the ``path`` of this one point."""

    found: AtRadius
    problem: Problem
    solution: Solution
    path: Path


def constrained(
    problem: Problem, radius: float, *, tol: float = 1e-6, solver: str = "auto"
) -> Constrained:
    """``min loss`` over weights with ``norm(b - loc) <= radius``.

    Parameters
    ----------
    problem : its prior is the shape: the norm is that of ``problem.form.radius``.
    radius : in units of that norm.
    tol, solver : see `priorfit.solve`. A `ConvergenceWarning` says so where ``tol`` was missed.

    Where the noise of a gaussian is unknown it is ``RSS / (n - df)`` at the answer.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> problem = pf.Problem.make(np.eye(3), [3.0, 1.0, 5.0], prior=pf.Laplace(), intercept=False)
    >>> fit = constrained(problem, 4.0)
    >>> fit.found.coef.round(3), round(fit.found.shadow_price, 3)
    (array([1., 0., 3.]), 2.0)
    """
    check_settings(tol, 1)
    standard = standardize(problem)
    start = float(grid_of(problem, standard, None, 2, 0.5)[0])
    if not problem.likelihood.convex:
        raise InputError(
            "the constraint view needs a convex loss: a radius then says which lambda",
            f"the {problem.likelihood.name} likelihood",
            "Give a prior instead of the radius.",
        )
    found = at_radius(problem, standard, radius, start, standard.start, tol=tol, solver=solver)
    path = Path(
        found.coef[..., None],
        np.asarray(found.intercept)[..., None],
        np.array([found.penalty]),
        np.array([found.certificate.gap]),
        np.array([found.certificate.kkt]),
        problem.prior,
        problem,
        tol,
        standard,
    )
    name = Auto().of(standard) if solver == "auto" else solver
    belief, solution = _solution(path, found, name)
    if solution.status is not Status.CERTIFIED:
        warnings.warn(solution.complaint, ConvergenceWarning, stacklevel=2)
    return Constrained(found, belief, solution, path)


def _solution(path: Path, found: AtRadius, name: str) -> tuple[Problem, Solution]:
    """The problem in terms of the prior that the radius means, and its solution."""
    problem, standard, phi = path.problem, path._standard, path.dispersion_at(0)
    likelihood = problem.likelihood
    if likelihood.has_dispersion:
        likelihood = likelihood.at(phi)
    belief = replace(problem, prior=path.prior_at(0), likelihood=likelihood)
    g, strength = standard.enter(found.intercept, found.coef), found.penalty * standard.y_unit**2
    solution = Solution(
        intercept=found.intercept,
        coef=found.coef,
        phi=phi,
        objective=belief.objective(found.intercept, found.coef, phi),
        freedom=Freedom(partial(degrees_of_freedom, standard, g, strength)),
        certificate=found.certificate,
        status=Status.CERTIFIED if found.certificate.certified else Status.NOT_CONVERGED,
        solver=name,
        n_iter=1,
        likelihood=likelihood,
    )
    return belief, solution
