"""One observation, two beliefs: what each makes of it."""

from __future__ import annotations

import numpy as np

import priorfit as pf
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Certified, Page, Table
from priorfit.explore.controls import Slider, Values, even, spread
from priorfit.explore.figure import Area, Axis, Dots, Figure, Line, Mark, Role, Rule, Shape, numbers
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said
from priorfit.posterior.one_weight import OneWeight

__all__ = ["PAGE"]

_B = np.linspace(-5.0, 5.0, 241)
_Z = np.linspace(-4.0, 4.0, 161)

_CODE = """\
import priorfit as pf

z, sd = {z:g}, {sd:g}  # what the data say of one weight (variance 1); the width of the belief
bell = pf.one_weight(pf.Normal(sd), z)
tent = pf.one_weight(pf.Laplace.from_variance(sd**2), z)
bell_mode, tent_mode = bell.mode, tent.mode
tent_mean, tent_median = tent.mean, tent.median
print(bell_mode, tent_mode, tent_mean, tent_median, tent.prob_zero)
"""


def answer(at: Values, say: Say) -> Answer:
    """Posterior of one weight under a normal and a Laplace belief of the same width."""
    z, sd = float(at["z"]), float(at["width"])
    priors: dict[Role, pf.Prior] = {
        "normal": pf.Normal(sd),
        "laplace": pf.Laplace.from_variance(sd**2),
    }
    bell, tent = (pf.one_weight(prior, z) for prior in priors.values())
    figures = (
        *(_beliefs(role, prior, z, say) for role, prior in priors.items()),
        _shrinkage(priors, z, say),
    )
    shown = {
        "bell_mode": bell.mode,
        "tent_mode": tent.mode,
        "tent_mean": tent.mean,
        "tent_median": tent.median,
    }
    key = "zero" if tent.mode == 0 else "kept"
    words = {k: said(v) for k, v in shown.items()}
    words |= {"z": said(z), "shift": said(abs(z - tent.mode))}
    rows = tuple(
        (say(role), said(o.mode), said(o.mean), said(o.median), said(o.var**0.5))
        for role, o in (("normal", bell), ("laplace", tent))
    )
    head = tuple(say(k) for k in ("belief", "mode", "mean", "median", "sd"))
    miss = max(abs(o.cdf(o.median) - 0.5) for o in (bell, tent))
    return Answer(
        figures,
        say(f"said_{key}", **words),
        Certified(say("proof", miss=said(miss, 1)), miss, 1e-9),
        _CODE.format(z=z, sd=sd),
        shown,
        Table(head, rows),
        spoken=say("spoken", bell=words["bell_mode"], tent=words["tent_mode"]),
    )


def _beliefs(role: Role, prior: pf.Prior, z: float, say: Say) -> Figure:
    after = pf.one_weight(prior, z)
    before = np.exp(-prior.neg_log_density(_B))
    data = np.exp(-0.5 * (_B - z) ** 2) / np.sqrt(2.0 * np.pi)
    posterior = before * data / np.exp(after.log_evidence)
    top = 1.12 * max(float(posterior.max()), 0.5)
    marks: tuple[Mark, ...] = (
        Area(numbers(_B), numbers(0 * _B), numbers(posterior), "post"),
        Line(numbers(_B), numbers(np.minimum(before, top * 1.02)), role, say(role),
             at=_label_at(before, top, z), anchor="end" if z > 0 else "start"),
        Line(numbers(_B), numbers(data), "data", dash="3 3", thin=True, label=say("data"),
             at=(z + np.sign(z or 1) * 1.25, 0.21), anchor="start" if z >= 0 else "end"),
        Rule(after.mode, f"{say('mode')} {said(after.mode)}"),
        *_centres(after, 0.07 * top, say),
    )  # fmt: skip
    summary = say("beliefs_summary", mode=said(after.mode), mean=said(after.mean))
    return Figure(
        say(f"{role}_title"), Axis(-5, 5, say("weight")), Axis(0, top, shown=False), marks,
        summary, 280, half=True, key=role,
    )  # fmt: skip


def _centres(after: OneWeight, height: float, say: Say) -> tuple[Dots, ...]:
    """Mean and median, where they are not the mode."""
    if abs(after.mean - after.mode) < 0.02:
        return ()
    side = "start" if after.mean > after.mode else "end"
    told = f"{say('mean')[:-2]} {said(after.mean)}"
    mean = Dots((after.mean,), (height,), "ink", "circle", (told,), anchor=side)
    return (Dots((after.median,), (height,), "ink", "bar", size=5), mean)


def _label_at(before: Array, top: float, z: float) -> tuple[float, float]:
    """On the side away from the data, where the belief has fallen to a third."""
    third = float(np.interp(-0.36 * before.max(), -before[120:], _B[120:]))
    side = -1.0 if z > 0 else 1.0
    return side * (third + 0.25), min(0.36 * float(before.max()), 0.9 * top)


def _shrinkage(priors: dict[Role, pf.Prior], z: float, say: Say) -> Figure:
    marks: list[Line | Dots | Rule] = [
        Line(numbers(_Z), numbers(_Z), "soft", say("alone"), "2 4", thin=True)
    ]
    for role, prior in priors.items():
        curve = pf.shrinkage(prior, _Z)
        marks.append(Line(numbers(_Z), numbers(curve), role, say(role)))
        shape: Shape = "circle" if role == "normal" else "diamond"
        marks.append(Dots((z,), numbers(pf.shrinkage(prior, [z])), role, shape))
    marks.append(Rule(z, say("z_head", z=said(z)), role="soft"))
    return Figure(
        say("shrinkage_title"), Axis(-4, 4, say("z_axis")), Axis(-4, 4, say("estimate")),
        tuple(marks), say("shrinkage_summary"), 320, key="shrinkage",
    )  # fmt: skip


PAGE = Page(
    "two-beliefs",
    (Slider("z", even(-4, 4, 81), 1.0), Slider("width", spread(0.2, 5, 41), 1.0)),
    answer,
    right=1,
)
