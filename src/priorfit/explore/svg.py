"""Figures as SVG: one renderer for the page, the export and the widgets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise

import numpy as np

from priorfit._typing import Array
from priorfit.explore.figure import Area, Axis, Dots, Figure, Line, Mark, Note, Rule
from priorfit.explore.ticks import ticks_of

__all__ = ["NARROW", "WIDE", "svg"]

WIDE, NARROW = 720, 312
_SIZE = 13.0  # of all text, px
_BOLD = 1.1  # times as wide
_BROAD = "ABCDEFGHKLMNOPQRSTUVWXYZmw@%"


@dataclass(frozen=True)
class _Frame:
    """Where the numbers of a figure lie on the paper."""

    figure: Figure
    width: float
    left: float
    right: float
    top: float
    bottom: float

    def x(self, value: float) -> float:
        return self.left + _share(self.figure.x, value) * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.bottom - _share(self.figure.y, value) * (self.bottom - self.top)


def _share(axis: Axis, value: float) -> float:
    return float(_shares(axis, (value,))[0])


def svg(figure: Figure, width: int = WIDE, *, bare: bool = False, name: str = "f") -> str:
    """The figure as one ``<svg>``; ``bare`` leaves out all text (a thumbnail)."""
    frame = _frame(figure, width, bare)
    figure = frame.figure
    height = frame.bottom + (4 if bare else 20 + 20 * bool(figure.x.label))
    axes = "" if bare else _axes(frame)
    marks = "".join(_mark(mark, frame, k) for k, mark in enumerate(figure.marks))
    words = "" if bare else _words(frame)
    clip = f"{name}-{width}-{'t' if bare else 'c'}"
    box = f'x="{frame.left:.1f}" y="{frame.top - 1:.1f}" '
    box += f'width="{frame.right - frame.left:.1f}" height="{frame.bottom - frame.top + 2:.1f}"'
    role = 'aria-hidden="true"' if bare else f'role="img" aria-label="{escape(_said(figure))}"'
    scales = f'data-x="{figure.x.lo} {figure.x.hi} {frame.left:.2f} {frame.right:.2f}" '
    scales += f'data-y="{figure.y.lo} {figure.y.hi} {frame.bottom:.2f} {frame.top:.2f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" {role} '
        f'class="plot" {scales}><clipPath id="{clip}"><rect {box}/></clipPath>{axes}'
        f'<g clip-path="url(#{clip})">{marks}</g>{_over(frame)}{words}</svg>'
    )


def _said(figure: Figure) -> str:
    return f"{figure.title}. {figure.summary}".strip()


def _frame(figure: Figure, width: int, bare: bool) -> _Frame:
    if bare:
        return _Frame(figure, width, 4, width - 4, 6, width * 0.62)
    ends = [m.label for m in figure.marks if isinstance(m, Line) and m.label and m.at is None]
    right = width - 14 - min(_BOLD * max((_length(e) for e in ends), default=0) + 4, width * 0.36)
    left = 10.0
    if figure.y.shown:
        left = 14 + max(_length(text) for _, text in ticks_of(figure.y))
    heads = any(isinstance(m, Rule) and m.along == "x" and m.label for m in figure.marks)
    top = 12.0 + 20 * bool(figure.y.label) + 18 * heads
    height = figure.height if width > 400 else min(figure.height, 280)
    if figure.equal:
        if width < 400:  # what is far to the left and right is left out
            figure = replace(figure, x=replace(figure.x, lo=figure.y.lo, hi=figure.y.hi))
        across, up = figure.x.hi - figure.x.lo, figure.y.hi - figure.y.lo
        unit = min((right - left) / across, figure.height / up)
        return _Frame(figure, width, left, left + unit * across, top, top + unit * up)
    return _Frame(figure, width, left, right, top, height - 40)


def _length(text: str) -> float:
    """About how wide a text is, px."""
    return _SIZE * sum(1.0 if ord(c) > 0x2E80 else 0.74 if c in _BROAD else 0.58 for c in text)


def _axes(frame: _Frame) -> str:
    figure, parts = frame.figure, []
    if figure.y.shown:
        for value, text in ticks_of(figure.y):
            at = frame.y(value)
            parts.append(
                f'<line class="grid" x1="{frame.left:.1f}" x2="{frame.right:.1f}" '
                f'y1="{at:.1f}" y2="{at:.1f}"/>'
                f'<text class="tick" x="{frame.left - 8:.1f}" y="{at + 4:.1f}" '
                f'text-anchor="end">{escape(text)}</text>'
            )
    if figure.y.label:
        parts.append(f'<text class="axis" x="2" y="13">{escape(figure.y.label)}</text>')
    parts.append(
        f'<line class="base" x1="{frame.left:.1f}" x2="{frame.right:.1f}" '
        f'y1="{frame.bottom:.1f}" y2="{frame.bottom:.1f}"/>'
    )
    if figure.x.shown:
        for value, text in _apart(frame):
            parts.append(
                f'<text class="tick" x="{frame.x(value):.1f}" y="{frame.bottom + 18:.1f}" '
                f'text-anchor="middle">{escape(text)}</text>'
            )
    if figure.x.label:
        parts.append(
            f'<text class="axis" x="{frame.right:.1f}" y="{frame.bottom + 37:.1f}" '
            f'text-anchor="end">{escape(_shortened(figure.x.label, frame.right))}</text>'
        )
    return "".join(parts)


def _apart(frame: _Frame) -> list[tuple[float, str]]:
    """Ticks of the x axis; every second one where their texts would meet."""
    found = ticks_of(frame.figure.x, 5 if frame.right - frame.left < 360 else 9)
    while len(found) > 2:
        ends = [(frame.x(v) - _length(t) / 2, frame.x(v) + _length(t) / 2) for v, t in found]
        if all(b[0] - a[1] > 5 for a, b in pairwise(ends)):
            break
        found = found[::2]
    return found


def _mark(mark: Mark, frame: _Frame, k: int) -> str:
    if isinstance(mark, Line):
        style = ("thin " if mark.thin else "") + ("faint " if mark.faint else "")
        dash = f' stroke-dasharray="{mark.dash}"' if mark.dash else ""
        route = _route(frame, mark.x, mark.y)
        return f'<path class="line {style}r-{mark.role}" data-k="{k}"{dash} d="{route}"/>'
    if isinstance(mark, Area):
        return _area(mark, frame, k)
    if isinstance(mark, Dots) and mark.to is not None:
        return "".join(
            f'<line class="line thin r-{mark.role}" x1="{frame.x(x):.1f}" x2="{frame.x(x):.1f}" '
            f'y1="{frame.y(mark.to):.1f}" y2="{frame.y(y):.1f}"/>'
            for x, y in zip(mark.x, mark.y, strict=True)
        )
    return ""


def _route(frame: _Frame, x: tuple[float, ...], y: tuple[float, ...]) -> str:
    """The pieces of a curve between missing values."""
    across, up = _shares(frame.figure.x, x), _shares(frame.figure.y, y)
    there = np.isfinite(across) & np.isfinite(up)
    left = np.clip(frame.left + across * (frame.right - frame.left), -4000.0, 4000.0)
    down = np.clip(frame.bottom - up * (frame.bottom - frame.top), -4000.0, 4000.0)
    parts, pen = [], "M"
    for a, b, known in zip(left.tolist(), down.tolist(), there.tolist(), strict=True):
        if known:
            parts.append(f"{pen}{a:.1f} {b:.1f}")
        pen = "L" if known else "M"
    return "".join(parts)


def _shares(axis: Axis, values: tuple[float, ...]) -> Array:
    """Of many numbers at once, how far along the axis they are."""
    at = np.array(values, dtype=np.float64)
    if axis.log:
        low, high = np.log(axis.lo), np.log(axis.hi)
        return np.asarray((np.log(np.maximum(at, axis.lo * 1e-6)) - low) / (high - low))
    return (at - axis.lo) / (axis.hi - axis.lo)


def _area(mark: Area, frame: _Frame, k: int) -> str:
    faint = "faint " if mark.faint else ""
    if mark.closed:
        route = _route(frame, mark.x, mark.high)
    else:
        there = _route(frame, mark.x, mark.high)
        back = _route(frame, mark.x[::-1], mark.low[::-1])
        route = there + "L" + back[1:]
    return f'<path class="area {faint}r-{mark.role}" data-k="{k}" d="{route}Z"/>'


def _over(frame: _Frame) -> str:
    """What is not cut at the border: rules and points."""
    parts = []
    for mark in frame.figure.marks:
        if isinstance(mark, Rule):
            dash = f' stroke-dasharray="{mark.dash}"' if mark.dash else ""
            if mark.along == "x":
                x1 = x2 = frame.x(mark.at)
                y1, y2 = frame.top - 4, frame.bottom
            else:
                x1, x2 = frame.left, frame.right
                y1 = y2 = frame.y(mark.at)
            parts.append(
                f'<line class="rule r-{mark.role}"{dash} x1="{x1:.1f}" x2="{x2:.1f}" '
                f'y1="{y1:.1f}" y2="{y2:.1f}"/>'
            )
        if isinstance(mark, Dots):
            pairs = zip(mark.x, mark.y, strict=True)
            parts += [_dot(mark, frame.x(x), frame.y(y)) for x, y in pairs if np.isfinite(x + y)]
    return "".join(parts)


def _dot(mark: Dots, x: float, y: float) -> str:
    s, look = mark.size, f'class="dot {mark.shape} r-{mark.role}"'
    if mark.drag is not None:
        names = " ".join(mark.drag)
        return (
            f'<g class="handle" data-drag="{names}"><circle cx="{x:.1f}" cy="{y:.1f}" r="22" '
            f'class="reach"/><circle {look} cx="{x:.1f}" cy="{y:.1f}" r="{s + 2}"/></g>'
        )
    if mark.shape == "diamond":
        r = 1.35 * s
        return (
            f'<path {look} d="M{x - r:.1f} {y:.1f}L{x:.1f} {y - r:.1f}'
            f'L{x + r:.1f} {y:.1f}L{x:.1f} {y + r:.1f}Z"/>'
        )
    if mark.shape == "bar":
        corner = f'x="{x - 1.8:.1f}" y="{y - 1.6 * s:.1f}"'
        return f'<rect {look} {corner} width="3.6" height="{3.2 * s:.1f}"/>'
    if mark.shape == "cross":
        return (
            f'<path {look} d="M{x - s:.1f} {y - s:.1f}L{x + s:.1f} {y + s:.1f}'
            f'M{x - s:.1f} {y + s:.1f}L{x + s:.1f} {y - s:.1f}"/>'
        )
    return f'<circle {look} cx="{x:.1f}" cy="{y:.1f}" r="{s}"/>'


def _words(frame: _Frame) -> str:
    parts = []
    for mark in frame.figure.marks:
        if isinstance(mark, Rule) and mark.label:
            parts.append(_head(mark, frame))
        elif isinstance(mark, Note):
            at = (frame.x(mark.x), frame.y(mark.y))
            parts.append(_text(mark.text, *at, mark.role, mark.anchor))
        elif isinstance(mark, Line) and mark.label and mark.at is not None:
            at = (frame.x(mark.at[0]), frame.y(mark.at[1]))
            parts.append(_text(mark.label, *at, mark.role, mark.anchor))
        elif isinstance(mark, Dots) and mark.labels:
            places = zip(mark.x, mark.y, mark.labels, strict=True)
            parts += [_beside(mark, frame, *place) for place in places if place[2]]
    return "".join(parts) + _ends(frame)


def _beside(mark: Dots, frame: _Frame, across: float, up: float, label: str) -> str:
    """A point's label: at its side; above it where it would leave the paper."""
    x, y, half = frame.x(across), frame.y(up), _length(label) / 2
    aside = {"end": -mark.size - 5, "start": mark.size + 5}.get(mark.anchor)
    if aside is not None:
        far = x + aside + (2 * half if aside > 0 else -2 * half)
        if 0 <= far <= frame.width:
            return _text(label, x + aside, y + 4, mark.role, mark.anchor)
    x = min(max(x, half), frame.width - half)
    y += mark.size + 17 if mark.anchor == "below" else -mark.size - 7
    return _text(label, x, y, mark.role, "middle")


def _head(mark: Rule, frame: _Frame) -> str:
    if mark.along == "y":
        return _text(mark.label, frame.right, frame.y(mark.at) - 9, mark.role, "end")
    x = frame.x(mark.at)
    half = _length(mark.label) / 2
    x = min(max(x, frame.left + half - 20), frame.right + 10 - half)
    return _text(mark.label, x, frame.top - 9, mark.role, "middle")


def _ends(frame: _Frame) -> str:
    """Labels at the right ends of lines, moved apart where they would meet."""
    lines = [
        m for m in frame.figure.marks if isinstance(m, Line) and m.label and m.at is None and m.x
    ]
    wanted = sorted(
        (float(np.clip(frame.y(m.y[-1]), frame.top + 4, frame.bottom - 4)), k)
        for k, m in enumerate(lines)
    )
    placed: list[tuple[float, int]] = []
    for y, k in wanted:
        placed.append((max(y, placed[-1][0] + 16) if placed else y, k))
    low = frame.bottom
    for i in range(len(placed) - 1, -1, -1):  # and back up from the ground
        y, k = placed[i]
        placed[i] = (min(y, low), k)
        low = placed[i][0] - 16
    parts = []
    for y, k in placed:
        x = min(frame.x(lines[k].x[-1]), frame.right) + 8
        label = _shortened(lines[k].label, (frame.width - x) / _BOLD)
        parts.append(_text(label, x, y + 4, lines[k].role, "start"))
    return "".join(parts)


def _shortened(text: str, room: float) -> str:
    """A label without what stands in brackets or behind a comma, where there is no room for it."""
    for mark in ("\0", " (", "（", ", ", "，"):
        part = text.partition(mark)[0]
        if _length(part) <= room:
            return part
    return _fitted(text, room)


def _fitted(text: str, room: float) -> str:
    """The text, or as much of its beginning as there is room for."""
    if _length(text) <= room + 4:
        return text
    while text and _length(text + "…") > room + 4:
        text = text[:-1]
    return text + "…"


def _text(text: str, x: float, y: float, role: str, anchor: str) -> str:
    return (
        f'<text class="label r-{role}" x="{x:.1f}" y="{y:.1f}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
