"""The curve on which a strength was chosen."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.plots.path import AXES, rule, top_counts
from priorfit.plots.style import DATA, LINES, SOFT, axes_of, bare, readable, title
from priorfit.select import Selection

__all__ = ["plot_criteria", "plot_selection"]


def plot_selection(selection: Selection, ax: Axes | None = None, *, x: str = "penalty") -> Axes:
    """Mean held-out deviance with one standard error, the best point and the 1-SE point.

    ``x``: "penalty", or "scale" for the prior scale that each penalty means.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, priorfit as pf
    >>> scores = np.array([[3.0, 3.2], [1.0, 1.4], [2.0, 2.2]])
    >>> selection = pf.Selection(np.array([4.0, 2.0, 1.0]), scores, np.arange(3), "1se")
    >>> plot_selection(selection).get_ylabel()
    'held-out deviance per row'
    """
    if x not in ("penalty", "scale"):
        raise InputError("`x` must be penalty or scale", repr(x), "Choose one of them.")
    ax = axes_of(ax)
    mean, error = selection.mean, selection.standard_error
    lam = selection.penalties if x == "penalty" else selection.scales
    ax.fill_between(lam, mean - error, mean + error, color=DATA, alpha=0.16, linewidth=0)
    ax.plot(lam, mean, color=DATA, linewidth=1.6)
    ax.set_xscale("log")
    readable(ax.xaxis, lam)
    if x == "penalty":
        ax.invert_xaxis()
    ax.margins(x=0.02)
    _frame_the_valley(ax, selection)
    bare(ax)
    best, strict = selection.best, selection.one_se
    level = mean[best] + error[best]
    ax.plot(lam[[strict, best]], [level, level], color=SOFT, linewidth=0.9, linestyle=(0, (2, 2)))
    ax.plot(lam[best], mean[best], "o", color="white", markeredgecolor=DATA, markersize=6, zorder=5)
    ax.plot(lam[strict], mean[strict], "D", color=DATA, markersize=5.5, zorder=5)
    if best == strict:
        rule(ax, lam[best], "best = 1-SE" if np.any(error) else "best")
    else:
        rule(ax, lam[best], "best", dashed=True)
        rule(ax, lam[strict], "1-SE")
    top_counts(ax, lam, selection.n_nonzero)
    ax.set_xlabel(AXES[x])
    ax.set_ylabel(selection.criterion)
    title(ax, _sentence(selection))
    return ax


def _frame_the_valley(ax: Axes, selection: Selection) -> None:
    """Limits that show the valley, not an explosion at one end."""
    mean, error = selection.mean, selection.standard_error
    finite = np.isfinite(mean)
    low = float(np.min((mean - error)[finite]))
    start = float((mean + error)[0]) if finite[0] else float(np.max(mean[finite]))
    worst = float(np.max((mean + error)[finite]))
    high = min(worst, max(start, low + 3.0 * (start - low) + 1e-12))
    margin = 0.1 * (high - low) or 1.0
    ax.set_ylim(low - margin, high + margin)


def _sentence(selection: Selection) -> str:
    if not np.any(selection.standard_error):
        kept = int(selection.n_nonzero[selection.best])
        return f"{selection.criterion} is smallest with {kept} weight{'s' * (kept != 1)}"
    fewer = int(selection.n_nonzero[selection.best] - selection.n_nonzero[selection.one_se])
    if selection.best == selection.one_se:
        return "The best point is also the simplest within one standard error"
    if fewer > 0:
        word = "weight" if fewer == 1 else "weights"
        return f"Within one standard error of the best, a stronger belief drops {fewer} {word}"
    return "A stronger belief predicts as well, within one standard error"


def plot_criteria(selections: Mapping[str, Selection], ax: Axes | None = None) -> Axes:
    """Several criteria over one path, each from its smallest value (0) to that of the null (1).

    Their units differ, so only the shape of each curve and the place of its minimum, which is
    marked, can be compared.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, priorfit as pf
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> problem = pf.Problem.make(X, X[:, 0] + X[:, 1], prior=pf.Laplace())
    >>> ways = {way: pf.choose(problem, way)[0] for way in ("aic", "bic", "cv")}
    >>> plot_criteria(ways).get_ylabel()
    '0 its minimum, 1 no weights'
    """
    ax = axes_of(ax)
    ends, colors = [], itertools.cycle(LINES)
    for (name, selection), color in zip(selections.items(), colors, strict=False):
        lam, height = selection.penalties, _heights(selection)
        ax.plot(lam, height, color=color, linewidth=1.6)
        at = selection.chosen
        ax.plot(lam[at], height[at], "o", color=color, markersize=6, zorder=5)
        ends.append((name, lam[at], height[at], color))
    first = next(iter(selections.values()))
    ax.set_xscale("log")
    readable(ax.xaxis, first.penalties)
    ax.invert_xaxis()
    ax.margins(x=0.02)
    ax.set_ylim(-0.42, 1.08)
    bare(ax)
    _name_the_minima(ax, ends)
    top_counts(ax, first.penalties, first.n_nonzero)
    ax.set_yticks([0.0, 0.5, 1.0])
    ax.set_xlabel("penalty λ (log scale): strong belief on the left, weak on the right")
    ax.set_ylabel("0 its minimum, 1 no weights")
    title(ax, _spread_sentence(selections))
    return ax


def _heights(selection: Selection) -> Array:
    mean = np.where(np.isfinite(selection.mean), selection.mean, np.nan)
    if selection.valid is not None:
        mean = np.where(selection.valid, mean, np.nan)
    low = np.nanmin(mean)
    return np.asarray((mean - low) / max(mean[0] - low, 1e-300))


def _name_the_minima(ax: Axes, ends: list[tuple[str, float, float, str]]) -> None:
    """Names below the curves, one under the other where they would touch."""
    ends = sorted(ends, key=lambda end: -end[1])
    for row, (name, at, height, color) in enumerate(ends):
        level = -0.1 - 0.07 * (row % 4)
        ax.plot([at, at], [level + 0.02, height], color=color, linewidth=0.8, zorder=2)
        ax.annotate(name, (at, level), ha="center", va="top", fontsize=9, color=color)


def _spread_sentence(selections: Mapping[str, Selection]) -> str:
    counts = {name: int(s.n_nonzero[s.chosen]) for name, s in selections.items()}
    few, many = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[few] == counts[many]:
        return f"All criteria keep {counts[few]} weights"
    return f"{few} keeps {counts[few]} weights, {many} {counts[many]}"
