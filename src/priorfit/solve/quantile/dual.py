"""Dual points for a loss whose slope is an interval where a row is met."""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array, Index
from priorfit.solve.standard import Standard

__all__ = ["dual_of", "met_rank", "met_rows", "on_sides"]

_MET = 1e-11  # rows are met where the residual is this small beside what it is a difference of


def dual_of(standard: Standard, g: Array, eta: Array, strengths: Array) -> Array:
    """theta (n, k) of solutions (m, k): the slope on either side of the line, and in the rows
    that are met what the free coordinates ask for (least squares, then clipped)."""
    theta = standard.likelihood.score(standard.y, eta, standard.weights)
    for k, strength in enumerate(strengths):
        theta[:, k] = _dual(standard, g[:, k], eta[:, k], theta[:, k], float(strength))
    return theta


def met_rows(standard: Standard, eta: Array) -> Index:
    """The rows that eta (n,) meets, but for rounding."""
    return np.flatnonzero(np.abs(standard.y - eta) <= _MET * _size(standard, eta[:, None])[:, 0])


def met_rank(standard: Standard, g: Array) -> float:
    """How many independent rows are met: the degrees of freedom of a quantile's fit."""
    form, met = standard.form, met_rows(standard, standard.eta(g))
    free = np.flatnonzero((g > form.lower) & (g < form.upper) & ((g != form.loc) | ~form.kinked))
    if not len(met) or not len(free):
        return 0.0
    Z = standard.Z.take_rows(met).columns(free, np.zeros(standard.size))[0]
    return float(np.linalg.matrix_rank(Z))


def on_sides(standard: Standard, eta: Array, theta: Array) -> Array:
    """theta (n, k), but the slope of the loss itself in every row that is not met."""
    met = np.abs(standard.y[:, None] - eta) <= _MET * _size(standard, eta)
    score = standard.likelihood.score(standard.y, eta, standard.weights)
    return np.where(met, theta, score)


def _dual(standard: Standard, g: Array, eta: Array, theta: Array, strength: float) -> Array:
    form = standard.form
    met = met_rows(standard, eta)
    t = g - form.loc
    inside = (g > form.lower) & (g < form.upper)
    free = np.flatnonzero(inside & ((t != 0) | ~form.kinked))
    if not len(met) or not len(free):
        return theta
    Z = standard.Z.take_rows(met).columns(free, np.zeros(standard.size))[0]
    wanted = strength * (form.l1 * np.sign(t) + form.l2 * t)
    if form.groups is not None:
        wanted = wanted + strength * form.groups.slopes(t)
    theta = theta.copy()
    theta[met] = 0.0
    lack = (wanted - standard.Z.rmatvec(theta))[free]
    theta[met] = np.linalg.lstsq(Z.T, lack, rcond=1e-12)[0]
    q, w = standard.likelihood.q, standard.weights  # type: ignore[attr-defined]
    return np.clip(theta, -(1.0 - q) * w, q * w)


def _size(standard: Standard, eta: Array) -> Array:
    """What a residual is a difference of, shape of eta (n, k)."""
    typical = float(np.mean(np.abs(standard.y - standard.offset)))
    return np.abs(standard.y)[:, None] + np.abs(eta) + typical
