"""A density and what it becomes when its logarithm is turned upside down."""

from __future__ import annotations

import numpy as np

import priorfit as pf
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Certified, Page, Table
from priorfit.explore.controls import Choice, Slider, Values, spread
from priorfit.explore.figure import Axis, Figure, Line, Mark, Role, Rule, numbers
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said

__all__ = ["PAGE"]

_B = np.linspace(-4.0, 4.0, 321)

_CODE = """\
import numpy as np, priorfit as pf

bell = pf.Normal({scale:g})
shape = bell.compare({shape}, match={match!r}).other  # as wide as the bell, in this sense
within = float(shape.cdf(0.1) - shape.cdf(-0.1))
beyond = float(2 * shape.cdf(-3.0))
height = float(np.exp(-shape.neg_log_density(0.0)))
slope = float(shape.neg_log_density(1e-6) - shape.neg_log_density(0.0)) / 1e-6
print(shape, within, beyond, height, slope)
"""

_SHAPES: dict[str, tuple[str, Role]] = {
    "laplace": ("pf.Laplace()", "laplace"),
    "student": ("pf.StudentPrior(df=3.0)", "heavy"),
    "cauchy": ("pf.Cauchy()", "heavy"),
    "loglaplace": ("pf.LogLaplace(df=3.0)", "heavy"),
}


def answer(at: Values, say: Say) -> Answer:
    """A bell of some width beside another shape of the same width."""
    family, match = str(at["family"]), str(at["match"])
    bell = pf.Normal(float(at["scale"]))
    if match != "peak" and family == "cauchy":  # has neither
        match = "peak"
    other = bell.compare(_made(family), match=match).other
    within = float(other.cdf(0.1) - other.cdf(-0.1))
    beyond = float(2 * other.cdf(-3.0))
    height = float(np.exp(-other.neg_log_density(0.0)))
    slope = float(other.neg_log_density(1e-6) - other.neg_log_density(0.0)) / 1e-6
    shown = {"within": within, "beyond": beyond, "height": height, "slope": slope}
    bells = (float(bell.cdf(0.1) - bell.cdf(-0.1)), float(2 * bell.cdf(-3.0)))
    role = _SHAPES[family][1]
    key = "corner" if slope > 1e-3 else "smooth"
    rows = tuple(
        (f"{w:g}", said(float(2 * bell.cdf(-w))), said(float(2 * other.cdf(-w))))
        for w in (0.1, 0.5, 1.0, 2.0, 3.0, 4.0)
    )
    area = _area(bell), _area(other)
    miss = max(abs(a - 1.0) for a in area)
    name = say(f"family_{family}")
    return Answer(
        (_density(bell, other, role, name, say), _penalty(bell, other, role, name, say),
         _tails(bell, other, role, name, say)),
        say(f"said_{key}", name=name, slope=said(slope), match=say(f"match_{match}"),
            ratio=said(beyond / bells[1], 2) if bells[1] > 1e-12 else "10⁹+",
            close=said(within / bells[0], 2)),
        Certified(say("proof", miss=said(miss, 1)), miss, 2e-3),
        _CODE.format(scale=bell.scale, shape=_SHAPES[family][0], match=match),
        shown,
        Table((say("beyond_head"), say("bell"), name), rows),
        spoken=say("spoken", name=name, within=said(within, 2)),
    )  # fmt: skip


def _made(family: str) -> pf.Prior:
    if family == "student":
        return pf.StudentPrior(df=3.0)
    if family == "loglaplace":
        return pf.LogLaplace(df=3.0)
    return pf.Cauchy() if family == "cauchy" else pf.Laplace()


def _area(prior: pf.Prior) -> float:
    """The integral of the density between its own quantiles, against their difference."""
    low, high = prior.quantile(np.array([0.02, 0.98]))
    at = np.linspace(float(low), float(high), 4001)
    density = np.exp(-prior.neg_log_density(at))
    inner = float(np.sum((density[1:] + density[:-1]) / 2 * np.diff(at)))
    return inner / 0.96


def _density(bell: pf.Prior, other: pf.Prior, role: Role, name: str, say: Say) -> Figure:
    curves = [np.exp(-p.neg_log_density(_B)) for p in (bell, other)]
    top = 1.1 * float(max(c.max() for c in curves))
    return Figure(
        say("density_title"), Axis(-4, 4, say("weight")), Axis(0, top, say("density")),
        _pair(curves, role, (name, say("bell")), 0.9, top), say("density_summary", name=name), 300,
        half=True, key="density",
    )  # fmt: skip


def _penalty(bell: pf.Prior, other: pf.Prior, role: Role, name: str, say: Say) -> Figure:
    curves = [p.neg_log_density(_B) - float(p.neg_log_density(0.0)) for p in (bell, other)]
    top = float(min(max(float(curves[0].max()), 1.0), 9.0))
    return Figure(
        say("penalty_title"), Axis(-4, 4, say("weight")), Axis(0, top, say("minus_log")),
        _pair(curves, role, (name, say("bell")), 1.0, top), say("penalty_summary", name=name), 300,
        half=True, key="penalty",
    )  # fmt: skip


def _pair(
    curves: list[Array], role: Role, names: tuple[str, str], share: float, top: float
) -> tuple[Mark, ...]:
    """Both curves with their names where they have reached a share of the figure's height: that
    of the bell to the right of zero, the other's to the left."""
    side = _B > 0
    bell = float(_B[side][np.argmin(np.abs(curves[0][side] - 0.55 * top * share))])
    other = float(_B[~side][np.argmin(np.abs(curves[1][~side] - 0.8 * top * share))])
    inside = share == 1.0  # a penalty opens upwards: its bell is named within
    at = (bell + (-0.15 if inside else 0.2), 0.55 * top * share)
    return (
        Line(numbers(_B), numbers(np.minimum(curves[0], 1.5 * top)), "normal", names[1],
             at=at, anchor="end" if inside else "start"),
        Line(numbers(_B), numbers(np.minimum(curves[1], 1.5 * top)), role, names[0],
             at=(other + (0.25 if inside else -0.2), 0.8 * top * share),
             anchor="start" if inside else "end"),
    )  # fmt: skip


def _tails(bell: pf.Prior, other: pf.Prior, role: Role, name: str, say: Say) -> Figure:
    w = np.linspace(0.0, 5.0, 101)
    curves = [np.maximum(2.0 * p.cdf(-w), 1e-9) for p in (bell, other)]
    marks: tuple[Mark, ...] = (
        Line(numbers(w), numbers(curves[0]), "normal", say("bell")),
        Line(numbers(w), numbers(curves[1]), role, name),
        Rule(3.0, "", role="soft", dash="3 3"),
    )
    return Figure(
        say("tails_title"), Axis(0, 5, say("size")),
        Axis(1e-5, 1, say("beyond_axis"), log=True, ticks=(1e-4, 1e-3, 1e-2, 0.1, 1)),
        marks, say("tails_summary", name=name), 280, key="tails",
    )  # fmt: skip


PAGE = Page(
    "penalty",
    (
        Choice("family", tuple(_SHAPES), "laplace"),
        Slider("scale", spread(0.3, 3, 31), 1.0),
        Choice("match", ("variance", "mean_abs", "peak"), "variance"),
    ),
    answer,
    right=0,
    face=1,
)
