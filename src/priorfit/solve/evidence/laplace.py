"""Laplace's approximation of the evidence of a normal belief, for any smooth likelihood."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from priorfit._typing import Array
from priorfit.problem import Problem
from priorfit.solve.least_squares import is_quadratic
from priorfit.solve.leverage import curvatures
from priorfit.solve.path import Path
from priorfit.solve.paths import path_of
from priorfit.solve.standard import standardize

__all__ = ["approximable", "approximate", "best_penalty"]


def approximable(problem: Problem) -> bool:
    """Whether the likelihood is convex, smooth and known, and every weight's prior is normal."""
    likelihood = problem.likelihood
    known = likelihood.known_dispersion is not None and likelihood.known_shape is not None
    rows = likelihood.smooth and likelihood.convex and not likelihood.coupled
    if problem.outputs is not None or not (known and rows and likelihood.is_probability):
        return False
    standard = standardize(problem.changed)
    inner = slice(standard.first, None)
    free = standard.form.flat[inner] & ~standard.form.fixed[inner]
    return is_quadratic(standard) and not np.any(free)


def approximate(path: Path) -> Array:
    """``log p(y, b) + (m / 2) log 2 pi - log |H| / 2`` at each point of a path, (k,).

    H is the Hessian of J at the MAP estimate b, over the m unknowns that may move, a free intercept
    among them. Exact for a gaussian (up to what the intercept's flat prior leaves open).

    Source: MacKay, The evidence framework applied to classification networks (1992).
    """
    return np.array([_at(path, k) for k in range(len(path.penalties))])


def _at(path: Path, k: int) -> float:
    standard, g, penalty = path._standard, path._unknowns(k), float(path.penalties[k])
    problem, form = path.problem, standard.form
    phi = problem.likelihood.known_dispersion or 1.0
    lost = float(path.losses[k]) / phi
    lost += float(np.sum(problem.weights @ problem.likelihood.constant(problem.y, phi)))
    strength = penalty * standard.y_unit**2
    moving = np.flatnonzero(~form.fixed)
    normal = standard.normal
    rate = strength * form.l2[normal] / (phi * standard.y_unit**2)
    away = g[normal] - form.loc[normal]
    believed = 0.5 * float(np.log(rate / (2.0 * np.pi)).sum() - rate @ away**2)
    hessian = standard.Z.gram(moving, moving, curvatures(standard, g))
    hessian[np.diag_indices_from(hessian)] += strength * form.l2[moving]
    size = float(np.linalg.slogdet(hessian / (phi * standard.y_unit**2))[1])
    unit = standard.first * float(np.log(standard.y_unit))
    return believed - lost - unit + 0.5 * (len(moving) * float(np.log(2.0 * np.pi)) - size)


def best_penalty(problem: Problem, path: Path, tol: float) -> float:
    """The lambda with the largest approximate evidence, between the neighbours of the best."""
    k = int(np.argmax(approximate(path)))
    last = len(path.penalties) - 1
    strong, weak = path.penalties[max(k - 1, 0)], path.penalties[min(k + 1, last)]
    if k in (0, last):
        return float(path.penalties[k])

    def lost(log_penalty: float) -> float:
        one = path_of(problem, [float(np.exp(log_penalty))], tol=tol)
        return -float(approximate(one)[0])

    ends = (float(np.log(weak)), float(np.log(strong)))
    found = minimize_scalar(lost, bounds=ends, method="bounded", options={"xatol": 1e-7})
    return float(np.exp(found.x))
