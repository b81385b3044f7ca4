"""The minimum of a penalised quadratic model whose Hessian is at hand as a whole."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from priorfit._typing import Array, Index, Mask
from priorfit.priors import NormalForm
from priorfit.solve.blocks import blocks_of, bounded
from priorfit.solve.native import solve_group_quadratic, solve_quadratic

__all__ = ["Model", "minimum"]

_TURNS = 50


class Model(NamedTuple):
    """``gram`` (k, k) of the columns ``cols``; ``slopes`` (m,) = Z'theta at ``g`` (m,)."""

    gram: Array
    cols: Index
    g: Array
    slopes: Array


def minimum(form: NormalForm, model: Model, strength: float, tol: float) -> Array:
    """argmin of ``d'Gd/2 - slopes'd + strength * penalty(g + d)`` as g + d, (m,)."""
    gram, cols, g, slopes = model
    inside = np.zeros(len(cols), bool) if form.groups is None else form.groups.inside[cols]
    if not np.any(inside):
        proposal = g.copy()
        proposal[cols] = _columns(form, gram, gram @ g[cols] + slopes[cols], model, strength, tol)
        return proposal
    if np.any(bounded(form)[cols]):
        return _in_turn(form, model, inside, strength, tol)
    proposal, t = g.copy(), (g - form.loc)[cols]
    q = gram @ t + slopes[cols]
    shrunk = gram + strength * np.diag(form.l2[cols])
    proposal[cols] = form.loc[cols] + _blocks(form, shrunk, q, cols, t, strength, tol)
    return proposal


def _columns(
    form: NormalForm, gram: Array, q: Array, model: Model, strength: float, tol: float
) -> Array:
    cols, at = model.cols, np.array([strength])
    return np.asarray(solve_quadratic(gram, q, form, cols, at, model.g[cols], tol, 50)[0][0])


def _blocks(
    form: NormalForm, gram: Array, q: Array, cols: Index, t: Array, strength: float, tol: float
) -> Array:
    """Of columns in groups, or alone without bounds; in the order of ``cols``."""
    blocks = blocks_of(form, cols)
    order = np.argsort(cols)
    where = order[np.searchsorted(cols, blocks.columns, sorter=order)]
    out = np.empty(len(cols))
    out[where] = solve_group_quadratic(
        gram[np.ix_(where, where)], q[where], blocks, strength, t[where], 10 * tol
    )
    return out


def _in_turn(form: NormalForm, model: Model, inside: Mask, strength: float, tol: float) -> Array:
    """Groups and the other columns are two kernels: each solved given the other, in turn."""
    gram, cols, g, slopes = model
    a, b = np.flatnonzero(inside), np.flatnonzero(~inside)
    mine, cross, theirs = gram[np.ix_(a, a)], gram[np.ix_(a, b)], gram[np.ix_(b, b)]
    others = Model(theirs, cols[b], g, slopes)
    start, first = (g - form.loc)[cols[a]], g[cols[b]]
    t, v = start, first
    for _ in range(_TURNS):
        q = mine @ start + slopes[cols[a]] - cross @ (v - first)
        moved = _blocks(form, mine, q, cols[a], t, strength, tol)
        q = theirs @ first + slopes[cols[b]] - cross.T @ (moved - start)
        answer = _columns(form, theirs, q, others, strength, tol)
        change = np.max(np.abs(cross.T @ (moved - t)), initial=0.0)
        change = max(change, np.max(np.abs(cross @ (answer - v)), initial=0.0))
        t, v = moved, answer
        if change <= tol:
            break
    proposal = g.copy()
    proposal[cols[a]], proposal[cols[b]] = form.loc[cols[a]] + t, v
    return proposal
