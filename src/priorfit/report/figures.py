"""The report's figures: inline SVG, for wide and narrow pages, in the page's own colours."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

from priorfit.report.facts import Facts

__all__ = ["Drawing", "figures_of"]

#: colour of the plots -> the page's name for it, which has a light and a dark value
_COLORS = {
    "#1d1f23": "ink",
    "#5c6270": "soft",
    "#4a4a4a": "data",
    "#b8b8b8": "zero",
    "#ecedf0": "line",
    "#ffffff": "paper",
    "#0072b2": "up",
    "#c44e00": "down",
    "#00795a": "good",
    "#7a4fa3": "violet",
    "#9a6a00": "ochre",
    "#56767f": "slate",
}
_WIDE, _NARROW = 8.4, 4.2  # inches


class Drawing(NamedTuple):
    """One picture: its ``title`` as text of the page, and its SVG for wide and narrow pages."""

    title: str
    wide: Markup
    narrow: Markup


def figures_of(facts: Facts) -> dict[str, Drawing]:
    """The figures of a fit by name: "prior", and where there are such, "path", "selection"."""
    plots = import_module("priorfit.plots")
    model = facts.model
    selection, path = getattr(model, "selection_", None), getattr(model, "path_", None)
    drawn = {"prior": _drawing(lambda ax, _: plots.plot_prior(facts.views.prior, ax=ax), 3.4)}
    if path is not None and len(path.penalties) > 1:
        mark = None if selection is None else selection.chosen
        drawn["path"] = _drawing(
            lambda ax, wide: plots.plot_path(
                path, ax=ax, mark=mark, names=facts.names, max_labels=12 if wide else 6
            ),
            4.6,
        )
    if selection is not None:
        drawn["selection"] = _drawing(lambda ax, _: plots.plot_selection(selection, ax=ax), 4.0)
    return drawn


def _drawing(draw: Callable[[Any, bool], Any], height: float) -> Drawing:
    title, wide = _svg(lambda ax: draw(ax, True), (_WIDE, height))
    _, narrow = _svg(lambda ax: draw(ax, False), (_NARROW, 0.75 * height))
    return Drawing(title, wide, narrow)


def _svg(draw: Callable[[Any], Any], size: tuple[float, float]) -> tuple[str, Markup]:
    """The title and the picture without it."""
    # the salt keeps names inside one picture apart from those of the others on the page
    settings: Any = {"svg.hashsalt": f"{size}", "svg.fonttype": "none"}
    settings |= import_module("priorfit.plots").STYLE
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=size, layout="constrained")
        ax = figure.subplots()
        draw(ax)
        title = ax.get_title(loc="left").replace("\n", " ")
        ax.set_title("", loc="left")
        ax.set_xlabel(textwrap.fill(ax.get_xlabel(), int(10 * size[0])))
        buffer = io.StringIO()
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=metadata, transparent=True)
    return title, _for_the_page(buffer.getvalue(), title)


def _for_the_page(svg: str, title: str) -> Markup:
    """Without a fixed size, in the page's font and colours, with a name for screen readers."""
    body = svg[svg.index("<svg") :]
    label = Markup.escape(title)
    body = re.sub(
        r'<svg([^>]*?) width="[^"]*" height="[^"]*"',
        lambda found: f'<svg{found[1]} role="img" aria-label="{label}"',
        body,
        count=1,
    )
    body = re.sub(r'font-family: [^;"]+', "font-family: var(--sans)", body)
    for color, name in _COLORS.items():
        body = re.sub(rf"((?:fill|stroke): ){color}", rf"\1var(--{name})", body)
    return Markup(body)
