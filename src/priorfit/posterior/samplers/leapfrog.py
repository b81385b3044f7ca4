"""Leapfrog steps in the coordinates in which the mass is the identity: native where that pays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from priorfit._core import leapfrog as _native_leapfrog
from priorfit._typing import Array
from priorfit.posterior.samplers.target import Target

__all__ = ["Hill", "back", "leapfrog", "rooted"]


class Hill(NamedTuple):
    """Minus the log posterior: ``target / phi + sum_j precision_j (b_j - loc_j)^2 / 2``.

    ``root`` is the lower factor of the mass (size, size), or the roots of its diagonal.
    """

    target: Target
    phi: float
    precision: Array
    loc: Array
    root: Array

    def uphill(self, x: Array, slope: Array) -> Array:
        """The gradient in the coordinates of the momenta; ``slope`` that of the losses."""
        first = self.target.first
        out = slope / self.phi
        out[first:] += self.precision * (x[first:] - self.loc)
        return _forward(self.root, out)


def leapfrog(
    hill: Hill, x: Array, slope: Array, v: Array, size: float, steps: int
) -> tuple[Array, float, Array, Array]:
    """Where x and the momenta v are after ``steps`` of ``size``, the losses there and their slope.

    The losses are not finite where the steps leave the reals; they end there.
    Source: Neal (2011), MCMC using Hamiltonian dynamics, equations 2.28 to 2.30.
    """
    rows = hill.target.native_rows
    if rows is None or hill.root.ndim == 1:
        return _reference(hill, x, slope, v, size, steps)
    x, slope, v = x.copy(), slope.copy(), v.copy()
    belief = (hill.phi, hill.precision, hill.loc, hill.root)
    lost = _native_leapfrog(*rows, hill.target.first > 0, *belief, size, steps, x, slope, v)
    return x, lost, slope, v


def _reference(
    hill: Hill, x: Array, slope: Array, v: Array, size: float, steps: int
) -> tuple[Array, float, Array, Array]:
    lost = np.nan
    v = v - 0.5 * size * hill.uphill(x, slope)
    for k in range(steps):
        x = x + size * back(hill.root, v)
        lost, slope = hill.target.at(x)
        if not np.isfinite(lost):
            break
        v = v - (size if k < steps - 1 else 0.5 * size) * hill.uphill(x, slope)
    return x, lost, slope, v


def rooted(mass: Array) -> Array:
    """The lower factor of a mass (size, size), which is changed where it is singular."""
    root, bad = linalg.lapack.dpotrf(mass, lower=1, clean=1)
    if bad:
        np.einsum("jj->j", mass)[:] += 1e-8 * np.einsum("jj->j", mass).max() + 1e-12
        root, bad = linalg.lapack.dpotrf(mass, lower=1, clean=1)
    return np.asarray(root)


def _forward(root: Array, v: Array) -> Array:
    """``C^-1 v``."""
    if root.ndim == 1:
        return v / root
    return np.asarray(linalg.lapack.dtrtrs(root, v, lower=1)[0])


def back(root: Array, v: Array) -> Array:
    """``C^-T v``."""
    if root.ndim == 1:
        return v / root
    return np.asarray(linalg.lapack.dtrtrs(root, v, lower=1, trans=1)[0])
