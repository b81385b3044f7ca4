"""The relaxed lasso: the columns that a path has chosen, shrunk less."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from priorfit._errors import ConvergenceWarning, InputError
from priorfit._typing import Array, Index
from priorfit.design import as_design
from priorfit.priors import Flat, Truncated
from priorfit.problem import Problem
from priorfit.solve.api import solve_quietly

__all__ = ["Relaxed", "relaxed"]


@dataclass(frozen=True, eq=False)
class Relaxed:
    """``gamma`` times the path plus ``1 - gamma`` times the refit of each point's columns.

    ``coefs`` (p, k), ``intercepts`` (k,): the mixture; ``refit_coefs`` (p, k) and
    ``refit_intercepts`` (k,): maximum likelihood on the columns that moved; ``gaps`` (k,): the
    certificate of each refit.
    """

    gamma: float
    coefs: Array
    intercepts: Array
    refit_coefs: Array
    refit_intercepts: Array
    gaps: Array
    tol: float

    @property
    def certified(self) -> bool:
        """Whether every refit is within the tolerance."""
        return bool(np.all(self.gaps <= self.tol))


def relaxed(path: Any, gamma: float) -> Relaxed:
    """See `Path.relaxed`."""
    if not 0.0 <= gamma <= 1.0:
        raise InputError(
            "`gamma` must lie in [0, 1]", repr(gamma), "1 is the path itself, 0 the refit."
        )
    problem, form = path.problem, path.problem.form
    refits = path.coefs.copy()
    intercepts, gaps = path.intercepts.copy(), np.zeros(len(path.penalties))
    last: Index = np.array([-1], dtype=np.intp)
    for k in range(len(gaps)):
        moved = np.flatnonzero(path.coefs[:, k] != form.loc)
        if k and np.array_equal(moved, last):  # the same columns: the same refit
            refits[:, k], intercepts[k], gaps[k] = refits[:, k - 1], intercepts[k - 1], gaps[k - 1]
        else:
            refits[moved, k], intercepts[k], gaps[k] = _refit(
                problem, moved, path.coefs[:, k], path.tol
            )
        last = moved
    _warn(gaps, path.tol)
    return Relaxed(
        gamma,
        gamma * path.coefs + (1.0 - gamma) * refits,
        gamma * path.intercepts + (1.0 - gamma) * intercepts,
        refits,
        intercepts,
        gaps,
        path.tol,
    )


def _refit(problem: Problem, moved: Index, coef: Array, tol: float) -> tuple[Array, float, float]:
    """(weights of ``moved``, intercept, gap) without a penalty, the other weights as they are."""
    held = coef.copy()
    held[moved] = 0.0
    offset = problem.offset + problem.design.matvec(held) if np.any(held) else problem.offset
    form = problem.form
    if not len(moved):
        moved, fixed = np.zeros(1, dtype=np.intp), True  # one column, held, for the intercept
    else:
        fixed = False
    zero = np.zeros(problem.design.shape[1])
    design = as_design(problem.design.columns(moved, zero)[0])
    low, high = (np.zeros(1), np.zeros(1)) if fixed else (form.lower[moved], form.upper[moved])
    bounded = bool(np.any(np.isfinite(low) | np.isfinite(high)))
    prior = Truncated(Flat(), lower=low, upper=high) if bounded else Flat()
    likelihood = problem.likelihood
    if likelihood.known_dispersion is None:  # without a penalty the estimate does not depend on it
        likelihood = likelihood.at(1.0)
    part = replace(problem, design=design, offset=offset, prior=prior, likelihood=likelihood)
    found = solve_quietly(part, tol=tol)
    return (np.zeros(0) if fixed else found.coef), found.intercept, found.certificate.gap


def _warn(gaps: Array, tol: float) -> None:
    missed = int(np.sum(~(gaps <= tol)))
    if missed:
        warnings.warn(
            f"{missed} of {len(gaps)} refits miss the gap of {tol:.0e} (worst: "
            f"{np.max(gaps):.1e}): their columns may explain the response without error. End the "
            "path sooner.",
            ConvergenceWarning,
            stacklevel=4,
        )
