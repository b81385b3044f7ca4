"""Draws of priorfit, as (chains, draws, unknowns)."""

from __future__ import annotations

import time
import warnings

import numpy as np

import priorfit as pf


def run(case: dict, draws: int = 1000) -> tuple[np.ndarray, float]:
    """Weights and the log of the strength where it is unknown; CPU seconds, warm-up included."""
    warnings.simplefilter("ignore")
    kinds = {"gaussian": pf.Gaussian(), "bernoulli": pf.Bernoulli(), "poisson": pf.Poisson()}
    unknown = case["prior"] != "normal"
    prior = pf.Laplace(1.0) if unknown else pf.Normal(1.0)
    if case["prior"] == "horseshoe":
        prior = pf.Horseshoe(case["scale"], slab=case["slab"])
    begun = time.process_time()
    problem = pf.Problem.make(
        case["X"], case["y"], prior=prior, likelihood=kinds[case["likelihood"]]
    )
    found = pf.sample(problem, draws=draws, strength="sampled" if unknown else "held", seed=1)
    spent = time.process_time() - begun
    parts = [found.coef]
    if unknown:
        parts.append(np.log(found.draws["scale"])[:, :, None])
    return np.concatenate(parts, axis=2), spent
