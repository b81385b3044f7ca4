"""Whether chains agree, and how many independent draws they are worth.

All functions take draws of shape (chains, draws, ...) and answer for each of the trailing entries.
Source: Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), Bayesian Analysis 16.
"""

from __future__ import annotations

import numpy as np
from scipy import fft
from scipy.special import ndtri
from scipy.stats import rankdata

from priorfit._errors import InputError
from priorfit._typing import Array

__all__ = [
    "ebfmi",
    "ess_bulk",
    "ess_mean",
    "ess_quantile",
    "ess_tail",
    "mcse_mean",
    "mcse_quantile",
    "mcse_sd",
    "rhat",
]

_FEW = 4  # draws of a chain, at least


def rhat(draws: Array) -> Array:
    """The larger of the rank-normalised split R-hat of draws and of their distances from the
    median: sqrt of total variance over variance within half chains. 1 where chains agree.

    Near 1 (at most 1.01) is a need, not a proof. NaN for a constant.

    Raises
    ------
    InputError
        where chains have fewer than four draws.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(4, 1000))
    >>> bool(rhat(x) < 1.01), bool(rhat(x + np.arange(4)[:, None]) > 1.5)
    (True, True)
    """
    halves = _split(_flat(draws))
    folded = np.abs(halves - np.median(halves, axis=(0, 1)))
    both = np.maximum(_ratio(_normal_scores(halves)), _ratio(_normal_scores(folded)))
    return _shaped(both, draws)


def ess_bulk(draws: Array) -> Array:
    """Effective sample size of the rank-normalised draws: how well the centre is known.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(4, 1000))
    >>> bool(3000 < ess_bulk(x) < 5000)
    True
    """
    return _shaped(_ess(_normal_scores(_split(_flat(draws)))), draws)


def ess_mean(draws: Array) -> Array:
    """Effective sample size for the mean: draws times variance over that of independent draws."""
    return _shaped(_ess(_split(_flat(draws))), draws)


def ess_quantile(draws: Array, q: float) -> Array:
    """Effective sample size for the quantile ``q``: that of ``draws <= quantile``."""
    if not 0.0 < q < 1.0:
        raise InputError("`q` must lie in (0, 1)", repr(q), "Say 0.05.")
    flat = _flat(draws)
    below = flat <= np.quantile(flat, q, axis=(0, 1))
    return _shaped(_ess(_split(below.astype(np.float64))), draws)


def ess_tail(draws: Array) -> Array:
    """The smaller of the effective sample sizes of the 5 % and the 95 % quantile."""
    return np.minimum(ess_quantile(draws, 0.05), ess_quantile(draws, 0.95))


def mcse_mean(draws: Array) -> Array:
    """Monte Carlo standard error of the mean: sd over the root of `ess_mean`."""
    return np.asarray(_sd(draws) / np.sqrt(ess_mean(draws)))


def mcse_sd(draws: Array) -> Array:
    """Monte Carlo standard error of the standard deviation, by the delta method on the variance.

    With z the squared distances from the mean: ``sd(z) / (2 sd sqrt(ess(z)))``.
    """
    away = np.square(draws - draws.mean(axis=(0, 1)))
    varies = np.square(away).mean(axis=(0, 1)) - away.mean(axis=(0, 1)) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = varies / ess_mean(away)
        return np.asarray(np.sqrt(spread / (4.0 * away.mean(axis=(0, 1)))))


def mcse_quantile(draws: Array, q: float) -> Array:
    """Monte Carlo standard error of the quantile ``q``: half the distance of the order statistics
    at the 16 % and 84 % points of the beta distribution of its rank."""
    from scipy.special import betaincinv

    flat, size = _flat(draws), np.atleast_1d(ess_quantile(draws, q)).ravel()
    ends = [betaincinv(size * q + 1.0, size * (1.0 - q) + 1.0, p) for p in (0.1586553, 0.8413447)]
    values = np.sort(flat.reshape(-1, flat.shape[-1]), axis=0)
    n = len(values)
    low = np.maximum(np.floor(ends[0] * n).astype(int) - 1, 0)
    high = np.minimum(np.ceil(ends[1] * n).astype(int) - 1, n - 1)
    column = np.arange(values.shape[1])
    return _shaped(0.5 * (values[high, column] - values[low, column]), draws)


def ebfmi(energy: Array) -> Array:
    """Estimated Bayesian fraction of missing information of each chain, (chains,): the mean squared
    change of the energy over its variance. Below 0.3 the momentum does not reach the tails.

    Source: Betancourt (2016), A conceptual introduction to Hamiltonian Monte Carlo, section 6.1.
    """
    change = np.square(np.diff(energy, axis=1)).mean(axis=1)
    return np.asarray(change / energy.var(axis=1, ddof=1))


# -- pieces --------------------------------------------------------------------------------------


def _flat(draws: Array) -> Array:
    """(chains, draws, entries)."""
    draws = np.asarray(draws, dtype=np.float64)
    if draws.ndim < 2 or draws.shape[1] < _FEW:
        raise InputError(
            f"draws must be (chains, draws, ...) with at least {_FEW} draws",
            f"shape {draws.shape}",
            "Sample for longer.",
        )
    return draws.reshape(*draws.shape[:2], -1)


def _shaped(values: Array, draws: Array) -> Array:
    return np.asarray(values.reshape(np.shape(draws)[2:]))


def _split(flat: Array) -> Array:
    """Twice as many chains of half the length; the middle draw of an odd length is left out."""
    half = flat.shape[1] // 2
    return np.concatenate([flat[:, :half], flat[:, -half:]])


def _normal_scores(chains: Array) -> Array:
    """``Phi^-1((rank - 3/8) / (n + 1/4))`` over all chains; NaN where a draw is not finite."""
    n = chains.shape[0] * chains.shape[1]
    table = chains.reshape(n, -1)
    ranks = rankdata(table, method="average", axis=0)
    scores = ndtri((ranks - 0.375) / (n + 0.25)).reshape(chains.shape)
    scores[:, :, ~np.all(np.isfinite(table), axis=0)] = np.nan
    return np.asarray(scores)


def _ratio(chains: Array) -> Array:
    n = chains.shape[1]
    within = chains.var(axis=1, ddof=1).mean(axis=0)
    between = chains.mean(axis=1).var(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt((between + within * (n - 1) / n) / within))


def _sd(draws: Array) -> Array:
    n = draws.shape[0] * draws.shape[1]
    return np.asarray(draws.std(axis=(0, 1)) * np.sqrt(n / (n - 1)))


def _autocovariance(chains: Array) -> Array:
    """Along each chain, divided by its length, by Fourier transform."""
    n = chains.shape[1]
    size = fft.next_fast_len(2 * n, real=True)
    spectrum = fft.rfft(chains - chains.mean(axis=1, keepdims=True), size, axis=1)
    return np.asarray(fft.irfft(np.abs(spectrum) ** 2, size, axis=1)[:, :n] / n)


def _ess(chains: Array) -> Array:
    """Geyer's initial monotone sequence over the correlations of all chains."""
    m, n, _ = chains.shape
    covariance = _autocovariance(chains)
    within = covariance[:, 0].mean(axis=0) * n / (n - 1)
    total = within * (n - 1) / n
    if m > 1:
        total = total + chains.mean(axis=1).var(axis=0, ddof=1)
    spread = chains.max(axis=(0, 1)) - chains.min(axis=(0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = 1.0 - (within - covariance.mean(axis=0)) / total
    rho[0] = 1.0
    out = np.array([_time(one) for one in rho.T])
    size = m * n
    found = size / np.maximum(out, 1.0 / np.log10(size))
    return np.where(np.isfinite(spread), np.where(spread > 0, found, float(size)), np.nan)


def _time(rho: Array) -> float:
    """The integrated autocorrelation time: pairs while they are positive, made to fall."""
    n = len(rho)
    t, even, odd = 1, 1.0, float(rho[1]) if n > 1 else 0.0
    kept = np.zeros(n)
    kept[0], kept[1:2] = 1.0, odd
    while t < n - 3 and even + odd > 0.0:
        even, odd = float(rho[t + 1]), float(rho[t + 2])
        if even + odd >= 0.0:
            kept[t + 1], kept[t + 2] = even, odd
        t += 2
    last = t - 2
    if even > 0.0 and last + 1 < n:
        kept[last + 1] = even
    t = 1
    while t <= last - 2:
        if kept[t + 1] + kept[t + 2] > kept[t - 1] + kept[t]:
            kept[t + 1] = kept[t + 2] = 0.5 * (kept[t - 1] + kept[t])
        t += 2
    return -1.0 + 2.0 * float(kept[: last + 1].sum()) + float(kept[min(last + 1, n - 1)])
