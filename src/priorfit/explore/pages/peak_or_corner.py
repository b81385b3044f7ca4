"""Whether zeros come from a high peak or from its corner."""

from __future__ import annotations

import numpy as np

import priorfit as pf
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Certified, Page, Table
from priorfit.explore.controls import Slider, Values, spread
from priorfit.explore.figure import Area, Axis, Dots, Figure, Line, Mark, Note, numbers
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said

__all__ = ["PAGE"]

_N = 400
_EDGES = np.logspace(-5, 1, 37)

_CODE = """\
import numpy as np, priorfit as pf

peak, rounding = {peak:g}, {rounding:g}
scale = 1 / (2 * peak)
z = np.random.default_rng(0).normal(size=400)  # pure noise, variance 1

def rounded(z):  # the mode under exp(-sqrt(w^2 + rounding^2) / scale): bisection, no prior of ours
    low, high = np.minimum(z, 0), np.maximum(z, 0)
    for _ in range(200):
        w = (low + high) / 2
        above = w + w / (scale * np.sqrt(w**2 + rounding**2)) > z
        low, high = np.where(above, low, w), np.where(above, w, high)
    return (low + high) / 2

estimate = pf.shrinkage(pf.Laplace(scale), z) if rounding == 0 else rounded(z)
zeros = int(np.sum(estimate == 0))
median_size = float(np.median(np.abs(estimate)))
print(zeros, median_size)
"""


def answer(at: Values, say: Say) -> Answer:
    """Four hundred estimates of nothing, under a tent with a corner or a rounded one."""
    peak, rounding = float(at["peak"]), float(at["rounding"])
    z = np.random.default_rng(0).normal(size=_N)
    estimate = _mode(z, peak, rounding)
    zeros = int(np.sum(estimate == 0))
    size = np.abs(estimate)
    key = "corner" if rounding == 0 else "rounded"
    shown = {"zeros": float(zeros), "median_size": float(np.median(size))}
    kink = _stationary(estimate, z, peak, rounding)
    rows = tuple(
        (f"{say('below')} {e:g}", str(int(np.sum(size < e)))) for e in (1e-4, 1e-3, 1e-2, 0.1, 1.0)
    )
    return Answer(
        (_density(peak, rounding, say), _rule(peak, rounding, say), _sizes(size, say)),
        say(f"said_{key}", zeros=zeros, n=_N, peak=said(peak), smallest=said(float(size.min()), 2)),
        Certified(say("kkt_proof", kkt=said(kink, 1), tol=said(1e-8, 1)), kink, 1e-8),
        _CODE.format(peak=peak, rounding=rounding),
        shown,
        Table((say("size"), say("how_many")), ((say("exact"), str(zeros)), *rows)),
        spoken=say("spoken", zeros=zeros, n=_N),
    )


def _mode(z: Array, peak: float, rounding: float) -> Array:
    scale = 1.0 / (2.0 * peak)
    if rounding == 0:
        return pf.shrinkage(pf.Laplace(scale), z)
    low, high = np.minimum(z, 0.0), np.maximum(z, 0.0)
    for _ in range(200):
        w = (low + high) / 2
        above = w + w / (scale * np.sqrt(w**2 + rounding**2)) > z
        low, high = np.where(above, low, w), np.where(above, w, high)
    return np.asarray((low + high) / 2)


def _stationary(w: Array, z: Array, peak: float, rounding: float) -> float:
    """How far the pull of the data is from what the belief may hold against it."""
    rate = 2.0 * peak
    if rounding > 0:
        pull = rate * w / np.sqrt(w**2 + rounding**2)
        return float(np.abs(w + pull - z).max())
    at_zero = np.maximum(np.abs(z) - rate, 0.0)
    return float(np.where(w == 0, at_zero, np.abs(w + rate * np.sign(w) - z)).max())


def _density(peak: float, rounding: float, say: Say) -> Figure:
    w = np.linspace(-1.5, 1.5, 301)
    logs = -2.0 * peak * np.sqrt(w**2 + rounding**2)
    wide = np.linspace(-60.0 / peak, 60.0 / peak, 40001)
    mass = float(np.sum(np.exp(-2.0 * peak * np.sqrt(wide**2 + rounding**2))) * (wide[1] - wide[0]))
    density = np.exp(logs) / mass
    if rounding == 0:
        density = np.exp(-pf.Laplace(1.0 / (2.0 * peak)).neg_log_density(w))
    marks: tuple[Mark, ...] = (
        Area(numbers(w), (0.0,) * len(w), numbers(density), "laplace", faint=True),
        Line(numbers(w), numbers(density), "laplace"),
    )
    top = max(1.15 * float(density.max()), 0.6)
    return Figure(
        say("density_title"), Axis(-1.5, 1.5, say("weight")), Axis(0, top, say("density")), marks,
        say("density_summary", peak=said(float(density.max()))), 300, half=True, key="density",
    )  # fmt: skip


def _rule(peak: float, rounding: float, say: Say) -> Figure:
    z = np.linspace(-2.0, 2.0, 321)
    estimate = _mode(z, peak, rounding)
    flat = np.where(estimate == 0, 0.0, np.nan)
    marks: tuple[Mark, ...] = (
        Line(numbers(z), numbers(z), "soft", dash="2 4", thin=True),
        Line(numbers(z), numbers(estimate), "laplace"),
        Line(numbers(z), numbers(flat), "ink", say("dead") if rounding == 0 else "",
             at=(0.0, 0.18), anchor="middle"),
    )  # fmt: skip
    reach = max(0.6, float(np.abs(estimate).max()) * 1.1)
    return Figure(
        say("rule_title"), Axis(-2, 2, say("z_axis")), Axis(-reach, reach, say("estimate")), marks,
        say("rule_summary"), 300, half=True, key="rule",
    )  # fmt: skip


def _sizes(size: Array, say: Say) -> Figure:
    """A histogram by powers of ten, the exact zeros apart from it."""
    heights = np.histogram(np.clip(size[size > 0], 1.01e-5, 9.9), _EDGES)[0].astype(float)
    x = np.repeat(np.log10(_EDGES), 2)[1:-1]
    y = np.repeat(heights, 2)
    zeros = float(np.sum(size == 0))
    top = 1.18 * max(float(heights.max()), zeros, 20.0)
    marks: tuple[Mark, ...] = (
        Area(numbers(x), (0.0,) * len(x), numbers(y), "data", faint=False),
        Area((-6.3, -6.3, -5.8, -5.8), (0.0,) * 4, (0.0, zeros, zeros, 0.0), "laplace"),
        Note(-6.05, zeros + 0.03 * top, str(int(zeros)), "laplace", "middle"),
        Dots((-6.05,), (0.0,), "laplace", "hollow", size=4),
    )
    ticks = (-6.05, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0)
    names = (say("exact"), "0.0001", "0.001", "0.01", "0.1", "1", "10")
    return Figure(
        say("sizes_title"), Axis(-6.7, 1.0, say("size_axis"), ticks=ticks, names=names),
        Axis(0, top, say("how_many")), marks, say("sizes_summary", zeros=int(zeros), n=_N), 290,
        key="sizes",
    )  # fmt: skip


PAGE = Page(
    "peak-or-corner",
    (
        Slider("peak", spread(0.05, 3, 31), 0.5),
        Slider("rounding", (0.0, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0), 0.0),
    ),
    answer,
    right=1,
    face=0,
)
