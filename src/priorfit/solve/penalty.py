"""The penalty's side of a certificate: its value, its conjugate, and what it forbids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from priorfit._typing import Array, Mask
from priorfit.priors import NormalForm
from priorfit.solve.standard import Standard

__all__ = ["feasible_share", "penalty_conjugate", "penalty_value", "penalty_violations"]


def penalty_value(standard: Standard, g: Array, strengths: Array) -> Array:
    return np.asarray(strengths * standard.form.total(g - standard.form.loc[:, None]))


def penalty_violations(standard: Standard, g: Array, slopes: Array, strengths: Array) -> Array:
    """How fast the objective falls when one coordinate moves up or down, (m, k), >= 0; for a
    member of a group: when the whole group moves in its best direction; the ranked ones share the
    first row."""
    form, groups = standard.form, standard.form.groups
    t = g - form.loc[:, None]
    if form.ranked is not None:  # beside flat or held columns only
        others = ~form.ranked.inside(len(g))
        plain = replace(standard, form=_separable(form, others))
        beside = penalty_violations(plain, g[others], slopes[others], strengths)
        return np.vstack([form.ranked.violations(t, slopes, strengths)[None], beside])
    l1 = form.l1[:, None] * strengths
    pull = slopes - form.l2[:, None] * strengths * t
    if groups is not None:
        pull = pull - strengths * groups.slopes(t)
    up = pull - np.where(t >= 0, l1, -l1)
    down = -pull - np.where(t <= 0, l1, -l1)
    up = np.where(g < form.upper[:, None], up, 0.0)
    down = np.where(g > form.lower[:, None], down, 0.0)
    worst = np.maximum(np.maximum(up, down), 0.0)
    if groups is None:
        return worst
    size, lengths = groups.distances(worst), groups.lengths(t)
    held = strengths * groups.radius[:, None] * (lengths == 0)
    together = groups.spread(np.maximum(size - held, 0.0))
    return np.where(groups.inside[:, None], together, worst)


def feasible_share(standard: Standard, slopes: Array, strengths: Array) -> Array:
    """The largest share (k,) in [0, 1] at which theta meets the bound of every group and every
    pure l1 term."""
    form, groups = standard.form, standard.form.groups
    if form.ranked is not None:  # beside flat columns only
        needed = np.maximum(form.ranked.dual_norm(slopes), 1e-300)
        return np.asarray(np.minimum(1.0, strengths / needed))
    if groups is not None:
        needed = groups.dual_norms(slopes, form.l1).max(axis=0)
        share = np.minimum(1.0, strengths / np.maximum(needed, 1e-300))
        alone = replace(standard, form=form.ungrouped())
        return np.asarray(np.minimum(share, feasible_share(alone, slopes, strengths)))
    pure = (form.l1 > 0) & (form.l2 == 0)
    if not np.any(pure):
        return np.ones(slopes.shape[1])
    ratio = np.zeros(slopes.shape[1])
    v, l1 = slopes[pure], form.l1[pure, None]
    for side, bound in ((v, form.upper[pure]), (-v, form.lower[pure])):
        binding = np.where(np.isinf(bound)[:, None], side / l1, 0.0)
        ratio = np.maximum(ratio, binding.max(axis=0))
    return np.asarray(np.minimum(1.0, strengths / np.maximum(ratio, 1e-300)))


def penalty_conjugate(standard: Standard, g: Array, v: Array, strengths: Array) -> Array:
    """``sum_j sup_t v_j (t + loc_j) - h_j(t)`` (k,), coordinates kept in a wide ball.

    Where nothing stops a coordinate but the rounding of a slope (flat priors, l1 rates near 0),
    the bound holds for all solutions within ``radius``: 1000 times the largest coordinate.
    """
    form = standard.form
    radius = 1e3 * (np.abs(g).max(axis=0) + 1.0)
    if form.ranked is not None:
        others, ranked = ~form.ranked.inside(len(g)), form.ranked
        beside = _conjugates(_separable(form, others), v[others], strengths, radius).sum(axis=0)
        beyond = radius * ranked.beyond(v, strengths)
        return np.asarray(beside + form.loc[ranked.columns] @ v[ranked.columns] + beyond)
    value = _conjugates(form, v, strengths, radius)
    if form.groups is None:
        return np.asarray(value.sum(axis=0))
    groups, loc, l1 = form.groups, form.loc[:, None], form.l1[:, None] * strengths
    value = np.where(groups.inside[:, None], v * loc, value)
    beyond = groups.distances(np.maximum(np.abs(v) - l1, 0.0)) - strengths * groups.radius[:, None]
    return np.asarray(value.sum(axis=0) + radius * np.maximum(beyond, 0.0).sum(axis=0))


def _separable(form: NormalForm, which: Mask) -> NormalForm:
    """The rates and bounds of some coordinates."""
    loc, lower, upper = form.loc[which], form.lower[which], form.upper[which]
    return NormalForm(form.l1[which], form.l2[which], loc, lower, upper)


def _conjugates(form: NormalForm, v: Array, strengths: Array, radius: Array) -> Array:
    """``sup_t v_j (t + loc_j) - h_j(t)`` of each coordinate by itself, (m, k)."""
    l1, l2 = form.l1[:, None] * strengths, form.l2[:, None] * strengths
    low = np.maximum((form.lower - form.loc)[:, None], -radius)
    high = np.minimum((form.upper - form.loc)[:, None], radius)
    soft = np.sign(v) * np.maximum(np.abs(v) - l1, 0.0)
    inner = np.where(l2 > 0, soft / np.where(l2 > 0, l2, 1.0), np.sign(soft) * np.inf)
    inner = np.where(soft == 0, 0.0, inner)
    low = np.where(l2 > 0, (form.lower - form.loc)[:, None], low)
    high = np.where(l2 > 0, (form.upper - form.loc)[:, None], high)
    t = np.clip(inner, low, high)
    return np.asarray(v * (t + form.loc[:, None]) - l1 * np.abs(t) - 0.5 * l2 * t * t)
