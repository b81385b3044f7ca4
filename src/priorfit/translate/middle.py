"""The middle between all libraries: two lambdas on the sum scale, in raw units; and the data."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.priors import ElasticNet, Flat, Laplace, Normal, Prior, Truncated

__all__ = ["UNIT_DISPERSION", "Case", "SumScale", "case_of", "prior_of", "sum_scale"]

#: likelihoods whose dispersion is 1: nothing has to be known for them
UNIT_DISPERSION = frozenset({"bernoulli", "poisson", "multinomial", "cox", "hinge"})

_MEANING = {
    "n": "the number of rows",
    "noise": "the standard deviation of the gaussian noise",
    "dispersion": "the likelihood's dispersion phi",
    "x_scale": "the standard deviation of each column (with 1/n, as numpy's std)",
    "y_scale": "the standard deviation of y (with 1/n, as numpy's std)",
}


@dataclass(frozen=True, eq=False)
class Case:
    """What is known of the data and the noise; None where it was not said.

    ``n`` rows whose weights sum to ``total``; ``phi`` is the dispersion (noise² for the gaussian);
    ``x_scale`` (p,) and ``y_scale`` are standard deviations with 1/n.
    """

    n: float | None = None
    total: float | None = None
    phi: float | None = None
    x_scale: Array | None = None
    y_scale: float | None = None

    def need(self, name: str, why: str) -> Any:
        """The value of ``name``; raises `InputError` that names it where it is not known."""
        value = getattr(self, "phi" if name in ("noise", "dispersion") else name)
        if value is None:
            asked = "n" if name == "total" else name
            raise InputError(
                f"`{asked}` must be given for {why}",
                "none",
                f"Pass {asked}=, {_MEANING[asked]}.",
            )
        return value


@dataclass(frozen=True, eq=False)
class SumScale:
    """``sum_i w_i loss_i + sum_j l1_j |b_j| + l2_j / 2 b_j^2`` on ``lower <= b <= upper``.

    All arrays (p,), p = 1 where every column is alike; in the units of X as given. This is ``phi``
    times the negative log posterior: ``l1 = phi / scale`` and ``l2 = phi / scale^2``.
    """

    l1: Array
    l2: Array
    lower: Array
    upper: Array

    @property
    def p(self) -> int:
        """The number of columns that are told apart."""
        return max(len(v) for v in (self.l1, self.l2, self.lower, self.upper))

    def per(self, unit: Array) -> SumScale:
        """The same penalty of ``b * unit``: the weight of the column divided by ``unit``."""
        with np.errstate(invalid="ignore"):
            box = [np.where(np.isinf(v), v, v * unit) for v in (self.lower, self.upper)]
        return SumScale(self.l1 / unit, self.l2 / unit**2, box[0], box[1])

    def collapsed(self) -> SumScale:
        """One number where all columns are alike (but for rounding)."""
        parts = (self.l1, self.l2, self.lower, self.upper)
        if all(_alike(v) for v in parts):
            return SumScale(*(v[:1] for v in parts))
        return SumScale(*(np.broadcast_to(v, (self.p,)) for v in parts))


def _alike(values: Array) -> bool:
    return bool(np.all(values == values[0]) or np.allclose(values, values[0], rtol=1e-12, atol=0))


def case_of(
    *,
    n: float | None,
    weights: Any,
    noise: float | None,
    dispersion: float | None,
    x_scale: Any,
    y_scale: float | None,
) -> Case:
    """A checked `Case`; ``weights`` are the rows' weights, or their sum."""
    if noise is not None and dispersion is not None:
        raise InputError("`noise` or `dispersion` must be given", "both", "Pass one of them.")
    given = {"n": n, "noise": noise, "dispersion": dispersion, "y_scale": y_scale}
    for name, value in given.items():
        if value is not None and not (_is_number(value) and np.isfinite(value) and value > 0):
            raise InputError(f"`{name}` must be > 0", repr(value), f"It is {_MEANING[name]}.")
    w = None if weights is None else _positive("weights", weights, zero=True)
    if w is not None and w.size > 1:
        n = float(w.size) if n is None else n
        if n != w.size:
            raise InputError(
                f"`weights` must be of the n = {n:g} rows", f"{w.size}", "Pass all, or their sum."
            )
    total = n if w is None else float(w.sum())
    phi = dispersion if noise is None else float(noise) ** 2
    scales = None if x_scale is None else _positive("x_scale", x_scale)
    return Case(n, total, phi, scales, y_scale)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _positive(name: str, values: Any, zero: bool = False) -> Array:
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    good = np.isfinite(array) & ((array >= 0) if zero else (array > 0))
    if array.ndim != 1 or array.size == 0 or not np.all(good) or array.sum() == 0:
        sign = ">= 0, not all 0" if zero else "> 0"
        raise InputError(
            f"`{name}` must hold finite numbers {sign}",
            repr(values)[:60],
            "Leave out constant columns." if name == "x_scale" else "A weight is a repeat.",
        )
    return array


def sum_scale(prior: Prior, phi: float) -> SumScale:
    """The prior's penalty at dispersion ``phi``.

    Raises `InputError` for what no setting of another library can say: groups, a prior mean, a
    scale of 0.

    Examples
    --------
    >>> sum_scale(Laplace(scale=0.5), phi=2.0).l1
    array([4.])
    """
    if not prior.separable:
        raise InputError(
            "the prior must treat columns one by one to be translated",
            prior.word,
            "Groups are fitted here: pf.MAPRegressor(prior=...).",
        )
    form = prior.lower(_columns(prior))
    if form.concave is not None:
        raise InputError(
            "the penalty must be a sum of l1 and l2 terms to be translated",
            prior.word,
            "It is fitted here: pf.MAPRegressor(prior=...).",
        )
    if np.any(form.loc != 0):
        raise InputError(
            "the prior's `loc` must be 0 to be translated",
            repr(prior),
            "Put X @ loc into the offset (gaussian: subtract it from y), add loc to the weights.",
        )
    if np.any(form.fixed):
        raise InputError(
            "every weight must be free to be translated",
            f"column {int(np.flatnonzero(form.fixed)[0])} is fixed",
            "Leave the column out.",
        )
    return SumScale(phi * form.l1, phi * form.l2, form.lower, form.upper).collapsed()


def _columns(prior: Prior) -> int:
    settings = prior.arguments()
    if "prior" in settings:
        return max(
            _columns(settings["prior"]), *(np.size(v) for k, v in settings.items() if k != "prior")
        )
    return max(np.size(v) for v in settings.values())


def prior_of(middle: SumScale, phi: float) -> Prior:
    """The prior whose `sum_scale` at dispersion ``phi`` is this.

    Examples
    --------
    >>> one, none = np.ones(1), np.zeros(1)
    >>> prior_of(SumScale(none, one, none - np.inf, none + np.inf), phi=4.0)
    Normal(scale=2.0, loc=0.0)
    """
    middle = middle.collapsed()
    with np.errstate(divide="ignore"):
        b, tau = _plain(phi / middle.l1), _plain(np.sqrt(phi / middle.l2))
    has_l1, has_l2 = bool(np.any(middle.l1 > 0)), bool(np.any(middle.l2 > 0))
    prior: Prior
    if has_l1 and has_l2:
        prior = ElasticNet(l1_scale=b, l2_scale=tau)
    elif has_l1:
        prior = Laplace(scale=b)
    else:
        prior = Normal(scale=tau) if has_l2 else Flat()
    low, high = _plain(middle.lower), _plain(middle.upper)
    if np.all(np.isinf(low)) and np.all(np.isinf(high)):
        return prior
    return Truncated(prior, lower=low, upper=high)


def _plain(values: Array) -> Any:
    return float(values[0]) if len(values) == 1 else values
