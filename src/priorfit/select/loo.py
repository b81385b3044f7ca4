"""Leave-one-out along the path: exact for ridge, to first order for any other fit."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from priorfit._errors import InputError, PriorfitWarning
from priorfit.problem import Problem
from priorfit.select.cv import cross_validate, per_sd
from priorfit.select.selection import Selection
from priorfit.solve import LeaveOneOut, Path, path_of

__all__ = ["leave_one_out"]

_SHARE = 1 / 3  # of the rows that non-zero weights may take up: beyond, the order is not enough


def leave_one_out(
    problem: Problem,
    *,
    rule: str = "1se",
    standardize: bool = True,
    penalties: Any = None,
    n_points: int = 100,
    ratio: float | None = None,
    tol: float = 1e-6,
    max_iter: int = 10_000,
) -> tuple[Selection, Path]:
    """Leave-one-out deviance of every penalty, and the path on all rows.

    Exact for a gaussian with a normal prior on every weight (Allen 1974). Else each row is left out
    by one Newton step (Rad & Maleki 2020), which holds while fewer than a third of the rows is
    matched by non-zero weights: weaker penalties are not trusted, and where the smallest error lies
    at that edge, a `PriorfitWarning` says so and ten folds choose instead.

    Parameters
    ----------
    problem : with a prior of unit rate (`Prior.unit`).
    standardize : state the prior per standard deviation of each column (of all rows).
    rule, penalties, n_points, ratio, tol, max_iter : see `cross_validate`.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> selection, path = leave_one_out(pf.Problem.make(X, X[:, 0], prior=pf.Normal()))
    >>> selection.scores.shape
    (100, 1)
    """
    shaped = per_sd(problem) if standardize else problem
    grid: dict[str, Any] = {"n_points": n_points, "ratio": ratio, "tol": tol}
    if LeaveOneOut.applies(shaped):
        held_out = LeaveOneOut(shaped, penalties, **grid)
        path = held_out.path()
        return Selection(
            path.penalties,
            held_out.error[:, None],
            path.n_nonzero,
            rule,
            criterion="leave-one-out squared error per row",
            spread=held_out.standard_error,
            method="exact leave-one-out",
            path=path,
        ), path
    if problem.likelihood.coupled:
        raise InputError(
            "leave-one-out must have rows that are independent given the linear predictor",
            problem.likelihood.name,
            'Choose the strength by strength="cv" or "bic".',
        )
    path = path_of(shaped, penalties, max_iter=max_iter, **grid)
    selection = _approximate(path, rule)
    if not _at_the_edge(selection):
        return selection, path
    warnings.warn(
        "leave-one-out by one step must have fewer non-zero weights than a third of the rows, but "
        "its smallest error lies at that edge. Ten folds choose the strength instead.",
        PriorfitWarning,
        stacklevel=3,
    )
    return cross_validate(
        replace(problem, likelihood=path.likelihood),
        folds=min(10, len(problem.y)),
        rule=rule,
        standardize=standardize,
        penalties=path.penalties,
        tol=tol,
        max_iter=max_iter,
    )


def _approximate(path: Path, rule: str) -> Selection:
    problem, points = path.problem, range(len(path.penalties))
    y, w, likelihood = problem.y, problem.weights, problem.likelihood
    few = np.asarray(path.df <= _SHARE * np.count_nonzero(w))
    few[0] = True
    best = likelihood.saturated(y)
    rows = np.full((len(y), len(few)), np.nan)
    for k in (k for k in points if few[k]):
        rows[:, k] = 2.0 * (likelihood.loss(y, path.left_out(k)) - best)
    mean = w @ rows / w.sum()
    spread = np.sqrt(w @ np.square(rows - mean) / w.sum() / max(len(y) - 1, 1))
    return Selection(
        path.penalties,
        mean[:, None],
        path.n_nonzero,
        rule,
        criterion="leave-one-out deviance per row, to first order",
        spread=spread,
        method="approximate leave-one-out",
        valid=few,
        path=path,
    )


def _at_the_edge(selection: Selection) -> bool:
    """Whether a weaker penalty than those that can be trusted might be the best."""
    few = selection.valid
    return few is not None and not few.all() and selection.best == int(np.flatnonzero(few)[-1])
