"""From standard units back to those of the data."""

from __future__ import annotations

import numpy as np

from priorfit._errors import NotConvergedError
from priorfit._typing import Array, Index
from priorfit.problem import Problem
from priorfit.solve.outputs import OutputsStandard, restore_outputs
from priorfit.solve.standard import Standard

__all__ = ["restore"]


def restore(
    standard: Standard, g: Array, problem: Problem, moved: Index | None = None
) -> tuple[Array, Array]:
    """(intercepts (k,), coefs (p, k)) of solutions (m, k); for q outputs (q, k) and (p, q, k).

    Weights at loc or at a bound equal it bit for bit. Only the unknowns ``moved``, if given, may
    differ from the start: all weights at their prior mean, inside the box; then ``coefs`` takes the
    place of ``g``.
    """
    if isinstance(standard, OutputsStandard):
        return restore_outputs(standard, g, problem)
    form, inner, Z = problem.form, standard.form, standard.Z
    first = int(Z.intercept)
    start = np.clip(form.loc, form.lower, form.upper)
    rows = np.arange(len(start)) if moved is None else moved[moved >= first] - first
    picked = g[rows + first]
    with np.errstate(over="ignore", invalid="ignore"):
        slopes = ((picked / standard.y_unit).T / Z.scale[rows]).T
        intercepts = np.zeros(g.shape[1])
        if first:
            shift = Z.center[rows] @ ((picked.T / Z.scale[rows]).T)
            held = np.flatnonzero(start) if moved is not None else rows[:0]
            if len(held):
                held = held[~np.isin(held, rows)]
                shift = shift + Z.center[held] @ start[held] * standard.y_unit
            intercepts = standard.y_center + (g[0] - shift) / standard.y_unit
    if not (np.all(np.isfinite(slopes)) and np.all(np.isfinite(intercepts))):
        raise NotConvergedError(
            "the estimate must be finite; a coefficient or the intercept is outside the range "
            "of float64. Rescale the columns or y."
        )
    for name in ("loc", "lower", "upper"):
        value = getattr(form, name)[rows, None]
        if np.any(known := np.isfinite(value)):
            at = getattr(inner, name)[rows + first, None]
            slopes = np.where((picked == at) & known, value, slopes)
    if moved is None:
        return intercepts, slopes
    coefs = g[first:]  # in place: a large table's zeros are not written twice
    if np.any(start):
        coefs[:] = start[:, None]
    coefs[rows] = slopes
    return intercepts, coefs
