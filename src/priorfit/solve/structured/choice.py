"""Which engine solves a problem whose prior was simple in other coordinates only."""

from __future__ import annotations

import numpy as np

from priorfit.design import Changed
from priorfit.problem import Problem
from priorfit.solve.structured.chain import is_chain

__all__ = ["solver_for"]


def solver_for(problem: Problem, solver: str) -> str:
    """The engine for ``problem.changed``.

    "chain" where each row sees one weight of a random walk; "barrier" where the prior has kinks,
    since columns that are sums of neighbours are nearly alike; else what was asked for.
    """
    likelihood = problem.likelihood
    ordinary = likelihood.smooth and likelihood.convex
    if solver != "auto" or problem.change is None or not ordinary:
        return solver
    design, form = problem.changed.design, problem.changed.form
    if form.concave is not None:
        return solver
    if isinstance(design, Changed) and is_chain(design, problem.intercept):
        return "chain"
    plain = form.groups is None and np.all(form.fixed | np.isinf(form.lower) & np.isinf(form.upper))
    return "barrier" if plain and np.any(form.kinked) else solver
