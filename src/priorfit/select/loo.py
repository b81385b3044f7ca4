"""Exact leave-one-out along the path of a normal prior."""

from __future__ import annotations

from typing import Any

from priorfit.problem import Problem
from priorfit.select.cv import per_sd
from priorfit.select.selection import Selection
from priorfit.solve import LeaveOneOut, Path

__all__ = ["leave_one_out"]


def leave_one_out(
    problem: Problem,
    *,
    rule: str = "1se",
    standardize: bool = True,
    penalties: Any = None,
    n_points: int = 100,
    ratio: float | None = None,
    tol: float = 1e-6,
) -> tuple[Selection, Path]:
    """Leave-one-out squared error of every penalty, and the path on all rows.

    Parameters
    ----------
    problem : gaussian, with a normal prior of unit rate (`Prior.unit`) on every weight.
    standardize : state the prior per standard deviation of each column (of all rows).
    rule, penalties, n_points, ratio, tol : see `cross_validate`.

    Raises
    ------
    InputError
        for another likelihood or prior.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> selection, path = leave_one_out(pf.Problem.make(X, X[:, 0], prior=pf.Normal()))
    >>> selection.scores.shape
    (100, 1)
    """
    shaped = per_sd(problem) if standardize else problem
    held_out = LeaveOneOut(shaped, penalties, n_points=n_points, ratio=ratio, tol=tol)
    path = held_out.path()
    return Selection(
        path.penalties,
        held_out.error[:, None],
        path.n_nonzero,
        rule,
        criterion="leave-one-out squared error per row",
        spread=held_out.standard_error,
    ), path
