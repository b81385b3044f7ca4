"""One fit seen as prior, as penalty and as constraint; and the belief in words."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from priorfit._typing import Array, Mask
from priorfit.likelihoods import Likelihood
from priorfit.priors import Groups, NormalForm, Prior, describe

__all__ = ["Constraint", "Penalty", "Views", "collapsed", "explain", "extremes", "views_of"]


class Penalty(NamedTuple):
    """``phi J = loss + sum_j l1_j |t_j| + l2_j / 2 t_j^2 + sum_g |group_g t_g|_2``, t = b - loc,
    on the sum scale.

    ``l1``, ``l2`` and ``group`` (with its factor sqrt(d)) are lambdas: one number where all columns
    share it, else (p,). ``moved`` is how the text calls ``b - loc``: "b" where every loc is 0.
    """

    l1: float | Array
    l2: float | Array
    moved: str = "b − loc"
    group: float | Array = 0.0

    def __str__(self) -> str:
        squared = self.moved if len(self.moved) == 1 else f"({self.moved})"
        parts = [
            f"{_span(value)} × {term}"
            for value, term in (
                (self.l1, f"Σ|{self.moved}|"),
                (self.group, "Σ‖b_g‖₂" if self.moved == "b" else "Σ‖b_g − loc_g‖₂"),
                (self.l2, f"½ Σ{squared}²"),
            )
            if np.any(np.asarray(value) > 0)
        ]
        return "loss + " + " + ".join(parts) if parts else "loss alone"


class Constraint(NamedTuple):
    """The smallest loss with ``norm(b - loc) <= radius``; the multiplier is lambda."""

    norm: str
    radius: float
    slack: bool

    def __str__(self) -> str:
        text = f"smallest loss with {self.norm} ≤ {self.radius:.4g}"
        return f"{text} (slack: the penalty is 0)" if self.slack else text


class Views(NamedTuple):
    """The same estimate three times."""

    prior: Prior
    penalty: Penalty
    constraint: Constraint


def views_of(prior: Prior, form: NormalForm, phi: float, coef: Array) -> Views:
    """Prior, penalty (``lambda = phi / scale`` or ``phi / scale^2``) and constraint of one fit.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> prior = pf.Laplace(scale=0.5)
    >>> views = views_of(prior, prior.lower(2), 2.0, np.array([1.0, -3.0]))
    >>> views.penalty.l1, views.constraint.radius
    (4.0, 4.0)
    """
    t, moved = coef - form.loc, "b − loc" if np.any(form.loc) else "b"
    if form.groups is not None:
        return _grouped_views(prior, form, form.groups, phi, t, moved)
    l1, l2 = _shared(phi * form.l1), _shared(phi * form.l2)
    has_l1, has_l2 = bool(np.any(form.l1 > 0)), bool(np.any(form.l2 > 0))
    if has_l1 and has_l2:
        share = form.l1 @ np.abs(t) + 0.5 * form.l2 @ (t * t)
        constraint = Constraint("the elastic-net penalty (in nats)", float(share), False)
    elif has_l2:
        weight = form.l2 / np.max(form.l2)
        constraint = Constraint(
            _norm(f"‖{moved}‖₂", form.l2), float(np.sqrt(weight @ (t * t))), False
        )
    else:
        weight = form.l1 / np.max(form.l1) if has_l1 else np.ones_like(t)
        constraint = Constraint(
            _norm(f"‖{moved}‖₁", form.l1), float(weight @ np.abs(t)), not has_l1
        )
    return Views(prior, Penalty(l1, l2, moved), constraint)


def _grouped_views(
    prior: Prior, form: NormalForm, groups: Groups, phi: float, t: Array, moved: str
) -> Views:
    rate, most = groups.rate[groups.inside], float(groups.rate.max())
    shared = bool(np.all(groups.inside) and np.ptp(rate) <= 1e-9 * most)
    penalty = Penalty(_shared(phi * form.l1), 0.0, moved, phi * (most if shared else groups.rate))
    if np.any(form.l1 > 0):
        name, radius = "the sparse-group penalty (in nats)", float(form.total(t))
    else:
        length = "Σ‖b_g‖₂" if moved == "b" else "Σ‖b_g − loc_g‖₂"
        name = length if shared else f"weighted {length}"
        radius = float(groups.lengths(t).sum()) / most
    return Views(prior, penalty, Constraint(name, radius, False))


def _norm(name: str, rates: Array) -> str:
    """The norm's name; where columns differ, each counts by its rate over the largest."""
    return name if np.ptp(rates) <= 1e-9 * np.max(rates, initial=0.0) else f"weighted {name}"


def explain(
    views: Views,
    likelihood: Likelihood,
    phi: float,
    n: float,
    precision: Array,
    names: tuple[str, ...],
) -> str:
    """The belief in words: what it says, what defaults elsewhere would say, who escapes it.

    ``precision`` (p,) is how sharply the data know each weight, ``x_j' W x_j / phi`` (centred).
    """
    lines = [f"Belief: {describe(views.prior)}.", f"As a penalty: {views.penalty}."]
    if likelihood.has_dispersion:
        lines.append(f"Noise: standard deviation {np.sqrt(phi):.3g}.")
    lines.append(f"scikit-learn's defaults as beliefs here: {_defaults(likelihood, phi, n)}.")
    free, frozen = extremes(views.prior.lower(len(names)), precision)
    for which, word in ((free, "effectively unpenalised"), (frozen, "effectively frozen")):
        if np.any(which):
            lines.append(f"{word.capitalize()}: {_listing(names, which)}.")
    return "\n".join(lines)


def _defaults(likelihood: Likelihood, phi: float, n: float) -> str:
    if likelihood.has_dispersion:
        return (
            f"Ridge(alpha=1) is Normal(scale={np.sqrt(phi):.3g}), "
            f"Lasso(alpha=1) is Laplace(scale={phi / n:.3g})"
        )
    if likelihood.is_classification:
        return "LogisticRegression(C=1) is Normal(scale=1)"
    return f"PoissonRegressor(alpha=1) is Normal(scale={1 / np.sqrt(n):.3g})"


def extremes(form: NormalForm, precision: Array) -> tuple[Mask, Mask]:
    """Columns that keep more than 99.9 % or less than 1 % of what the data alone would say."""
    # a prior's curvature at its own width: 1/variance; a Laplace of rate r has variance 2/r^2
    curvature = form.l2 + 0.5 * form.l1**2
    if form.groups is not None:  # radius Gamma(d): each member has variance (d + 1) / r^2
        curvature += form.groups.rate**2 / (
            1.0 + form.groups.spread(form.groups.sizes.astype(np.float64))
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = precision / (precision + curvature)
    known = precision > 0
    frozen = form.fixed | (known & (kept < 0.01)) | ~known
    return known & ~form.fixed & (kept > 0.999), frozen


def _listing(names: tuple[str, ...], which: Mask) -> str:
    chosen = [names[j] for j in np.flatnonzero(which)]
    if len(chosen) == len(names):
        return f"all {len(names)} columns"
    return ", ".join(chosen[:6]) + (f" and {len(chosen) - 6} more" if len(chosen) > 6 else "")


def _shared(values: Array) -> float | Array:
    return float(values[0]) if np.all(values == values[0]) else values


def _span(value: float | Array) -> str:
    low, high = float(np.min(value)), float(np.max(value))
    if low == high or high - low <= 1e-9 * high:
        return _plain(high, 4)
    return f"({_plain(low, 3)} to {_plain(high, 3)})"


def _plain(value: float, digits: int) -> str:
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}".replace(",", "\u2009") if 1e3 <= rounded < 1e7 else f"{rounded:g}"


def collapsed(prior: Any) -> Any:
    """Per-column settings that are all the same number (but for rounding) as that number."""
    return type(prior)(
        **{k: _collapsed(v) if k != "groups" else v for k, v in prior.arguments().items()}
    )


def _collapsed(value: Any) -> Any:
    if isinstance(value, Prior):
        return collapsed(value)
    array = np.asarray(value, dtype=np.float64)
    if array.ndim and np.allclose(array, array[0], rtol=1e-9, atol=0):
        return float(array[0])
    return value
