"""One front door to every way of choosing the strength."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from priorfit._errors import InputError
from priorfit.problem import Problem
from priorfit.select.criteria import CRITERIA, by_criterion
from priorfit.select.cv import cross_validate
from priorfit.select.evidence import by_evidence
from priorfit.select.loo import leave_one_out
from priorfit.select.selection import Selection
from priorfit.select.stability import stability
from priorfit.select.universal import universal
from priorfit.solve import Path

__all__ = ["WAYS", "choose"]

WAYS = ("cv", "evidence", "loo", *CRITERIA, "stability", "universal")


def choose(problem: Problem, by: str = "cv", **settings: Any) -> tuple[Selection, Path]:
    """The strength of the prior that the data choose, and the path on all rows.

    Parameters
    ----------
    problem : its prior's own strength does not matter, only its shape (`Prior.unit`).
    by : "cv" (`cross_validate`), "evidence" (`by_evidence`), "loo" (`leave_one_out`), "aic", "bic", "ebic", "gcv", "sure"
        (`by_criterion`), "stability" (`stability`) or "universal" (`universal`).
    settings : those of that function.

    Raises
    ------
    InputError
        for another name.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 5))
    >>> problem = pf.Problem.make(X, X[:, 0] + rng.normal(size=100), prior=pf.Laplace())
    >>> selection, path = pf.choose(problem, "ebic")
    >>> selection.how
    'EBIC on the path'
    """
    if by == "posterior":
        raise InputError(
            "a strength that is averaged over must have a sampler of the posterior",
            "strength='posterior', which is not there yet",
            'Use "evidence", the most probable strength, or "cv".',
        )
    if by not in WAYS:
        raise InputError(
            f"strength must be a number or one of {', '.join(WAYS)}", repr(by), "Choose one."
        )
    if by != "cv":
        problem.require_one_output(f"strength={by!r}")
    problem = replace(problem, prior=problem.prior.unit())
    if by == "cv":
        return cross_validate(problem, **settings)
    if by == "evidence":
        return by_evidence(problem, **settings)
    if by == "loo":
        return leave_one_out(problem, **settings)
    if by == "stability":
        return stability(problem, **settings)[1:]
    if by == "universal":
        return universal(problem, **settings)
    return by_criterion(problem, by, **settings)
