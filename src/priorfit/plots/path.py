"""The coefficient path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.plots.style import (
    GREY,
    INK,
    LINES,
    SOFT,
    axes_of,
    bare,
    readable,
    short,
    spread,
    title,
)
from priorfit.solve import Path

__all__ = ["AXES", "plot_path", "rule", "top_counts"]

AXES = {
    "penalty": "penalty λ (log scale): strong belief on the left, weak on the right",
    "scale": "prior scale (log scale): strong belief on the left, weak on the right",
    "norm": "size of the weights (radius of the constraint)",
    "share": "size of the weights, share of the largest on the path",
}


def plot_path(
    path: Path,
    ax: Axes | None = None,
    *,
    names: Sequence[str] | None = None,
    x: str = "penalty",
    mark: int | None = None,
    max_labels: int = 12,
) -> Axes:
    """Weights along a path, times the spread of their columns so that they can be compared.

    Parameters
    ----------
    path : from `priorfit.path`.
    ax : where to draw; a new figure by default.
    names : labels of the columns (default: those of the table).
    x : "penalty", "scale", "norm" or "share".
    mark : index of a point to mark with a rule, for example ``selection.chosen``.
    max_labels : how many of the largest weights are named; the others are grey.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, priorfit as pf
    >>> X = np.random.default_rng(0).normal(size=(50, 4))
    >>> ax = plot_path(pf.path(X, X[:, 0]))
    >>> ax.get_ylabel()
    'weight × spread of its column'
    """
    if x not in AXES:
        raise InputError(f"`x` must be one of {', '.join(AXES)}", repr(x), "Choose one of them.")
    ax = axes_of(ax)
    places = _places(path, x)
    labels = tuple(names) if names is not None else path.problem.weight_labels
    spread = path.problem.design.moments(path.problem.weights)[1]
    effects = path.flat_coefs * np.repeat(spread, path.problem.outputs or 1)[:, None]
    named = _named(effects, max_labels)
    for j in range(len(effects)):
        if j not in named and np.any(effects[j]):
            ax.plot(places, effects[j], color=GREY, linewidth=0.7, zorder=1)
    for rank, j in enumerate(named):
        ax.plot(places, effects[j], color=LINES[rank % len(LINES)], linewidth=1.7, zorder=2)
    ax.axhline(0, color=INK, linewidth=0.8, zorder=1)
    bare(ax)
    if x in ("penalty", "scale"):
        ax.set_xscale("log")
        readable(ax.xaxis, places)
    if x == "penalty":
        ax.invert_xaxis()
    ax.margins(x=0.01, y=0.06)
    limit = 18 if path.problem.outputs is None else 26
    _label_ends(ax, places[-1], effects, named, [short(str(k), limit) for k in labels])
    top_counts(ax, places, path.n_nonzero)
    if mark is not None:
        rule(ax, places[mark], "chosen")
    ax.set_xlabel(AXES[x])
    ax.set_ylabel("weight × spread of its column")
    title(ax, _sentence(path, mark))
    return ax


def _places(path: Path, x: str) -> Array:
    if x == "penalty":
        return path.penalties
    if x == "scale":
        return path.scales
    return path.norms / (path.norms.max() or 1.0) if x == "share" else path.norms


def _named(effects: Array, limit: int) -> list[int]:
    """The largest columns at the weak end, the largest first; none that stays at zero."""
    size = np.abs(effects).max(axis=1)
    order = np.argsort(-np.abs(effects[:, -1]), kind="stable")
    return [int(j) for j in order if size[j] > 0][:limit]


def _label_ends(
    ax: Axes, end: float, effects: Array, named: list[int], labels: Sequence[str]
) -> None:
    """Names at the right ends of the lines, moved apart where they would touch."""
    low, high = ax.get_ylim()
    height = ax.get_window_extent().height / ax.figure.dpi * 72  # points
    gap = 11.5 / max(height, 60.0) * (high - low)
    ends = [float(effects[j, -1]) for j in named]
    for rank, (j, y) in enumerate(zip(named, spread(ends, gap), strict=True)):
        ax.annotate(
            labels[j],
            xy=(end, ends[rank]),
            xytext=(1.02, y),
            textcoords=ax.get_yaxis_transform(),
            color=LINES[rank % len(LINES)],
            fontsize=9,
            va="center",
            annotation_clip=False,
            parse_math=False,
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkB": 0},
        )


def top_counts(ax: Axes, places: Array, counts: Array) -> None:
    """The number of non-zero weights on an upper axis, at most eight of them."""
    top = ax.secondary_xaxis("top")
    visible = np.unique(np.linspace(0, len(places) - 1, 8).round().astype(int))
    top.set_xticks(places[visible], [str(counts[k]) for k in visible], minor=False)
    top.set_xticks([], minor=True)
    top.tick_params(length=0, labelsize=9, colors=SOFT)
    top.spines["top"].set_visible(False)
    top.set_xlabel("weights that are not zero", fontsize=9, color=SOFT)


def rule(ax: Axes, at: float, text: str, *, dashed: bool = False) -> None:
    """A labelled vertical rule."""
    ax.axvline(at, color=INK, linewidth=1.0, linestyle=(0, (4, 3)) if dashed else "-", zorder=3)
    ax.annotate(
        text,
        xy=(at, 0.985),
        xycoords=ax.get_xaxis_transform(),
        xytext=(4, 0),
        textcoords="offset points",
        fontsize=9,
        color=INK,
        va="top",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85},
        zorder=4,
    )


def _sentence(path: Path, mark: int | None) -> str:
    p = len(path.flat_coefs)
    if not np.any(path.coefs == 0):
        return f"All {p} weights shrink together and none is ever exactly zero"
    if mark is None:
        first = int(np.flatnonzero(path.n_nonzero)[0]) if np.any(path.n_nonzero) else 0
        entered = path.problem.weight_labels[int(np.argmax(np.abs(path.flat_coefs[:, first])))]
        return f"Weights enter one by one as the belief weakens: {entered} is the first"
    count = int(path.n_nonzero[mark])
    return f"{count} of {p} weights {'is' if count == 1 else 'are'} in at the chosen strength"
