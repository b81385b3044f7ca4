"""How a belief bends one estimate: z, what the data alone say, to what is believed after."""

from __future__ import annotations

from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike
from priorfit.priors.base import Prior
from priorfit.priors.moments import gauss_legendre, quantile_edges

__all__ = ["shrinkage"]

_AROUND = np.r_[-12.0, -8.0, np.arange(-6.0, 6.5), 8.0, 12.0]  # standard deviations of the data


def shrinkage(
    prior: Prior, z: ArrayLike, variance: float = 1.0, *, estimate: str = "mode"
) -> Array:
    """The estimate of one weight b where ``z ~ N(b, variance)`` is all that the data say.

    Parameters
    ----------
    prior : one belief (no scales per column, no groups).
    z : the least-squares estimates, any shape.
    variance : of z; noise variance over n for a column of unit variance.
    estimate : "mode", the MAP estimate ``prox(z, variance)``, or "mean", the posterior mean.

    The normal multiplies: ``z s^2 / (s^2 + variance)``. The Laplace mode subtracts
    ``variance / scale`` however large z is; its mean is smooth and never 0 but at z = 0.

    Raises
    ------
    InputError
        where ``variance`` is not positive or ``estimate`` is not one of the two.

    Examples
    --------
    >>> import priorfit as pf
    >>> pf.shrinkage(pf.Laplace(1.0), [0.8, 3.0])
    array([0., 2.])
    >>> pf.shrinkage(pf.Laplace(1.0), 0.8, estimate="mean").round(6)
    np.float64(0.394497)

    Source: Johnstone & Silverman (2004), section 2.
    """
    if not (np.isfinite(variance) and variance > 0):
        raise InputError("`variance` must be > 0", repr(variance), "It is that of z.")
    if prior._shape() != () or not prior.separable:
        raise InputError("`prior` must be about one weight", repr(prior), "Use one number.")
    at = np.asarray(z, dtype=np.float64)
    if estimate == "mode":
        return prior.prox(at.reshape(-1, 1), variance).reshape(at.shape)
    if estimate != "mean":
        raise InputError("`estimate` must be mode or mean", repr(estimate), "Choose one of them.")
    return _mean(prior, at.ravel(), variance).reshape(at.shape)


def _mean(prior: Prior, z: Array, variance: float) -> Array:
    """``E(b | z)``, by quadrature between the quantiles of the belief and the data's reach."""
    base: Any = getattr(prior, "prior", prior)
    data = z + np.sqrt(variance) * _AROUND[:, None]
    try:
        belief = quantile_edges(prior, ())[:, None]
    except InputError:  # improper: only the data and the kink say where the mass is
        belief = np.full((1, 1), float(base.loc))
    box = prior.lower(1)
    edges = np.vstack([data, np.repeat(belief, len(z), axis=1)]).clip(box.lower[0], box.upper[0])
    b, weights = gauss_legendre(np.sort(edges, axis=0))
    log_joint = -prior.neg_log_density(b) - np.square(b - z) / (2.0 * variance)
    joint = weights * np.exp(log_joint - log_joint.max(axis=(0, 1)))
    return np.asarray((joint * b).sum(axis=(0, 1)) / joint.sum(axis=(0, 1)))
