"""The smallest strength at which no kink gives way, where the dual of the null model is a set.

Rows that the null model meets may have any slope of an interval. The strength is that of the dual
point that needs least: ``min over theta of max_d d'Z'theta``, d of penalty 1; a linear program,
by cuts d that are added where they are violated (Kelley 1960).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from priorfit._typing import Array
from priorfit.priors import NormalForm
from priorfit.solve.quantile.dual import dual_of, met_rows
from priorfit.solve.standard import Standard

__all__ = ["null_dual", "null_pull"]

_CUTS = 50  # new ones in a round
_ROUNDS = 200
_ENOUGH = 1e-9


def null_pull(standard: Standard, g: Array) -> Array:
    """Z' theta (m,) at a solution whose kinked weights are all at loc, for the best theta."""
    return standard.Z.rmatvec(null_dual(standard, g))


def null_dual(standard: Standard, g: Array) -> Array:
    """That theta (n,)."""
    form, w = standard.form, standard.weights
    eta = standard.eta(g)
    theta = dual_of(standard, g[:, None], eta[:, None], np.zeros(1))[:, 0]
    met, flat = met_rows(standard, eta), np.flatnonzero(form.flat)
    pull = standard.Z.rmatvec(theta)
    if len(met) <= len(flat) or not np.any(form.kinked):
        return theta
    q = standard.likelihood.q  # type: ignore[attr-defined]
    rows = standard.Z.take_rows(met)
    free = rows.columns(flat, np.zeros(standard.size))[0]
    bounds = [*zip(-(1.0 - q) * w[met], q * w[met], strict=True), (0.0, None)]
    outside = np.where(np.isin(np.arange(len(w)), met), 0.0, theta)
    fixed = standard.Z.rmatvec(outside)
    unit = float(np.max(np.abs(pull))) or 1.0
    cuts: list[Array] = []
    for _ in range(_ROUNDS):
        cuts += _cuts(standard, g, pull)
        left = np.array([np.append(rows.matvec(d), -unit) for d in cuts])
        right = np.array([-(d @ fixed) for d in cuts])
        found = linprog(
            np.append(np.zeros(len(met)), 1.0),
            A_ub=left / unit,
            b_ub=right / unit,
            A_eq=np.column_stack([free.T, np.zeros(len(flat))]) if len(flat) else None,
            b_eq=-fixed[flat] if len(flat) else None,
            bounds=bounds,
            method="highs",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if found.x is None:
            return theta
        theta = outside.copy()
        theta[met] = np.clip(found.x[:-1], -(1.0 - q) * w[met], q * w[met])
        pull = standard.Z.rmatvec(theta)
        if max(d @ pull for d in _cuts(standard, g, pull)) <= found.x[-1] * unit * (1 + _ENOUGH):
            break
    return theta


def _cuts(standard: Standard, g: Array, pull: Array) -> list[Array]:
    """Directions of penalty 1 along which the loss falls fastest, worst first."""
    form = standard.form
    out: list[Array] = []
    v = np.where(pull > 0, np.where(g < form.upper, pull, 0.0), np.where(g > form.lower, pull, 0.0))
    alone = form.kinked
    if form.groups is not None:
        alone = alone & ~form.groups.inside
        out += _group_cuts(form, v)
    cols = np.flatnonzero(alone)
    ratio = np.abs(v[cols]) / form.l1[cols]
    for j in cols[np.argsort(-ratio, kind="stable")[:_CUTS]]:
        d = np.zeros(len(v))
        d[j] = np.sign(v[j]) / form.l1[j]
        out.append(d)
    return out


def _group_cuts(form: NormalForm, v: Array) -> list[Array]:
    groups = form.groups
    assert groups is not None
    norms = groups.dual_norms(v, form.l1)
    out = []
    for k in np.argsort(-norms, kind="stable")[:_CUTS]:
        members = groups.ids == k
        soft = np.sign(v) * np.maximum(np.abs(v) - norms[k] * form.l1, 0.0)
        d = np.where(members, soft, 0.0)
        size = float(form.l1 @ np.abs(d) + groups.lengths(d).sum())
        if size > 0:
            out.append(d / size)
    return out
