"""How far from the optimum an answer can be, from the data alone, in float64.

For any theta (n,): ``min_g P(g) >= D(theta) = -offset'theta - sum_i w_i loss*(-theta_i / w_i)
- sum_j h_j*(Z_j' theta)``, with h the penalty (Rockafellar 1970, section 31). theta is made from
the residuals of the answer, so nothing the solver kept is trusted, but its Gram matrix in
`certify_by_gram`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from priorfit._typing import Array, Index
from priorfit.design import Dense, Scaled
from priorfit.priors import NormalForm
from priorfit.solve.coupled.bound import DualPoint, dual_value, meet_flat
from priorfit.solve.local.single import jump_violations
from priorfit.solve.local.stationary import (
    column_curvatures,
    linear_predictors,
    slopes_at,
    violations,
)
from priorfit.solve.penalty import (
    feasible_share,
    penalty_conjugate,
    penalty_value,
    penalty_violations,
)
from priorfit.solve.quantile.dual import dual_of, on_sides
from priorfit.solve.standard import Standard

__all__ = ["Certificates", "certify", "certify_by_gram", "gap_among", "joined"]

_BUDGET = 1 << 22  # numbers held per block of solutions
_ROWS = 1 << 17  # numbers of residuals per block of rows: they stay in cache
_EPS = float(np.finfo(np.float64).eps)  # what a relative number of float64 can say at best


class Certificates(NamedTuple):
    """One entry per solution: relative ``gap`` and ``kkt`` (k,), and ``slopes`` Z'theta (m, k).

    ``moved``, where known, are the only unknowns that left the prior mean in any solution;
    ``losses`` (k,), where known, the likelihood part of the objectives.
    """

    gap: Array
    kkt: Array
    slopes: Array
    moved: Index | None = None
    losses: Array | None = None


def certify(
    standard: Standard, solutions: Array, strengths: Array, thetas: Array | None = None
) -> Certificates:
    """Certificates of solutions (m, k) at strengths (k,).

    ``gap`` is (P - D) over the null deviance's half, at least the rounding of one float64; ``kkt``
    the largest violation of stationarity over the largest correlation of the null model. Both are
    infinite for an answer that is not finite. ``thetas`` (n, k): dual points to try, for a loss
    whose slope is not a single number; any theta gives a true bound. Where loss or penalty is not
    convex there is no bound: the gap is infinite, and kkt alone says that an answer is stationary.
    """
    (n, m), k = standard.Z.shape, solutions.shape[1]
    by_rows = standard.gaussian and standard.by_rows
    step = max(1, _BUDGET // (m if by_rows else max(n, m)))
    if standard.form.concave is not None:
        return _certify_local(standard, solutions, strengths)
    if not standard.likelihood.convex:
        return _stationary(standard, solutions, strengths)
    if thetas is not None:
        return _certify(standard, solutions, strengths, thetas)
    judge: Callable[..., Certificates] = _certify_gaussian if standard.gaussian else _certify
    if standard.likelihood.coupled:
        judge = _certify_coupled
    if step >= k:
        return judge(standard, solutions, strengths)
    spans = [slice(i, i + step) for i in range(0, k, step)]
    return joined([judge(standard, solutions[:, span], strengths[span]) for span in spans])


def _certify_local(standard: Standard, g: Array, strengths: Array) -> Certificates:
    """Stationarity of each point by itself: the penalty need not be in proportion to strength."""
    step = max(1, _BUDGET // max(standard.Z.shape))
    if len(strengths) > step:
        spans = [slice(i, i + step) for i in range(0, len(strengths), step)]
        return joined([_certify_local(standard, g[:, at], strengths[at]) for at in spans])
    eta = linear_predictors(standard, g)
    slopes, kkt = slopes_at(standard, eta), np.full(len(strengths), np.inf)
    concave = standard.form.concave
    jumps = concave is not None and concave.jumps
    for k, s in enumerate(strengths):
        at = standard.form.at(float(s))
        if jumps:
            curvatures = column_curvatures(standard, eta[:, k])
            found = jump_violations(standard, g[:, k], eta[:, k], slopes[:, k], at, curvatures)
        else:
            found = violations(g[:, k], slopes[:, k], at, None)
        kkt[k] = found[~standard.form.fixed].max(initial=0.0) / standard.null_correlation
    kkt = np.where(np.isfinite(kkt), kkt, np.inf)
    return Certificates(np.full(len(strengths), np.inf), kkt, slopes)


def certify_by_gram(standard: Standard, solutions: Array, strengths: Array) -> Certificates:
    """The same for a gaussian whose Gram matrix is at hand, without another look at X.

    ``Z'r = q - G g`` and ``r'r = y'y - q'g - g'Z'r``; the matrix comes from the real columns in
    float64. A bound of the rounding is added to the gap: the number of terms of a sum, times eps,
    times ``(|y| + sum_j |z_j| |g_j|)^2`` over the reference (Higham, Accuracy and Stability of
    Numerical Algorithms, section 3.1).
    """
    found = _certify_gaussian(standard, solutions, strengths, _residuals_by_gram)
    lengths = np.sqrt(np.maximum(np.diag(standard.gram), 0.0))
    size = np.sqrt(2.0 * standard.reference) + lengths @ np.abs(solutions)
    terms = 2.0 * np.sqrt(standard.Z.shape[0]) + standard.size + 16.0
    rounding = terms * _EPS * size**2 / standard.reference
    return found._replace(gap=found.gap + rounding, losses=None)


def joined(parts: list[Certificates]) -> Certificates:
    """Certificates of several groups of solutions, in order."""
    gap, kkt, slopes, moved, losses = zip(*parts, strict=True)
    known = [m for m in moved if m is not None]
    lost = [v for v in losses if v is not None]
    return Certificates(
        np.concatenate(gap),
        np.concatenate(kkt),
        np.concatenate(slopes, axis=1),
        np.unique(np.concatenate(known)) if len(known) == len(moved) else None,
        np.concatenate(lost) if len(lost) == len(losses) else None,
    )


class _Residuals(NamedTuple):
    """Of theta = W (y - Zg): ``square`` theta'W^-1 theta, ``inner`` y'theta (k,), ``slopes``."""

    square: Array
    inner: Array
    slopes: Array


def _residuals(standard: Standard, g: Array) -> _Residuals:
    """One look at X, by blocks of rows where they can be had without a copy."""
    n, k = standard.Z.shape[0], g.shape[1]
    step = max(64, _ROWS // k) if standard.by_rows else n
    square, inner, slopes = np.zeros(k), np.zeros(k), np.zeros(g.shape)
    for rows in (slice(i, i + step) for i in range(0, n, step)):
        Z = standard.Z if step >= n else standard.Z.take_rows(rows)
        y, w = standard.y[rows, None], standard.weights[rows, None]
        residual = y - _fitted(Z, g)
        theta = residual * w
        square += np.einsum("ik,ik->k", residual, theta)
        inner += (y.T @ theta)[0]
        slopes += Z.rmatvec(theta)
    return _Residuals(square, inner, slopes)


def _fitted(Z: Scaled, g: Array) -> Array:
    """``Z g`` (n, k), from the columns in use only where these are few."""
    used = np.flatnonzero(np.any(g, axis=1))
    if 8 * len(used) > len(g) or not isinstance(Z.base, Dense):
        return Z.matvec(g)
    return np.asarray(Z.columns(used, np.zeros(len(g)))[0] @ g[used])


def _residuals_by_gram(standard: Standard, g: Array) -> _Residuals:
    slopes = standard.correlation[:, None] - standard.gram @ g
    inner = 2.0 * standard.reference - standard.correlation @ g
    return _Residuals(inner - np.einsum("jk,jk->k", g, slopes), inner, slopes)


def _certify_gaussian(
    standard: Standard,
    g: Array,
    strengths: Array,
    look: Callable[[Standard, Array], _Residuals] = _residuals,
) -> Certificates:
    """The conjugate of a square is a square: sums over the residuals say all."""
    with np.errstate(over="ignore", invalid="ignore"):
        fit = look(standard, g)
        primal = 0.5 * fit.square + penalty_value(standard, g, strengths)
        kkt = penalty_violations(standard, g, fit.slopes, strengths).max(axis=0)
        point = _with_flat_met(standard, g, fit, look)

        def gap(share: Array) -> Array:
            beyond = penalty_conjugate(standard, g, point.slopes * share, strengths)
            dual = share * point.inner - 0.5 * share**2 * point.square - beyond
            return np.asarray((primal - dual) / standard.reference)

        gaps = gap(feasible_share(standard, point.slopes, strengths))
        if not np.all(gaps <= 1e-8):  # rounding beyond a tiny l1 rate
            gaps = np.fmin(gaps, gap(np.ones_like(strengths)))
            zero = (primal - _dual_at_zero(standard, strengths)) / standard.reference
            gaps = np.fmin(gaps, zero)
    found = _rounded(gaps, kkt / standard.null_correlation, fit.slopes)
    return found._replace(losses=0.5 * fit.square)


def _with_flat_met(
    standard: Standard,
    g: Array,
    fit: _Residuals,
    look: Callable[[Standard, Array], _Residuals],
) -> _Residuals:
    """The residuals of ``g`` with its flat coordinates refitted: theta is orthogonal to them."""
    flat = np.flatnonzero(standard.form.flat)
    size = np.sqrt(standard.weights.sum() * fit.square)  # >= sum |theta|
    if not 0 < len(flat) <= 256 or np.all(np.abs(fit.slopes[flat]) <= 1e-15 * size):
        return fit
    if standard.Z.intercept and len(flat) == 1:
        return _with_intercept_met(standard, fit)
    columns = standard.Z.columns(flat, np.zeros(standard.size))[0]
    normal = columns.T @ (standard.weights[:, None] * columns)
    moved = g.copy()
    for _ in range(2):  # the second takes out the rounding of the first
        moved[flat] += np.linalg.lstsq(normal, fit.slopes[flat], rcond=None)[0]
        fit = look(standard, moved)
    return fit


def _with_intercept_met(standard: Standard, fit: _Residuals) -> _Residuals:
    """`_with_flat_met` of the intercept alone: ``theta - away w`` from sums over the rows."""
    total, response = standard.weights.sum(), standard.weights @ standard.y
    for _ in range(2):  # the second takes out the rounding of the first
        square, inner, slopes = fit
        away = slopes[0] / total
        square = square - 2.0 * away * slopes[0] + total * away**2
        slopes = slopes - standard.sums[:, None] * away
        fit = _Residuals(square, inner - response * away, slopes)
    return fit


def _rounded(gap: Array, kkt: Array, slopes: Array) -> Certificates:
    """Infinite where not finite, and no gap below the rounding of one float64."""
    gap = np.where(np.isfinite(gap), np.maximum(gap, _EPS), np.inf)
    return Certificates(gap, np.where(np.isfinite(kkt), kkt, np.inf), slopes)


def _certify(
    standard: Standard, g: Array, strengths: Array, theta: Array | None = None
) -> Certificates:
    likelihood, y, w = standard.likelihood, standard.y, standard.weights
    with np.errstate(over="ignore", invalid="ignore"):
        eta = standard.eta(g)
        if theta is None and not likelihood.smooth:
            theta = dual_of(standard, g, eta, strengths)
        theta = likelihood.score(y, eta, w) if theta is None else theta
        lost = np.asarray(likelihood.total(y, eta, w))
        primal = lost + penalty_value(standard, g, strengths)
        slopes = standard.Z.rmatvec(theta)
        at_sides = slopes
        if not likelihood.smooth and np.any((sides := on_sides(standard, eta, theta)) != theta):
            at_sides = standard.Z.rmatvec(sides)
        kkt = (
            penalty_violations(standard, g, at_sides, strengths).max(axis=0)
            / standard.null_correlation
        )
        theta, dual_slopes = _meet_flat(standard, theta, slopes, eta)
        share = feasible_share(standard, dual_slopes, strengths)
        dual = _dual(standard, g, theta, dual_slopes, strengths, share)
        gap = (primal - dual) / standard.reference
        if not np.all(gap <= 1e-8):  # rounding beyond a tiny l1 rate; a likelihood without maximum
            dual = np.fmax(
                dual, _dual(standard, g, theta, dual_slopes, strengths, np.ones_like(share))
            )
            dual = np.fmax(dual, _dual_at_zero(standard, strengths))
            gap = (primal - dual) / standard.reference
    return _rounded(gap, kkt, slopes)._replace(losses=lost)


def _certify_coupled(standard: Standard, g: Array, strengths: Array) -> Certificates:
    """One solution after the other: see `priorfit.solve.coupled.bound`."""
    parts = [_certify_one(standard, g[:, [k]], strengths[[k]]) for k in range(g.shape[1])]
    return joined(parts)


def _certify_one(standard: Standard, g: Array, strength: Array) -> Certificates:
    rows, eta = standard.rows, standard.eta_of_few(g[:, 0])
    with np.errstate(over="ignore", invalid="ignore"):
        slopes = standard.Z.rmatvec(rows.score(eta))[:, None]
        primal = rows.total(eta) + penalty_value(standard, g, strength)
        kkt = (
            penalty_violations(standard, g, slopes, strength).max(axis=0)
            / standard.null_correlation
        )
        point = meet_flat(standard, eta, slopes[:, 0])
        refitted = point.eta is not eta
        pull = standard.Z.rmatvec(point.theta)[:, None] if refitted else slopes
        dual = _dual_at_zero(standard, strength)
        for share in (feasible_share(standard, pull, strength), np.ones(1)):
            beyond = penalty_conjugate(standard, g, pull * share, strength)
            dual = np.fmax(dual, dual_value(standard, point, float(share[0])) - beyond)
        gap = (primal - dual) / standard.reference
    return _rounded(gap, kkt, slopes)


def gap_among(
    standard: Standard, cols: Index, g: Array, slopes: Array, strength: float, eta: Array
) -> float:
    """The gap of `_certify_coupled` as if the columns ``cols`` were all: no look at the others.

    It is no proof, but where it is too large so is the proof; 0 where groups or flat columns would
    ask for more.
    """
    form = standard.form
    if form.groups is not None or np.any(form.flat) or not len(cols):
        return 0.0
    l1, l2, loc, lower, upper = (
        v[cols] for v in (form.l1, form.l2, form.loc, form.lower, form.upper)
    )
    few = replace(standard, form=NormalForm(l1, l2, loc, lower, upper))
    rows, at, pull = standard.rows, np.array([strength]), slopes[cols, None]
    b, lost = g[cols, None], rows.total(eta)
    theta = rows.score(eta)
    point = DualPoint(eta, theta, lost + float(theta @ (eta - standard.offset)))
    share = feasible_share(few, pull, at)
    beyond = penalty_conjugate(few, b, pull * share, at)
    dual = dual_value(standard, point, float(share[0])) - beyond
    return float((lost + penalty_value(few, b, at) - dual)[0] / standard.reference)


def _stationary(standard: Standard, g: Array, strengths: Array) -> Certificates:
    with np.errstate(over="ignore", invalid="ignore"):
        theta = standard.likelihood.score(standard.y, standard.eta(g), standard.weights)
        slopes = standard.Z.rmatvec(theta)
        kkt = (
            penalty_violations(standard, g, slopes, strengths).max(axis=0)
            / standard.null_correlation
        )
    return _rounded(np.full(len(strengths), np.inf), kkt, slopes)


def _dual(
    standard: Standard, g: Array, theta: Array, slopes: Array, strengths: Array, share: Array
) -> Array:
    """D(share theta) (k,), see the module; -inf or NaN where it is not feasible."""
    beyond = penalty_conjugate(standard, g, slopes * share, strengths)
    theta = theta * share
    conjugate = standard.likelihood.dual(standard.y, theta, standard.weights)
    return np.asarray(-(standard.offset @ theta) - conjugate - beyond)


def _dual_at_zero(standard: Standard, strengths: Array) -> Array:
    """D(0): the saturated likelihood, less nothing where every loc lies inside its box.

    The best bound there is where the likelihood has no maximum (separated classes).
    """
    form = standard.form
    nearest = np.clip(form.loc, form.lower, form.upper) - form.loc
    least = form.l1 @ np.abs(nearest) + 0.5 * form.l2 @ nearest**2
    coupled = standard.likelihood.coupled
    saturated = (
        standard.rows.least if coupled else standard.likelihood.least(standard.y, standard.weights)
    )
    return np.asarray(saturated + strengths * least)


def _meet_flat(standard: Standard, theta: Array, slopes: Array, eta: Array) -> tuple[Array, Array]:
    """theta made orthogonal to the columns with a flat prior (the intercept's is one)."""
    flat = np.flatnonzero(standard.form.flat)
    size = standard.weights @ np.abs(theta / standard.weights[:, None])
    small = np.all(np.abs(slopes[flat]) <= 1e-15 * size)
    if len(flat) == 0 or len(flat) > 256 or small:
        return theta, slopes
    columns = standard.Z.columns(flat, np.zeros(standard.size))[0]
    theta = theta.copy()
    for k in range(theta.shape[1]):
        curved = standard.likelihood.hessian(standard.y, eta[:, k], standard.weights, columns)
        normal = columns.T @ curved
        for _ in range(2):
            theta[:, k] -= curved @ np.linalg.lstsq(normal, columns.T @ theta[:, k], rcond=1e-13)[0]
    return theta, standard.Z.rmatvec(theta)
