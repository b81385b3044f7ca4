"""A precision for every weight (automatic relevance determination), columns pruned on the way.

The fixed point of MacKay (1994) says which columns go; what is left is finished by Newton's method
on the gradient of the log evidence, whose second derivatives are known in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from priorfit._typing import Array, Index
from priorfit.solve.evidence.rates import Rates

__all__ = ["Each", "each"]

_MOST = 100_000
_EVERY = 50  # steps of the fixed point between tries of Newton's method
_SMALL = 1e-12


@dataclass(frozen=True, eq=False)
class Each:
    """``noise`` a; ``weight`` l (p,), that of a pruned column being where it went over the
    threshold; ``coef`` (p,); ``covariance`` and ``kept``: of the columns left; ``gradient`` of the
    log evidence by the logarithms, over half the number of rows; ``rounds``."""

    noise: float
    weight: Array
    coef: Array
    covariance: Array
    kept: Index
    gradient: float
    rounds: int
    lost: float

    def log_evidence(self, rates: Rates, rows: int) -> float:
        """As scikit-learn counts it: precisions of pruned columns included, no constants."""
        size = np.linalg.slogdet(self.covariance)[1]
        fit = self.noise * self.lost + float(self.weight @ self.coef**2)
        value = 0.5 * (float(size) + rows * np.log(self.noise) + np.log(self.weight).sum() - fit)
        value += (rates.weight_shape * np.log(self.weight) - rates.weight_rate * self.weight).sum()
        return float(value + rates.noise_shape * np.log(self.noise) - rates.noise_rate * self.noise)


@dataclass(frozen=True, eq=False)
class _Rows:
    gram: Array
    correlation: Array
    square: float
    n: int
    rates: Rates


@dataclass(frozen=True, eq=False)
class _State:
    """Posterior mean and covariance of the kept columns at (noise, weight)."""

    noise: float
    weight: Array
    mean: Array
    covariance: Array
    lost: float
    slopes: Array

    @property
    def size(self) -> float:
        return float(np.abs(self.slopes).max(initial=0.0))


def each(X: Array, y: Array, rates: Rates, threshold: float) -> Each:
    """Precisions at which the log evidence of centred rows is stationary.

    Columns whose precision passes ``threshold`` are pruned, as in scikit-learn.
    """
    rows = _Rows(X.T @ X, X.T @ y, float(y @ y), len(y), rates)
    kept = np.arange(X.shape[1])
    weight = np.ones(X.shape[1])
    noise = 1.0 / (float(np.var(y)) + float(np.finfo(np.float64).eps))
    state, rounds = _state(rows, kept, noise, weight), 0
    while len(kept) and rounds < _MOST and state.size > _SMALL * rows.n:
        rounds += 1
        if rounds % _EVERY == 0:
            finished = _newton(rows, kept, state)
            if finished is not None and np.all(finished.weight < threshold):
                state = finished
                weight[kept] = state.weight
                break
        noise, weight[kept] = _fixed_point(rows, state)
        kept = kept[weight[kept] < threshold]
        state = _state(rows, kept, noise, weight[kept])
    coef = np.zeros(X.shape[1])
    coef[kept] = state.mean
    return Each(
        state.noise,
        weight,
        coef,
        state.covariance,
        kept,
        state.size / (0.5 * rows.n),
        rounds,
        state.lost,
    )


def _fixed_point(rows: _Rows, state: _State) -> tuple[float, Array]:
    """``l = (gamma + 2 shape) / (m^2 + 2 rate)`` and a likewise."""
    rates = rows.rates
    gamma = 1.0 - state.weight * np.diag(state.covariance)
    weight = (gamma + 2 * rates.weight_shape) / (state.mean**2 + 2 * rates.weight_rate)
    left = rows.n - gamma.sum() + 2 * rates.noise_shape
    return float(left / (state.lost + 2 * rates.noise_rate)), weight


def _state(rows: _Rows, kept: Index, noise: float, weight: Array) -> _State:
    gram, correlation = rows.gram[np.ix_(kept, kept)], rows.correlation[kept]
    # with the roots of l on both sides the matrix is I plus a positive one
    root = 1.0 / np.sqrt(weight)
    inner = np.eye(len(kept)) + noise * root[:, None] * gram * root
    inverse = linalg.inv(inner) if len(kept) else inner
    covariance = root[:, None] * (0.5 * (inverse + inverse.T)) * root
    mean = noise * covariance @ correlation
    lost = max(float(rows.square - 2 * mean @ correlation + mean @ gram @ mean), 0.0)
    gamma = 1.0 - weight * np.diag(covariance)
    rates = rows.rates
    by_weight = rates.weight_shape + 0.5 * gamma - weight * (0.5 * mean**2 + rates.weight_rate)
    by_noise = rates.noise_shape + 0.5 * (rows.n - gamma.sum())
    by_noise -= noise * (0.5 * lost + rates.noise_rate)
    return _State(noise, weight, mean, covariance, lost, np.append(by_weight, by_noise))


def _newton(rows: _Rows, kept: Index, state: _State) -> _State | None:
    """To where the gradient vanishes, steps of at most 1 in the logarithms; None where it
    does not get there."""
    for _ in range(50):
        if state.size <= _SMALL * rows.n:
            return state
        step = -np.linalg.lstsq(_hessian(rows, state), state.slopes, rcond=None)[0]
        step /= max(1.0, float(np.abs(step).max()))
        for share in (1.0, 0.3, 0.1):
            weight = state.weight * np.exp(share * step[:-1])
            tried = _state(rows, kept, state.noise * float(np.exp(share * step[-1])), weight)
            if tried.size < state.size:
                break
        else:
            return None
        state = tried
    return None


def _hessian(rows: _Rows, state: _State) -> Array:
    """Of the log evidence by the logarithms of l and a."""
    rates, weight, mean, spread = rows.rates, state.weight, state.mean, state.covariance
    pulled = weight * mean
    out = 0.5 * np.outer(weight, weight) * spread**2 + np.outer(pulled, pulled) * spread
    own = 0.5 * weight * np.diag(spread) + weight * (0.5 * mean**2 + rates.weight_rate)
    out[np.diag_indices_from(out)] -= own
    along = np.diag(spread) - np.einsum("jk,k,jk->j", spread, weight, spread)
    across = 0.5 * weight * along - pulled * (spread @ pulled)
    corner = -0.5 * float(weight @ along) + float(pulled @ spread @ pulled)
    corner -= state.noise * (0.5 * state.lost + rates.noise_rate)
    return np.block([[out, across[:, None]], [across[None, :], np.array([[corner]])]])
