"""From standard units back to those of the data, for several outputs."""

from __future__ import annotations

import numpy as np

from priorfit._errors import NotConvergedError
from priorfit._typing import Array
from priorfit.problem import Problem
from priorfit.solve.outputs.standard import OutputsStandard

__all__ = ["restore_outputs"]


def restore_outputs(standard: OutputsStandard, g: Array, problem: Problem) -> tuple[Array, Array]:
    """(intercepts (q, k), coefs (p, q, k)) of solutions (m, k).

    Weights at loc or at a bound equal it bit for bit. Where a number may be added to all outputs
    of a row, the intercepts have mean 0, and the weights of a column whose prior is flat.
    """
    form, inner, first, q = problem.form, standard.form, standard.first, standard.outputs
    k = g.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        flat = ((g[first:] / standard.y_unit).T / standard.Z.scale).T
        for name in ("loc", "lower", "upper"):
            at, value = getattr(inner, name)[first:, None], getattr(form, name)[:, None]
            flat = np.where((g[first:] == at) & np.isfinite(value), value, flat)
        coefs = flat.reshape(-1, q, k)
        shifted = problem.likelihood.is_shift_free
        if shifted:
            free = form.flat.reshape(-1, q).all(axis=1)
            coefs[free] -= coefs[free].mean(axis=1, keepdims=True)
        intercepts = np.zeros((q, k))
        if first:
            shift = np.tensordot(standard.Z.center, coefs, 1)
            intercepts = standard.centers[:, None] + g[:first] / standard.y_unit - shift
            if shifted:
                intercepts -= intercepts.mean(axis=0)
    if not (np.all(np.isfinite(coefs)) and np.all(np.isfinite(intercepts))):
        raise NotConvergedError(
            "the estimate must be finite; a coefficient or the intercept is outside the range "
            "of float64. Rescale the columns or y."
        )
    return intercepts, coefs
