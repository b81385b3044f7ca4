"""The mode and the rest of the posterior; which estimate predicts best."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

import priorfit as pf
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Certified, Page, Table
from priorfit.explore.controls import Choice, Slider, Values, even, spread
from priorfit.explore.figure import Area, Axis, Dots, Figure, Line, Mark, Role, Rule, Shape, numbers
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said
from priorfit.posterior.one_weight import OneWeight

__all__ = ["PAGE", "risks"]

_B = np.linspace(-4.0, 7.0, 441)

_PRIORS: dict[str, tuple[str, Role]] = {
    "laplace": ("pf.Laplace({w:g})", "laplace"),
    "normal": ("pf.Normal({w:g})", "normal"),
    "enet": ("pf.ElasticNet({w:g}, {w:g})", "other"),
    "spike": ("pf.SpikeSlab.from_inclusion(0.3, scale={w:g})", "heavy"),
}

_CODE = """\
import priorfit as pf

after = pf.one_weight({prior}, {z:g})  # the data say z, variance 1
mode, mean, median = after.mode, after.mean, after.median
prob_zero = after.prob_zero
near_zero = after.cdf(0.01) - after.cdf(-0.01)
print(mode, mean, median, prob_zero, near_zero)
"""


def answer(at: Values, say: Say) -> Answer:
    """The posterior of one weight, its three centres, and how much of it is at zero."""
    name, z, width = str(at["prior"]), float(at["z"]), float(at["width"])
    prior, role = _made(name, width), _PRIORS[name][1]
    after = pf.one_weight(prior, z)
    near = after.cdf(0.01) - after.cdf(-0.01)
    shown = {
        "mode": after.mode,
        "mean": after.mean,
        "median": after.median,
        "prob_zero": after.prob_zero,
        "near_zero": near,
    }
    words = {k: said(v) for k, v in shown.items()}
    key = "spike" if after.prob_zero else ("zero" if after.mode == 0 else "kept")
    miss = abs(after.cdf(np.nextafter(after.median, np.inf)) - 0.5)
    miss = 0.0 if after.median == 0 else miss
    figures = (_posterior(after, role, say), _near_zero(width, z, name, say), _risk_figure(say))
    return Answer(
        figures,
        say(f"said_{key}", name=say(f"prior_{name}"), **words),
        Certified(say("proof", miss=said(miss, 1)), miss, 1e-6),
        _CODE.format(prior=_PRIORS[name][0].format(w=width), z=z),
        shown,
        Table((say("what"), say("value")), tuple((say(k), v) for k, v in words.items())),
        spoken=say("spoken", **{k: words[k] for k in ("mode", "mean", "prob_zero")}),
    )


def _made(name: str, width: float) -> pf.Prior:
    if name == "spike":
        return pf.SpikeSlab.from_inclusion(0.3, scale=width)
    if name == "enet":
        return pf.ElasticNet(width, width)
    return pf.Normal(width) if name == "normal" else pf.Laplace(width)


def _posterior(after: OneWeight, role: Role, say: Say) -> Figure:
    spiked, (atom, _) = isinstance(after.prior, pf.SpikeSlab), after.atom
    step = float(_B[1] - _B[0])
    mass = np.array([after.cdf(b) for b in _B])
    jump = atom * (_B >= 0) if spiked else 0.0
    density = np.diff(mass - jump, prepend=0.0) / step
    middle = _B - step / 2
    top = 1.2 * max(float(density[1:].max()), 0.45, atom)
    marks: list[Mark] = [
        Area(numbers(middle), (0.0,) * len(_B), numbers(density), "post"),
        Rule(after.mode, f"{say('mode')} {said(after.mode)}"),
    ]
    if spiked:
        marks.append(
            Dots((0.0,), (atom,), role, "diamond", (f"P(w = 0) = {said(atom)}",), to=0.0, size=5,
                 anchor="end")
        )  # fmt: skip
    for name, value, height, shape in _centres(after):
        told = f"{say(name)} {said(value)}"
        marks.append(Dots((value,), (height * top,), "ink", shape, (told,), 5))
    return Figure(
        say("posterior_title"), Axis(-3, 6, say("weight")), Axis(0, top, shown=False), tuple(marks),
        say("posterior_summary", mode=said(after.mode), mean=said(after.mean)), 300,
        key="posterior",
    )  # fmt: skip


def _centres(after: OneWeight) -> list[tuple[str, float, float, Shape]]:
    """Mean and median with the height and shape of their marks."""
    median: tuple[str, float, float, Shape] = ("median", after.median, 0.16, "bar")
    mean: tuple[str, float, float, Shape] = ("mean", after.mean, 0.07, "circle")
    return [mean] if after.atom[0] and after.median == 0 else [median, mean]


def _near_zero(width: float, z: float, chosen: str, say: Say) -> Figure:
    sizes = np.logspace(-4, 0.3, 40)
    marks: list[Mark] = []
    for name, (_, role) in _PRIORS.items():
        after = pf.one_weight(_made(name, width), z)
        shares = [max(after.cdf(s) - after.cdf(-s), 1e-6) for s in sizes]
        if name == "spike":
            at, side = (2.2e-4, min(shares[3] * 1.5, 0.9)), "start"
        else:
            at, side = (0.02, float(np.interp(0.02, sizes, shares)) * 2.6), "end"
        if name in ("spike", chosen):
            label = say(f"prior_{name}")
            marks.append(Line(numbers(sizes), numbers(shares), role, label, at=at, anchor=side))
        else:
            marks.append(Line(numbers(sizes), numbers(shares), role, faint=True))
    return Figure(
        say("near_title"), Axis(1e-4, 2, say("near_axis"), log=True, ticks=(1e-4, 1e-2, 1.0)),
        Axis(1e-5, 1.2, say("share_axis"), log=True, ticks=(1e-4, 1e-2, 1.0)), tuple(marks),
        say("near_summary"), 300, half=True, key="near",
    )  # fmt: skip


class Risks(NamedTuple):
    """Mean squared errors where the truth is Laplace with scale b and the noise has variance 1."""

    scale: float
    mode: float
    soft: float
    ridge: float
    mean: float


@cache
def risks(scale: float) -> Risks:
    """``E (w - estimate)^2`` of four estimates: the mode, the best threshold, ridge, the mean."""
    z = np.linspace(0.0, 12.0 + 6.0 * scale, 161)
    afters = [pf.one_weight(pf.Laplace(scale), float(v)) for v in z]
    density = np.exp([a.log_evidence for a in afters])
    weight = density / np.trapezoid(density, z)
    mean, left = np.array([a.mean for a in afters]), np.array([a.var for a in afters])

    def error(estimate: Array) -> float:
        return float(np.trapezoid(weight * (left + (mean - estimate) ** 2), z))

    thresholds = np.linspace(0.05, 4.0, 80)
    return Risks(
        scale,
        error(pf.shrinkage(pf.Laplace(scale), z)),
        min(error(pf.shrinkage(pf.Laplace(1.0 / t), z)) for t in thresholds),
        error(pf.shrinkage(pf.Normal.from_variance(2.0 * scale**2), z)),
        error(mean),
    )


def _risk_figure(say: Say) -> Figure:
    found = [risks(float(b)) for b in (0.25, 0.35, 0.5, 0.707, 1.0, 1.4, 2.0, 2.8, 4.0)]
    x = tuple(r.scale for r in found)
    base = [r.mean for r in found]
    curves: tuple[tuple[str, Role, str], ...] = (
        ("mode", "laplace", ""), ("soft", "other", "9 5"), ("ridge", "normal", ""),
    )  # fmt: skip
    marks: tuple[Mark, ...] = (
        Line(x, (0.0,) * len(x), "post", say("risk_mean")),
        *(
            Line(x, numbers(100 * (np.array([getattr(r, k) for r in found]) / base - 1)), role,
                 say(f"risk_{k}"), dash)
            for k, role, dash in curves
        ),
    )  # fmt: skip
    return Figure(
        say("risk_title"), Axis(0.25, 4, say("risk_axis"), log=True, ticks=(0.25, 0.5, 1, 2, 4)),
        Axis(-2, 28, say("risk_y")), marks, say("risk_summary"), 300, half=True, key="risk",
    )  # fmt: skip


PAGE = Page(
    "mode-or-posterior",
    (
        Slider("z", even(0, 5, 51), 0.8),
        Choice("prior", tuple(_PRIORS), "laplace"),
        Slider("width", spread(0.3, 3, 25), 1.0),
    ),
    answer,
    right=2,
)
