"""How much the posterior would move if prior or data counted a little more or less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from priorfit._typing import Array
from priorfit.posterior.psis import psis

__all__ = ["Sensitivity", "power_scaling"]

_STEP = 0.01  # of the power, in units of log 2
_LIMIT = 0.05  # above which a posterior is called sensitive


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Distance that each parameter's posterior moves per doubling of the ``prior``'s and of the
    ``likelihood``'s power, (k,), and what that means."""

    names: tuple[str, ...]
    prior: Array
    likelihood: Array

    @property
    def diagnosis(self) -> tuple[str, ...]:
        """In words, for each parameter."""
        return tuple(_words(p, y) for p, y in zip(self.prior, self.likelihood, strict=True))

    def __repr__(self) -> str:
        width = max(9, *(len(name) for name in self.names))
        head = f"{'parameter':<{width}}  {'prior':>6}  {'data':>6}  diagnosis"
        lines = [
            f"{name:<{width}}  {p:6.3f}  {y:6.3f}  {words}"
            for name, p, y, words in zip(
                self.names, self.prior, self.likelihood, self.diagnosis, strict=True
            )
        ]
        return "\n".join([head, *lines])


def _words(prior: float, data: float) -> str:
    if prior < _LIMIT:
        return "-"
    return "prior and data disagree" if data >= _LIMIT else "strong prior or weak data"


def power_scaling(
    values: Array, log_prior: Array, log_likelihood: Array, names: Sequence[str]
) -> Sensitivity:
    """Sensitivity of ``values`` (draws, k) to powers of the prior and of the likelihood.

    Draws are weighted by ``p^(alpha - 1)``, alpha a little above and below 1, Pareto smoothed; the
    distance is the cumulative Jensen-Shannon distance of the weighted from the plain draws, over
    ``log2 alpha``. ``log_prior`` and ``log_likelihood`` (draws,) are of whole draws.

    Source: Kallioinen, Paananen, Bürkner & Vehtari (2024), Statistics and Computing 34, section 2.
    """
    parts = [_distances(values, logs) for logs in (log_prior, log_likelihood)]
    return Sensitivity(tuple(names), parts[0], parts[1])


def _distances(values: Array, logs: Array) -> Array:
    found = []
    for sign in (-1.0, 1.0):
        alpha = 2.0 ** (sign * _STEP)
        weights = np.exp(psis((alpha - 1.0) * logs).log_weights[:, 0])
        found.append([_distance(column, weights) for column in values.T])
    return np.asarray(np.mean(found, axis=0) / _STEP)


def _distance(x: Array, weights: Array) -> float:
    """The symmetric cumulative Jensen-Shannon distance of draws and weighted draws."""
    order = np.argsort(x)
    x, w = x[order], weights[order]
    gaps = np.diff(x)
    plain = np.arange(1, len(x)) / len(x)
    other = np.clip(np.cumsum(w)[:-1], 0.0, 1.0)
    upper = _divergence(plain, other, gaps) + _divergence(other, plain, gaps)
    lower = _divergence(1 - plain, 1 - other, gaps) + _divergence(1 - other, 1 - plain, gaps)
    bound = float(gaps @ (plain + other))
    below = float(gaps @ (2.0 - plain - other))
    ratios = [part / size for part, size in ((upper, bound), (lower, below)) if size > 0]
    return float(np.sqrt(max([0.0, *ratios])))


def _divergence(p: Array, q: Array, gaps: Array) -> float:
    """``integral p log2(2 p / (p + q))`` with the part that makes it >= 0."""
    middle = 0.5 * (p + q)
    inside = np.where(p > 0, p * np.log2(np.maximum(p, 1e-300) / np.maximum(middle, 1e-300)), 0.0)
    return float(gaps @ inside) + 0.5 / float(np.log(2.0)) * float(gaps @ (q - p))
