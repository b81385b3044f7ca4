"""One look: one colour and one mark for one meaning."""

from __future__ import annotations

import textwrap
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from priorfit._typing import Array
from priorfit.priors import (
    MCP,
    SCAD,
    ElasticNet,
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

__all__ = [
    "BAD",
    "DATA",
    "GREY",
    "INK",
    "LAPLACE",
    "NORMAL",
    "PRODUCT",
    "STYLE",
    "axes_of",
    "bare",
    "color_of",
    "readable",
    "short",
    "spread",
    "title",
]

INK, SOFT, DATA, GREY, BAD = "#1d1f23", "#5c6270", "#4A4A4A", "#B8B8B8", "#B3261E"
NORMAL, LAPLACE, PRODUCT = "#0072B2", "#C44E00", "#7A4FA3"
SMOOTH_TAIL, KINKED_TAIL, LEVEL, SPIKE = "#56767F", "#00795A", "#9A6A00", "#8C2D5E"
#: colours of labelled lines, in order; readable in grey by their lightness
LINES = ("#0072B2", "#C44E00", "#00795A", "#7A4FA3", "#9A6A00", "#56767F")

STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 10.0,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12.0,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "axes.unicode_minus": True,
}


def axes_of(ax: Axes | None, size: tuple[float, float] = (7.2, 4.2)) -> Axes:
    """The axes given, or those of a new figure."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    with matplotlib.rc_context(STYLE):
        return pyplot.subplots(figsize=size, layout="constrained")[1]


def bare(ax: Axes, *, grid: bool = True) -> None:
    """No frame; light horizontal lines at most."""
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0, pad=5)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(axis="y", color="#ECEDF0", linewidth=0.8)


def readable(axis: Axis, values: Array) -> None:
    """Ticks of a log axis as plain numbers, few enough to read: 1, 2, 5 or powers of ten."""
    positive = values[values > 0]
    low, high = np.log10(positive.min()), np.log10(positive.max())
    decades = high - low
    steps = (1.0, 2.0, 5.0) if decades < 2.6 else ((1.0, 3.0) if decades < 4 else (1.0,))
    stride = max(1, int(np.ceil(decades / 8)))
    exponents = np.arange(np.floor(low), np.ceil(high) + 1, stride)
    ticks = np.array([m * 10.0**e for e in exponents for m in steps])
    inside = ticks[(ticks >= 10.0 ** (low - 0.02)) & (ticks <= 10.0 ** (high + 0.02))]
    axis.set_major_locator(FixedLocator(inside if len(inside) > 1 else [10.0**low, 10.0**high]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda v, _: _plain(v)))


def _plain(value: float) -> str:
    if value <= 0 or not 1e-4 <= value < 1e7:
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e").replace("-", "\u2212")
    return f"{value:,.3g}" if value < 1e3 else f"{value:,.0f}".replace(",", "\u2009")


def short(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis.

    Examples
    --------
    >>> short("fractal_dimension", 8)
    'fractal…'
    """
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def title(ax: Axes, text: str, *, taken: float = 0.0) -> None:
    """The insight as a sentence, flush left, on as many lines as its axes need.

    ``taken`` is how many inches of their width long tick labels will take.
    """
    figure: Any = ax.get_figure(root=True)
    inches = ax.get_position().width * figure.get_figwidth() - taken
    lines = textwrap.fill(text, max(24, int(11 * inches)))
    style: Any = {"fontsize": 11.5, "fontweight": "bold", "color": INK, "parse_math": False}
    ax.set_title(lines, loc="left", pad=14, **style)


def color_of(prior: Prior) -> str:
    """The colour of a prior's family."""
    base = prior.prior if isinstance(prior, Truncated) else prior
    colors = {
        Normal: NORMAL,
        Laplace: LAPLACE,
        GroupLaplace: LAPLACE,
        ElasticNet: PRODUCT,
        SparseGroupLaplace: PRODUCT,
        StudentPrior: SMOOTH_TAIL,
        Horseshoe: SMOOTH_TAIL,
        LogLaplace: KINKED_TAIL,
        MCP: LEVEL,
        SCAD: LEVEL,
        SpikeSlab: SPIKE,
    }
    return next((c for kind, c in colors.items() if isinstance(base, kind)), DATA)


def spread(places: list[float], gap: float) -> list[float]:
    """The places moved as little as needed to be ``gap`` apart, in their order.

    Examples
    --------
    >>> spread([0.0, 0.1, 3.0], 1.0)
    [-0.45, 0.55, 3.0]
    """
    order = sorted(range(len(places)), key=lambda k: places[k])
    groups: list[tuple[float, list[int]]] = []  # (centre, members), never closer than they need
    for k in order:
        groups.append((places[k], [k]))
        while len(groups) > 1:
            (a, left), (b, right) = groups[-2], groups[-1]
            if b - a >= gap * (len(left) + len(right)) / 2 - 1e-12:
                break
            both = left + right
            groups[-2:] = [(sum(places[i] for i in both) / len(both), both)]
    out = [0.0] * len(places)
    for centre, members in groups:
        for rank, k in enumerate(members):
            out[k] = round(centre + gap * (rank - (len(members) - 1) / 2), 12)
    return out
