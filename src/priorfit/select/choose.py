"""One front door to every way of choosing the strength."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from priorfit._errors import InputError
from priorfit.problem import Problem
from priorfit.select.apart import apart
from priorfit.select.criteria import CRITERIA, by_criterion
from priorfit.select.cv import cross_validate, per_sd, present, splits
from priorfit.select.evidence import by_evidence
from priorfit.select.loo import leave_one_out
from priorfit.select.selection import Selection
from priorfit.select.stability import stability
from priorfit.select.surface import over_ratios
from priorfit.select.universal import universal
from priorfit.solve import Path, hold_shape

__all__ = ["WAYS", "choose"]

WAYS = ("cv", "evidence", "loo", *CRITERIA, "stability", "universal")
_SPLIT: dict[str, Any] = {"folds": 5, "seed": 0, "groups": None}


def choose(
    problem: Problem,
    by: str = "cv",
    *,
    strength_by: Any = None,
    l1_ratio: Any = None,
    **settings: Any,
) -> tuple[Selection, Path]:
    """The strength of the prior that the data choose, and the path on all rows.

    Parameters
    ----------
    problem : its prior's own strength does not matter, only its shape (`Prior.unit`).
    by : "cv" (`cross_validate`), "evidence" (`by_evidence`), "loo" (`leave_one_out`), "aic", "bic",
        "ebic", "gcv", "sure" (`by_criterion`), "stability" (`stability`) or "universal"
        (`universal`).
    strength_by : groups of columns with a strength of their own, by "evidence" or "cv": "part" (of
        a prior by column), "column", a mapping from column names or patterns to labels, or a label
        for each column (p,). `Selection.relative` has their scales.
    l1_ratio : shares of l1 in an elastic net to choose from, by "cv" or a criterion;
        `Selection.surface` has all curves.
    settings : those of that function.

    An unknown theta of `NegativeBinomial` or scale of `Huber` is estimated once from all rows
    (`priorfit.solve.pilot`) and held along every path, in all folds and in the fit at the strength
    that is chosen: `Selection.likelihood`.

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
    _check_way(by)
    if by != "cv":
        problem.require_one_output(f"strength={by!r}")
    problem = replace(problem, prior=problem.prior.unit())
    if problem.likelihood.known_shape is None:  # one loss for all curves
        shaped = per_sd(problem) if settings.get("standardize", True) else problem
        problem = replace(problem, likelihood=hold_shape(shaped).likelihood)
    if by == "cv" and (l1_ratio is not None or strength_by is not None):
        folds, seed, groups = (settings.pop(k, v) for k, v in _SPLIT.items())
        problem, groups = present(problem, folds, groups)
        settings["folds"] = splits(problem, folds, seed, groups)  # the same rows for all curves
    relative = None
    if strength_by is not None:
        problem, relative = apart(problem, by, strength_by, settings)
    if l1_ratio is None:
        selection, path = _one(problem, by, settings)
    else:
        if by not in ("cv", *CRITERIA):
            raise InputError(
                "l1_ratio must be chosen by cv or a criterion", repr(by), "Fix it in the prior."
            )
        selection, path = over_ratios(problem, l1_ratio, lambda one: _one(one, by, settings))
    return (selection if relative is None else replace(selection, relative=relative)), path


def _one(problem: Problem, by: str, settings: dict[str, Any]) -> tuple[Selection, Path]:
    """One curve."""
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


def _check_way(by: str) -> None:
    if by == "posterior":
        raise InputError(
            "a strength that is averaged over must be asked of an estimator",
            "strength='posterior'",
            "Use MAPRegressor(strength='posterior'), or pf.sample(problem, strength='sampled').",
        )
    if by not in WAYS:
        raise InputError(
            f"strength must be a number or one of {', '.join(WAYS)}", repr(by), "Choose one."
        )
