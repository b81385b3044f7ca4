"""The judge: objective and relative duality gap of any solver's coefficients, in float64.

Objective: mean loss + lambda (l1_ratio |b|_1 + (1 - l1_ratio) / 2 |b|_2^2), intercept free; with
groups of d columns the sum of sqrt(d) |b_g|_2 stands in the place of |b|_1. The
dual point is the residual, centred, scaled until it is feasible; relative to the loss of the null
model. The gap is what a solver can know of its answer; how far the answer truly is from the optimum
is known to within the gap of the best answer anyone found.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, xlogy

from priorfit._typing import Array
from priorfit.bench.cases import Case

__all__ = ["judge", "lambda_max", "lower_bounds", "suboptimality"]


def slope(case: Case, eta: Array) -> Array:
    """y - mean(eta)."""
    if case.likelihood == "gaussian":
        mean = eta
    else:
        mean = np.asarray(expit(eta) if case.likelihood == "bernoulli" else np.exp(eta))
    return case.y[:, None] - mean


def loss(case: Case, eta: Array) -> Array:
    """Mean loss of each column of eta (n, k)."""
    y = case.y[:, None]
    if case.likelihood == "gaussian":
        value = 0.5 * (y - eta) ** 2
    elif case.likelihood == "bernoulli":
        value = np.logaddexp(0.0, eta) - y * eta
    else:
        value = np.exp(eta) - y * eta
    return np.asarray(value.mean(axis=0))


def conjugate(case: Case, theta: Array) -> Array:
    """Mean of sup_e -theta e - loss(y, e); +inf outside the domain."""
    y, m = case.y[:, None], case.y[:, None] - theta
    if case.likelihood == "gaussian":
        return np.asarray((0.5 * theta**2 - theta * y).mean(axis=0))
    inside = (m >= 0) & (m <= 1) if case.likelihood == "bernoulli" else m >= 0
    safe = np.maximum(m, 0)
    value = xlogy(safe, safe)
    value = value + xlogy(1 - safe, 1 - safe) if case.likelihood == "bernoulli" else value - safe
    return np.asarray(np.where(inside, value, np.inf).mean(axis=0))


def null_loss(case: Case) -> float:
    """Loss of the intercept alone, less that of the saturated model."""
    y, mean = case.y, case.y.mean()
    if case.likelihood == "gaussian":
        eta, saturated = mean, 0.0
    elif case.likelihood == "bernoulli":
        eta, saturated = np.log(mean / (1 - mean)), 0.0
    else:
        eta, saturated = np.log(mean), float((y - xlogy(y, y)).mean())
    return float(loss(case, np.full((len(y), 1), eta))[0] - saturated)


def lambda_max(case: Case) -> float:
    """The smallest lambda without weights."""
    r = case.y - case.y.mean()
    return float(lengths(case, case.X.T @ r).max() / case.group / len(r) / case.l1_ratio)


def lengths(case: Case, b: Array) -> Array:
    """sqrt(d) |b_g|_2 of each group, (p / d, ...); |b| of columns that stand alone."""
    parts = np.asarray(b).reshape(-1, case.group, *np.shape(b)[1:])
    return np.asarray(np.sqrt(case.group) * np.linalg.norm(parts, axis=1))


def judge(case: Case, lambdas: Array, intercepts: Array, coefs: Array) -> tuple[Array, Array]:
    """(relative gaps (k,), relative objectives (k,)) of coefs (p, k)."""
    n = len(case.y)
    eta = np.asarray(case.X @ coefs) + intercepts
    l1, l2 = lambdas * case.l1_ratio, lambdas * (1 - case.l1_ratio)
    primal = (
        loss(case, eta) + l1 * lengths(case, coefs).sum(axis=0) + 0.5 * l2 * (coefs**2).sum(axis=0)
    )
    theta = centred(case, slope(case, eta), eta)
    pull = np.asarray(case.X.T @ theta) / n
    size = lengths(case, pull).max(axis=0) / case.group
    share = np.minimum(1.0, l1 / np.maximum(size, 1e-300)) if case.l1_ratio == 1 else 1.0
    dual = -conjugate(case, theta * share)
    if case.l1_ratio < 1:
        dual = dual - 0.5 * (np.maximum(np.abs(pull) - l1, 0) ** 2).sum(axis=0) / l2
    unit = null_loss(case)
    return (primal - dual) / unit, primal / unit


def lower_bounds(gaps: Array, objectives: Array) -> Array:
    """What no coefficients can fall below: dual values, from what `judge` gave."""
    return np.asarray(objectives - gaps)


def suboptimality(gaps: Array, objectives: Array, bounds: Array) -> Array:
    """Objective above the optimum, known by excess to within the gap of the run that gave bounds.

    Of both bounds the higher one counts, so that it is never above the answer's own gap.
    """
    return np.asarray(objectives - np.maximum(bounds, lower_bounds(gaps, objectives)))


def centred(case: Case, theta: Array, eta: Array) -> Array:
    """theta moved to sum zero where the intercept is not quite optimal, inside the domain."""
    weight = np.ones_like(theta)
    if case.likelihood == "bernoulli":
        weight = expit(eta) * expit(-eta)
    if case.likelihood == "poisson":
        weight = np.exp(eta)
    return np.asarray(theta - weight * theta.sum(axis=0) / weight.sum(axis=0))
