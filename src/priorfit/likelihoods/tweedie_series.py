"""The normalising constant of Tweedie densities.

``p(y; mu, phi) = a(y, phi) exp(-loss / phi)`` with ``a(y) = 1/y sum_j W_j``, ``log W_j = j log z
- log j! - log Gamma(-alpha j)``, ``alpha = (2-p)/(1-p)`` and ``log z = -alpha log y + alpha
log(p-1) - (1-alpha) log phi - log(2-p)``. The terms peak near ``y^(2-p) / (phi (2-p))``.

Source: Dunn & Smyth, Series evaluation of Tweedie exponential dispersion model densities,
Statistics and Computing 15 (2005), section 4.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, logsumexp

from priorfit._typing import Array

__all__ = ["log_series"]

_SPREADS = 12.0  # standard deviations of the terms that are summed: exp(-72) of the peak
_POINTS = 200


def log_series(y: Array, phi: float, power: float) -> Array:
    """``log a(y)``, shape of ``y``; 0 where y = 0, whose probability is ``exp(-loss / phi)``."""
    out = np.zeros_like(y)
    inside = y > 0
    if np.any(inside):
        out[inside] = _log_sum(y[inside], phi, power) - np.log(y[inside])
    return out


def _log_sum(y: Array, phi: float, power: float) -> Array:
    alpha = (2.0 - power) / (1.0 - power)
    log_z = alpha * (np.log(power - 1.0) - np.log(y)) - (1.0 - alpha) * np.log(phi)
    log_z = log_z - np.log(2.0 - power)
    peak = y ** (2.0 - power) / (phi * (2.0 - power))
    reach = _SPREADS * np.sqrt(np.maximum(peak, 1.0) / (1.0 - alpha)) + 60.0
    low = np.maximum(1.0, np.floor(peak - reach))
    # beyond a few hundred terms every h-th will do: of a smooth peak the sum by steps is exact
    step = np.maximum(1.0, np.floor((peak + reach - low) / _POINTS))
    j = low[:, None] + step[:, None] * np.arange(_POINTS + 1)
    terms = j * log_z[:, None] - gammaln(j + 1.0) - gammaln(-alpha * j)
    return np.asarray(logsumexp(terms, axis=1) + np.log(step))
