"""Which engine solves a problem whose prior was simple in other coordinates only."""

from __future__ import annotations

import numpy as np

from priorfit.problem import Problem

__all__ = ["solver_for"]


def solver_for(problem: Problem, solver: str) -> str:
    """The engine for ``problem.changed``: "interior" where its columns are sums of neighbours and
    the prior has kinks, since such columns are nearly alike; else what was asked for."""
    if solver != "auto" or problem.change is None or problem.likelihood.coupled:
        return solver
    form = problem.changed.form
    plain = form.groups is None and np.all(form.fixed | np.isinf(form.lower) & np.isinf(form.upper))
    return "interior" if plain and np.any(form.kinked) else solver
