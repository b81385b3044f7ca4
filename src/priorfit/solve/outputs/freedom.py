"""Degrees of freedom of several outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import linalg

from priorfit._typing import Array, Index
from priorfit.likelihoods import Gaussian
from priorfit.solve.leverage import movable, penalty_curvature
from priorfit.solve.outputs.standard import OutputsStandard
from priorfit.solve.standard import Standard

__all__ = ["freedom_of_outputs"]

_MOST = 2000  # coordinates in one system


def freedom_of_outputs(
    standard: OutputsStandard, g: Array, strength: float, alone: Callable[..., float]
) -> float:
    """``tr (H + s R)^-1 H`` over the coordinates that are free to move.

    Outputs that nothing ties are summed, each by ``alone(standard, g, strength)``. Classes with
    more than 2000 free weights that shrink are taken as if untied, with the curvatures of each:
    then it is an approximation.
    """
    form, active = standard.form, movable(standard, g)
    if standard.gaussian and form.groups is None:
        q = standard.outputs
        return sum(alone(part, g[k::q], strength) for k, part in enumerate(standard.parts))
    if form.groups is None and not np.any(form.l2[active]):
        return float(min(len(active), len(standard.y)))
    if form.groups is None and len(active) > _MOST:
        return _untied(standard, g, strength, alone)
    if not len(active):
        return 0.0
    slopes = active[active >= standard.first]
    if _share_support(standard, slopes):  # columns are centred: intercepts are apart
        apart = len(active) - len(slopes)
        return apart + _of_shared_support(standard, g, strength, slopes)
    H = standard.information(active, standard.eta(g))
    system = H + strength * penalty_curvature(standard, g, active, strength)
    return _trace(system, H)


def _trace(system: Array, H: Array) -> float:
    """``tr system^-1 H``, of the least norm where the system is singular."""
    try:
        factor = linalg.cho_factor(system, check_finite=False)
        return float(np.trace(linalg.cho_solve(factor, H, check_finite=False)))
    except linalg.LinAlgError:
        return float(np.trace(np.linalg.lstsq(system, H, rcond=None)[0]))


def _share_support(standard: OutputsStandard, active: Index) -> bool:
    """Whether these coordinates are whole columns in groups, the norms being all of the prior."""
    form, q = standard.form, standard.outputs
    scale = standard.Z.scale.reshape(-1, q)
    return bool(
        standard.gaussian
        and len(active)
        and form.groups is not None
        and np.all(form.groups.inside[active])
        and not (np.any(form.l1[active]) or np.any(form.l2[active]))
        and len(active) == q * len(np.unique(active // q))
        and np.all(np.ptp(form.groups.ids[active].reshape(-1, q), axis=1) == 0)
        and np.all(scale == scale[:, :1])
    )


def _of_shared_support(
    standard: OutputsStandard, g: Array, strength: float, active: Index
) -> float:
    """``q tr T C + tr K^-1 L``, with one Gram matrix G of the columns for all q outputs.

    ``C_i = |B_g| / (s rate_g)`` for column i of group g, ``U_i`` the directions (q,),
    ``T = (I + G C)^-1 G``; K and L sum ``T o UU'`` and ``(T - T C T) o UU'`` over the groups:
    the derivative of the equations in ``cpp/row_quadratic.hpp`` by y.
    """
    groups, q = standard.form.groups, standard.outputs
    assert groups is not None
    t, kept = g - standard.form.loc, active[::q]
    lengths = groups.distances(t)[groups.ids[kept]]
    root = np.sqrt(lengths / (strength * groups.rate[kept]))
    U = t[active].reshape(-1, q) / lengths[:, None]
    columns = standard.stacked.of_features(kept)[0] / standard.stacked.units[kept]
    G = columns.T @ (standard.weights[::q, None] * columns)
    inner = root[:, None] * G * root
    inner[np.diag_indices_from(inner)] += 1.0
    half = linalg.solve_triangular(
        linalg.cholesky(inner, lower=True), root[:, None] * G, lower=True, check_finite=False
    )
    T = G - half.T @ half
    part = T * root
    _, group = np.unique(groups.ids[kept], return_inverse=True)
    K, L = (_by_group(M * (U @ U.T), group) for M in (T, T - part @ part.T))
    return float(q * (root**2) @ np.diag(T)) + _trace(K, L)


def _by_group(M: Array, group: Index) -> Array:
    """The sums of M (m, m) over pairs of groups."""
    count = int(group.max()) + 1
    if count == len(group):
        order = np.argsort(group)
        return M[np.ix_(order, order)]
    within = np.zeros((count, len(group)))
    within[group, np.arange(len(group))] = 1.0
    return np.asarray(within @ M @ within.T)


def _untied(
    standard: OutputsStandard, g: Array, strength: float, alone: Callable[..., float]
) -> float:
    eta, q = standard.eta(g), standard.outputs
    h = standard.likelihood.curvatures(standard.y, eta, standard.weights)
    parts: list[Standard] = [
        replace(part, likelihood=Gaussian(), weights=np.maximum(h[k::q], 1e-300))
        for k, part in enumerate(standard.parts)
    ]
    return sum(alone(part, g[k::q], strength) for k, part in enumerate(parts))
