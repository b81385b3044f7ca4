"""One weight, exactly: what a belief says after one normal observation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import brentq
from scipy.special import erfcx, log_ndtr

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.priors import ElasticNet, Flat, Laplace, Normal, Prior, SpikeSlab, shrinkage

__all__ = ["OneWeight", "one_weight"]


@dataclass(frozen=True, eq=False)
class OneWeight:
    """The posterior of b where ``z ~ normal(b, variance)`` and b has a belief.

    ``pieces``: the posterior as a mixture of normals, each cut to an interval: log weights,
    centres, standard deviations, lower and upper ends, (k,) each. ``atom``: the probability of a
    point and where it is. Moments and quantiles are closed forms of these.
    """

    prior: Prior
    z: float
    variance: float
    log_evidence: float
    log_weights: Array
    centres: Array
    widths: Array
    low: Array
    high: Array
    atom: tuple[float, float] = (0.0, 0.0)

    @property
    def mode(self) -> float:
        """The MAP estimate, ``prox(z, variance)``."""
        return float(shrinkage(self.prior, self.z, self.variance))

    @property
    def prob_zero(self) -> float:
        """``P(b = 0 | z)``: exactly 0.0 but for a spike at zero."""
        return self.atom[0] if self.atom[1] == 0.0 else 0.0

    @cached_property
    def _moments(self) -> tuple[float, float]:
        """Mean and variance, from distances to where the pieces are cut: no digits are lost where
        the belief is far narrower than the data."""
        w, at = np.exp(self.log_weights), self.atom[1]
        cut = np.where(np.isfinite(self.low), self.low, self.high)
        if not np.all(np.isfinite(cut)):
            first, second = self.centres - at, self.widths**2 + (self.centres - at) ** 2
            mean = float(w @ first)
            return at + mean, float(w @ second) - mean * mean
        side = np.where(np.isfinite(self.low), 1.0, -1.0)
        a = side * (cut - self.centres) / self.widths
        beyond = np.sqrt(2.0 / np.pi) / erfcx(a / np.sqrt(2.0)) - a
        first = side * self.widths * beyond
        second = self.widths**2 * (1.0 - a * beyond)
        mean = float(w @ first)
        return float(cut[0]) + mean, float(w @ second) - mean * mean

    @property
    def _standard(self) -> tuple[Array, Array]:
        return (self.low - self.centres) / self.widths, (self.high - self.centres) / self.widths

    @property
    def mean(self) -> float:
        """``E(b | z)``."""
        return self._moments[0]

    @property
    def var(self) -> float:
        """``Var(b | z)``."""
        return self._moments[1]

    def cdf(self, b: float) -> float:
        """``P(weight <= b | z)``."""
        at, end = self._standard
        x = np.clip((b - self.centres) / self.widths, at, end)
        inside = np.where(x > at, np.exp(_log_between(at, x) - _log_between(at, end)), 0.0)
        p, where = self.atom
        return float(np.exp(self.log_weights) @ inside) + p * (b >= where)

    def quantile(self, q: float) -> float:
        """The smallest b with ``cdf(b) >= q``."""
        p, where = self.atom
        if p and self.cdf(np.nextafter(where, -np.inf)) < q <= self.cdf(where):
            return where
        reach = 1.0
        while not self.cdf(self.mean - reach) < q < self.cdf(self.mean + reach):
            reach *= 2.0
        low, high = self.mean - reach, self.mean + reach
        return float(brentq(lambda b: self.cdf(b) - q, low, high, xtol=1e-14, rtol=1e-14))

    @property
    def median(self) -> float:
        """The median; under a spike and slab it is exactly the spike for small z."""
        return self.quantile(0.5)


def one_weight(prior: Prior, z: float, variance: float = 1.0) -> OneWeight:
    """The exact posterior of one weight b where ``z ~ normal(b, variance)`` is all that data say.

    With orthogonal columns every weight's posterior is one of these.

    Parameters
    ----------
    prior : `Normal`, `Laplace`, `ElasticNet`, `Flat` or `SpikeSlab`, of one number.
    z : the least-squares estimate.
    variance : of z, > 0.

    Raises
    ------
    InputError
        where the variance is not positive or the prior has no closed form: use `priorfit.sample`.

    Examples
    --------
    >>> import priorfit as pf
    >>> after = pf.one_weight(pf.Laplace(1.0), 0.8)
    >>> after.mode, round(after.mean, 6), after.prob_zero
    (0.0, 0.394497, 0.0)
    >>> pf.one_weight(pf.SpikeSlab.from_inclusion(0.2, scale=2.0), 0.8).median
    0.0

    Source: Pericchi & Smith (1992), JRSS B 54, for the Laplace belief; Johnstone & Silverman
    (2004), section 2, for the spike and slab.
    """
    if not (np.isfinite(variance) and variance > 0):
        raise InputError("`variance` must be > 0", repr(variance), "It is that of z.")
    if not isinstance(prior, Normal | Laplace | ElasticNet | Flat | SpikeSlab) or prior._shape():
        raise InputError(
            "`prior` must be Normal, Laplace, ElasticNet, Flat or SpikeSlab, of one number",
            repr(prior),
            "Draw from any other posterior with pf.sample.",
        )
    if isinstance(prior, SpikeSlab):
        return _spiked(prior, float(z), float(variance))
    form, loc = prior.lower(1), float(prior.loc)
    l1, l2 = float(form.l1[0]), float(form.l2[0])
    # above and below loc: exp of a parabola, that is a normal cut at loc
    tight = 1.0 / variance + l2
    sd, t = np.sqrt(1.0 / tight), (z - loc) / variance
    centres = np.array([t - l1, t + l1]) / tight
    logs = 0.5 * tight * centres**2
    low, high = np.array([0.0, -np.inf]), np.array([np.inf, 0.0])
    logs = logs + _log_between((low - centres) / sd, (high - centres) / sd)
    total = float(np.logaddexp(logs[0], logs[1]))
    height = -float(prior.neg_log_density(loc))
    misfit = 0.5 * (z - loc) ** 2 / variance + 0.5 * np.log(variance) - np.log(sd)
    return OneWeight(
        prior, float(z), float(variance), total + height - misfit, logs - total, loc + centres,
        np.full(2, sd), loc + low, loc + high,
    )  # fmt: skip


def _spiked(prior: SpikeSlab, z: float, variance: float) -> OneWeight:
    share, loc = float(prior.inclusion), float(prior.loc)
    wide = float(prior.scale) ** 2
    slab = np.log(share) + _log_normal(z - loc, variance + wide)
    spike = np.log1p(-share) + _log_normal(z - loc, variance)
    total = float(np.logaddexp(slab, spike))
    v = 1.0 / (1.0 / variance + 1.0 / wide)
    return OneWeight(
        prior, z, variance, total, np.array([slab - total]),
        np.array([loc + v * (z - loc) / variance]), np.array([np.sqrt(v)]), np.array([-np.inf]),
        np.array([np.inf]), (float(np.exp(spike - total)), loc),
    )  # fmt: skip


def _log_normal(x: float, variance: float) -> float:
    return float(-0.5 * x * x / variance - 0.5 * np.log(2.0 * np.pi * variance))


def _log_between(a: Array, b: Array) -> Array:
    """``log(Phi(b) - Phi(a))``, b >= a, from the tail that is smaller."""
    with np.errstate(invalid="ignore"):
        right = a + b > 0
    far, near = np.where(right, -a, b), np.where(right, -b, a)
    top, rest = log_ndtr(far), log_ndtr(near)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(top + np.log1p(-np.exp(np.minimum(rest - top, 0.0))))
