"""A share and its belief: likelihood, mode on two rulers, and how data drown a prior."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import expit

import priorfit as pf
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Page, Table
from priorfit.explore.controls import Choice, Slider, Values
from priorfit.explore.figure import Area, Axis, Figure, Line, Mark, Rule, numbers
from priorfit.explore.proofs import by_gap
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said

__all__ = ["PAGE"]

_LOGIT = np.linspace(-6.0, 6.0, 601)
_SHARE_EATEN = 0.7
_ROWS = np.unique(np.geomspace(2, 4000, 24).round())
_SHARE = np.linspace(0.002, 0.998, 499)

_CODE = """\
import numpy as np, priorfit as pf

k, n, belief = {k}, {n}, {belief:g}  # k of n bowls; as if `belief` bowls of each had been seen

def share(successes, trials):  # the most probable share, by the library's own fit
    problem = pf.Problem.make(np.ones((1, 1)), [successes / trials], weights=[trials],
                              prior=pf.Flat(), likelihood=pf.Bernoulli(), intercept=False)
    return 1 / (1 + np.exp(-pf.solve(problem, tol=1e-10).coef[0]))

mle = share(k, n) if 0 < k < n else k / n
on_share = share(k + belief - 1, n + 2 * belief - 2)  # the mode of the density of the share
on_logit = share(k + belief, n + 2 * belief)  # the mode of the density of its log odds
print(mle, on_share, on_logit)
"""


class _Fit(NamedTuple):
    share: float
    gap: float


def answer(at: Values, say: Say) -> Answer:
    """Beta belief and k of n: the mode on the ruler that was chosen."""
    n, belief = int(at["n"]), float(at["belief"])
    k = round(_SHARE_EATEN * n)
    mle = _fit(k, n) if 0 < k < n else _Fit(k / n, 0.0)
    share = _fit(k + belief - 1, n + 2 * belief - 2)
    logit = _fit(k + belief, n + 2 * belief)
    ruler = str(at["ruler"])
    shown = {"mle": mle.share, "on_share": share.share, "on_logit": logit.share}
    words = {key: said(v) for key, v in shown.items()}
    mode = shown["on_share" if ruler == "share" else "on_logit"]
    moved = abs(mode - mle.share)
    rows = (
        (say("likelihood"), words["mle"], words["mle"]),
        (say("posterior"), words["on_share"], words["on_logit"]),
    )
    return Answer(
        (_densities(k, n, belief, mode, ruler, say), _drowning(_SHARE_EATEN, belief, say)),
        say("said", k=k, n=n, moved=said(moved, 2), ruler=say(f"ruler_{ruler}"), **words),
        by_gap(say, max(mle.gap, share.gap, logit.gap), 1e-10),
        _CODE.format(k=k, n=n, belief=belief),
        shown,
        Table(("", say("ruler_share"), say("ruler_logit")), rows),
        spoken=say("spoken", mode=said(mode), mle=words["mle"]),
    )


def _fit(successes: float, trials: float) -> _Fit:
    """The most probable share, as a logistic fit of one weight without a belief."""
    solution = pf.solve(_problem(successes, trials), tol=1e-10)
    return _Fit(float(expit(solution.coef[0])), solution.certificate.gap)


def _problem(successes: float, trials: float) -> pf.Problem:
    return pf.Problem.make(
        np.ones((1, 1)), [successes / trials], weights=[trials], prior=pf.Flat(),
        likelihood=pf.Bernoulli(), intercept=False,
    )  # fmt: skip


def _curve(successes: float, trials: float, ruler: str) -> tuple[Array, Array]:
    """theta^successes (1 - theta)^(rest), as a density along the ruler."""
    at = _LOGIT if ruler == "logit" else np.log(_SHARE / (1 - _SHARE))
    problem = _problem(successes, trials)
    etas = problem.etas(np.zeros(len(at)), at[None])
    logs = -problem.likelihood.total(problem.y, etas, problem.weights)
    density = np.exp(logs - logs.max())
    x = _LOGIT if ruler == "logit" else _SHARE
    return x, density / float(np.sum(density) * (x[1] - x[0]))


def _densities(k: int, n: int, belief: float, mode: float, ruler: str, say: Say) -> Figure:
    extra = belief if ruler == "logit" else belief - 1
    x, after = _curve(k + extra, n + 2 * extra, ruler)
    _, before = _curve(extra, 2 * extra, ruler)
    _, data = _curve(k, n, ruler)
    peak = float(np.log(mode / (1 - mode))) if ruler == "logit" else mode
    top = 1.1 * float(max(after.max(), before.max()))
    marks: tuple[Mark, ...] = (
        Area(numbers(x), (0.0,) * len(x), numbers(after), "post"),
        Line(numbers(x), numbers(before), "other", dash="9 5"),
        Line(numbers(x), numbers(np.minimum(data, top)), "data", say("likelihood"), "3 3",
             at=_beside(x, data, 0.3, -1), anchor="end", thin=True),
        Rule(peak, say("mode_head", mode=said(mode))),
        Line((0.0,), (-9.0,), "post", say("posterior"), at=_beside(x, after, 0.5, 1)),
        Line((0.0,), (-9.0,), "other", say("belief_word"), at=_beside(x, before, 0.75, -1),
             anchor="end"),
    )  # fmt: skip
    axis = Axis(-4, 4, say("ruler_logit")) if ruler == "logit" else Axis(0, 1, say("ruler_share"))
    return Figure(
        say("density_title"), axis, Axis(0, top, shown=False), marks,
        say("density_summary", mode=said(mode)), 320, key="density",
    )  # fmt: skip


def _beside(x: Array, density: Array, height: float, side: int) -> tuple[float, float]:
    """Where a curve has fallen to a share of its peak, right (1) or left (-1) of it."""
    peak, most = int(np.argmax(density)), float(density.max())
    part = slice(peak, None) if side > 0 else slice(None, peak + 1)
    at = int(np.argmin(np.abs(density[part] - height * most))) + (peak if side > 0 else 0)
    return float(x[at]) + side * 0.012 * float(x[-1] - x[0]), height * most


@cache
def _modes(share: float, extra: float) -> tuple[float, ...]:
    return tuple(_fit(share * n + extra, n + 2 * extra).share for n in _ROWS)


def _drowning(share: float, belief: float, say: Say) -> Figure:
    rows = _ROWS
    fits = [_modes(share, a) for a in (belief, belief - 1)]
    marks: tuple[Mark, ...] = (
        Line(numbers(rows), (share,) * len(rows), "data", say("likelihood"), "3 3", thin=True),
        Line(numbers(rows), numbers(fits[1]), "post", say("ruler_share")),
        Line(numbers(rows), numbers(fits[0]), "post", say("ruler_logit"), "8 5"),
    )
    low, high = min(0.4, share - 0.08), max(0.6, share + 0.08)
    return Figure(
        say("drown_title"), Axis(2, 4000, say("n_axis"), log=True, ticks=(2, 10, 100, 1000)),
        Axis(max(low, 0), min(high, 1), say("mode_axis")), marks, say("drown_summary"), 280,
        key="drown",
    )  # fmt: skip


PAGE = Page(
    "cat-food",
    (
        Slider("n", (3, 7, 10, 20, 30, 50, 70, 100, 200, 500), 10),
        Slider("belief", (1.5, 2, 3, 4, 6, 8, 12, 20, 40), 2),
        Choice("ruler", ("share", "logit"), "share"),
    ),
    answer,
    right=2,
)
