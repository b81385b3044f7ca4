"""Four ways down the same hill: which of them ever lands on zero."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

import priorfit as pf
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Page, Table
from priorfit.explore.controls import Choice, Slider, Values
from priorfit.explore.figure import Axis, Dots, Figure, Line, Mark, Role, Rule, numbers
from priorfit.explore.proofs import by_gap
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said

__all__ = ["PAGE"]

_STEPS = 240
_FLOOR = 1e-16
_SOLVERS: dict[str, Role] = {
    "subgradient": "heavy", "ista": "laplace", "fista": "other", "descent": "post",
}  # fmt: skip

_CODE = """\
import numpy as np, priorfit as pf

rng = np.random.default_rng(1)
X = rng.normal(size=(40, 6)); y = X @ [2, -1, 0.7, 0, 0, 0] + rng.normal(size=40)
lam, step = 12.0, {step:g} / np.linalg.norm(X, 2) ** 2
problem = pf.Problem.make(X, y, prior=pf.Laplace(1 / lam), likelihood=pf.Gaussian(noise=1.0),
                          intercept=False)
best = pf.solve(problem, tol=1e-10)
{loop}
zeros, true_zeros = int(np.sum(w == 0)), int(np.sum(best.coef == 0))
away = float(np.abs(w - best.coef).max())
print(zeros, "of", true_zeros, away)
"""
_LOOPS = {
    "subgradient": """
w = np.ones(6)
for k in range(240):
    g = X.T @ (X @ w - y) + lam * np.sign(w)
    w = w - step / np.sqrt(1 + k / 10) * g
""",
    "ista": """
prior, w = pf.Laplace(1 / lam), np.ones(6)
for k in range(240):
    w = prior.prox(w - step * X.T @ (X @ w - y), step)
""",
    "fista": """
prior, w, v = pf.Laplace(1 / lam), np.ones(6), np.ones(6)
for k in range(240):
    new = prior.prox(v - step * X.T @ (X @ v - y), step)
    v = new + k / (k + 3) * (new - w)
    w = new
""",
    "descent": """
prior, w, size = pf.Laplace(1 / lam), np.ones(6), np.sum(X**2, axis=0)
for k in range(240):
    j = k % 6
    pull = w[j] + {step:g} * X[:, j] @ (y - X @ w) / size[j]
    w[j] = prior.prox(pull, {step:g} / size[j])
""",
}


class _Run(NamedTuple):
    weights: Array
    losses: Array
    best: pf.Solution
    least: float


def answer(at: Values, say: Say) -> Answer:
    """The way of one solver, beside the certified optimum."""
    solver, step = str(at["solver"]), float(at["step"])
    run = _run(solver, step)
    end = run.weights[-1]
    gone = run.best.coef == 0
    zeros, most = int(np.sum(end == 0)), int(np.sum(gone))
    shown = {
        "zeros": float(zeros),
        "true_zeros": float(most),
        "away": float(np.abs(end - run.best.coef).max()),
    }
    moving = np.flatnonzero(np.any(run.weights[:, gone] != 0, axis=1))
    first = int(moving[-1]) + 1
    key = "never" if zeros == 0 else ("some" if zeros < most else "all")
    rows = tuple(
        (f"w{j + 1}", said(float(end[j]), 4), said(float(run.best.coef[j]), 4))
        for j in range(len(end))
    )
    loop = _LOOPS[solver].replace("{step:g}", f"{step:g}")
    smallest = float(np.abs(end[gone]).max())
    return Answer(
        (_sizes(run, gone, solver, say), _losses(solver, step, say)),
        say(f"said_{key}", name=say(f"solver_{solver}"), n=_STEPS, zeros=zeros, most=most,
            first=first, away=said(shown["away"], 2), largest=said(smallest, 2)),
        by_gap(say, run.best.certificate.gap, 1e-10),
        _CODE.replace("{loop}", loop.strip("\n")).replace("{step:g}", f"{step:g}"),
        shown,
        Table((say("weight"), say("after", n=_STEPS), say("optimum")), rows),
        spoken=say("spoken_zeros", zeros=zeros, p=len(end)),
    )  # fmt: skip


@cache
def _table() -> tuple[Array, Array, pf.Solution]:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40, 6))
    y = X @ np.array([2, -1, 0.7, 0, 0, 0]) + rng.normal(size=40)
    problem = pf.Problem.make(
        X, y, prior=pf.Laplace(1 / 12.0), likelihood=pf.Gaussian(noise=1.0), intercept=False
    )
    return X, y, pf.solve(problem, tol=1e-10)


@cache
def _run(solver: str, share: float) -> _Run:
    X, y, best = _table()
    space = {"X": X, "y": y}
    step, w, v = share / float(np.linalg.norm(X, 2)) ** 2, np.ones(6), np.ones(6)
    prior, size, seen = pf.Laplace(1 / 12.0), np.sum(X**2, axis=0), [np.ones(6)]
    for k in range(_STEPS):
        if solver == "subgradient":
            g = X.T @ (X @ w - space["y"]) + 12.0 * np.sign(w)
            w = w - step / np.sqrt(1 + k / 10) * g
        elif solver == "descent":
            w, j = w.copy(), k % 6
            pull = w[j] + share * X[:, j] @ (y - X @ w) / size[j]
            w[j] = prior.prox(pull, share / size[j])
        else:
            at = v if solver == "fista" else w
            new = prior.prox(at - step * X.T @ (X @ at - y), step)
            v, w = new + k / (k + 3) * (new - w), new
        seen.append(w)
    weights = np.clip(np.array(seen), -1e6, 1e6)
    losses = 0.5 * np.sum((weights @ X.T - y) ** 2, axis=1) + 12.0 * np.abs(weights).sum(axis=1)
    c = best.coef
    return _Run(weights, losses, best, float(0.5 * np.sum((X @ c - y) ** 2) + 12 * np.abs(c).sum()))


def _sizes(run: _Run, gone: Array, solver: str, say: Say) -> Figure:
    x = np.arange(len(run.weights))
    role = _SOLVERS[solver]
    marks: list[Mark] = []
    for j, dash in zip(np.flatnonzero(gone), ("", "9 5", "3 3", "1 4"), strict=False):
        size = np.abs(run.weights[:, j])
        shown = np.where(size > 0, np.maximum(size, _FLOOR), _FLOOR)
        marks.append(Line(numbers(x[1:]), numbers(shown[1:]), role, f"w{j + 1}", dash))
    marks.append(Rule(_FLOOR, say("zero_line"), "y", "zero"))
    return Figure(
        say("sizes_title"), Axis(1, _STEPS, say("steps_axis"), log=True, ticks=(1, 10, 100)),
        Axis(_FLOOR / 8, 10, say("size_axis"), log=True, ticks=(1e-12, 1e-8, 1e-4, 1.0)),
        tuple(marks), say("sizes_summary"), 330, key="sizes",
    )  # fmt: skip


def _losses(chosen: str, step: float, say: Say) -> Figure:
    x = np.arange(1, _STEPS + 1)
    marks: list[Mark] = []
    for solver, role in _SOLVERS.items():
        run = _run(solver, step)
        above = np.clip((run.losses[1:] - run.least) / run.least, 1e-12, 1e6)
        marks.append(
            Line(numbers(x), numbers(above), role, say(f"solver_{solver}"), thin=solver != chosen)
        )
    marks.append(Dots((float(_STEPS),), (float(above[-1]),), "ink", size=0.1))
    return Figure(
        say("losses_title"), Axis(1, _STEPS, say("steps_axis"), log=True, ticks=(1, 10, 100)),
        Axis(1e-12, 10, say("above_axis"), log=True, ticks=(1e-12, 1e-8, 1e-4, 1.0)),
        tuple(marks[:-1]), say("losses_summary"), 300, key="losses",
    )  # fmt: skip


PAGE = Page(
    "reach-zero",
    (
        Choice("solver", tuple(_SOLVERS), "subgradient"),
        Slider("step", (0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0), 0.5),
    ),
    answer,
    right=1,
)
