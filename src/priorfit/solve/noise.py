"""The dispersion (the gaussian noise) where it is not known, and degrees of freedom."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
from scipy import linalg
from scipy.optimize import brentq

from priorfit._errors import PriorfitWarning
from priorfit._typing import Array
from priorfit.priors import NormalForm
from priorfit.solve.conjugate import is_huge, trace
from priorfit.solve.engines import Engine
from priorfit.solve.gram import Gram
from priorfit.solve.least_squares import among_rows
from priorfit.solve.lent import square_of_lower
from priorfit.solve.leverage import curvatures, movable, penalty_curvature
from priorfit.solve.outputs import OutputsStandard
from priorfit.solve.outputs.freedom import freedom_of_outputs
from priorfit.solve.quantile.dual import met_rank
from priorfit.solve.standard import Standard
from priorfit.solve.structured.chain import chain_trace

__all__ = [
    "conditional",
    "conditional_sigma",
    "degrees_of_freedom",
    "independent_variance",
    "noise_variance",
    "squares",
    "warn_collapse",
]

_LONG = 1000  # weights of a chain: beyond, its banded system is cheaper than a Gram matrix


def squares(standard: Standard, g: Array) -> float:
    """Weighted sum of the squared (Pearson) residuals, in units of ``y_unit``: RSS or X^2."""
    return float(standard.weights @ standard.likelihood.pearson(standard.y, standard.eta(g)))


def degrees_of_freedom(standard: Standard, g: Array, strength: float) -> float:
    """``tr (Z_A'WZ_A + s R)^-1 Z_A'WZ_A`` over the coordinates A that are free to move.

    The number of rows that are met, for a quantile (Koenker 2005, section 4.9). Else the number of
    non-zero weights for the lasso (Zou, Hastie & Tibshirani 2007), the trace of
    the smoother for ridge, from random probes where no Gram matrix fits; the intercept counts one.
    W is the curvature of the loss, R that of the penalty (groups: Vaiter et al. 2012, theorem 2).
    """
    if isinstance(standard, OutputsStandard):
        return freedom_of_outputs(standard, g, strength, degrees_of_freedom)
    if not standard.likelihood.smooth:
        return met_rank(standard, g)
    form, active, w = standard.form, movable(standard, g), curvatures(standard, g)
    if not len(active):
        return 0.0
    if form.ranked is not None:
        others = np.count_nonzero(~form.kinked[active])
        free = form.ranked.clusters(g - form.loc) + int(others)
        return float(min(free, standard.Z.shape[0]))
    if form.groups is not None:
        gram = standard.Z.gram(active, active, w)
        system = gram + strength * penalty_curvature(standard, g, active, strength)
        return float(np.trace(np.linalg.lstsq(system, gram, rcond=None)[0]))
    if form.concave is not None and not np.any(form.l1):
        form = replace(form, l2=_touching(form, g, strength))
    plain = active[form.l2[active] == 0]
    shrunk = active[form.l2[active] > 0]
    n = standard.Z.shape[0]
    if not len(shrunk):
        return float(min(len(active), n))
    if len(shrunk) > _LONG and (found := chain_trace(standard, w, strength)) is not None:
        return found
    if len(shrunk) == len(standard.normal) and is_huge(standard):
        return len(plain) + trace(replace(standard, weights=w), strength)
    if len(shrunk) > n:
        whole = len(shrunk) == len(standard.normal)
        kernel = standard.kernel if whole else standard.kernel_of(shrunk)
        return len(plain) + _trace_among_rows(kernel, np.sqrt(w), strength)
    if standard.gaussian and 2 * len(active) >= standard.size:
        gram = standard.gram[np.ix_(active, active)]
    else:
        gram = standard.Z.gram(active, active, w)
    return _trace(gram, strength * form.l2[active])


def _touching(form: NormalForm, g: Array, strength: float) -> Array:
    """The l2 rates of the normal prior that touches a smooth heavy-tailed one at ``g``: its slope
    over t (Dempster, Laird & Rubin 1980)."""
    t = np.abs(g - form.loc)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = form.at(strength).slope(t) / (strength * t)
    return np.where(t > 0, rate, form.l2)


def _trace(gram: Array, penalty: Array) -> float:
    """``tr (G + D)^-1 G = m - tr (G + D)^-1 D`` for D = diag(penalty)."""
    system = gram.copy(order="F")  # which linear algebra overwrites
    system[np.diag_indices_from(system)] += penalty
    try:
        root = linalg.cholesky(system, lower=True, overwrite_a=True, check_finite=False)
        inverse = linalg.lapack.dtrtri(root, lower=1, overwrite_c=1)[0]
        return float(len(root) - np.einsum("ij,ij->j", inverse, inverse) @ penalty)
    except linalg.LinAlgError:
        system = gram.copy()
        system[np.diag_indices_from(system)] += penalty
        return float(np.trace(np.linalg.lstsq(system, gram, rcond=None)[0]))


def _trace_among_rows(kernel: Array, root: Array, strength: float) -> float:
    """``n - tr (R K R / s + I)^-1`` for R = diag(root)."""
    with among_rows(kernel, root, strength) as system:
        factor, wrong = linalg.lapack.dpotrf(system, lower=1, clean=0, overwrite_a=1)
        if not wrong:
            inverse = linalg.lapack.dtrtri(factor, lower=1, overwrite_c=1)[0]
            return len(root) - square_of_lower(inverse)
    with among_rows(kernel, root, strength) as system:  # rounding: its eigenvalues are >= 1
        values = linalg.eigvalsh(system)
    return float(np.sum(1.0 - 1.0 / np.maximum(values, 1.0)))


def noise_variance(standard: Standard, g: Array, strength: float) -> float:
    """``RSS / (n - df)`` or ``X^2 / (n - df)`` in units of ``y_unit``; n: the sum of weights."""
    left = standard.weights.sum() - degrees_of_freedom(standard, g, strength)
    return squares(standard, g) / left if left > 1e-8 else np.inf


def independent_variance(standard: Standard, solve: Engine) -> float:
    """The largest s with ``s = RSS(s) / (n - df(s))``, RSS (X^2) at the fit of dispersion s.

    Scanned from above on a grid and bracketed; a jump of df counts as a crossing.
    """
    null = squares(standard, standard.start) / max(standard.weights.sum() - 1.0, 1.0)
    size = float(np.mean(np.square(standard.y))) if standard.gaussian else 1.0
    if null <= 1e-28 * (size or 1.0):
        return 1.0
    grid = 2.0 * null * np.geomspace(1.0, 1e-10, 51)
    warm, above = standard.start, (float(grid[0]), 0.0)  # a strength, and the noise found there
    for start in range(0, len(grid), 10):
        part = grid[start : start + 10]
        solutions = _solutions(solve, part, warm)
        warm = solutions[:, -1]
        for k, s in enumerate(part):
            variance = noise_variance(standard, solutions[:, k], s)
            if not np.isfinite(variance):  # no degrees of freedom left before any crossing
                warn_collapse()
                return float(grid[max(start + k - 1, 0)])
            here = float(s), variance
            if s <= variance:
                return _crossing(standard, solve, here, above, solutions[:, k])
            above = here
    if standard.size > standard.Z.shape[0]:
        warn_collapse()
    return float(grid[-1])


def _solutions(solve: Engine, strengths: Array, warm: Array) -> Array:
    """Solutions (m, k) on the way to the noise, certified only where that serves the engine."""
    if isinstance(solve, Gram):
        return solve.solutions(strengths, warm)
    return solve(strengths, warm)[0]


def warn_collapse() -> None:
    """Say that the data do not identify the noise."""
    warnings.warn(
        "the noise must be identified by the data, but with as many columns as rows its "
        "estimate runs to 0. Give it, as in Gaussian(noise=...) or Gamma(dispersion=...), or use a "
        "prior with heavier tails (horseshoe) or an informative prior on the noise.",
        PriorfitWarning,
        stacklevel=5,
    )


def _crossing(
    standard: Standard,
    solve: Engine,
    below: tuple[float, float],
    above: tuple[float, float],
    warm: Array,
) -> float:
    """Between two strengths, of which the noise found at the fit is known."""
    state, (low, _), (high, _) = {"warm": warm}, below, above
    known = {np.log(s): np.log(s) - np.log(max(v, 1e-300)) for s, v in (above, below)}

    def excess(log_s: float) -> float:
        if log_s in known:
            return float(known[log_s])
        s = float(np.exp(log_s))
        g = _solutions(solve, np.array([s]), state["warm"])[:, 0]
        state["warm"] = g
        variance = noise_variance(standard, g, s)
        return log_s - float(np.log(max(variance, 1e-300))) if np.isfinite(variance) else -1e3

    if low == high:
        return high
    root: float = brentq(excess, np.log(low), np.log(high), xtol=1e-12, rtol=1e-12)
    return float(np.exp(root))


def conditional(standard: Standard, sigma: float) -> Standard:
    """The problem whose prior scales are multiples of the noise ``sigma`` (units of ``y_unit``)."""
    form, unit = standard.form, standard.y_unit / sigma
    groups = form.groups and replace(form.groups, rate=form.groups.rate * unit)
    ranked = form.ranked and replace(form.ranked, rates=form.ranked.rates * unit)
    scaled = replace(
        form, l1=form.l1 * unit, l2=form.l2 * unit * unit, groups=groups, ranked=ranked
    )
    return replace(standard, form=scaled)


def conditional_sigma(standard: Standard, g: Array) -> float:
    """The noise that minimises J jointly, given the fit ``g`` of `conditional`.

    With A1 = sum |t|/scale and A2 = sum t^2/scale^2 it solves
    ``(n + p) sigma^2 - A1 sigma - (RSS + A2) = 0`` (Park & Casella 2008, section 2).
    """
    form, t = standard.form, g - standard.form.loc
    a1 = float(form.total(t) - 0.5 * form.l2 @ (t * t)) * standard.y_unit
    a2 = float(form.l2 @ (t * t)) * standard.y_unit**2
    proper = float(np.sum(form.kinked | ((form.l2 > 0) & ~form.fixed)))
    n = float(standard.weights.sum()) + proper
    return float((a1 + np.sqrt(a1 * a1 + 4.0 * n * (squares(standard, g) + a2))) / (2.0 * n))
