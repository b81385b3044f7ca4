"""How far from stationary an answer is, from the data alone, in float64, over all columns."""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array
from priorfit.design import Dense
from priorfit.priors import AtStrength
from priorfit.solve.standard import Standard

__all__ = ["column_curvatures", "linear_predictors", "objective", "slopes_at", "violations"]


def slopes_at(standard: Standard, eta: Array) -> Array:
    """Z' theta at linear predictors (n,) or (n, k): minus the slope of the likelihood part."""
    with np.errstate(over="ignore", invalid="ignore"):
        return standard.Z.rmatvec(standard.likelihood.score(standard.y, eta, standard.weights))


def linear_predictors(standard: Standard, g: Array) -> Array:
    """`Standard.eta` of solutions (m, k), of a dense design from the columns that are in some."""
    used = np.flatnonzero(np.any(g, axis=1))
    if not isinstance(standard.Z.base, Dense) or 4 * len(used) > len(g):
        return standard.eta(g)
    columns = standard.Z.columns(used, np.zeros(len(g)))[0]
    return np.asarray(standard.offset[:, None] + columns @ g[used])


def objective(standard: Standard, g: Array, eta: Array, at: AtStrength) -> float:
    """Likelihood part plus penalty of one solution; infinite where either is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        lost = float(standard.likelihood.total(standard.y, eta, standard.weights))
    value = lost + float(at.value(np.abs(g - at.form.loc)).sum())
    return value if np.isfinite(value) else np.inf


def column_curvatures(standard: Standard, eta: Array) -> Array:
    """``Z_j' H Z_j`` (m,) of all columns, H the curvatures at ``eta``."""
    h = standard.likelihood.curvatures(standard.y, eta, standard.weights)
    total = float(h.sum())
    if not total > 0:
        return np.zeros(standard.size)
    mean, sd = standard.Z.moments(h / total)
    return np.asarray(total * (np.square(sd) + np.square(mean)))


def violations(g: Array, slopes: Array, at: AtStrength, curvatures: Array | None) -> Array:
    """How fast the objective falls when one coordinate moves up or down, (m,), >= 0.

    One-sided derivatives: ``slope(t) = l1 + l2 t + c'(t)`` at t = 0 holds ``l1`` on both sides. A
    jump holds every slope, so there the question is whether taking the weight in, or out, lowers
    the quadratic model of its column (``curvatures`` (m,)): Hazimeh & Mazumder (2020), theorem 2.
    """
    form, t = at.form, g - at.form.loc
    steep = at.slope(np.abs(t))
    up = slopes - np.where(t >= 0, steep, -steep)
    down = -slopes - np.where(t <= 0, steep, -steep)
    if curvatures is not None and at.size is not None:
        curve = curvatures + at.l2
        least = np.sqrt(2.0 * curve * at.size)  # the slope from which a weight is worth its price
        up, down = (np.where(t == 0, side - least, side) for side in (up, down))
        out = np.where((t != 0) & (at.size > 0), least - curve * np.abs(t), 0.0)
        up, down = np.maximum(up, out), np.maximum(down, out)
    up = np.where(g < form.upper, up, 0.0)
    down = np.where(g > form.lower, down, 0.0)
    return np.maximum(np.maximum(up, down), 0.0)
