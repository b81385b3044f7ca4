"""A strength of its own for each group of columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Index
from priorfit.priors import ByColumn
from priorfit.priors.base import key_of_columns
from priorfit.problem import Problem
from priorfit.select.cv import cross_validate, per_sd
from priorfit.solve.evidence.centred import centred_sums
from priorfit.solve.evidence.each import Rows, each_group
from priorfit.solve.evidence.normal import NormalEvidence
from priorfit.solve.evidence.rates import Rates
from priorfit.solve.standard import standardize

__all__ = ["apart", "groups_of"]

_WIDEST = 3000  # columns whose covariance is inverted at each step
_STEPS = (4.0, 2.0, 1.4142135623730951)
_SWEEPS = 5  # of all groups, with each step
_COARSE = 30  # lambdas of a curve while scales are looked for


def apart(
    problem: Problem, by: str, strength_by: Any, settings: dict[str, Any]
) -> tuple[Problem, Mapping[Any, float]]:
    """The problem whose prior has, in each group of columns, its own relative scale, and these
    scales, the largest being 1; 0 is a group without a say.

    By "evidence" they make the log evidence stationary, by "cv" they are found one at a time on the
    curve of cross-validation. ``strength_by``: see `pf.choose`.

    Raises
    ------
    InputError
        for another way, or a prior that has no scales by column.
    """
    names, ids = groups_of(problem, strength_by)
    if by not in ("evidence", "cv"):
        raise InputError(
            "one strength for each group of columns must be chosen by evidence or cv",
            repr(by),
            "Leave strength_by out for one strength.",
        )
    if problem.change is not None or problem.outputs is not None:
        raise InputError(
            "`strength_by` must have one output and a prior with scales by column",
            repr(problem.prior),
            "Leave it out for one strength.",
        )
    found = _by_evidence if by == "evidence" else _by_folds
    relative = found(problem, ids, len(names), settings)
    relative = relative / relative.max()
    wide = replace(problem, prior=problem.prior.widened(relative[ids]))
    return wide, dict(zip(names, relative.tolist(), strict=True))


def groups_of(problem: Problem, strength_by: Any) -> tuple[list[Any], Index]:
    """Names of the groups, in the order of the columns, and each column's number among them."""
    p, labels = problem.design.shape[1], problem.design.labels()
    if isinstance(strength_by, str) and strength_by == "column":
        return list(labels), np.arange(p)
    if isinstance(strength_by, str) and strength_by == "part":
        if not isinstance(problem.prior, ByColumn) or problem.prior.columns is None:
            raise InputError(
                "strength_by='part' must have a prior by column",
                repr(problem.prior),
                "Write prior={'gene_*': ..., '*': ...}, or give labels.",
            )
        ids = np.empty(p, dtype=np.intp)
        for k, where in enumerate(problem.prior.columns):
            ids[where] = k
        return list(problem.prior.parts), ids
    if isinstance(strength_by, Mapping):
        keys = key_of_columns("strength_by", strength_by, labels)
        strength_by = [strength_by[key] for key in keys]
    given = np.asarray(strength_by).tolist() if np.iterable(strength_by) else []
    if len(given) != p or isinstance(strength_by, str):
        raise InputError(
            "`strength_by` must be 'part', 'column', a mapping of names, or one label per column",
            f"{strength_by!r} for {p} columns",
            "For example {'gene_*': 'genes', '*': 'others'}.",
        )
    names = list(dict.fromkeys(given))
    return names, np.array([names.index(label) for label in given], dtype=np.intp)


def _by_evidence(problem: Problem, ids: Index, size: int, settings: dict[str, Any]) -> Array:
    """``1 / sqrt(l)`` of each group, l the precisions of `each_group`."""
    shaped = per_sd(problem) if settings.get("standardize", True) else problem
    if problem.n_weights > _WIDEST:
        raise InputError(
            f"the evidence by groups must have at most {_WIDEST} columns",
            f"{problem.n_weights}",
            'Use strength="cv".',
        )
    if not NormalEvidence.applies(shaped):
        raise InputError(
            "the evidence by groups must be that of normal priors with gaussian noise",
            f"{problem.likelihood!r} and {problem.prior!r}",
            'Use strength="cv".',
        )
    standard = standardize(shaped)
    moving = np.flatnonzero(~standard.form.fixed[standard.first :])
    inside = standard.first + moving
    known = problem.likelihood.known_dispersion
    rows = Rows(
        *centred_sums(standard, inside, np.sqrt(standard.form.l2[inside])),
        problem.n_effective - float(problem.intercept),
        Rates(),
        (ids[moving][:, None] == np.arange(size)).astype(np.float64),
        None if known is None else 1.0 / (known * standard.y_unit**2),
    )
    found = each_group(rows)
    relative = np.zeros(size)
    relative[ids[moving][found.kept]] = 1.0 / np.sqrt(found.weight[found.kept])
    return relative if np.any(relative) else np.ones(size)


def _by_folds(problem: Problem, ids: Index, size: int, settings: dict[str, Any]) -> Array:
    """One scale after another, up and down by smaller steps, while the best point of the curve
    falls; the first group stays, the strength of all moves it."""
    known = ("folds", "hold", "standardize", "tol", "max_iter", "scoring", "threads")
    inside = {key: settings[key] for key in known if key in settings} | {"n_points": _COARSE}

    def lost(relative: Array) -> float:
        wide = replace(problem, prior=problem.prior.widened(relative[ids]))
        curve = cross_validate(wide, **inside)[0]
        return float(curve.mean[curve.best])

    return _descend(lost, size)


def _descend(lost: Callable[[Array], float], size: int) -> Array:
    relative = np.ones(size)
    least = lost(relative)
    for step in _STEPS:
        for _ in range(_SWEEPS):
            before = least
            for k in range(1, size):
                for factor in (step, 1.0 / step):
                    tried = relative.copy()
                    tried[k] *= factor
                    value = lost(tried)
                    if value < least:
                        relative, least = tried, value
                        break
            if least == before:
                break
    return relative
