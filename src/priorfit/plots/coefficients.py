"""Weights side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from priorfit._typing import ArrayLike
from priorfit.plots.style import GREY, INK, SOFT, axes_of, short, title

__all__ = ["plot_coefficients"]

UP, DOWN = "#0072B2", "#C44E00"


def plot_coefficients(
    coef: ArrayLike,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
    *,
    max_shown: int = 25,
    unit: str = "effect per standard deviation of the column",
) -> Axes:
    """Weights sorted by size: dots on stems, exact zeros hollow and grey.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> ax = plot_coefficients([2.0, 0.0, -1.0], ["a", "b", "c"])
    >>> [t.get_text() for t in ax.get_yticklabels()]
    ['a', 'c', 'b']
    """
    values = np.asarray(coef, dtype=np.float64)
    labels = [f"x{j}" for j in range(len(values))] if names is None else list(names)
    order = np.argsort(-np.abs(values), kind="stable")
    shown = order[:max_shown]
    ax = axes_of(ax, (7.2, 0.9 + 0.26 * len(shown)))
    rows = np.arange(len(shown))
    ax.axvline(0, color=INK, linewidth=0.8, zorder=1)
    for row, j in zip(rows, shown, strict=True):
        _draw(ax, int(row), float(values[j]))
    ax.set_yticks(rows, [short(labels[j], 28) for j in shown], parse_math=False)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0)
    ax.grid(axis="x", color="#ECEDF0", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.margins(x=0.08)
    ax.set_xlabel(unit)
    hidden = len(values) - len(shown)
    if hidden:
        zeros = int(np.sum(values[order[max_shown:]] == 0))
        text = f"{hidden} more columns, {zeros} of them exactly zero"
        ax.annotate(text, (1, 0.01), xycoords="axes fraction", ha="right", fontsize=9, color=SOFT)
    longest = max((len(t.get_text()) for t in ax.get_yticklabels()), default=0)
    title(ax, _sentence(values, labels), taken=0.08 * longest)
    return ax


def _draw(ax: Axes, row: int, value: float) -> None:
    if value == 0:
        ax.plot(0, row, "o", markersize=5, markerfacecolor="white", markeredgecolor=GREY, zorder=3)
        return
    color, mark = (UP, "o") if value > 0 else (DOWN, "D")
    ax.plot([0, value], [row, row], color=color, linewidth=1.6, zorder=2, solid_capstyle="butt")
    ax.plot(value, row, mark, color=color, markersize=6, zorder=3)


def _sentence(values: np.ndarray, labels: Sequence[str]) -> str:
    if not np.any(values):
        return "No column has a weight: the belief is stronger than the data"
    top = labels[int(np.argmax(np.abs(values)))]
    zeros = int(np.sum(values == 0))
    if zeros == 0:
        return f"{top} weighs most; every column keeps a weight"
    return f"{top} weighs most; {zeros} of {len(values)} columns are exactly zero"
