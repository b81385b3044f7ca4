"""The normal curve at the mode: quick, and only as good as its k-hat says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import linalg

from priorfit._checks import of_kind
from priorfit._errors import InputError
from priorfit._typing import Array, Seed
from priorfit.posterior.intervals import check_prob
from priorfit.posterior.psis import Smoothed, psis
from priorfit.posterior.samplers.independence import Proposal, normal_at
from priorfit.posterior.samplers.mixing import FormMixing, mixing_of
from priorfit.posterior.samplers.target import Target
from priorfit.problem import Problem
from priorfit.solve import solve_quietly

__all__ = ["LaplaceApproximation", "laplace_approximation"]

_TRUSTED = 0.7  # the k-hat up to which importance weights correct the curve


@dataclass(frozen=True, eq=False)
class LaplaceApproximation:
    """``p(x | y)`` as a normal around the MAP estimate, x = (intercept, weights).

    ``mode`` (p,) and ``intercept``; ``noise`` the root of the dispersion, held at what the fit
    implies; ``draws`` (size, 1 + p) of the curve, the intercept first where there is one, and
    ``weights`` (size,) that make their averages those of the posterior. ``khat`` says whether they
    can: up to 0.7 `mean`, `sd` and `interval` are answered, above it they are refused.
    """

    mode: Array
    intercept: float
    noise: float
    covariance: Array
    log_evidence: float
    draws: Array
    smoothed: Smoothed

    @property
    def khat(self) -> float:
        """The tail's shape of the importance weights (Vehtari et al. 2024)."""
        return float(self.smoothed.khat[0])

    @cached_property
    def weights(self) -> Array:
        """Importance weights of the draws, which sum to 1."""
        return np.asarray(np.exp(self.smoothed.log_weights[:, 0]))

    @property
    def mean(self) -> Array:
        """Posterior means of the weights, (p,)."""
        return np.asarray(self._trusted() @ self._coef)

    @property
    def sd(self) -> Array:
        """Posterior standard deviations of the weights, (p,)."""
        w = self._trusted()
        return np.asarray(np.sqrt(w @ np.square(self._coef - w @ self._coef)))

    def interval(self, prob: float = 0.95) -> Array:
        """Equal-tailed intervals of the weights, (2, p).

        Raises
        ------
        InputError
            where k-hat is above 0.7: the curve misses where the posterior is.
        """
        check_prob(prob)
        w, ends = self._trusted(), (0.5 * (1.0 - prob), 0.5 * (1.0 + prob))
        return np.quantile(self._coef, ends, axis=0, weights=w, method="inverted_cdf")

    @property
    def _coef(self) -> Array:
        return self.draws[:, self.draws.shape[1] - len(self.mode) :]

    def _trusted(self) -> Array:
        if not self.khat <= _TRUSTED:
            raise InputError(
                f"the normal curve at the mode must have k-hat <= {_TRUSTED} to stand for the "
                "posterior",
                f"{self.khat:.2g}",
                "Draw from the posterior itself: pf.sample(problem).",
            )
        return self.weights


def laplace_approximation(
    problem: Problem, *, size: int = 4000, seed: Seed = 0
) -> LaplaceApproximation:
    """The normal curve at the MAP estimate, corrected by importance weights, with its k-hat.

    The covariance is the inverse curvature of J at its minimum. ``size`` draws of the curve are
    weighted by posterior density over curve, the largest weights smoothed (PSIS). With fewer than
    about ten rows per weight the curve is usually wrong (its centre by up to two standard
    deviations), and k-hat says so. ``log_evidence`` is the curve's own ``log p(y)``; where columns
    or the intercept have no belief, up to their flat prior.

    Raises
    ------
    InputError
        where the belief is not normal (a kink has no curvature), the likelihood is not smooth and
        convex or has several outputs, or the curvature is not positive.

    Sources: Tierney & Kadane (1986), JASA 81; Vehtari et al. (2024), JMLR 25 (72).

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> x = np.linspace(-2.0, 2.0, 200)
    >>> problem = pf.Problem.make(x[:, None], (x > 0.1 * np.sin(40 * x)).astype(float),
    ...                           prior=pf.Normal(1.0), likelihood=pf.Bernoulli())
    >>> curve = pf.laplace_approximation(problem)
    >>> curve.khat < 0.7, bool(abs(curve.mean[0] - curve.mode[0]) < curve.sd[0])
    (True, True)
    """
    of_kind("problem", problem, Problem, "pf.Problem.make(X, y, prior=pf.Normal(1.0))")
    inner = problem.changed
    precision, loc = _belief(inner)
    found = solve_quietly(inner)
    if problem.likelihood.known_shape is None and found.likelihood is not None:
        inner = replace(inner, likelihood=found.likelihood)
    if getattr(inner.likelihood, "scale_by_noise", False):
        precision = precision / found.phi
    target, level = Target(inner), np.atleast_1d(found.intercept)
    middle = np.concatenate([level[: target.first], found.coef])
    curve = normal_at(target, loc, precision, float(found.phi), middle)
    if curve is None:
        raise InputError(
            "the curvature at the mode must be positive in every direction",
            "a direction that neither data nor belief determine",
            "Give every column a belief.",
        )
    x, logs = curve.draws(size, np.random.default_rng(seed))
    spread = linalg.solve_triangular(curve.root.T, np.eye(target.size), lower=False)
    spread = _back(problem, target.first, spread.T).T
    return LaplaceApproximation(
        _back(problem, target.first, middle[None, :])[0, target.first :],
        float(level[0]),
        float(np.sqrt(found.phi)),
        spread @ spread.T,
        _log_evidence(curve),
        _back(problem, target.first, x),
        _smoothed(logs),
    )


def _belief(inner: Problem) -> tuple[Array, Array]:
    """Precisions and centres of a normal belief, where the likelihood has a curvature."""
    likelihood = inner.likelihood
    good = likelihood.is_probability and likelihood.smooth and likelihood.convex
    if not good or inner.outputs is not None:
        raise InputError(
            "a normal curve at the mode needs a smooth, convex likelihood of one output",
            f"the {likelihood.name} likelihood",
            "Draw from the posterior: pf.sample(problem).",
        )
    mixing = mixing_of(inner.belief, inner.n_weights)
    if not isinstance(mixing, FormMixing) or mixing.moves:
        raise InputError(
            "a normal curve at the mode needs a normal belief: a kink has no curvature",
            f"the {inner.belief.word} belief",
            "Draw from the posterior: pf.sample(problem).",
        )
    return mixing.start().precision, mixing.form.loc


def _smoothed(logs: Array) -> Smoothed:
    """`psis` of one set of log weights; what differs by rounding only counts as equal."""
    low = logs[np.isfinite(logs)].min(initial=0.0) - 1e3
    return psis(np.round(np.maximum(logs, low) - logs.max(), 9)[:, None])


def _log_evidence(curve: Proposal) -> float:
    target, x, first = curve.target, curve.middle, curve.target.first
    known = curve.precision > 0
    lost = target.at(x)[0] / curve.phi + target.constants(curve.phi)
    away = x[first:] - curve.loc
    believed = 0.5 * float(np.log(curve.precision[known] / (2.0 * np.pi)).sum())
    believed -= 0.5 * float(curve.precision @ away**2)
    size = float(np.log(np.diag(curve.root)).sum())
    return believed - lost + 0.5 * len(x) * float(np.log(2.0 * np.pi)) - size


def _back(problem: Problem, first: int, x: Array) -> Array:
    """Rows (intercept, weights) in the problem's own coordinates."""
    change = problem.change
    if change is None:
        return x
    return np.column_stack([x[:, :first], change.back(x[:, first:].T).T])
