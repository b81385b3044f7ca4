"""Two beliefs side by side, at equal width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.priors.base import Prior
from priorfit.priors.moments import expectation
from priorfit.priors.stated import Stated

__all__ = ["Comparison", "compare"]

_MATCHES: dict[str, Callable[[Any], Any]] = {
    "variance": lambda prior: np.sqrt(prior.variance),
    "mean_abs": lambda prior: prior.mean_abs,
    "peak": lambda prior: 1.0 / prior.peak,
}


@dataclass(frozen=True, eq=False)
class Comparison:
    """``prior``, and ``other`` with its scale chosen so that both agree in ``match``.

    Each property is a pair: of ``prior``, of ``other``. t is the distance from loc.

    Source: Gribonval, Cevher & Davies (2012) on why widths must be matched before shapes are
    compared.
    """

    prior: Any
    other: Any
    match: str

    @property
    def peaks(self) -> tuple[float, float]:
        """The density at loc."""
        return self._each(lambda prior: prior.peak)

    @property
    def variances(self) -> tuple[float, float]:
        """``E t^2``."""
        return self._each(lambda prior: prior.variance)

    @property
    def mean_abs(self) -> tuple[float, float]:
        """``E |t|``."""
        return self._each(lambda prior: prior.mean_abs)

    @property
    def excess_kurtoses(self) -> tuple[float, float]:
        """``E t^4 / (E t^2)^2 - 3``: 0 for the normal, 3 for the Laplace."""

        def kurtosis(prior: Any) -> Array:
            fourth = expectation(prior, lambda b: (b - prior.loc) ** 4)
            return np.asarray(fourth / np.square(prior.variance) - 3.0)

        return self._each(kurtosis)

    @property
    def entropies(self) -> tuple[float, float]:
        """``E -log p``, in nats."""
        return self._each(lambda prior: expectation(prior, prior.neg_log_density))

    def beyond(self, t: float) -> tuple[float, float]:
        """``P(|b - loc| > t)``."""
        return self._each(lambda prior: 2.0 * prior.cdf(prior.loc - t))

    @property
    def crossings(self) -> Array:
        """Distances at which the densities are equal."""
        return self._roots(lambda prior, t: prior.neg_log_density(prior.loc + t))

    @property
    def tail_crossings(self) -> Array:
        """Distances t at which ``P(|b - loc| > t)`` is equal."""
        return self._roots(lambda prior, t: np.log(np.maximum(prior.cdf(prior.loc - t), 1e-300)))

    def _each(self, value: Callable[[Any], Any]) -> tuple[float, float]:
        return float(value(self.prior)), float(value(self.other))

    def _within(self, t: float) -> Callable[[Any], Any]:
        return lambda prior: 1.0 - 2.0 * prior.cdf(prior.loc - t)

    def _roots(self, value: Callable[[Any, Any], Any]) -> Array:
        def excess(t: Any) -> Any:
            return value(self.prior, t) - value(self.other, t)

        reach = max(float(p.loc - p.quantile(1e-12)) for p in (self.prior, self.other))
        grid = np.linspace(0.0, reach, 4002)[1:]
        sign = np.sign(np.round(excess(grid), 13))
        at = np.flatnonzero(sign[1:] * sign[:-1] < 0)
        return np.array([brentq(excess, grid[k], grid[k + 1], xtol=1e-14) for k in at])

    def __str__(self) -> str:
        width = float(np.sqrt(self.variances[0]))
        rows: list[tuple[str, float, float]] = [
            ("standard deviation", width, float(np.sqrt(self.variances[1]))),
            ("mean distance from loc", *self.mean_abs),
            ("density at loc", *self.peaks),
            (f"P(closer than {0.1 * width:.3g})", *self._each(self._within(0.1 * width))),
            *((f"P(farther than {k * width:.3g})", *self.beyond(k * width)) for k in (2, 3, 4)),
            ("excess kurtosis", *self.excess_kurtoses),
            ("entropy, nats", *self.entropies),
        ]
        head = f"{'':24}{self.prior.word:>14}{self.other.word:>14}"
        lines = [f"{name:24}{_plain(a):>14}{_plain(b):>14}" for name, a, b in rows]
        return "\n".join([f"matched in {self.match.replace('_', ' ')}", head, *lines])


def _plain(value: float) -> str:
    return f"{0.0 if abs(value) < 1e-9 else value:.4g}".replace("-", "\u2212")


def compare(prior: Prior, other: Prior, match: str = "variance") -> Comparison:
    """See `Prior.compare`."""
    if match not in _MATCHES:
        raise InputError(
            f"`match` must be one of {', '.join(_MATCHES)}", repr(match), "Choose one of them."
        )
    for one in (prior, other):
        if not (isinstance(one, Stated) and one.separable and one._shape() == ()):
            raise InputError(
                "priors to be compared must be normal, Laplace or elastic net with one scale",
                repr(one),
                "Compare the belief about one column.",
            )
    width = _MATCHES[match]
    return Comparison(prior, other.widened(float(width(prior) / width(other))), match)
