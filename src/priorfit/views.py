"""One fit seen as prior, as penalty and as constraint; and the belief in words."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from priorfit._typing import Array, Mask
from priorfit.likelihoods import Likelihood
from priorfit.priors import ByColumn, NormalForm, Prior, Ranked, describe
from priorfit.priors.concave import McpShape, ScadShape

__all__ = ["Constraint", "Penalty", "Views", "collapsed", "explain", "extremes", "views_of"]


NOT_CONVEX = "Σ −log p"  # what a penalty that is no norm bounds, beyond its value at loc


class Penalty(NamedTuple):
    """``phi J = loss + sum_j l1_j |t_j| + l2_j / 2 t_j^2 + sum_g |group_g t_g|_2
    + sum_i ranked_i |t|_(i)``, t = b - loc, on the sum scale.

    ``l1``, ``l2`` and ``group`` (with its factor sqrt(d)) are lambdas: one number where all columns
    share it, else (p,). ``moved`` is how the text calls ``b - loc``: "b" where every loc is 0.
    ``concave`` is a penalty that is not convex in words; ``l1`` and ``l2`` are then its slope and
    curvature at loc.
    """

    l1: float | Array
    l2: float | Array
    moved: str = "b − loc"
    group: float | Array = 0.0
    ranked: float | Array = 0.0
    concave: str = ""

    def __str__(self) -> str:
        squared = self.moved if len(self.moved) == 1 else f"({self.moved})"
        parts = [
            f"{_span(value)} × {term}"
            for value, term in (
                (self.l1, f"Σ|{self.moved}|"),
                (self.group, "Σ‖b_g‖₂" if self.moved == "b" else "Σ‖b_g − loc_g‖₂"),
                (self.l2, f"½ Σ{squared}²"),
                (self.ranked, f"Σ|{self.moved}|₍ᵢ₎"),
            )
            if np.any(np.asarray(value) > 0)
        ]
        if self.concave:
            parts = [self.concave]
        return "loss + " + " + ".join(parts) if parts else "loss alone"


class Constraint(NamedTuple):
    """The smallest loss V(t) with ``norm(b - loc) <= radius``.

    ``shadow_price`` is -dV/dt at t = radius: what one more unit of radius takes off the loss.
    It is lambda where the penalty is lambda times the norm, and lambda times the radius where it is
    half lambda times the square of the norm (l2).
    """

    norm: str
    radius: float
    slack: bool
    shadow_price: float = 0.0

    def __str__(self) -> str:
        if self.norm == NOT_CONVEX:
            return f"smallest loss nearby with {self.norm} ≤ {self.radius:.4g}"
        text = f"smallest loss with {self.norm} ≤ {self.radius:.4g}"
        if self.slack:
            return f"{text} (slack: the penalty is 0)"
        return f"{text} (shadow price {_plain(self.shadow_price, 4)})"


class Views(NamedTuple):
    """The same estimate three times."""

    prior: Prior
    penalty: Penalty
    constraint: Constraint


def views_of(prior: Prior, phi: float, coef: Array) -> Views:
    """Prior, penalty (``lambda = phi / scale`` or ``phi / scale^2``) and constraint of one fit.

    Of a prior that is simple in other coordinates (`Prior.change`) these are what is measured:
    ``R(b - loc)`` of a `MultivariateNormal` with R'R its precision, differences of a `RandomWalk`.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> prior = pf.Laplace(scale=0.5)
    >>> views = views_of(prior, 2.0, np.array([1.0, -3.0]))
    >>> views.penalty.l1, views.constraint.radius
    (4.0, 4.0)
    """
    change = prior.change(len(coef))
    if change is not None:
        form, coef = _without_flat(change.prior.lower(len(coef)), change.into(coef))
        moved = prior.coordinates + ("(b − loc)" if np.any(change.loc) else "b")
    else:
        form = prior.lower(len(coef))
        moved = "b − loc" if np.any(form.loc) else "b"
    t = coef - form.loc
    if form.concave is not None:
        l1, l2 = _shared(phi * form.l1), _shared(phi * form.l2)
        penalty = Penalty(l1, l2, moved, concave=_bent(form, phi))
        return Views(prior, penalty, Constraint(NOT_CONVEX, float(form.total(t)), False, phi))
    radius = float(form.radius(t))
    price = float(phi * form.slope(radius))
    constraint = Constraint(_norm_name(form, moved), radius, price == 0, price)
    return Views(prior, _penalty(form, phi, moved), constraint)


def _without_flat(form: NormalForm, u: Array) -> tuple[NormalForm, Array]:
    """What is measured of coordinates: a level or slope without a belief is not."""
    if form.groups is not None or form.ranked is not None or form.concave is not None:
        return form, u
    kept = ~form.flat
    l1, l2, loc, lower, upper = (
        v[kept] for v in (form.l1, form.l2, form.loc, form.lower, form.upper)
    )
    return NormalForm(l1, l2, loc, lower, upper), u[kept]


def _bent(form: NormalForm, phi: float) -> str:
    """A penalty with a concave part in words: what it is near loc, and where it lets go."""
    concave = form.concave
    assert concave is not None
    size = concave.size[concave.size > 0] if concave.jumps else concave.size
    size = size[np.isfinite(size)]
    if not len(size):
        return ""
    if concave.jumps:
        square = f" + {_span(_shared(phi * form.l2))} × ½ Σb²" if np.any(form.l2) else ""
        return f"{_span(_shared(phi * size))} for each weight{square}"
    slope = f"{_span(_shared(phi * form.l1))} × Σ|b|" if np.any(form.l1) else ""
    curve = slope or f"{_span(_shared(phi * form.l2))} × ½ Σb²"
    ends = isinstance(concave.shape, McpShape | ScadShape)
    beyond = "level beyond" if ends else "growing like a logarithm beyond"
    return f"{curve} near 0, {beyond} {_span(_shared(size))}"


def _penalty(form: NormalForm, phi: float, moved: str) -> Penalty:
    l1, l2 = _shared(phi * form.l1), _shared(phi * form.l2)
    if form.ranked is not None:
        return Penalty(l1, l2, moved, ranked=_ranked_rates(form.ranked, phi))
    if form.groups is None:
        return Penalty(l1, l2, moved)
    group = form.groups.rate * phi
    return Penalty(l1, l2, moved, float(group.max()) if _alike(form.groups.rate) else group)


def _ranked_rates(ranked: Ranked, phi: float) -> float | Array:
    """Lambda of each rank, for a column of the mean scale."""
    return _shared(phi * ranked.rates * float(np.mean(ranked.units)))


def _norm_name(form: NormalForm, moved: str) -> str:
    """What `NormalForm.radius` measures; "weighted" where columns count by different rates."""
    group = np.zeros(1) if form.groups is None else form.groups.rate
    rates = [(form.l1, f"‖{moved}‖₁"), (group, "Σ‖b_g‖₂" if moved == "b" else "Σ‖b_g − loc_g‖₂")]
    most = max(float(r.max(initial=0.0)) for r, _ in rates)
    if form.ranked is not None:
        weighted = "" if _alike(form.ranked.units) else "weighted "
        return f"{weighted}Σ (λᵢ/λ₁) |{moved}|₍ᵢ₎"
    if most == 0:
        return ("weighted " if not _alike(form.l2) else "") + f"‖{moved}‖₂"
    terms = [(r / most, name) for r, name in [*rates, (form.l2 / 2, f"‖{moved}‖₂²")] if r.any()]
    if not all(_alike(share) for share, _ in terms):
        return "weighted " + " + ".join(name for _, name in terms)
    return " + ".join(
        name if share.max() == 1.0 else f"{share.max():.3g} {name}" for share, name in terms
    )


def _alike(rates: Array) -> bool:
    return bool(np.ptp(rates) <= 1e-9 * np.max(rates, initial=0.0))


def explain(
    views: Views,
    likelihood: Likelihood,
    phi: float,
    defaults: str,
    precision: Array,
    names: tuple[str, ...],
    form: NormalForm | None = None,
) -> str:
    """The belief in words: what it says, what defaults elsewhere would say, who escapes it.

    ``defaults`` says which priors scikit-learn's defaults are (empty: nothing is said);
    ``precision`` (p,) is how sharply the data know each weight, ``x_j' W x_j / phi`` (centred);
    ``form`` the belief about all these weights where that of ``views`` is one of columns (several
    outputs).
    """
    lines = [f"Belief: {describe(views.prior)}.", f"As a penalty: {views.penalty}."]
    lines.append(f"As a constraint: {views.constraint}.")
    if said := likelihood.in_words(phi):
        lines.append(said)
    if defaults:
        lines.append(f"scikit-learn's defaults as beliefs here: {defaults}.")
    free, frozen = extremes(form or views.prior.given_others(len(names)), precision)
    for which, word in ((free, "effectively unpenalised"), (frozen, "effectively frozen")):
        if np.any(which):
            lines.append(f"{word.capitalize()}: {_listing(names, which)}.")
    return "\n".join(lines)


def extremes(form: NormalForm, precision: Array) -> tuple[Mask, Mask]:
    """Columns that keep more than 99.9 % or less than 1 % of what the data alone would say."""
    # a prior's curvature at its own width: 1/variance; a Laplace of rate r has variance 2/r^2
    curvature = np.asarray(form.l2 + 0.5 * form.l1**2)
    if form.groups is not None:  # radius Gamma(d): each member has variance (d + 1) / r^2
        curvature += form.groups.rate**2 / (
            1.0 + form.groups.spread(form.groups.sizes.astype(np.float64))
        )
    if form.ranked is not None:  # as of a Laplace prior of the mean rate
        rate = form.ranked.units * form.ranked.rates.mean()
        curvature[form.ranked.columns] += 0.5 * rate**2
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = precision / (precision + curvature)
    known = precision > 0
    if form.concave is not None:  # a heavy tail holds no large weight, a corner no small one free
        return known & form.flat, form.fixed | ~known
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


#: settings that are no numbers per column, or whose length says something
_KEPT = ("groups", "parts", "precision", "positions", "rates")


def collapsed(prior: Any) -> Any:
    """Per-column settings that are all the same number (but for rounding) as that number."""
    if isinstance(prior, ByColumn):
        return prior.changed(collapsed)
    return type(prior)(
        **{k: _collapsed(v) if k not in _KEPT else v for k, v in prior.arguments().items()}
    )


def _collapsed(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Prior):
        return collapsed(value)
    if isinstance(value, str):
        return value
    array = np.asarray(value, dtype=np.float64)
    if array.ndim == 1 and np.allclose(array, array[0], rtol=1e-9, atol=0):
        return float(array[0])
    return value
