"""Four optimisers with the same weight decay, and where each of them ends."""

from __future__ import annotations

from functools import cache

import numpy as np

import priorfit as pf
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Page, Table
from priorfit.explore.controls import Slider, Values, spread
from priorfit.explore.figure import Area, Axis, Dots, Figure, Line, Mark, Role, numbers
from priorfit.explore.proofs import by_gap
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said

__all__ = ["PAGE"]

_A = np.array([[1.0, 0.45], [0.45, 0.7]])
_CENTRE = np.array([3.2, 0.9])
_START = (-1.5, 2.6)
_STEPS = 3000
_ETA = 0.05
_RUNNERS: dict[str, tuple[Role, str]] = {
    "sgd": ("normal", ""), "momentum": ("post", "9 5"), "adam": ("heavy", "3 3"),
    "adamw": ("laplace", ""),
}  # fmt: skip
_ROUND = np.linspace(0.0, 2.0 * np.pi, 73)

_CODE = """\
import numpy as np, priorfit as pf

A, centre, lam, mu = np.array([[1, 0.45], [0.45, 0.7]]), np.array([3.2, 0.9]), {lam:g}, {mu:g}
R = np.linalg.cholesky(A).T

def most_probable(prior):
    problem = pf.Problem.make(R, R @ centre, prior=prior, likelihood=pf.Gaussian(noise=1.0),
                              intercept=False)
    return pf.solve(problem, tol=1e-9).coef

ridge = most_probable(pf.Normal(lam**-0.5))  # SGD; Adam with L2
weaker = most_probable(pf.Normal((lam * (1 - mu)) ** -0.5))  # momentum, decay apart
box = most_probable(pf.Truncated(pf.Flat(), lower=-1 / lam, upper=1 / lam))  # AdamW

w, v = np.array([-1.5, 2.6]), np.zeros(2)
for k in range(3000):
    v = mu * v + A @ (w - centre)
    w = w - 0.05 * v - 0.05 * lam * w
ridge_1, weaker_1, box_1, momentum_1 = ridge[0], weaker[0], box[0], w[0]
print(ridge, weaker, box, "momentum ends at", w)
"""


def answer(at: Values, say: Say) -> Answer:
    """Where four optimisers go on one bowl, beside the estimates that they might mean."""
    lam, mu = float(at["lam"]), float(at["mu"])
    targets = _targets(lam, mu)
    ways = {name: _way(name, lam, mu) for name in _RUNNERS}
    goal = {"sgd": "ridge", "momentum": "weaker", "adam": "ridge", "adamw": "box"}
    away = {n: float(np.abs(w[-1] - targets[goal[n]].coef).max()) for n, w in ways.items()}
    shown = {f"{k}_1": float(targets[k].coef[0]) for k in ("ridge", "weaker", "box")}
    shown["momentum_1"] = float(ways["momentum"][-1, 0])
    rows = tuple(
        (say(n), said(float(w[-1, 0])), said(float(w[-1, 1])), say(goal[n]), said(away[n], 2))
        for n, w in ways.items()
    )
    apart = float(np.abs(targets["ridge"].coef - targets["box"].coef).max())
    gap = max(t.certificate.gap for t in targets.values())
    return Answer(
        (_plane(ways, targets, lam, say), _distance(ways, targets, goal, say)),
        say("said", lam=said(lam), weaker=said(lam * (1 - mu)), edge=said(1 / lam),
            apart=said(apart, 2)),
        by_gap(say, gap, 1e-8),
        _CODE.format(lam=lam, mu=mu),
        shown,
        Table((say("runner"), "w1", "w2", say("goal"), say("distance")), rows),
        spoken=say("spoken", ridge=said(shown["ridge_1"]), box=said(shown["box_1"])),
    )  # fmt: skip


@cache
def _targets(lam: float, mu: float) -> dict[str, pf.Solution]:
    R = np.linalg.cholesky(_A).T
    priors: dict[str, pf.Prior] = {
        "ridge": pf.Normal(lam**-0.5),
        "weaker": pf.Normal((lam * (1 - mu)) ** -0.5),
        "box": pf.Truncated(pf.Flat(), lower=-1 / lam, upper=1 / lam),
    }
    noise = pf.Gaussian(noise=1.0)
    return {
        name: pf.solve(
            pf.Problem.make(R, R @ _CENTRE, prior=prior, likelihood=noise, intercept=False),
            tol=1e-9,
        )
        for name, prior in priors.items()
    }


@cache
def _way(name: str, lam: float, mu: float) -> Array:
    """Every place of one optimiser; plain numbers, for speed."""
    (a, b), (_, d) = _A.tolist()
    cx, cy = _CENTRE.tolist()
    x, y = _START
    vx = vy = sx = sy = 0.0
    seen = [(x, y)]
    for k in range(_STEPS):
        gx, gy = a * (x - cx) + b * (y - cy), b * (x - cx) + d * (y - cy)
        if name == "sgd":
            x, y = x - _ETA * (gx + lam * x), y - _ETA * (gy + lam * y)
        elif name == "momentum":
            vx, vy = mu * vx + gx, mu * vy + gy
            x, y = x - _ETA * (vx + lam * x), y - _ETA * (vy + lam * y)
        else:
            rate = 0.2 / (1 + k / 100)
            if name == "adam":
                gx, gy = gx + lam * x, gy + lam * y
            vx, vy = 0.9 * vx + 0.1 * gx, 0.9 * vy + 0.1 * gy
            sx, sy = 0.98 * sx + 0.02 * gx * gx, 0.98 * sy + 0.02 * gy * gy
            one, two = 1 - 0.9 ** (k + 1), 1 - 0.98 ** (k + 1)
            px = vx / one / ((sx / two) ** 0.5 + 1e-12)
            py = vy / one / ((sy / two) ** 0.5 + 1e-12)
            keep = lam if name == "adamw" else 0.0
            x, y = x - rate * (px + keep * x), y - rate * (py + keep * y)
        seen.append((x, y))
    return np.array(seen)


def _plane(ways: dict[str, Array], targets: dict[str, pf.Solution], lam: float, say: Say) -> Figure:
    ring = np.linalg.solve(np.linalg.cholesky(_A).T, np.stack([np.cos(_ROUND), np.sin(_ROUND)]))
    edge = min(1 / lam, 9.0)
    marks: list[Mark] = [
        Area((-edge, edge, edge, -edge), (0.0,) * 4, (-edge, -edge, edge, edge), "laplace",
             faint=True, closed=True)
    ]  # fmt: skip
    for r in (0.5, 1.0, 1.6, 2.3, 3.1):
        x, y = _CENTRE[:, None] + r * ring
        marks.append(Line(numbers(x), numbers(y), "data", faint=True))
    for name, (role, dash) in _RUNNERS.items():
        some = np.unique(np.r_[np.arange(60), np.geomspace(60, _STEPS, 120).astype(int)])
        way = ways[name][some]
        marks.append(Line(numbers(way[:, 0]), numbers(way[:, 1]), role, dash=dash))
        marks.append(Dots(numbers(way[-1:, 0]), numbers(way[-1:, 1]), role, "circle"))
    marks += [
        Dots(
            (float(_CENTRE[0]),),
            (float(_CENTRE[1]),),
            "data",
            "cross",
            (say("loss_alone"),),
            anchor="start",
        ),
        Dots(numbers([_START[0]]), numbers([_START[1]]), "ink", "circle", (say("start"),), 3),
    ]
    for name, word in (("ridge", "ridge"), ("weaker", "weaker"), ("box", "box")):
        c = targets[name].coef
        side = {"ridge": "end", "weaker": "below", "box": "middle"}[name]
        marks.append(Dots((float(c[0]),), (float(c[1]),), "ink", "hollow", (say(word),), 7,
                          anchor=side))  # fmt: skip
    return Figure(
        say("plane_title"), Axis(-2, 5, "w1"), Axis(-2, 4, "w2"), tuple(marks),
        say("plane_summary"), 460, key="plane",
    )  # fmt: skip


def _distance(
    ways: dict[str, Array], targets: dict[str, pf.Solution], goal: dict[str, str], say: Say
) -> Figure:
    some = np.unique(np.geomspace(1, _STEPS, 110).astype(int))
    marks: list[Mark] = []
    for name, (role, dash) in _RUNNERS.items():
        far = np.abs(ways[name][some] - targets[goal[name]].coef).max(axis=1)
        line = Line(numbers(some), numbers(np.maximum(far, 1e-9)), role, say(name), dash)
        marks.append(line)
    far = np.abs(ways["adamw"][some] - targets["ridge"].coef).max(axis=1)
    marks.append(Line(numbers(some), numbers(far), "laplace", say("adamw_ridge"), faint=True))
    return Figure(
        say("distance_title"), Axis(1, _STEPS, say("steps_axis"), log=True),
        Axis(1e-8, 10, say("distance_axis"), log=True, ticks=(1e-8, 1e-6, 1e-4, 1e-2, 1.0)),
        tuple(marks), say("distance_summary"), 300, key="distance",
    )  # fmt: skip


PAGE = Page(
    "weight-decay",
    (
        Slider("lam", spread(0.1, 1.5, 25), 0.5),
        Slider("mu", (0.0, 0.3, 0.5, 0.7, 0.8, 0.9), 0.5),
    ),
    answer,
    right=2,
)
