"""A point of the dual problem for a loss that is one convex function of all rows.

``theta = -grad L(eta)`` has the conjugate ``L*(-theta) = -theta'eta - L(eta)`` exactly
(Fenchel-Young), and ``L*(0) = -inf L``. A share s of it, which the prior's bounds may ask for, has
``L*(-s theta) <= s L*(-theta) + (1 - s) L*(0)``, because L* is convex (Rockafellar 1970, theorem
23.5). So the bound takes one look at the data and no sum over risk sets. Cox's likelihood with
Breslow's ties and no late entry has its conjugate in closed form (`CoxRows.dual`), which is far
tighter: the loss of a share s is then of the order of ``(1 - s) theta'(eta - offset)``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from priorfit._typing import Array
from priorfit.likelihoods import CoupledRows
from priorfit.solve.standard import Standard

__all__ = ["DualPoint", "dual_value", "flat_met", "meet_flat"]

_STEPS = 8


class DualPoint(NamedTuple):
    """``theta`` (n,) = -grad L at ``eta``, and minus its conjugate with the offset's part:
    ``theta'(eta - offset) + L(eta)``, a number."""

    eta: Array
    theta: Array
    value: float


def dual_value(standard: Standard, point: DualPoint, share: float) -> float:
    """The likelihood's part of D(share theta), from below."""
    chord = share * point.value + (1.0 - share) * standard.rows.least
    if share == 1.0:
        return chord
    theta = share * point.theta
    return max(chord, standard.rows.dual(theta) - float(theta @ standard.offset))


def flat_met(standard: Standard, slopes: Array) -> bool:
    """Whether theta is orthogonal to the columns with a flat prior, to rounding."""
    flat = standard.form.flat
    return bool(np.all(np.abs(slopes[flat]) <= 1e-15 * standard.weights.sum()))


def meet_flat(standard: Standard, eta: Array, slopes: Array) -> DualPoint:
    """The dual point at the eta nearby that is best over the columns with a flat prior.

    There theta is orthogonal to them. By Newton's method, each step taken where it lowers the loss.
    """
    rows: CoupledRows = standard.rows
    flat = np.flatnonzero(standard.form.flat)
    if 0 < len(flat) <= 256 and not flat_met(standard, slopes):
        Z = standard.Z.columns(flat, np.zeros(standard.size))[0]
        eta = _refit(rows, eta, Z)
    theta = rows.score(eta)
    return DualPoint(eta, theta, float(theta @ (eta - standard.offset)) + rows.total(eta))


def _refit(rows: CoupledRows, eta: Array, Z: Array) -> Array:
    left = np.abs(Z.T @ rows.score(eta)).max()
    for _ in range(_STEPS):
        hessian = rows.hessian(eta)
        means = hessian.apply(Z)
        normal = Z.T @ (hessian.bound[:, None] * Z) - means.T @ means
        step = np.linalg.lstsq(normal, Z.T @ rows.score(eta), rcond=None)[0]
        trial = eta + Z @ step
        still = np.abs(Z.T @ rows.score(trial)).max()
        if not still < left:
            return eta
        eta, left = trial, still
    return eta
