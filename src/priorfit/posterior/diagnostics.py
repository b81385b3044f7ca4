"""Have the chains mixed, and how many independent draws are theirs worth?

All functions take draws (chains, draws) or (chains, draws, ...) and answer for each entry of the
trailing axes. Draws that are all equal, or not all finite, give NaN. Source: Vehtari, Gelman,
Simpson, Carpenter, Bürkner (2021), Bayesian Analysis 16, 667.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtri
from scipy.stats import beta, rankdata

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike

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

#: probabilities of a standard normal below -1 and below 1
ONE_SD = (0.1586553, 0.8413447)


def rhat(draws: ArrayLike) -> Array:
    """``sqrt((B / W + n - 1) / n)`` of ranks turned into normal scores, chains cut in halves.

    B is n times the variance of the halves' means, W the mean of their variances. The larger of
    two: of the draws (do they agree where they are?) and of their distances from the median (do
    they agree how wide they are?). Below 1.01 is good. One chain is judged by its halves.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> bool(rhat(rng.normal(size=(4, 500))) < 1.01)
    True
    >>> bool(rhat(rng.normal(size=(4, 500)) + np.arange(4)[:, None]) > 1.5)
    True
    """

    def larger(values: Array) -> Array:
        halves = _split(values)
        folded = np.abs(halves - np.median(halves, axis=(0, 1)))
        return np.asarray(np.fmax(_ratio(_scores(halves)), _ratio(_scores(folded))))

    return _each(draws, larger)


def ess_bulk(draws: ArrayLike) -> Array:
    """``S / tau`` of the normal scores of the ranks: how well the middle is known.

    S is the number of draws, ``tau = 1 + 2 sum rho_t``, cut off by Geyer's initial monotone
    sequence. At least 100 per chain is good.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> bool(1500 < ess_bulk(rng.normal(size=(4, 500))) < 2500)
    True
    """
    return _each(draws, lambda values: _ess(_scores(_split(values))))


def ess_mean(draws: ArrayLike) -> Array:
    """``S / tau`` of the draws themselves: what their mean is worth.

    Examples
    --------
    >>> bool(ess_mean(np.random.default_rng(0).normal(size=(4, 500))) > 1500)
    True
    """
    return _each(draws, _ess_of_mean)


def ess_quantile(draws: ArrayLike, q: float) -> Array:
    """``S / tau`` of the indicator ``draw <= quantile``: what the q-quantile is worth.

    Where the indicator is the same for all draws it is S. Raises `InputError` unless 0 < q < 1.

    Examples
    --------
    >>> bool(ess_quantile(np.random.default_rng(0).normal(size=(4, 500)), 0.5) > 1500)
    True
    """
    _check_share(q)
    return _each(draws, lambda values: _ess_of_quantile(values, q))


def ess_tail(draws: ArrayLike) -> Array:
    """The smaller `ess_quantile` of 5 % and 95 %: what the ends of an interval are worth.

    Examples
    --------
    >>> bool(ess_tail(np.random.default_rng(0).normal(size=(4, 500))) > 1000)
    True
    """

    def smaller(values: Array) -> Array:
        return np.minimum(_ess_of_quantile(values, 0.05), _ess_of_quantile(values, 0.95))

    return _each(draws, smaller)


def mcse_mean(draws: ArrayLike) -> Array:
    """``sd / sqrt(ess_mean)``: the standard error of the mean of the draws, in their units.

    Examples
    --------
    >>> bool(mcse_mean(np.random.default_rng(0).normal(size=(4, 500))) < 0.03)
    True
    """

    def error(values: Array) -> Array:
        sd = values.std(axis=(0, 1), ddof=1)
        return np.asarray(sd / np.sqrt(_ess_of_mean(values)))

    return _each(draws, error)


def mcse_sd(draws: ArrayLike) -> Array:
    """``sqrt((m4 - m2^2) / (4 m2 ess))``: the standard error of the draws' standard deviation.

    m2, m4 are central moments, ess is that of the squared deviations: those of an antithetic
    chain move together although its draws do not.

    Examples
    --------
    >>> bool(mcse_sd(np.random.default_rng(0).normal(size=(4, 500))) < 0.03)
    True
    """

    def error(values: Array) -> Array:
        square = np.square(values - values.mean(axis=(0, 1)))
        second = square.mean(axis=(0, 1))
        spread = np.square(square).mean(axis=(0, 1)) - np.square(second)
        return np.asarray(np.sqrt(spread / _ess_of_mean(square) / second / 4.0))

    return _each(draws, error)


def mcse_quantile(draws: ArrayLike, q: float) -> Array:
    """Half the distance of the draws at the one-sd ends of ``Beta(ess q + 1, ess (1 - q) + 1)``.

    The standard error of the q-quantile, in units of the draws; ess is `ess_quantile`.

    Examples
    --------
    >>> bool(mcse_quantile(np.random.default_rng(0).normal(size=(4, 500)), 0.5) < 0.05)
    True
    """
    _check_share(q)

    def error(values: Array) -> Array:
        ess = _ess_of_quantile(values, q)
        ordered = np.sort(values.reshape(-1, values.shape[2]), axis=0)
        size = len(ordered)
        low, high = (beta.ppf(end, ess * q + 1.0, ess * (1.0 - q) + 1.0) for end in ONE_SD)
        first = np.floor(np.maximum(low * size - 1.0, 0.0)).astype(np.intp)
        last = np.ceil(np.minimum(high * size - 1.0, size - 1.0)).astype(np.intp)
        column = np.arange(values.shape[2])
        return np.asarray((ordered[last, column] - ordered[first, column]) / 2.0)

    return _each(draws, error)


def ebfmi(energy: ArrayLike) -> Array:
    """``mean (E_t - E_{t-1})^2 / var E`` for each chain (chains,) of a Hamiltonian sampler.

    Below 0.3: the momentum changes the energy too little to reach the tails. NaN for a chain of
    constant or non-finite energy. Source: Betancourt (2016), arXiv 1604.00695.

    Examples
    --------
    >>> ebfmi(np.random.default_rng(0).normal(size=(2, 5000))).round(1)
    array([2., 2.])
    """
    values = _checked(energy)
    if values.ndim != 2:
        raise InputError(
            "`energy` must have the shape (chains, draws)", str(values.shape), "Give one per draw."
        )
    moves = np.square(np.diff(values, axis=1)).mean(axis=1)
    valid = np.isfinite(values).all(axis=1) & (np.ptp(values, axis=1) > 0.0)
    spread = np.where(valid, values.var(axis=1, ddof=1), 1.0)
    return np.where(valid, moves / spread, np.nan)


def _each(draws: ArrayLike, function: Callable[[Array], Array]) -> Array:
    """``function`` of the usable entries (chains, draws, m), NaN for the others."""
    values = _checked(draws)
    flat = values.reshape(*values.shape[:2], -1)
    finite = np.isfinite(flat).all(axis=(0, 1))
    valid = finite & (np.ptp(np.where(finite, flat, 0.0), axis=(0, 1)) > 0.0)
    answer = np.full(flat.shape[2], np.nan)
    if valid.any():
        with np.errstate(divide="ignore", invalid="ignore"):
            answer[valid] = function(flat[..., valid])
    return np.asarray(answer.reshape(values.shape[2:]))


def _checked(draws: ArrayLike) -> Array:
    values = np.asarray(draws, dtype=np.float64)
    if values.ndim < 2 or values.shape[0] < 1:
        raise InputError(
            "draws must have the shape (chains, draws, ...)",
            str(values.shape),
            "Put one chain into draws[None].",
        )
    if values.shape[1] < 4:
        raise InputError(
            "each chain must have >= 4 draws", str(values.shape[1]), "Draw for longer."
        )
    return values


def _check_share(q: float) -> None:
    if not 0.0 < q < 1.0:
        raise InputError("`q` must be between 0 and 1", repr(q), "Use 0.5 for the median.")


def _split(values: Array) -> Array:
    """Halves (2 chains, draws // 2, m); the middle draw of an odd number is left out."""
    half = values.shape[1] // 2
    return np.concatenate([values[:, :half], values[:, -half:]])


def _scores(values: Array) -> Array:
    """Normal scores of the ranks over all chains (Blom)."""
    ranks = rankdata(values.reshape(-1, values.shape[2]), axis=0)
    return np.asarray(ndtri((ranks - 0.375) / (len(ranks) + 0.25)).reshape(values.shape))


def _ratio(values: Array) -> Array:
    """R-hat of chains as they are."""
    n = values.shape[1]
    between = n * values.mean(axis=1).var(axis=0, ddof=1)
    within = values.var(axis=1, ddof=1).mean(axis=0)
    return np.asarray(np.sqrt((between / within + n - 1.0) / n))


def _ess_of_mean(values: Array) -> Array:
    return _ess(_split(values))


def _ess_of_quantile(values: Array, q: float) -> Array:
    below = values <= np.quantile(values, q, axis=(0, 1))
    return _ess(_split(below.astype(np.float64)))


def _autocovariance(values: Array) -> Array:
    """Mean over the chains (draws, m), each lag divided by the number of draws."""
    n = values.shape[1]
    length = next_fast_len(2 * n, real=True)
    spectrum = rfft(values - values.mean(axis=1, keepdims=True), n=length, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.asarray(irfft(power.mean(axis=0), n=length, axis=0)[:n] / n)


def _ess(values: Array) -> Array:
    """``S / tau`` (m,) of chains as they are; S where all values are equal."""
    chains, n, _ = values.shape
    covariance = _autocovariance(values)
    within = covariance[0] * n / (n - 1.0)
    total = covariance[0] + (values.mean(axis=1).var(axis=0, ddof=1) if chains > 1 else 0.0)
    rho = 1.0 - (within - covariance) / total
    rho[0] = 1.0
    size = float(chains * n)
    ess = size / np.maximum(_monotone_sum(rho), 1.0 / np.log10(size))
    return np.where(np.ptp(values, axis=(0, 1)) == 0.0, size, ess)


def _monotone_sum(rho: Array) -> Array:
    """``-1 + 2 sum_{k < K} P_k + rho_2K``, P the sums of pairs, made to fall (Geyer 1992).

    K is the first pair whose sum is not positive, or the last pair.
    """
    pairs = max((len(rho) - 3) // 2, 0) + 1
    even, odd = rho[0 : 2 * pairs : 2], rho[1 : 2 * pairs : 2]
    sums = even + odd
    ends = sums <= 0.0
    ends[-1] = True
    last = ends.argmax(axis=0)
    falling = np.minimum.accumulate(sums, axis=0)
    inside = np.where(np.arange(pairs)[:, None] < last, falling, 0.0).sum(axis=0)
    column = np.arange(rho.shape[1])
    lone, pair = even[last, column], sums[last, column]
    return np.asarray(2.0 * inside - 1.0 + np.where((lone > 0.0) | (pair >= 0.0), lone, 0.0))
