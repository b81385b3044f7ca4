"""Two weights: the loss, the ball it touches, and the price of one more unit of radius."""

from __future__ import annotations

import numpy as np

import priorfit as pf
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Page, Table
from priorfit.explore.controls import Choice, Slider, Values, even, spread
from priorfit.explore.figure import Area, Axis, Dots, Figure, Line, Mark, Role, Rule, numbers
from priorfit.explore.proofs import by_gap
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said

__all__ = ["PAGE", "zones"]

_WIDE, _REACH, _FAR = 4.7, 3.0, 30.0
#: corners of the zone of one zero, once around: side of the other weight, pull, its size
_ROUND_A_ZERO = (
    (1, -1, _FAR), (1, -1, 0.0), (-1, -1, 0.0), (-1, -1, _FAR),
    (-1, 1, _FAR), (-1, 1, 0.0), (1, 1, 0.0), (1, 1, _FAR),
)  # fmt: skip
_ROUND = np.linspace(0.0, 2.0 * np.pi, 97)

_CODE = """\
import numpy as np, priorfit as pf

X = np.linalg.cholesky([[1.0, {rho:g}], [{rho:g}, 1.0]]).T  # two columns, correlation {rho:g}
y = X @ np.array([{cx:g}, {cy:g}])  # least squares would answer this
path = pf.path(X, y, prior={shape}, likelihood=pf.Gaussian(noise=1.0),
               penalties=[{lam:g}], intercept=False, tol=1e-9)
first, second = path.coefs[:, 0]
radius, price = path.norms[0], path.shadow_prices[0]
print(first, second, "radius", radius, "price of one more unit", price)
"""

_SHAPES: dict[str, tuple[str, Role]] = {
    "l1": ("pf.Laplace()", "laplace"),
    "l2": ("pf.Normal()", "normal"),
    "enet": ("pf.ElasticNet(1.0, 1.0)", "other"),
}


def answer(at: Values, say: Say) -> Answer:
    """The fit of one centre and strength, seen as penalty and as constraint."""
    centre, lam = np.array([float(at["cx"]), float(at["cy"])]), float(at["lam"])
    ball, rho = str(at["ball"]), float(at["rho"])
    X = np.linalg.cholesky(np.array([[1.0, rho], [rho, 1.0]])).T
    lams = np.unique(np.r_[np.geomspace(8.0, 0.01, 60), lam])[::-1]
    k = int(np.flatnonzero(lams == lam)[0])
    path = pf.path(
        X, X @ centre, prior=_prior(ball), likelihood=pf.Gaussian(noise=1.0), penalties=lams,
        intercept=False, tol=1e-9,
    )  # fmt: skip
    coef = path.coefs[:, k]
    shown = {
        "first": float(coef[0]),
        "second": float(coef[1]),
        "radius": float(path.norms[k]),
        "price": float(path.shadow_prices[k]),
    }
    words = {key: said(v) for key, v in shown.items()}
    zeros = int(np.sum(coef == 0))
    return Answer(
        (_plane(centre, X, path, k, ball, say), _price(path, k, ball, say)),
        say(f"said_{min(zeros, 2)}", lam=said(lam), **words),
        by_gap(say, float(path.gaps[k]), 1e-9),
        _CODE.format(cx=centre[0], cy=centre[1], lam=lam, rho=rho, shape=_SHAPES[ball][0]),
        shown,
        Table((say("what"), say("value")), tuple((say(key), v) for key, v in words.items())),
        spoken=say("spoken_belief", sd=said(_sd(ball, lam)), zeros=zeros, p=2),
    )


def _prior(ball: str) -> pf.Prior:
    if ball == "enet":
        return pf.ElasticNet(1.0, 1.0)
    return pf.Laplace() if ball == "l1" else pf.Normal()


def _sd(ball: str, lam: float) -> float:
    """The standard deviation of the belief whose penalty is lam, at noise 1."""
    variance = _prior(ball).unit().tempered(lam).variance
    return float(np.sqrt(np.ravel(variance)[0]))


def zones(ball: str, lam: float, rho: float) -> tuple[Array, ...]:
    """The centres whose fit has its first weight at zero, its second, both: corners of polygons,
    (2, m) each; none for the circle.

    A fit b is stationary: G (c - b) = lambda (l1 u + l2 b), u = sign(b) or in [-1, 1] at a zero, so
    the centres of a zero are straight images of their b and u.
    """
    unit = _prior(ball).unit().lower(1)
    l1, l2 = float(unit.l1[0]), float(unit.l2[0])
    if l1 == 0:
        return ()
    back = lam * np.linalg.inv(np.array([[1.0, rho], [rho, 1.0]]))
    first = []
    for side, u, far in _ROUND_A_ZERO:  # b = (0, side * far), pull (u, side)
        weight = np.array([0.0, side * far])
        first.append(weight + back @ (l1 * np.array([u, side]) + l2 * weight))
    one = np.array(first).T
    both = l1 * back @ np.array([[-1.0, 1.0, 1.0, -1.0], [-1.0, -1.0, 1.0, 1.0]])
    return one, one[::-1], both


def _plane(centre: Array, X: Array, path: pf.Path, k: int, ball: str, say: Say) -> Figure:
    coef, role = path.coefs[:, k], _SHAPES[ball][1]
    zeros = zones(ball, float(path.penalties[k]), float(X[:, 0] @ X[:, 1]))
    away = X @ (coef - centre)
    reach = float(np.sqrt(away @ away))
    circle = np.linalg.solve(X, np.stack([np.cos(_ROUND), np.sin(_ROUND)]))
    edge = _edge(path, k, ball)
    marks: list[Mark] = [
        Area(numbers(x), numbers(x), numbers(y), "zero", closed=True, faint=True) for x, y in zeros
    ]
    marks += [
        Line((-_WIDE, _WIDE), (0.0, 0.0), "soft", thin=True, faint=True),
        Line((0.0, 0.0), (-_REACH, _REACH), "soft", thin=True, faint=True),
        Area(numbers(edge[0]), numbers(edge[0]), numbers(edge[1]), role, closed=True),
    ]
    for share in (0.4, 0.7, 1.0, 1.4):
        x, y = centre[:, None] + share * reach * circle
        marks.append(Line(numbers(x), numbers(y), "data", thin=share == 1.0, faint=share != 1.0))
    marks += [
        Line(numbers(path.coefs[0]), numbers(path.coefs[1]), role, dash="2 4", thin=True),
        Dots((float(coef[0]),), (float(coef[1]),), "ink", "diamond", (say("fit"),), 5),
        Dots((float(centre[0]),), (float(centre[1]),), "data", "circle", (say("centre"),),
             drag=("cx", "cy"), anchor="end" if centre[0] > 1 else "start"),
    ]  # fmt: skip
    axis = Axis(-_WIDE, _WIDE, say("first_axis")), Axis(-_REACH, _REACH, say("second_axis"))
    return Figure(
        say("plane_title"), *axis, tuple(marks), say("plane_summary", first=said(float(coef[0])),
        second=said(float(coef[1]))), 430, equal=True, key="plane",
    )  # fmt: skip


def _edge(path: pf.Path, k: int, ball: str) -> Array:
    """The border of the ball through the fit: all weights that the belief finds as likely."""
    u = np.stack([np.cos(_ROUND), np.sin(_ROUND)])
    coef = path.coefs[:, k]
    if ball == "l2":
        return np.asarray(u * np.linalg.norm(coef))
    size = np.abs(u).sum(axis=0)
    if ball == "l1":
        return np.asarray(u / size * np.abs(coef).sum())
    level = float(np.abs(coef).sum() + 0.5 * coef @ coef)
    return np.asarray(u * (np.sqrt(size**2 + 2.0 * level) - size))


def _price(path: pf.Path, k: int, ball: str, say: Say) -> Figure:
    t, loss = path.norms, path.losses
    here, least, slope = float(t[k]), float(loss[k]), float(path.shadow_prices[k])
    end = float(t[-1]) or 1.0
    run = np.array([here - 0.35 * end, here + 0.35 * end])
    marks: tuple[Mark, ...] = (
        Line(numbers(t), numbers(loss), _SHAPES[ball][1]),
        Line(numbers(run), numbers(least - slope * (run - here)), "ink", dash="6 4", thin=True),
        Rule(here, say("radius_head", t=said(here))),
        Dots((here,), (least,), "ink", "diamond"),
    )
    top = 1.08 * float(loss.max()) or 1.0
    return Figure(
        say("price_title", price=said(slope)), Axis(0, 1.05 * end, say("radius_axis")),
        Axis(0, top, say("loss_axis")), marks, say("price_summary", price=said(slope)), 290,
        key="price",
    )  # fmt: skip


_PLACES = even(-3, 3, 61)
PAGE = Page(
    "touching-shapes",
    (
        Choice("ball", tuple(_SHAPES), "l1"),
        Slider("lam", spread(0.05, 4, 31), 0.83),
        Slider("cx", _PLACES, 2.0),
        Slider("cy", _PLACES, 0.7),
        Slider("rho", even(-0.9, 0.9, 37), 0.55),
    ),
    answer,
    right=0,
)
