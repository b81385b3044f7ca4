"""Beliefs as densities."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from matplotlib.axes import Axes

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.plots.style import GREY, SOFT, axes_of, bare, color_of, spread, title
from priorfit.priors import (
    MCP,
    SCAD,
    ByColumn,
    ElasticNet,
    Flat,
    GroupLaplace,
    Horseshoe,
    Laplace,
    LogLaplace,
    Normal,
    Prior,
    SparseGroupLaplace,
    SpikeSlab,
    StudentPrior,
    Truncated,
)

__all__ = ["plot_prior"]

_MOST = 8  # parts of a prior by column that are drawn
_GROUPED = GroupLaplace | SparseGroupLaplace


def plot_prior(*priors: Prior, ax: Axes | None = None, penalty: bool = False) -> Axes:
    """Densities of one or more priors, each named at its own curve.

    Of a prior with one scale per column the column with the median scale is drawn, of one by column
    each part. ``penalty``
    draws -log density instead, from its lowest point: the bell becomes a parabola, the tent a V.
    Of an improper one (MCP, SCAD) the shape is drawn, 1 at its centre; a spike is a line as high
    as the picture, with its probability.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import priorfit as pf
    >>> len(plot_prior(pf.Laplace(1.0), pf.Normal(1.4)).lines)
    3
    """
    for prior in priors:
        if not isinstance(prior, ByColumn):
            _check_alone(prior)
    named = [pair for prior in priors for pair in _parts(prior)]
    for _, prior in named:
        _check_alone(prior)
    ax = axes_of(ax, (7.2, 3.6))
    drawn = [prior for _, prior in named]
    names = [key + _name(prior) for key, prior in named]
    grid = _grid(drawn)
    heights = [_height(prior, grid, penalty) for prior in drawn]
    for prior, density in zip(drawn, heights, strict=True):
        color = color_of(prior)
        base = prior.prior if isinstance(prior, Truncated) else prior
        style = (0, (6, 3)) if isinstance(base, ElasticNet) else "-"
        ax.plot(grid, density, color=color, linewidth=1.9, linestyle=style)
        if not penalty:
            ax.fill_between(grid, density, color=color, alpha=0.10, linewidth=0)
    ax.axhline(0, color=SOFT, linewidth=0.8)
    ax.set_ylim(0, None if penalty else 1.05 * _top(drawn, heights))
    _draw_spikes(ax, drawn, penalty)
    ax.margins(x=0)
    bare(ax, grid=False)
    ax.set_yticks([])
    ax.set_xlabel("weight")
    if penalty:
        ax.set_ylim(0, 1.02 * max(float(h[np.isfinite(h)].max()) for h in heights))
        _name_ends(ax, heights, drawn, names)
        ax.set_ylabel("penalty (−log density)")
        title(ax, _penalty_sentence(drawn))
        return ax
    _name_curves(ax, grid, drawn, names)
    ax.set_ylabel("plausibility (density)")
    title(ax, _sentence(drawn))
    return ax


def _top(priors: list[Prior], heights: list[Array]) -> float:
    """The highest density that is to be seen: of one that is infinite, what most of it is below."""
    tops = [
        float(np.exp(-p.neg_log_density(_quantile(p, 0.6))))
        if isinstance(p, Horseshoe)
        else float(h.max())
        for p, h in zip(priors, heights, strict=True)
    ]
    room = 1.25 if any(isinstance(p, SpikeSlab) for p in priors) else 1.0  # for what it says
    return room * max(tops)


def _draw_spikes(ax: Axes, priors: list[Prior], penalty: bool) -> None:
    for prior in priors:
        if not isinstance(prior, SpikeSlab) or penalty:
            continue
        loc = float(np.asarray(prior.loc))
        share = 100.0 * (1.0 - float(prior.inclusion))
        ax.axvline(loc, color=color_of(prior), linewidth=2.4, alpha=0.75)
        ax.annotate(
            f"{share:.3g} % are exactly {loc:g}",
            xy=(loc, 0.96),
            xycoords=ax.get_xaxis_transform(),
            xytext=(6, 0),
            textcoords="offset points",
            color=color_of(prior),
            fontsize=9,
            va="top",
        )


def _check_alone(prior: Prior) -> None:
    if not prior.separable and not isinstance(prior, _GROUPED):
        raise InputError(
            "`plot_prior` draws the density of one weight",
            f"a {prior.word}",
            "Draw from it with sample, or walks with plot_walks.",
        )


def _parts(prior: Prior) -> list[tuple[str, Prior]]:
    """What is drawn, with the beginning of its name: a prior by column is drawn part by part."""
    if not isinstance(prior, ByColumn):
        return [("", _scalar(prior))]
    parts = list(prior.parts.items())
    keys = ["others" if key == "*" else key for key, _ in parts]
    short = [key if len(key) <= 16 else f"{key[:15]}…" for key in keys]
    return [(f"{k}: ", _scalar(part)) for k, (_, part) in zip(short, parts, strict=True)][:_MOST]


def _height(prior: Prior, grid: Array, penalty: bool) -> Array:
    if penalty and not isinstance(prior, _GROUPED):
        height = np.asarray(prior.neg_log_density(grid))
        return np.asarray(height - height[np.isfinite(height)].min())
    density = _density(prior, grid)
    if not penalty:
        return density
    with np.errstate(divide="ignore"):
        height = -np.log(density)
    return np.asarray(height - height.min())


def _name_ends(ax: Axes, heights: list[Array], priors: list[Prior], names: list[str]) -> None:
    """Each name at the right end of its curve."""
    ends = [float(h[np.isfinite(h)][-1]) for h in heights]
    places = spread(ends, 0.075 * max(ends))
    for prior, name, end in zip(priors, names, places, strict=True):
        ax.annotate(
            name,
            xy=(1.01, end),
            xycoords=ax.get_yaxis_transform(),
            color=color_of(prior),
            fontsize=10,
            va="center",
        )


def _density(prior: Prior, grid: Array) -> Array:
    """Of one weight; of a member of a group its marginal."""
    if isinstance(prior, SpikeSlab):
        return _slab(prior, grid)
    if not isinstance(prior, _GROUPED):
        return np.asarray(np.exp(-prior.neg_log_density(grid)))
    t = np.abs(grid - _centre(prior))[:, None]
    return prior.marginal(t, np.zeros(1, dtype=np.intp), len(prior.groups))[1][:, 0]


def _slab(prior: SpikeSlab, grid: Array) -> Array:
    """The density of the weights that are not in the spike."""
    slab = Normal(prior.scale, prior.loc)
    return np.asarray(prior.inclusion * np.exp(-slab.neg_log_density(grid)))


def _quantile(prior: Prior, q: float) -> float:
    if not isinstance(prior, _GROUPED):
        return float(prior.quantile(q))
    return float(prior.quantile(np.full(len(prior.groups), q))[0])


def _scalar(prior: Prior) -> Prior:
    """The prior of the column in the middle, where there is one scale per column."""
    shape = prior._shape()
    if not shape or isinstance(prior, Flat):
        return prior
    if isinstance(prior, Truncated):
        bounds = [np.ravel(np.broadcast_to(b, shape)) for b in prior._bounds()]
        middle = shape[0] // 2
        low, high = (float(b[middle]) for b in bounds)
        return Truncated(_scalar(prior.prior), low, high)
    numbers = [f.name for f in fields(prior) if f.name not in ("groups", "by_size", "outputs")]  # type: ignore[arg-type]
    values = {k: np.broadcast_to(getattr(prior, k), shape) for k in numbers}
    widths = next(iter(values.values()))
    usable = np.flatnonzero((widths > 0) & np.isfinite(widths))
    order = usable[np.argsort(widths[usable])]
    if not len(order):
        return Flat()
    j = int(order[len(order) // 2])
    if isinstance(prior, _GROUPED):
        members = int(np.sum(prior.groups == prior.groups[j])) if np.ndim(prior.groups) else 1
        prior = replace(prior, groups=np.zeros(members, dtype=np.intp))
    return replace(prior, **{k: float(v[j]) for k, v in values.items()})  # type: ignore[type-var]


def _proper(prior: Prior) -> bool:
    base = prior.prior if isinstance(prior, Truncated) else prior
    if isinstance(base, MCP | SCAD) or (isinstance(base, LogLaplace) and float(base.df) <= 0):
        return False
    if isinstance(base, SpikeSlab):
        return bool(np.isfinite(base.scale))
    return not isinstance(base, Flat) and bool(
        np.isfinite(_density(prior, np.array([_centre(prior)]))[0])
    )


def _centre(prior: Prior) -> float:
    base = prior.prior if isinstance(prior, Truncated) else prior
    loc = float(np.asarray(getattr(base, "loc", 0.0)))
    if isinstance(prior, Truncated):
        low, high = (float(b) for b in prior._bounds())
        return float(np.clip(loc, low, high))
    return loc


def _grid(priors: list[Prior]) -> Array:
    """A symmetric range that holds 99 % of each belief (80 % where the tail is heavy) and the level
    part of a penalty that stops, with every kink on it."""
    sizes = [max(abs(_quantile(p, q)) for q in _ends(p)) for p in priors if _proper(p)]
    sizes += [1.6 * float(p.width) for p in priors if isinstance(p, MCP | SCAD)]
    finite = [size for size in sizes if np.isfinite(size)]
    reach = max(finite, default=1.0)
    grid = np.linspace(-reach, reach, 801)
    return np.unique(np.concatenate([grid, [_centre(p) for p in priors]]))


def _ends(prior: Prior) -> tuple[float, float]:
    base = prior.prior if isinstance(prior, Truncated) else prior
    tail = 0.1 if isinstance(base, StudentPrior | LogLaplace | Horseshoe) else 0.003
    return tail, 1.0 - tail


def _name_curves(ax: Axes, grid: Array, priors: list[Prior], names: list[str]) -> None:
    """Each name beside its curve, at a height of its own."""
    densities = [_density(prior, grid) for prior in priors]
    top = _top(priors, densities)
    densities = [np.minimum(density, top) for density in densities]
    targets = [min(0.7 * top, 0.85 * float(density.max())) for density in densities]
    heights = spread(targets, 0.085 * top)
    for prior, name, density, height in zip(priors, names, densities, heights, strict=True):
        right = grid >= _centre(prior)
        at = int(np.flatnonzero(right)[np.argmin(np.abs(density[right] - height))])
        ax.annotate(
            name,
            xy=(grid[at], density[at]),
            xytext=(0.72 if max(map(len, names)) <= 26 else 0.58, height),
            textcoords=ax.get_yaxis_transform(),
            color=color_of(prior),
            fontsize=10,
            va="center",
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.7, "shrinkB": 2},
        )


def _name(prior: Prior) -> str:
    base = prior.prior if isinstance(prior, Truncated) else prior
    word = f"{prior.word[0].upper()}{prior.word[1:]}"
    if isinstance(base, ElasticNet):
        return f"{word}, scales {float(base.l1_scale):.3g} and {float(base.l2_scale):.3g}"
    if isinstance(base, SparseGroupLaplace):
        return f"{word}, scales {float(base.l1_scale):.3g} and {float(base.group_scale):.3g}"
    said = [
        f"{key} {float(getattr(base, key)):.3g}"
        for key in ("penalty", "scale", "df", "gamma", "a")
        if hasattr(base, key) and np.isfinite(getattr(base, key))
    ]
    return ", ".join([word, *said])


def _sentence(priors: list[Prior]) -> str:
    if len(priors) > 1:
        return "What each belief finds plausible before it sees data"
    prior = priors[0]
    base = prior.prior if isinstance(prior, Truncated) else prior
    if isinstance(base, Flat):
        return "Every weight is as plausible as any other"
    if isinstance(base, GroupLaplace | SparseGroupLaplace):
        return "One weight of a group: its zero comes from the group, all or none"
    if isinstance(base, MCP | SCAD):
        return "Large weights are all as plausible: no density, but a shape"
    if isinstance(base, SpikeSlab):
        return "A weight is exactly zero, or it is not"
    if isinstance(base, Horseshoe):
        return "Infinite at zero, with a heavy tail: no mode to find"
    if isinstance(base, StudentPrior):
        return "A bell with a heavy tail: large weights are no surprise"
    if isinstance(base, LogLaplace):
        return "A corner for exact zeros, a heavy tail for large weights"
    if isinstance(base, Laplace | ElasticNet):
        return "The corner at zero is what makes exact zeros"
    return "A smooth belief: weights shrink, none becomes exactly zero"


def _penalty_sentence(priors: list[Prior]) -> str:
    if any(_bends(prior) for prior in priors):
        return "A heavy tail is a penalty that flattens"
    return "A bell is a squared penalty, a tent an absolute one"


def _bends(prior: Prior) -> bool:
    base = prior.prior if isinstance(prior, Truncated) else prior
    return isinstance(base, StudentPrior | LogLaplace | MCP | SCAD | SpikeSlab | Horseshoe)
