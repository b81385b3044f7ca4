"""A precision for every weight (automatic relevance determination) or for every group of them,
columns pruned on the way.

The fixed point of MacKay (1994) says which columns go; what is left is finished by Newton's method
on the gradient of the log evidence, whose second derivatives are known in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from priorfit._typing import Array, Index
from priorfit.solve.evidence.rates import Rates

__all__ = ["Each", "Rows", "each", "each_group"]

_MOST = 100_000
_EVERY = 50  # steps of the fixed point between tries of Newton's method
_SMALL = 1e-12
_TINY = 1e-300
_PRUNED = 1e-4  # of the variance of y


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
class Rows:
    """``X'X`` (p, p), ``X'y`` (p,), ``y'y`` and how many there are, of centred rows; the noise's
    precision where it is known; ``member`` (p, g): 1 where a column is of a group."""

    gram: Array
    correlation: Array
    square: float
    n: float
    rates: Rates
    member: Array
    known: float | None = None

    def of_kept(self, kept: Index) -> Array:
        """`member` of these columns, groups without a column left out."""
        member = self.member[kept]
        return np.asarray(member[:, member.any(axis=0)])


@dataclass(frozen=True, eq=False)
class _State:
    """Posterior mean and covariance of the kept columns at (noise, weight)."""

    noise: float
    weight: Array
    mean: Array
    covariance: Array
    lost: float
    slopes: Array
    member: Array

    @property
    def size(self) -> float:
        return float(np.abs(self.slopes).max(initial=0.0))


def each(X: Array, y: Array, rates: Rates, threshold: float) -> Each:
    """Precisions at which the log evidence of centred rows is stationary.

    Columns whose precision passes ``threshold`` are pruned, as in scikit-learn.
    """
    p = X.shape[1]
    rows = Rows(X.T @ X, X.T @ y, float(y @ y), len(y), rates, np.eye(p))
    return _learned(rows, 1.0 / (float(np.var(y)) + float(np.finfo(np.float64).eps)), threshold)


def each_group(rows: Rows) -> Each:
    """One precision for each group of columns, at which the log evidence is stationary.

    A group whose share of the variance of y is believed to be below 1e-4 is pruned: its scale is 0.

    Examples
    --------
    >>> X, y = np.diag([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 0.1])
    >>> member = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> rows = Rows(X.T @ X, X.T @ y, float(y @ y), 3.0, Rates(), member, 4.0)
    >>> each_group(rows).kept
    array([0, 1])
    """
    share = rows.square / max(rows.n, 1.0)
    noise = 1.0 / max(share, _TINY) if rows.known is None else rows.known
    variance = np.diag(rows.gram) @ rows.member / max(rows.n, 1.0)
    return _learned(rows, noise, float(np.max(variance)) / max(_PRUNED * share, _TINY))


def _learned(rows: Rows, noise: float, threshold: float) -> Each:
    p = len(rows.correlation)
    kept, weight = np.arange(p), np.ones(p)
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
    coef = np.zeros(p)
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


def _fixed_point(rows: Rows, state: _State) -> tuple[float, Array]:
    """``l = sum (gamma + 2 shape) / sum (m^2 + 2 rate)`` over a group, and a likewise."""
    rates, member = rows.rates, state.member
    gamma = 1.0 - state.weight * np.diag(state.covariance)
    above = member.T @ (gamma + 2 * rates.weight_shape)
    weight = member @ (
        above / np.maximum(member.T @ (state.mean**2 + 2 * rates.weight_rate), _TINY)
    )
    if rows.known is not None:
        return rows.known, np.asarray(weight)
    left = rows.n - gamma.sum() + 2 * rates.noise_shape
    return float(left / (state.lost + 2 * rates.noise_rate)), weight


def _state(rows: Rows, kept: Index, noise: float, weight: Array) -> _State:
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
    by_noise = 0.0 if rows.known is not None else by_noise
    member = rows.of_kept(kept)
    slopes = np.append(member.T @ by_weight, by_noise)
    return _State(noise, weight, mean, covariance, lost, slopes, member)


def _newton(rows: Rows, kept: Index, state: _State) -> _State | None:
    """To where the gradient vanishes, steps of at most 1 in the logarithms; None where it
    does not get there."""
    for _ in range(50):
        if state.size <= _SMALL * rows.n:
            return state
        step = -np.linalg.lstsq(_hessian(rows, state), state.slopes, rcond=None)[0]
        step /= max(1.0, float(np.abs(step).max()))
        for share in (1.0, 0.3, 0.1):
            weight = state.weight * np.exp(share * (state.member @ step[:-1]))
            tried = _state(rows, kept, state.noise * float(np.exp(share * step[-1])), weight)
            if tried.size < state.size:
                break
        else:
            return None
        state = tried
    return None


def _hessian(rows: Rows, state: _State) -> Array:
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
    member = state.member
    out, across = member.T @ out @ member, member.T @ across
    if rows.known is not None:
        across, corner = np.zeros_like(across), -1.0
    return np.block([[out, across[:, None]], [across[None, :], np.array([[corner]])]])
