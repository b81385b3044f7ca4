"""Degrees of freedom of several outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import linalg

from priorfit._typing import Array
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
    H = standard.information(active, standard.eta(g))
    system = H + strength * penalty_curvature(standard, g, active, strength)
    try:
        factor = linalg.cho_factor(system, check_finite=False)
        return float(np.trace(linalg.cho_solve(factor, H, check_finite=False)))
    except linalg.LinAlgError:
        return float(np.trace(np.linalg.lstsq(system, H, rcond=None)[0]))


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
