"""One function: from a problem to its posterior."""

from __future__ import annotations

import warnings
from typing import Any

from priorfit._checks import of_kind
from priorfit._errors import ConvergenceWarning, InputError
from priorfit.posterior.model import DEFAULT, model_of
from priorfit.posterior.progress import bar
from priorfit.posterior.result import Posterior, arranged
from priorfit.posterior.run import Progress, run
from priorfit.problem import Problem

__all__ = ["sample"]


def sample(
    problem: Problem,
    *,
    draws: int = 1000,
    chains: int = 4,
    seed: int | None = 0,
    strength: Any = "held",
    noise: Any = DEFAULT,
    threads: int = 1,
    progress: bool | Progress = False,
) -> Posterior:
    """Draws from ``p(coef, intercept, noise, scale | y)``: the belief after the data.

    Parameters
    ----------
    problem : likelihood, prior and data, as for `solve`.
    draws, chains : how many draws of each chain are kept, after the warm-up; how many chains.
    seed : the same seed gives the same numbers, for any number of threads.
    strength : "held": the prior's scales are what was stated; "sampled": they are multiplied by one
        unknown number, half-Cauchy(1); or a belief about that number.
    noise : belief about an unknown noise (the root of the dispersion): a prior of one positive
        number, or None for ``p(noise) = 1 / noise``; by default Student's t of 3 degrees of freedom
        and the scale sd(y), cut to positive numbers.
    threads : how many chains run at a time.
    progress : whether to draw a bar, or a function of (sweeps done, sweeps in all).

    Which sampler: independent draws for gaussian noise with normal beliefs; Gibbs for gaussian
    noise with Laplace, elastic net, group, Student-t, log-Laplace and horseshoe beliefs;
    Hamiltonian steps for every other likelihood, the cut-points of ordered classes among the
    unknowns; sets of weights (gaussian noise) or reversible jumps for a spike and slab.
    ``posterior.model.sampler.name`` says which.

    Raises
    ------
    InputError
        where the posterior is not proper, or there is no sampler for the prior.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> problem = pf.Problem.make(X, [0.1, 0.9, 2.1, 2.9], prior=pf.Normal(10.0))
    >>> posterior = pf.sample(problem, seed=1)
    >>> bool(abs(posterior.mean[0] - 0.96) < 0.1), posterior.model.sampler.name
    (True, 'exact: independent draws')
    """
    of_kind("problem", problem, Problem, "pf.Problem.make(X, y, prior=pf.Laplace(0.1))")
    for name, number in (("draws", draws), ("chains", chains), ("threads", threads)):
        least = 4 if name == "draws" else 1
        if not isinstance(number, int) or number < least:
            raise InputError(
                f"`{name}` must be a whole number >= {least}",
                repr(number),
                "Say draws=1000, chains=4.",
            )
    model = model_of(problem, noise, strength)
    report = bar() if progress is True else (progress or None)
    found = run(model.sampler, draws, chains, seed, threads=threads, progress=report)
    if not found.draws:
        raise KeyboardInterrupt
    kept, stats = arranged(found.draws, model)
    posterior = Posterior(kept, stats, model, seed, threads, found.ends)
    for sentence in posterior.health.warnings:
        warnings.warn(sentence, ConvergenceWarning, stacklevel=2)
    return posterior
