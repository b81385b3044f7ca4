"""One priced weight in or out, all others held: what the objective itself says of it.

The quadratic model of a column says so exactly for a gaussian. Elsewhere its curvature is the one
at the present fit, so that a move it proposes may raise the objective; then it is no violation.
"""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array, Index
from priorfit.priors import AtStrength
from priorfit.solve.local.stationary import violations
from priorfit.solve.standard import Standard

__all__ = ["jump_violations", "single_moves"]

_LEAST = 1e-9  # of the null model's loss: a smaller gain is none
_AT_ONCE = 256  # columns
_DOUBLINGS, _HALVINGS = 40, 40


def jump_violations(
    standard: Standard, g: Array, eta: Array, slopes: Array, at: AtStrength, curvatures: Array
) -> Array:
    """`violations` (m,), of which those that the objective does not confirm are taken back."""
    worst = violations(g, slopes, at, curvatures)
    assert at.size is not None
    if standard.gaussian:
        return worst
    priced, inside = at.size > 0, g != at.form.loc
    plain = np.where(priced & ~inside, 0.0, violations(g, slopes, at, None))
    doubtful = np.flatnonzero(priced & (worst > plain) & ~at.form.fixed)
    gains = single_moves(standard, g, eta, slopes, at, curvatures, doubtful)[1]
    refuted = doubtful[gains <= _LEAST * standard.reference]
    worst[refuted] = plain[refuted]
    return worst


@np.errstate(over="ignore", invalid="ignore")
def single_moves(
    standard: Standard,
    g: Array,
    eta: Array,
    slopes: Array,
    at: AtStrength,
    curvatures: Array,
    cols: Index,
) -> tuple[Array, Array]:
    """Where these priced weights would go, (k,), and how much the objective would fall, (k,).

    A weight that is in goes out; one that is out goes to the minimum along its column.
    """
    if len(cols) > _AT_ONCE:
        spans = [cols[i : i + _AT_ONCE] for i in range(0, len(cols), _AT_ONCE)]
        parts = [single_moves(standard, g, eta, slopes, at, curvatures, span) for span in spans]
        places, falls = zip(*parts, strict=True)
        return np.concatenate(places), np.concatenate(falls)
    assert at.size is not None
    likelihood, y, w, form = standard.likelihood, standard.y, standard.weights, at.form
    Z = standard.Z.columns(cols, np.zeros(standard.size))[0]
    t, l2 = (g - form.loc)[cols], at.l2[cols]
    steps = -t.copy()
    out = np.flatnonzero(t == 0)
    if len(out):
        first = slopes[cols[out]] / np.maximum(curvatures[cols[out]] + l2[out], 1e-300)
        steps[out] = _along(standard, eta, Z[:, out], l2[out], first)
    steps = np.clip(g[cols] + steps, form.lower[cols], form.upper[cols]) - g[cols]
    after = likelihood.total(y, eta[:, None] + steps * Z, w) + 0.5 * l2 * np.square(t + steps)
    before = likelihood.total(y, eta, w) + 0.5 * l2 * np.square(t)
    gains = before - after + np.where(t != 0, at.size[cols], -at.size[cols])
    return g[cols] + steps, np.where(np.isfinite(gains), gains, -np.inf)


def _along(standard: Standard, eta: Array, Z: Array, l2: Array, first: Array) -> Array:
    """The minimum along each column of Z from its weight's loc, (k,): doubled, then halved."""
    sign = np.sign(first)

    def falls(size: Array) -> Array:
        moved = eta[:, None] + sign * size * Z
        score = standard.likelihood.score(standard.y, moved, standard.weights)
        return np.asarray(sign * np.einsum("nk,nk->k", Z, score) > l2 * size)

    low, high = np.zeros(len(l2)), np.abs(first)
    for _ in range(_DOUBLINGS):
        down = falls(high)
        if not np.any(down):
            break
        low, high = np.where(down, high, low), np.where(down, 2.0 * high, high)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        down = falls(middle)
        low, high = np.where(down, middle, low), np.where(down, high, middle)
        if np.all(high - low <= 1e-7 * high):
            break
    return np.asarray(sign * 0.5 * (low + high))
