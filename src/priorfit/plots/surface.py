"""The curves of an elastic net whose mixture was chosen too."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex

from priorfit.plots.path import rule
from priorfit.plots.style import (
    LAPLACE,
    NORMAL,
    PRODUCT,
    axes_of,
    bare,
    readable,
    title,
)
from priorfit.select import Surface

__all__ = ["plot_surface"]

_MIX = LinearSegmentedColormap.from_list("mixture", [NORMAL, PRODUCT, LAPLACE])


def plot_surface(surface: Surface, ax: Axes | None = None) -> Axes:
    """One curve for each l1_ratio over lambda, from blue (normal) to orange (Laplace); the lowest
    point of each is marked with its share of l1.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, priorfit as pf
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> problem = pf.Problem.make(X, X[:, 0] + X[:, 1], prior=pf.ElasticNet())
    >>> selection, _ = pf.choose(problem, "cv", l1_ratio=[0.2, 1.0])
    >>> plot_surface(selection.surface).get_ylabel()
    'held-out deviance per row'
    """
    ax = axes_of(ax)
    for ratio, one in zip(surface.l1_ratios, surface.selections, strict=True):
        color, at = to_hex(_MIX(float(ratio))), one.best
        ax.plot(one.penalties, one.mean, color=color, linewidth=1.6)
        ax.plot(one.penalties[at], one.mean[at], "o", color=color, markersize=5.5, zorder=5)
    ax.set_xscale("log")
    _frame(ax, surface)
    bare(ax)
    _name_minima(ax, surface)
    best = surface.selections[surface.best]
    if best.best != best.chosen:
        rule(ax, best.penalties[best.chosen], "1-SE", dashed=True)
    rule(ax, best.penalties[best.best], "best")
    ax.set_xlabel("penalty λ (log scale): strong belief on the left, weak on the right")
    ax.set_ylabel(best.criterion)
    title(ax, _sentence(surface))
    return ax


def _frame(ax: Axes, surface: Surface) -> None:
    """Limits that show the valleys, and no explosion at the weak end."""
    low = float(np.min(surface.lowest))
    start = max(float(one.mean[0]) for one in surface.selections)
    room = max(start, float(np.max(surface.lowest))) - low or 1.0
    ax.set_ylim(low - 0.24 * room, low + 1.08 * room)
    shown = [one.penalties[one.mean <= low + 1.1 * room] for one in surface.selections]
    lambdas = np.concatenate(shown)
    readable(ax.xaxis, lambdas)
    ax.set_xlim(1.15 * lambdas.max(), lambdas.min() / 1.15)


def _name_minima(ax: Axes, surface: Surface) -> None:
    """The share of l1 below the lowest point of each curve; neighbours at three heights."""
    for k, (ratio, one) in enumerate(zip(surface.l1_ratios, surface.selections, strict=True)):
        ax.annotate(
            f"{100 * float(ratio):.3g} % l1",
            xy=(float(one.penalties[one.best]), float(one.mean[one.best])),
            xytext=(0, -6 - 10 * (k % 3)),
            textcoords="offset points",
            color=to_hex(_MIX(float(ratio))),
            fontsize=9,
            fontweight="bold" if k == surface.best else "normal",
            ha="center",
            va="top",
        )


def _sentence(surface: Surface) -> str:
    ratio = 100 * float(surface.l1_ratios[surface.best])
    lowest, best = surface.lowest, surface.selections[surface.best]
    within = lowest <= best.mean[best.best] + best.standard_error[best.best]
    if np.any(best.standard_error) and np.all(within):
        return f"{ratio:.3g} % l1 is best, but every mixture is within one standard error of it"
    return f"{ratio:.3g} % l1 is best"
