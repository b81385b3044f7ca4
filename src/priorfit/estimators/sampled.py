"""The posterior of what an estimator fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.estimators.nested import Nested
from priorfit.likelihoods import Gaussian, Likelihood
from priorfit.posterior import DEFAULT, Posterior, sample
from priorfit.priors import Prior
from priorfit.problem import Problem
from priorfit.select import per_sd
from priorfit.solve import Solution

__all__ = ["AveragedStrength", "Sampled", "loose"]


@dataclass(frozen=True, eq=False)
class AveragedStrength:
    """What ``strength="posterior"`` found: the ``posterior``, whose draws of the scale the median
    is taken of."""

    posterior: Posterior

    @property
    def scales(self) -> Array:
        """Draws of the factor of the prior's scales."""
        return self.posterior.draws["scale"].ravel()

    @property
    def how(self) -> str:
        """In words."""
        low, high = np.quantile(self.scales, [0.05, 0.95])
        middle = float(np.median(self.scales))
        return (
            f"its posterior: scale {middle:.3g} (90 % interval {low:.3g} to {high:.3g}), the MAP "
            "estimate at its median"
        )


def loose(problem: Problem, standardize: bool) -> Problem:
    """The problem with the prior's shape at unit scale, in comparable units: per standard deviation
    of each column, and of y for gaussian noise. What a sampled strength multiplies."""
    shaped = replace(problem, prior=problem.prior.unit())
    shaped = per_sd(shaped) if standardize else shaped
    if not isinstance(problem.likelihood, Gaussian) or problem.likelihood.scale_by_noise:
        return shaped
    w = problem.weights
    away = problem.y - w @ problem.y / w.sum()
    sd = float(np.sqrt(np.mean(w @ np.square(away)) / w.sum()))
    return replace(shaped, prior=shaped.prior.rescaled(sd or 1.0))


class Sampled(Nested):
    """An estimator whose posterior can be drawn from."""

    strength: Any
    standardize: bool
    seed: int | None
    threads: int
    _asked: Problem
    solution_: Solution
    prior_: Prior
    likelihood_: Likelihood
    dispersion_: float

    def posterior(
        self,
        draws: int = 1000,
        *,
        chains: int = 4,
        seed: int | None = None,
        strength: Any = None,
        noise: Any = DEFAULT,
        threads: int | None = None,
        progress: bool | Callable[[int, int], None] = False,
    ) -> Posterior:
        """Draws of the weights given the data that were fitted; see `priorfit.sample`.

        ``strength``: by default "held" where the belief was stated, and "sampled" where the
        strength was chosen by the data: then the prior is its shape at unit scale, per standard
        deviation, times one unknown number. ``seed`` and ``threads``: those of the estimator.

        A model that was stored and loaded again has no data: call `priorfit.sample` with a problem.
        """
        check_is_fitted(self)
        if not hasattr(self, "_asked"):
            raise InputError(
                "a posterior needs the data of the fit",
                "a model that was stored without them",
                "Fit it again, or call pf.sample(pf.Problem.make(X, y, prior=...)).",
            )
        if strength is None:
            strength = "held" if self.strength is None else "sampled"
        chosen = self.strength is not None and strength != "held"
        problem = loose(self._asked, self.standardize) if chosen else self._stated
        found = sample(
            problem,
            draws=draws,
            chains=chains,
            seed=self.seed if seed is None else seed,
            strength=strength,
            noise=noise,
            threads=self.threads if threads is None else threads,
            progress=progress,
        )
        return replace(found, fitted=self.solution_)

    @property
    def _stated(self) -> Problem:
        """The problem with the prior that was fitted, its noise as unknown as it was."""
        likelihood, prior = self._asked.likelihood, self.prior_
        if likelihood.known_shape is None:
            likelihood = self.likelihood_
        if getattr(likelihood, "scale_by_noise", False):
            prior = prior.widened(1.0 / float(np.sqrt(self.dispersion_)))
        return replace(self._asked, prior=prior, likelihood=likelihood)

    def _average(self, problem: Problem) -> Problem:
        """The problem at the median of the strength's posterior."""
        base = loose(problem, self.standardize)
        found = sample(base, seed=self.seed, strength="sampled", threads=self.threads)
        self.averaged_ = AveragedStrength(found)
        middle = float(np.median(self.averaged_.scales))
        problem = replace(base, prior=base.prior.widened(middle))
        if "noise" not in found.draws:
            return problem
        noise = float(np.median(found.draws["noise"]))
        return replace(problem, likelihood=problem.likelihood.at(noise**2))

    def __getstate__(self) -> dict[str, Any]:
        """What is stored: everything but the data."""
        state: dict[str, Any] = super().__getstate__()
        return {k: v for k, v in state.items() if k != "_asked"}
