"""Scales from a first fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.priors.base import Prior
from priorfit.priors.parameters import by_column
from priorfit.priors.separable import ElasticNet, Laplace
from priorfit.priors.truncated import Truncated

__all__ = ["adaptive"]


def adaptive(prior: Prior, first_fit: Any, gamma: float = 1.0) -> Any:
    """The adaptive lasso's prior: ``scale_j = scale * |b_j|^gamma`` of a first fit b.

    What the first fit holds to be large is shrunk less, what it holds to be small more; a weight
    that it set to 0 stays at ``loc`` (scale 0).

    Parameters
    ----------
    prior : `Laplace`, or `ElasticNet` (whose ``l1_scale`` is meant), or one of them `Truncated`.
    first_fit : a fitted estimator, a `Solution`, or weights (p,): for example of a ridge fit. Its
        weights are in the units of the columns as given, and so are the scales: pass
        ``standardize=False`` with ``strength="cv"``.
    gamma : how much the first fit is trusted; > 0.

    Raises
    ------
    InputError
        for another prior, for weights that are not finite, and for gamma <= 0.

    Examples
    --------
    >>> adaptive(Laplace(0.5), [2.0, -0.1, 0.0]).scale
    array([1.  , 0.05, 0.  ])

    Source: Zou (2006), section 3; Zou & Zhang (2009) for the elastic net.
    """
    if isinstance(prior, Truncated):
        bounds = {"lower": prior.lower_bound, "upper": prior.upper_bound}
        return Truncated(adaptive(prior.prior, first_fit, gamma), **bounds)
    if not isinstance(prior, Laplace | ElasticNet):
        raise InputError(
            "`prior` must be Laplace or ElasticNet, or one of them truncated",
            repr(prior),
            "The scale of its l1 term is adapted.",
        )
    if not (gamma > 0 and np.isfinite(gamma)):
        raise InputError("`gamma` must be > 0", repr(gamma), "1 is usual.")
    size = np.abs(_weights(first_fit)) ** gamma
    if isinstance(prior, ElasticNet):
        return replace(prior, l1_scale=by_column("l1_scale", prior.l1_scale, len(size)) * size)
    return replace(prior, scale=by_column("scale", prior.scale, len(size)) * size)


def _weights(first_fit: Any) -> Array:
    given = getattr(first_fit, "coef_", getattr(first_fit, "coef", first_fit))
    weights = np.ravel(np.asarray(given, dtype=np.float64))
    if not len(weights) or not np.all(np.isfinite(weights)):
        raise InputError(
            "`first_fit` must have finite weights", repr(given), "Fit it first, or pass weights."
        )
    return weights
