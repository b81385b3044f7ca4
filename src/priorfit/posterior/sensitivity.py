"""Would a slightly stronger prior, or likelihood, move the posterior?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike
from priorfit.posterior.diagnostics import ess_tail
from priorfit.posterior.psis import psis

__all__ = ["Sensitivity", "power_scaling"]

#: powers that the density is raised to, below and above 1
POWERS = (0.99, 1.01)


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """How far each parameter (k,) moves for each doubling of a power: of the ``prior``, of the
    ``likelihood``. From ``threshold`` on it counts. ``names`` of the parameters, where known."""

    prior: Array
    likelihood: Array
    threshold: float = 0.05
    names: tuple[str, ...] = ()

    @property
    def diagnosis(self) -> tuple[str, ...]:
        """For each parameter "prior-data conflict" (both count), "strong prior / weak likelihood"
        (the prior counts alone) or "-"."""
        prior, likelihood = self.prior >= self.threshold, self.likelihood >= self.threshold
        words = np.where(likelihood, "prior-data conflict", "strong prior / weak likelihood")
        return tuple(str(word) for word in np.where(prior, words, "-"))

    def __repr__(self) -> str:
        names = self.names or tuple(str(j) for j in range(len(self.prior)))
        wide = max(9, *(len(name) for name in names))
        columns = (names, self.prior, self.likelihood, self.diagnosis)
        rows = [
            f"{name:>{wide}}{prior:9.3f}{likelihood:12.3f}  {words}"
            for name, prior, likelihood, words in zip(*columns, strict=True)
        ]
        return "\n".join([f"{'parameter':>{wide}}    prior  likelihood  diagnosis", *rows])


def power_scaling(
    values: ArrayLike, log_prior: ArrayLike, log_likelihood: ArrayLike, threshold: float = 0.05
) -> Sensitivity:
    """``d CJS(posterior, posterior with p^a) / d log2 a`` at a = 1, p the prior or likelihood.

    CJS is the cumulative Jensen-Shannon distance of one parameter's distribution functions, a
    number in 0..1 free of units; the posterior with the power is reached by smoothed importance
    weights. values (chains, draws, k); log_prior and log_likelihood (chains, draws), summed over
    parameters and rows, up to constants. Raises `InputError` for shapes that do not agree or
    values that are not finite. Source: Kallioinen, Paananen, Bürkner, Vehtari (2024), Statistics
    and Computing 34, 57.

    Examples
    --------
    >>> draws = np.random.default_rng(0).normal(size=(4, 1000, 1))  # of prior N(0, 1), no data
    >>> power_scaling(draws, -0.5 * draws[..., 0] ** 2, np.zeros((4, 1000))).diagnosis
    ('strong prior / weak likelihood',)
    """
    draws = np.asarray(values, dtype=np.float64)
    parts = [np.asarray(part, dtype=np.float64) for part in (log_prior, log_likelihood)]
    if draws.ndim != 3 or any(part.shape != draws.shape[:2] for part in parts):
        raise InputError(
            "`values` must be (chains, draws, k), the log densities (chains, draws)",
            ", ".join(str(a.shape) for a in (draws, *parts)),
            "Sum the log densities over parameters and rows.",
        )
    if not all(np.isfinite(a).all() for a in (draws, *parts)):
        raise InputError("draws and log densities must be finite", "NaN or infinity", "Drop them.")
    joined = draws.reshape(-1, draws.shape[2])
    prior, likelihood = (_gradient(joined, part) for part in parts)
    return Sensitivity(prior, likelihood, threshold)


def _gradient(values: Array, log_density: Array) -> Array:
    """Mean of the slopes (k,) below and above the power 1; 0 for a density that is constant."""
    if np.ptp(log_density) == 0.0:
        return np.zeros(values.shape[1])
    reff = ess_tail(log_density) / log_density.size
    slopes = []
    for power in POWERS:
        weights = np.exp(psis((power - 1.0) * log_density.reshape(-1, 1), reff).log_weights)
        both = np.maximum(distance(values, weights), distance(-values, weights))
        slopes.append(both / abs(np.log2(power)))
    return np.asarray((slopes[0] + slopes[1]) / 2.0)


def distance(values: Array, weights: Array) -> Array:
    """Cumulative Jensen-Shannon distance (k,) of draws (S, k) with equal weights and with
    ``weights`` (S, 1); 0 for constants."""
    order = np.argsort(values, axis=0)
    step = np.diff(np.take_along_axis(values, order, axis=0), axis=0)
    size = len(values)
    equal = (np.arange(1, size) / size)[:, None]
    weighted = np.cumsum(weights[order, 0] / weights.sum(), axis=0)[:-1]
    middle = 0.5 * (equal + weighted)
    gap = ((weighted - equal) * step).sum(axis=0) * 0.5 / np.log(2.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = (step * equal * np.log2(equal / middle)).sum(axis=0) + gap
        ratio = np.where(weighted > 0.0, weighted * np.log2(weighted / middle), 0.0)
        second = (step * ratio).sum(axis=0) - gap
        bound = ((equal + weighted) * step).sum(axis=0)
        answer = np.sqrt((np.maximum(first, 0.0) + np.maximum(second, 0.0)) / bound)
    return np.where(bound > 0.0, answer, 0.0)
