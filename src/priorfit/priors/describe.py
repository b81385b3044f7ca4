"""A belief in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import gammaincinv

from priorfit.priors.base import Prior
from priorfit.priors.by_column import ByColumn
from priorfit.priors.differences import RandomWalk
from priorfit.priors.grouped import SparseGroupLaplace
from priorfit.priors.halves import Half
from priorfit.priors.heavy import LogLaplace, StudentPrior
from priorfit.priors.horseshoe import Horseshoe
from priorfit.priors.multivariate import MultivariateNormal
from priorfit.priors.nonconvex import MCP, SCAD
from priorfit.priors.separable import ElasticNet, Flat
from priorfit.priors.slope import SLOPE
from priorfit.priors.spike import SpikeSlab
from priorfit.priors.truncated import Truncated

__all__ = ["describe"]


def describe(prior: Prior) -> str:
    """One sentence: family, scale, and where half and 95 % of the weights are believed to lie.

    Examples
    --------
    >>> from priorfit.priors import Laplace
    >>> describe(Laplace(scale=0.1))
    'Laplace, scale 0.1: half of the weights within ±0.0693, 95 % within ±0.3'
    """
    if isinstance(prior, Half):
        return _describe_half(prior)
    if isinstance(prior, Truncated):
        return f"{describe(prior.prior)}; {_box(*prior._bounds())}"
    if isinstance(prior, ByColumn):
        return _describe_parts(prior)
    if isinstance(prior, Flat):
        return "flat: every weight is as plausible as any other, nothing is shrunk"
    if isinstance(prior, MultivariateNormal):
        if not prior.proper:
            flat = int(np.sum(np.isinf(prior._parts[1])))
            return f"Multivariate normal: {len(prior.loc)} weights, flat in {flat} directions"
        spread = _range(np.sqrt(prior.variance))
        return f"Multivariate normal: {len(prior.loc)} weights, standard deviations {spread}"
    if isinstance(prior, RandomWalk):
        return _describe_walk(prior)
    if isinstance(prior, SLOPE):
        return _describe_sorted(prior)
    if not prior.separable:
        return _describe_groups(prior)
    if isinstance(prior, MCP | SCAD):
        return _describe_levelling(prior)
    if isinstance(prior, Horseshoe):
        slab = np.asarray(prior.slab)
        bound = f", slab {_range(slab)}" if np.any(np.isfinite(slab)) else ""
        return (
            f"Horseshoe, scale {_range(np.asarray(prior.scale))}{bound}: no mode, a posterior only"
        )
    if isinstance(prior, SpikeSlab):
        return _describe_spike(prior)
    widths = [np.atleast_1d(w) for w in prior._widths()]  # type: ignore[attr-defined]
    names = ("l1_scale", "l2_scale") if isinstance(prior, ElasticNet) else ("scale",)
    scales = ", ".join(f"{k} {_range(w)}" for k, w in zip(names, widths, strict=True))
    if any(w.size > 1 or not np.all((w > 0) & np.isfinite(w)) for w in widths):
        return f"{prior.word}, {scales}"
    if isinstance(prior, StudentPrior | LogLaplace):
        df = np.asarray(prior.df, dtype=np.float64)
        scales = f"{scales}, df {_range(df)}"
        if df.ndim or df <= 0:
            return f"{prior.word}, {scales}: heavy tails, large weights are left alone"
    loc = np.atleast_1d(np.asarray(prior.loc, dtype=np.float64))  # type: ignore[attr-defined]
    half = np.max(prior.quantile(0.75) - loc)
    most = np.max(prior.quantile(0.975) - loc)
    around = "" if np.all(loc == 0) else f" of {_range(loc)}"
    return (
        f"{prior.word[0].upper()}{prior.word[1:]}, {scales}: half of the weights within "
        f"±{half:.3g}{around}, 95 % within ±{most:.3g}{around}"
    )


def _describe_walk(prior: RandomWalk) -> str:
    """What is believed of a step, and of the coordinates before it."""
    like = {1: "neighbours alike", 2: "neighbours on a line", 3: "neighbours on a parabola"}
    believed = like.get(prior.order, "neighbours on a cubic")
    scale = np.atleast_1d(np.asarray(prior.scale, dtype=np.float64))
    kind = {"normal": "normal", "laplace": "Laplace"}[prior.kind]
    start = "flat" if np.isinf(prior.start) else f"{kind} with scale {prior.start:.3g}"
    level = {1: "the level", 2: "level and slope"}.get(prior.order, "level, slope and curvature")
    return (
        f"{prior.word[0].upper()}{prior.word[1:]} ({believed}), {kind} steps of scale "
        f"{_range(scale)}; {level} {start}"
    )


def _describe_sorted(prior: SLOPE) -> str:
    """Which rates, and what they do."""
    scale = _range(np.atleast_1d(np.asarray(prior.scale, dtype=np.float64)))
    rates = f"Benjamini-Hochberg rates for q = {prior.q:.3g}"
    if prior.rates is not None:
        rates = f"{len(prior.rates)} rates from {prior.rates[0]:.3g} to {prior.rates[-1]:.3g}"
    what = "large weights pay more, like sizes become equal"
    return f"Sorted Laplace, scale {scale}, {rates}: {what}"


def _describe_half(prior: Half) -> str:
    scale = np.atleast_1d(np.asarray(prior.scale, dtype=np.float64))
    word = f"{prior.word[0].upper()}{prior.word[1:]}, scale {_range(scale)}"
    if scale.size > 1 or not 0 < scale[0] < np.inf:
        return f"{word}: never below 0"
    half, most = (float(np.ravel(prior.quantile(q))[0]) for q in (0.5, 0.95))
    return f"{word}: half of the weights between 0 and {half:.3g}, 95 % below {most:.3g}"


def _describe_parts(prior: ByColumn) -> str:
    """Each part's sentence after its name, and the number of its columns where it has several."""
    said = []
    for k, (key, part) in enumerate(prior.parts.items()):
        count = 1 if prior.columns is None else len(prior.columns[k])
        name = "other columns" if key == "*" else key
        said.append(f"{name}{f' ({count} columns)' * (count > 1)}: {describe(part)}")
    return "; ".join(said)


def _box(low: np.ndarray, high: np.ndarray) -> str:
    if np.all(np.isinf(high)):
        return f"never below {_range(low)}"
    if np.all(np.isinf(low)):
        return f"never above {_range(high)}"
    return f"kept in [{_range(low)}, {_range(high)}]"


def _describe_levelling(prior: MCP | SCAD) -> str:
    second = f"gamma {prior.gamma:.3g}" if isinstance(prior, MCP) else f"a {prior.a:.3g}"
    penalty, width = np.asarray(prior.penalty, dtype=np.float64), prior.width
    return (
        f"{prior.word}, penalty {_range(penalty)}, {second}: weights beyond ±{_range(width)} are "
        "not shrunk; improper, no density integrates"
    )


def _describe_spike(prior: SpikeSlab) -> str:
    (scale,) = prior._widths()
    price = f"penalty {_range(np.asarray(prior.penalty, dtype=np.float64))}"
    if not np.all((scale > 0) & np.isfinite(scale)):
        return f"Best subset, {price}: each weight that is not {_spike(prior)} costs the same"
    share = 100.0 * prior.inclusion
    return (
        f"Spike and slab, {price}, scale {_range(scale)}: {_range(share)} % of the weights are "
        f"not {_spike(prior)}"
    )


def _spike(prior: SpikeSlab) -> str:
    loc = np.asarray(prior.loc, dtype=np.float64)
    return "0" if not np.any(loc) else "at loc"


def _describe_groups(prior: Any) -> str:
    """Of a group the radius is what the belief speaks of: Gamma(d) where nothing is added to it."""
    names = ("l1_scale", "group_scale") if isinstance(prior, SparseGroupLaplace) else ("scale",)
    scales = ", ".join(f"{k} {_range(np.asarray(getattr(prior, k)))}" for k in names)
    word = f"{prior.word[0].upper()}{prior.word[1:]}, {scales}"
    if isinstance(prior.groups, Mapping) or prior.groups is None:
        together = prior.groups is None and prior.outputs == "together"
        which = "all weights of a column" if together else "the columns of a group"
        return f"{word}: {which} matter together"
    sizes = np.bincount(prior.groups)
    size = _range(sizes.astype(np.float64))
    many = f"{len(sizes)} group{'s' * (len(sizes) != 1)} of {size} column{'s' * (size != '1')}"
    each = np.atleast_1d(np.asarray(getattr(prior, names[-1]), dtype=np.float64))
    if len(names) > 1 or each.size > 1 or not 0 < each[0] < np.inf:
        return f"{word}: {many}, whose weights are zero together"
    width = each[0] / np.sqrt(sizes) if prior.by_size else np.full(len(sizes), each[0])
    half, most = (_range(gammaincinv(sizes, q) * width) for q in (0.5, 0.95))
    return f"{word}: {many}, half of them within a length of {half}, 95 % within {most}"


def _range(values: np.ndarray) -> str:
    low, high = float(np.min(values)), float(np.max(values))
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
