"""The curve on which a strength was chosen."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from priorfit.plots.path import rule, top_counts
from priorfit.plots.style import DATA, SOFT, axes_of, bare, readable, title
from priorfit.select import Selection

__all__ = ["plot_selection"]


def plot_selection(selection: Selection, ax: Axes | None = None) -> Axes:
    """Mean held-out deviance with one standard error, the best point and the 1-SE point.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, priorfit as pf
    >>> scores = np.array([[3.0, 3.2], [1.0, 1.4], [2.0, 2.2]])
    >>> selection = pf.Selection(np.array([4.0, 2.0, 1.0]), scores, np.arange(3), "1se")
    >>> plot_selection(selection).get_ylabel()
    'held-out deviance per row'
    """
    ax = axes_of(ax)
    mean, error = selection.mean, selection.standard_error
    lam = selection.penalties
    ax.fill_between(lam, mean - error, mean + error, color=DATA, alpha=0.16, linewidth=0)
    ax.plot(lam, mean, color=DATA, linewidth=1.6)
    ax.set_xscale("log")
    readable(ax.xaxis, lam)
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
        rule(ax, lam[best], "best = 1-SE")
    else:
        rule(ax, lam[best], "best", dashed=True)
        rule(ax, lam[strict], "1-SE")
    top_counts(ax, lam, selection.n_nonzero)
    ax.set_xlabel("penalty λ (log scale): strong belief on the left, weak on the right")
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
    fewer = int(selection.n_nonzero[selection.best] - selection.n_nonzero[selection.one_se])
    if selection.best == selection.one_se:
        return "The best point is also the simplest within one standard error"
    if fewer > 0:
        word = "weight" if fewer == 1 else "weights"
        return f"Within one standard error of the best, a stronger belief drops {fewer} {word}"
    return "A stronger belief predicts as well, within one standard error"
