"""What is believed after the data: one weight, all weights, and whether chains agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from scipy.stats import rankdata

from priorfit._errors import InputError
from priorfit._typing import Array, Index
from priorfit.plots.style import DATA, GREY, INK, LINES, SOFT, axes_of, bare, color_of, short, title

if TYPE_CHECKING:
    from priorfit.posterior import OneWeight, Posterior

__all__ = ["farthest", "legend", "name_rows", "plot_chains", "plot_one_weight", "plot_posterior"]

_BINS = 20  # of a rank plot


def plot_one_weight(after: OneWeight, ax: Axes | None = None) -> Axes:
    """The posterior of one weight, with its mode, median and mean on one axis.

    A spike is a bar as high as its probability is of the tallest point of the density.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import priorfit as pf
    >>> ax = plot_one_weight(pf.one_weight(pf.Laplace(1.0), 0.8))
    >>> ax.get_xlabel()
    'weight'
    """
    ax = axes_of(ax)
    color = color_of(after.prior)
    middle, height = _density(after)
    top = float(height.max())
    ax.fill_between(middle, height, color=color, alpha=0.16, linewidth=0)
    ax.plot(middle, height, color=color, linewidth=2.0)
    if after.atom[0]:
        ax.plot([after.atom[1]] * 2, [0, top * after.atom[0]], color=color, linewidth=5)
    marks = (("mode", after.mode, "D"), ("median", after.median, "s"), ("mean", after.mean, "o"))
    for level, (name, value, mark) in enumerate(marks):
        y = -top * (0.09 + 0.1 * level)
        ax.plot(value, y, mark, color=INK, markersize=6.5, clip_on=False, zorder=4)
        ax.annotate(
            f"{name} {value:.3g}", (value, y), (9, 0), textcoords="offset points",
            va="center", fontsize=9, color=SOFT,
        )  # fmt: skip
    ax.axvline(0, color=GREY, linewidth=0.8, zorder=0)
    ax.plot(after.z, 0, "^", color=DATA, markersize=7, clip_on=False, zorder=4)
    ax.annotate(
        "data alone", (after.z, 0), (0, 8), textcoords="offset points", ha="center",
        fontsize=9, color=DATA,
    )  # fmt: skip
    ax.set_ylim(-0.38 * top, 1.08 * top)
    bare(ax, grid=False)
    ax.set_yticks([])
    ax.set_xlabel("weight")
    title(ax, _one_sentence(after))
    return ax


def _density(after: OneWeight) -> tuple[Array, Array]:
    """The density without the spike, where it is not negligible, and at what the data say."""
    reach = 6.0 * float(after.widths.max())
    for _ in range(2):
        b = np.linspace(after.mean - reach, after.mean + reach, 1601)
        mass = np.diff([after.cdf(v) - after.atom[0] * (v >= after.atom[1]) for v in b])
        height = mass / (b[1] - b[0])
        seen = np.abs(b[1:][height > 1e-3 * height.max()] - after.mean)
        reach = max(float(seen.max()), 1.15 * abs(after.z - after.mean))
    return 0.5 * (b[1:] + b[:-1]), height


def _one_sentence(after: OneWeight) -> str:
    if after.atom[0]:
        return f"The spike holds {after.prob_zero:.0%}: the weight is exactly zero with that chance"
    if after.mode == 0.0:
        return f"The mode is exactly zero, the mean is {after.mean:.2g}, and P(b = 0) is 0"
    return f"The mode is {after.mode:.2g}, the mean {after.mean:.2g}"


def plot_posterior(
    posterior: Posterior, ax: Axes | None = None, *, prob: float = 0.9, max_shown: int = 25
) -> Axes:
    """Every weight with its interval (half of the probability thick, ``prob`` thin), its mean as a
    dot and the MAP estimate as a diamond, hollow where it is exactly zero.

    The ``max_shown`` weights that are farthest from zero, in units of their standard deviation.
    Weights are drawn in those units where these differ by more than ten.
    """
    draws = posterior.flat.reshape(len(posterior.flat), -1)
    order, unit, uneven = farthest(posterior, max_shown)
    ax = axes_of(ax, (7.2, 1.1 + 0.27 * len(order)))
    modes = _modes(posterior)
    ax.axvline(0, color=INK, linewidth=0.8, zorder=1)
    color = color_of(posterior.model.problem.prior)
    ends = np.quantile(draws, [0.5 - prob / 2, 0.25, 0.75, 0.5 + prob / 2], axis=0) / unit
    for row, j in enumerate(order):
        ax.plot(ends[[0, 3], j], [row, row], color=color, linewidth=1.3, zorder=2)
        ax.plot(ends[[1, 2], j], [row, row], color=color, linewidth=4.5, zorder=2)
        ax.plot(draws[:, j].mean() / unit[j], row, "o", color="white", markersize=7, zorder=3)
        ax.plot(draws[:, j].mean() / unit[j], row, "o", color=color, markersize=5, zorder=3)
        if modes is not None:
            face = "white" if modes[j] == 0 else INK
            ax.plot(
                modes[j] / unit[j], row, "D", markersize=5, color=INK, markerfacecolor=face,
                markeredgewidth=1.1, zorder=4,
            )  # fmt: skip
    name_rows(ax, posterior, order, uneven, _forest_sentence(ends, modes, prob))
    legend(ax, f"● mean   ◆ MAP   ◇ MAP exactly zero   — {prob:.0%}, ━ 50 %")
    return ax


def name_rows(ax: Axes, posterior: Posterior, order: Index, uneven: bool, sentence: str) -> None:
    """A row for each weight of ``order``, the first on top; the sentence above all."""
    names = [short(str(posterior.labels[j]), 28) for j in order]
    ax.set_yticks(range(len(order)), names, parse_math=False)
    ax.set_ylim(len(order) - 0.4, -0.6)
    bare(ax, grid=False)
    ax.grid(axis="x", color="#ECEDF0", linewidth=0.8)
    ax.margins(x=0.06)
    ax.set_xlabel("weight, in its posterior standard deviations" if uneven else "weight")
    title(ax, sentence, taken=0.08 * max(map(len, names), default=0))


def legend(ax: Axes, text: str) -> None:
    """What the marks are, in one line at the upper right."""
    style: Any = {"ha": "right", "va": "bottom", "fontsize": 8.5, "color": SOFT}
    ax.text(1, 1.0, text, transform=ax.transAxes, **style)


def farthest(posterior: Posterior, most: int) -> tuple[Index, Array, bool]:
    """Which weights are farthest from zero, the farthest first; the unit of each weight; whether it
    is its standard deviation."""
    draws = posterior.flat.reshape(len(posterior.flat), -1)
    sd = draws.std(axis=0)
    safe = np.where(sd > 0, sd, 1.0)
    order = np.argsort(-np.abs(draws.mean(axis=0)) / safe, kind="stable")[:most]
    uneven = bool(safe[order].max() > 10.0 * safe[order].min())
    return order, safe if uneven else np.ones_like(safe), uneven


def _modes(posterior: Posterior) -> Array | None:
    try:
        return posterior.mode.ravel()
    except InputError:
        return None


def _forest_sentence(ends: Array, modes: Array | None, prob: float) -> str:
    clear = int(np.sum((ends[0] > 0) | (ends[3] < 0)))
    total = ends.shape[1]
    words = f"{clear} of {total} weights have a sign with {prob:.0%} probability"
    if modes is None or not np.any(modes == 0):
        return words
    return f"{words}; the MAP estimate has {int(np.sum(modes != 0))}"


def plot_chains(posterior: Posterior, name: str, axes: list[Axes] | None = None) -> list[Axes]:
    """Whether chains agree about one parameter: its draws in their order, and how the ranks of
    each chain's draws are spread; flat where they agree.

    ``name``: a weight, "intercept", "noise" or "scale". Returns the two axes.

    Source: Vehtari et al. (2021), section 5, for the ranks.
    """
    columns = posterior._columns
    if name not in columns:
        raise InputError(
            "`name` must be a parameter that was sampled",
            repr(name),
            f"There are {', '.join(map(repr, list(columns)[:6]))}, ...",
        )
    values = columns[name]
    left, right = _pair() if axes is None else axes
    ranks = rankdata(values).reshape(values.shape)
    edges = np.linspace(0, values.size, _BINS + 1)
    level = values.shape[1] / _BINS
    for k, (chain, own) in enumerate(zip(values, ranks, strict=True)):
        color = LINES[k % len(LINES)]
        left.plot(chain, color=color, linewidth=0.5, alpha=0.75)
        counts = np.histogram(own, edges)[0]
        base = np.full(_BINS, float(k))
        right.step(
            edges, np.r_[base + 0.45 * counts / level, base[-1] + 0.45 * counts[-1] / level],
            where="post", color=color, linewidth=1.6,
        )  # fmt: skip
        right.axhline(k + 0.45, color=GREY, linewidth=0.8, zorder=0)
    left.set_xlabel("draw")
    left.set_ylabel(name, parse_math=False)
    right.set_yticks(np.arange(len(values)) + 0.45, [f"chain {k + 1}" for k in range(len(values))])
    right.set_xlabel("rank of the draws; flat where chains agree")
    for ax in (left, right):
        bare(ax, grid=False)
    health = posterior.health
    k = health.names.index(name)
    word = "Chains agree" if health.rhat[k] <= 1.01 else "Chains disagree"
    title(left, f"{word} about {name}: R-hat {health.rhat[k]:.3f}")
    title(right, f"Worth {health.bulk[k]:.0f} independent draws of {values.size}")
    return [left, right]


def _pair() -> tuple[Axes, Axes]:
    from matplotlib import pyplot, rc_context

    from priorfit.plots.style import STYLE

    with rc_context(STYLE):
        left, right = pyplot.subplots(1, 2, figsize=(10.0, 3.6), layout="constrained")[1]
    return left, right
