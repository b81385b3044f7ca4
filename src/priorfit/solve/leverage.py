"""How much each row pulls its own fit: leverages, and the fit without a row to first order.

At a solution only the coordinates A that are free to move answer a change of the data. There the
objective has the Hessian ``Z_A' W Z_A + s R``, W the curvature of the loss and R that of the
penalty, so a row's own pull on its linear predictor is ``q_i = z_i' (Z_A' W Z_A + s R)^-1 z_i``.
Source: Rad & Maleki (2020), A scalable estimate of the out-of-sample prediction error, theorem 2.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from priorfit._errors import InputError
from priorfit._typing import Array, Index
from priorfit.solve.standard import Standard

__all__ = ["curvatures", "left_out", "movable", "penalty_curvature", "self_influence"]

_BLOCK = 1 << 22  # numbers of columns held at a time


def movable(standard: Standard, g: Array) -> Index:
    """The coordinates that a small change of the data moves: inside the box and off the kink."""
    form = standard.form
    inside = (g > form.lower) & (g < form.upper)
    return np.flatnonzero(inside & ((g != form.loc) | ~form.kinked))


def curvatures(standard: Standard, g: Array) -> Array:
    """W (n,): the weights for the gaussian."""
    if standard.gaussian:
        return standard.weights
    found = standard.likelihood.curvatures(standard.y, standard.eta(g), standard.weights)
    return np.maximum(found, 0.0)  # rows far from a line that is not theirs have no say


def penalty_curvature(standard: Standard, g: Array, cols: Index, strength: float) -> Array:
    """R (m, m) of the coordinates ``cols``; of a group ``rate (I - u u') / length``, of a concave
    part its second derivative."""
    form, groups = standard.form, standard.form.groups
    if form.concave is not None:
        return np.diag(form.at(strength).bend(np.abs(g - form.loc))[cols] / strength)
    R = np.diag(form.l2[cols])
    if groups is None:
        return R
    t = g - form.loc
    inside = groups.inside[cols]
    lengths = np.where(inside, groups.spread(groups.distances(t))[cols], 1.0)
    rate = np.where(inside, groups.rate[cols], 0.0) / np.where(lengths > 0, lengths, 1.0)
    u = np.where(inside, t[cols] / np.where(lengths > 0, lengths, 1.0), 0.0)
    same = (groups.ids[cols][:, None] == groups.ids[cols]) & inside
    return np.asarray(R + np.diag(rate) - np.where(same, np.outer(u, u * rate), 0.0))


def self_influence(standard: Standard, g: Array, strength: float) -> Array:
    """q (n,): how much each row's own slope moves its linear predictor; ``W q`` are leverages.

    Their sum is `degrees_of_freedom`.
    """
    cols, w = movable(standard, g), curvatures(standard, g)
    w = np.maximum(w, 1e-12 * max(float(w.max()), 1e-300))
    if not len(cols):
        return np.zeros(len(w))
    if len(cols) > len(w):
        return _among_rows(standard, cols, w, strength)
    gram = standard.Z.gram(cols, cols, w)
    values, vectors = linalg.eigh(gram + strength * penalty_curvature(standard, g, cols, strength))
    kept = values > values.max(initial=0.0) * len(cols) * np.finfo(np.float64).eps
    root = vectors[:, kept] / np.sqrt(values[kept])
    out = np.empty(len(w))
    step = max(64, _BLOCK // max(len(cols), 1))
    for rows in (slice(i, i + step) for i in range(0, len(w), step)):
        Z = standard.Z.take_rows(rows).columns(cols, np.zeros(standard.size))[0]
        out[rows] = np.square(Z @ root).sum(axis=1)
    return out


def _among_rows(standard: Standard, cols: Index, w: Array, strength: float) -> Array:
    """With more columns than rows: ``I - P / W`` for P the projected inverse of ``K / s + 1/W``."""
    smooth = standard.form.l2[cols] > 0
    K = standard.kernel_of(cols[smooth]) / strength
    inverse = linalg.inv(K + np.diag(1.0 / w))
    free = standard.Z.columns(cols[~smooth], np.zeros(standard.size))[0]
    moved = inverse @ free
    P = np.diag(inverse) - np.einsum(
        "ij,ij->i", moved, np.linalg.lstsq(free.T @ moved, moved.T, rcond=None)[0].T
    )
    return np.asarray((1.0 - P / w) / w)


def left_out(standard: Standard, g: Array, strength: float) -> Array:
    """Linear predictor (n,) of each row as the fit without this row gives it, to first order.

    Exact for a gaussian with a normal prior. One Newton step from the fit on all rows:
    ``eta_i + q_i l_i' / (1 - q_i l_i'')``.
    """
    if not standard.likelihood.smooth:
        raise InputError(
            "leave-one-out by one step needs a loss with a curvature",
            f"the {standard.likelihood.name} likelihood, whose loss is bent in corners only",
            "Choose the strength by cross-validation: strength='cv'.",
        )
    eta, q = standard.eta(g), self_influence(standard, g, strength)
    score = standard.likelihood.score(standard.y, eta, standard.weights)
    rest = 1.0 - np.minimum(q * curvatures(standard, g), 1.0 - 1e-12)
    return np.asarray(eta - q * score / rest)
