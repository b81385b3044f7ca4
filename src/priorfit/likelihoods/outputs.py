"""Several outputs as one long column: entry (i, k) of an (n, q) array is row ``i q + k``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from priorfit._typing import Array
from priorfit.likelihoods.base import Likelihood
from priorfit.likelihoods.gaussian import Gaussian

__all__ = ["Flattened", "flattened"]


@dataclass(frozen=True)
class Flattened(Likelihood):
    """A likelihood of ``outputs`` entries per row, over flat arrays (n q,) and (n q, k).

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> Flattened(pf.Multinomial(), 2).mean(np.zeros(4))
    array([0.5, 0.5, 0.5, 0.5])
    """

    inner: Likelihood
    outputs: int

    @property
    def name(self) -> str:  # type: ignore[override]
        """That of the inner one."""
        return self.inner.name

    def check(self, y: Array) -> None:
        self.inner.check(self._wide(y))

    def loss(self, y: Array, eta: Array) -> Array:
        return self._flat(self.inner.loss, y, eta)

    def slope(self, y: Array, eta: Array) -> Array:
        return self._flat(self.inner.slope, y, eta)

    def curvature(self, y: Array, eta: Array) -> Array:
        return self._flat(self.inner.curvature, y, eta)

    def conjugate(self, y: Array, slope: Array) -> Array:
        return self._flat(self.inner.conjugate, y, slope)

    def saturated(self, y: Array) -> Array:
        return self._flat(self.inner.saturated, y)

    def constant(self, y: Array, phi: float) -> Array:
        return self.inner.constant(self._wide(y), phi).reshape(y.shape)

    def mean(self, eta: Array) -> Array:
        return self._flat(self.inner.mean, eta)

    def eta_of(self, mean_y: float) -> float:
        return self.inner.eta_of(mean_y)

    def attained(self, y: Array) -> bool:
        return self.inner.attained(self._wide(y))

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:
        return self.inner.draw(self._wide(eta), phi, rng).reshape(eta.shape)

    def hessian(self, y: Array, eta: Array, weights: Array, v: Array) -> Array:
        wide = self._wide(y), self._wide(eta), weights[:: self.outputs], self._wide(v)
        return self.inner.hessian(*wide).reshape(v.shape)

    def dual(self, y: Array, theta: Array, weights: Array) -> Array:
        return self.inner.dual(self._wide(y), self._wide(theta), weights[:: self.outputs])

    def null_eta(self, y: Array, weights: Array, offset: Array) -> Array:
        """The best intercepts, (outputs,)."""
        wide = self._wide(y), weights[:: self.outputs], self._wide(offset)
        return np.asarray(self.inner.null_eta(*wide))

    def _wide(self, values: Array) -> Array:
        return values.reshape(-1, self.outputs, *values.shape[1:])

    def _flat(self, function: Callable[..., Array], *arrays: Array) -> Array:
        most = max(a.ndim for a in arrays)
        wide = [self._wide(a.reshape(a.shape + (1,) * (most - a.ndim))) for a in arrays]
        found = function(*wide)
        return found.reshape(-1, *found.shape[2:])


def flattened(likelihood: Likelihood, y: Array, weights: Array) -> tuple[Likelihood, Array, Array]:
    """(likelihood, y, weights) over the entries of ``y``: as they are where there is one output."""
    if y.ndim == 1:
        return likelihood, y, weights
    outputs = y.shape[1]
    alone = isinstance(likelihood, Gaussian)
    over = likelihood if alone else Flattened(likelihood, outputs)
    return over, y.ravel(), np.repeat(weights, outputs)
