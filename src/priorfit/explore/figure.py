"""A figure as data: axes and marks, drawn by `priorfit.explore.svg` and by nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from priorfit._typing import ArrayLike

__all__ = [
    "Area",
    "Axis",
    "Dots",
    "Figure",
    "Line",
    "Mark",
    "Note",
    "Role",
    "Rule",
    "Shape",
    "numbers",
]

#: what a colour means: see the page's stylesheet
Role = Literal["normal", "laplace", "other", "heavy", "data", "post", "ink", "zero", "bad", "soft"]
Shape = Literal["circle", "diamond", "bar", "hollow", "cross"]
Numbers = tuple[float, ...]


def numbers(values: ArrayLike) -> Numbers:
    """Numbers of an array as a plain tuple."""
    return tuple(float(v) for v in np.ravel(np.asarray(values, dtype=np.float64)))


@dataclass(frozen=True)
class Axis:
    """From ``lo`` to ``hi``; ``log`` spaces by ratios; ``ticks`` empty: round numbers are found;
    ``names`` are written at the ticks in place of numbers; not ``shown``: a bare line."""

    lo: float
    hi: float
    label: str = ""
    log: bool = False
    ticks: Numbers = ()
    names: tuple[str, ...] = ()
    shown: bool = True


@dataclass(frozen=True)
class Line:
    """A curve. ``label`` stands at its right end, or at ``at`` where that is given."""

    x: Numbers
    y: Numbers
    role: Role = "ink"
    label: str = ""
    dash: str = ""
    at: tuple[float, float] | None = None
    anchor: str = "start"
    thin: bool = False
    faint: bool = False


@dataclass(frozen=True)
class Area:
    """What lies between two curves; a polygon where ``closed``."""

    x: Numbers
    low: Numbers
    high: Numbers
    role: Role = "post"
    label: str = ""
    faint: bool = False
    closed: bool = False


@dataclass(frozen=True)
class Dots:
    """Points of one shape; ``labels`` stand beside them; ``drag`` names the two controls that a
    point moves; ``to`` draws a line from each point to this height (a stem)."""

    x: Numbers
    y: Numbers
    role: Role = "ink"
    shape: Shape = "circle"
    labels: tuple[str, ...] = ()
    size: float = 4.5
    drag: tuple[str, str] | None = None
    to: float | None = None
    anchor: str = "start"


@dataclass(frozen=True)
class Rule:
    """A straight line across the figure at ``at`` of one axis, its label at the head."""

    at: float
    label: str = ""
    along: Literal["x", "y"] = "x"
    role: Role = "ink"
    dash: str = ""


@dataclass(frozen=True)
class Note:
    """Words in the figure."""

    x: float
    y: float
    text: str
    role: Role = "soft"
    anchor: str = "start"


Mark = Line | Area | Dots | Rule | Note


@dataclass(frozen=True)
class Figure:
    """``title`` says the insight or what is shown; ``summary`` is the figure in words."""

    title: str
    x: Axis
    y: Axis
    marks: tuple[Mark, ...]
    summary: str = ""
    height: int = 340
    half: bool = False
    equal: bool = False
    key: str = field(default="")

    def csv(self) -> str:
        """All curves and points: series, x, y."""
        rows = ["series,x,y"]
        for k, mark in enumerate(self.marks):
            rows += [f"{_quoted(name or f'series {k}')},{x!r},{y!r}" for name, x, y in _data(mark)]
        return "\n".join(rows) + "\n"


def _data(mark: Mark) -> Iterable[tuple[str, float, float]]:
    if isinstance(mark, Line):
        return ((mark.label, x, y) for x, y in zip(mark.x, mark.y, strict=True))
    if isinstance(mark, Area):
        return ((mark.label, x, y) for x, y in zip(mark.x, mark.high, strict=True))
    if isinstance(mark, Dots):
        labels = mark.labels or ("",) * len(mark.x)
        return zip(labels, mark.x, mark.y, strict=True)
    return ()


def _quoted(text: str) -> str:
    """A text field of CSV that no spreadsheet takes for a formula."""
    safe = "'" + text if text[:1] in "=+-@" else text
    return '"' + safe.replace('"', '""') + '"'
