"""Bias and variance of a polynomial fit, exactly, and where the best strength lies."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.polynomial.legendre import legvander

import priorfit as pf
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Page, Table
from priorfit.explore.controls import Slider, Values, even, spread
from priorfit.explore.figure import Area, Axis, Dots, Figure, Line, Mark, Rule, numbers
from priorfit.explore.proofs import by_gap
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said

__all__ = ["PAGE"]

_LAMBDAS = np.geomspace(1e-3, 1e3, 61)
_X = np.linspace(-1.0, 1.0, 24)
_FINE = np.linspace(-1.0, 1.0, 121)
_GHOSTS = 14

_CODE = """\
import numpy as np, priorfit as pf

x = np.linspace(-1, 1, 24)
X = np.polynomial.legendre.legvander(x, {degree})[:, 1:]
noise = {noise:g}  # the truth is drawn from normal(0, 1) for each weight

# a fit is linear in y, so the fits of unit responses say all about it
path = pf.path(X, np.eye(24), prior=pf.Normal(), likelihood=pf.Gaussian(noise=1.0),
               penalties=[{lam:g}], intercept=False)
hat = X @ path.coefs[..., 0]
bias = np.sum((hat @ X - X) ** 2) / 24
variance = noise**2 * np.sum(hat**2) / 24
error = bias + variance
print(bias, variance, error)
"""


class _Risk(NamedTuple):
    """Of each lambda: the two parts of the expected squared error per row, (k,)."""

    bias: Array
    variance: Array
    gap: float


def answer(at: Values, say: Say) -> Answer:
    """Ghost fits at one lambda; the expected error at all of them."""
    degree, noise, lam = int(at["degree"]), float(at["noise"]), float(at["lam"])
    curve = _risk(degree, noise, tuple(_LAMBDAS))
    here, belief = (_risk(degree, noise, (v,)) for v in (lam, noise**2))
    total = float(here.bias[0] + here.variance[0])
    least = float(belief.bias[0] + belief.variance[0])
    shown = {"bias": float(here.bias[0]), "variance": float(here.variance[0]), "error": total}
    words = {k: said(v) for k, v in shown.items()}
    key = "best" if total < 1.02 * least else ("weak" if lam < noise**2 else "strong")
    rows = tuple(
        (said(float(t)), said(float(b)), said(float(v)), said(float(b + v)))
        for t, b, v in list(zip(_LAMBDAS, curve.bias, curve.variance, strict=True))[::6]
    )
    return Answer(
        (_ghosts(degree, noise, lam, int(at["seed"]), say), _u_curve(curve, here, lam, noise, say)),
        say(f"said_{key}", lam=said(lam), best=said(noise**2), least=said(least), **words),
        by_gap(say, max(curve.gap, here.gap), 1e-6),
        _CODE.format(degree=degree, noise=noise, lam=lam),
        shown,
        Table((say("lam"), say("bias"), say("variance"), say("error")), rows),
        spoken=say("spoken", sd=said(noise / lam**0.5), error=words["error"]),
    )


def _risk(degree: int, noise: float, lambdas: tuple[float, ...]) -> _Risk:
    unit = _unit_risk(degree, lambdas)
    return unit._replace(variance=noise**2 * unit.variance)


@cache
def _unit_risk(degree: int, lambdas: tuple[float, ...]) -> _Risk:
    """At noise 1."""
    X = legvander(_X, degree)[:, 1:]
    n = len(_X)
    path = pf.path(
        X, np.eye(n), prior=pf.Normal(), likelihood=pf.Gaussian(noise=1.0),
        penalties=np.array(lambdas)[::-1], intercept=False,
    )  # fmt: skip
    hats = np.einsum("np,pqk->nqk", X, path.coefs)[..., ::-1]
    left = np.einsum("nqk,qp->npk", hats, X) - X[..., None]
    bias = np.sum(left**2, axis=(0, 1)) / n
    return _Risk(bias, np.sum(hats**2, axis=(0, 1)) / n, float(path.gaps.max()))


def _ghosts(degree: int, noise: float, lam: float, draw: int, say: Say) -> Figure:
    weights = np.random.default_rng(4).normal(size=12)[:degree]  # the truth stays
    rng = np.random.default_rng([4, draw])
    X, fine = legvander(_X, degree)[:, 1:], legvander(_FINE, degree)[:, 1:]
    scatter = rng.normal(size=(len(_X), _GHOSTS))
    Y = (X @ weights)[:, None] + noise * scatter
    fits = pf.path(
        X, Y, prior=pf.Normal(), likelihood=pf.Gaussian(noise=1.0), penalties=[lam],
        intercept=False,
    ).coefs[..., 0]  # fmt: skip
    truth = fine @ weights
    marks: list[Mark] = [
        Line(numbers(_FINE), numbers(fine @ fits[:, k]), "normal", faint=True)
        for k in range(_GHOSTS)
    ]
    marks += [
        Dots(numbers(_X), numbers(Y[:, 0]), "data", size=3),
        Line(numbers(_FINE), numbers(truth), "ink", say("truth"), "6 4"),
    ]
    reach = 1.15 * float(np.abs(truth).max()) + 0.9
    return Figure(
        say("ghosts_title", n=_GHOSTS), Axis(-1, 1, "x"), Axis(-reach, reach, "y"), tuple(marks),
        say("ghosts_summary", n=_GHOSTS, lam=said(lam)), 320, key="ghosts",
    )  # fmt: skip


def _u_curve(curve: _Risk, here: _Risk, lam: float, noise: float, say: Say) -> Figure:
    x, bias = numbers(_LAMBDAS), numbers(curve.bias)
    total = curve.bias + curve.variance
    top = 1.15 * float(max(total.max(), 1e-9))
    marks: tuple[Mark, ...] = (
        Area(x, (0.0,) * len(x), bias, "laplace", faint=True),
        Area(x, bias, numbers(total), "normal", faint=True),
        Line(x, bias, "laplace", say("bias")),
        Line(x, numbers(total), "ink", say("error")),
        Rule(noise**2, say("belief_head", best=said(noise**2)), dash="4 3"),
        Dots((lam,), numbers(here.bias + here.variance), "ink", "diamond"),
    )
    return Figure(
        say("u_title"), Axis(1e-3, 1e3, say("lam_axis"), log=True), Axis(0, top, say("error_axis")),
        marks, say("u_summary", best=said(noise**2)), 320, key="risk",
    )  # fmt: skip


PAGE = Page(
    "why-shrink",
    (
        Slider("lam", spread(1e-3, 1e3, 61), 0.1),
        Slider("noise", even(0.2, 3, 29), 1.0),
        Slider("degree", tuple(float(k) for k in range(2, 13)), 10.0),
        Slider("seed", tuple(map(float, range(1, 41))), 1.0, pressed=True),
    ),
    answer,
    right=1,
    face=1,
)
