"""Responses of ordered classes, from draws of the linear predictor and of the cut-points."""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array
from priorfit.likelihoods import Ordinal, probabilities
from priorfit.likelihoods.steps import step
from priorfit.posterior.samplers.ordered import ends_of

__all__ = ["class_draws", "class_logs", "class_shares"]


def class_shares(likelihood: Ordinal, eta: Array, cuts: Array) -> Array:
    """Probabilities of the classes (draws, n, K), of eta (draws, n) and cuts (draws, K - 1)."""
    each = zip(eta, cuts, strict=True)
    return np.stack([probabilities(one, c, likelihood.link) for one, c in each])


def class_draws(likelihood: Ordinal, eta: Array, cuts: Array, rng: np.random.Generator) -> Array:
    """Random classes 0 .. K - 1, (draws, n): how many cut-points lie below eta and its noise."""
    noise = rng.logistic if likelihood.link == "logit" else rng.normal
    hidden = eta + noise(size=eta.shape)
    found = [np.searchsorted(c, one) for one, c in zip(hidden, cuts, strict=True)]
    return np.asarray(found, dtype=np.float64)


def class_logs(likelihood: Ordinal, y: Array, weights: Array, eta: Array, cuts: Array) -> Array:
    """``log p(y_i | draw)`` (draws, n); rows of weight 0 may hold anything."""
    known = np.where(weights > 0, y, 0.0).astype(np.intp)
    out = np.empty(eta.shape)
    for k, (one, each) in enumerate(zip(eta, cuts, strict=True)):
        low, high = ends_of(known, each) - one
        out[k] = step(low, high, likelihood.link).log
    return out
