"""What a belief says about the response before there is one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from priorfit._checks import of_kind, vector
from priorfit._errors import InputError
from priorfit._typing import Array, Seed
from priorfit.design import as_design
from priorfit.likelihoods import Gaussian, Likelihood, Multinomial
from priorfit.priors import Prior, as_prior

__all__ = ["PriorPredictive", "prior_predictive"]


class PriorPredictive(NamedTuple):
    """Draws: ``coefs`` (draws, p) of the belief, ``eta`` (draws, n) of the linear predictor, ``mu``
    (draws, n) of the expected response, ``y`` (draws, n) of the response."""

    coefs: Array
    eta: Array
    mu: Array
    y: Array
    likelihood: Likelihood


def prior_predictive(
    X: Any,
    prior: Prior,
    likelihood: Likelihood | None = None,
    *,
    intercept: float = 0.0,
    offset: Any = None,
    draws: int = 1000,
    seed: Seed = None,
) -> PriorPredictive:
    """``b ~ prior, y ~ p(y | offset + intercept + X b)``: responses that the belief expects.

    Parameters
    ----------
    X : anything `priorfit.design.as_design` takes, (n, p).
    prior : a proper belief about the p weights.
    likelihood : how y scatters (default ``Gaussian(noise=1)``); its noise must be known.
    intercept : one value, because its flat prior cannot be drawn from.
    offset, draws, seed : known part of eta (n,); how many draws; what makes them reproducible.

    Raises
    ------
    InputError
        where the prior is improper, the noise unknown, or ``draws < 1``.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> seen = pf.prior_predictive(np.ones((3, 4)), pf.Normal(5.0), pf.Bernoulli(), seed=0)
    >>> seen.y.shape, bool(np.mean((seen.mu < 0.01) | (seen.mu > 0.99)) > 0.6)
    ((1000, 3), True)

    Source: Gabry et al., Visualization in Bayesian workflow (2019), section 3.
    """
    likelihood = Gaussian(noise=1.0) if likelihood is None else likelihood
    prior = as_prior(prior)
    of_kind("prior", prior, Prior, "pf.Laplace(scale=0.1)")
    of_kind("likelihood", likelihood, Likelihood, "pf.Poisson()")
    if isinstance(likelihood, Multinomial):
        raise InputError(
            "`likelihood` must have one output per row",
            likelihood.name,
            "Draw for one class against the rest with pf.Bernoulli().",
        )
    phi = likelihood.known_dispersion
    if phi is None:
        raise InputError(
            "the noise must be known",
            f"{likelihood!r} with it unknown",
            "Give it, as in Gaussian(noise=...) or Gamma(dispersion=...).",
        )
    if draws < 1:
        raise InputError("`draws` must be >= 1", repr(draws), "It counts draws.")
    design, rng = as_design(X), np.random.default_rng(seed)
    n, p = design.shape
    coefs = prior.for_columns(design.labels()).sample((draws, p), seed=rng)
    known = np.zeros(n) if offset is None else vector("offset", offset, n)
    eta = design.matvec(coefs.T).T + known + intercept
    return PriorPredictive(
        coefs, eta, likelihood.mean(eta), likelihood.draw(eta, phi, rng), likelihood
    )
