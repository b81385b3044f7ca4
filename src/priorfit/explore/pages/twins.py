"""Paths of two columns that are nearly the same, and the fence that says who is in."""

from __future__ import annotations

from functools import cache

import numpy as np

import priorfit as pf
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Page, Table
from priorfit.explore.controls import Slider, Values, spread
from priorfit.explore.figure import Axis, Dots, Figure, Line, Mark, Role, Rule, numbers
from priorfit.explore.proofs import by_gap
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said

__all__ = ["PAGE"]

_N, _P = 60, 8
_TRUE = np.array([1.2, 1.2, -1.0, 0.6, 0.0, 0.0, 0.0, 0.0])
_SHARES = np.geomspace(1.0, 1e-3, 61)

_CODE = """\
import numpy as np, priorfit as pf

rng = np.random.default_rng(7)
X, same, noise = rng.normal(size=(60, 8)), rng.normal(size=60), rng.normal(size=60)
rho = {rho:g}  # correlation of the twins, the first two columns
X[:, 0], X[:, 1] = same, rho * same + np.sqrt(1 - rho**2) * X[:, 1]
y = X @ [1.2, 1.2, -1, 0.6, 0, 0, 0, 0] + noise

lam = {lam:.12g}
path = pf.path(X, y, prior={prior}, likelihood=pf.Gaussian(noise=1.0), penalties=[lam],
               intercept=False, tol=1e-9)
first, second = path.coefs[:2, 0]
used, df = path.n_nonzero[0], path.df[0]
print(first, second, used, df)
"""


def answer(at: Values, say: Say) -> Answer:
    """The path of eight columns, two of them twins, and one point of it."""
    rho, mix, share = (float(at[k]) for k in ("rho", "mix", "strength"))
    X, y = _data(rho)
    strongest = float(np.abs(X.T @ y).max())
    shares = np.unique(np.r_[_SHARES, share])[::-1]
    path = pf.path(
        X, y, prior=_prior(mix), likelihood=pf.Gaussian(noise=1.0), penalties=strongest * shares,
        intercept=False, tol=1e-9,
    )  # fmt: skip
    k = int(np.flatnonzero(shares == share)[0])
    coef = path.coefs[:, k]
    shown = {
        "first": float(coef[0]),
        "second": float(coef[1]),
        "used": float(path.n_nonzero[k]),
        "df": float(path.df[k]),
    }
    words = {key: said(v) for key, v in shown.items()} | {"used": str(int(shown["used"]))}
    key = _happened(coef)
    rows = tuple((f"x{j + 1}", said(float(w)), said(float(_TRUE[j]))) for j, w in enumerate(coef))
    return Answer(
        (_paths(path, shares, share, mix, say), _fence(X, y, path, k, mix, say)),
        say(f"said_{key}", p=_P, lam=said(float(path.penalties[k])), **words),
        by_gap(say, float(path.gaps.max()), 1e-9),
        _CODE.format(rho=rho, lam=float(path.penalties[k]), prior=_named(mix)),
        shown,
        Table((say("column"), say("weight"), say("truth")), rows),
        spoken=say(
            "spoken",
            lam=said(float(path.penalties[k])),
            first=words["first"],
            second=words["second"],
        ),
    )


def _happened(coef: Array) -> str:
    one, other = float(coef[0]), float(coef[1])
    if one == 0 and other == 0:
        return "none"
    if one == 0 or other == 0:
        return "one"
    return "alike" if abs(one - other) < 0.1 * max(abs(one), abs(other)) else "both"


@cache
def _data(rho: float) -> tuple[Array, Array]:
    rng = np.random.default_rng(7)
    X, same, noise = rng.normal(size=(_N, _P)), rng.normal(size=_N), rng.normal(size=_N)
    X[:, 0], X[:, 1] = same, rho * same + np.sqrt(1 - rho**2) * X[:, 1]
    return X, X @ _TRUE + noise


def _prior(mix: float) -> pf.Prior:
    if mix in (0.0, 1.0):
        return pf.Laplace() if mix else pf.Normal()
    return pf.ElasticNet(1.0 / mix, (1.0 - mix) ** -0.5)


def _named(mix: float) -> str:
    if mix in (0.0, 1.0):
        return "pf.Laplace()" if mix else "pf.Normal()"
    return f"pf.ElasticNet(1 / {mix:g}, (1 - {mix:g}) ** -0.5)"


def _role(mix: float) -> Role:
    return "laplace" if mix == 1 else ("normal" if mix == 0 else "other")


def _paths(path: pf.Path, shares: Array, share: float, mix: float, say: Say) -> Figure:
    x = numbers(-np.log10(shares))
    marks: list[Mark] = [
        Line(x, numbers(path.coefs[j]), "data", f"x{j + 1}" if _TRUE[j] else "", faint=True)
        for j in range(2, _P)
    ]
    marks += [
        Line(x, numbers(path.coefs[0]), _role(mix), say("twin", j=1)),
        Line(x, numbers(path.coefs[1]), _role(mix), say("twin", j=2), "9 5"),
        Rule(float(-np.log10(share)), say("lam_head", lam=said(share * float(path.penalties[0]))),
             role="soft"),
    ]  # fmt: skip
    most = 1.12 * float(np.abs(path.coefs).max())
    return Figure(
        say("paths_title"),
        Axis(0, 3, say("share_axis"), ticks=(0, 1, 2, 3), names=("1", "1/10", "1/100", "1/1000")),
        Axis(-most, most, say("weight")), tuple(marks), say("paths_summary"), 340, key="paths",
    )  # fmt: skip


def _fence(X: Array, y: Array, path: pf.Path, k: int, mix: float, say: Say) -> Figure:
    lam, coef = float(path.penalties[k]), path.coefs[:, k]
    pull = X.T @ (y - X @ coef) - lam * (1.0 - mix) * coef
    fence, at = lam * mix, np.arange(_P) + 1.0
    out, zero = coef != 0, coef == 0
    top = 1.25 * max(fence, float(np.abs(pull).max()), 1e-9)
    marks: tuple[Mark, ...] = (
        Rule(fence, say("fence", lam=said(fence)), "y", "ink", "6 4"),
        Rule(-fence, "", "y", "ink", "6 4"),
        Rule(0.0, "", "y", "soft"),
        Dots(numbers(at[out]), numbers(pull[out]), _role(mix), "diamond", size=5, to=0.0),
        Dots(numbers(at[zero]), numbers(pull[zero]), "zero", "hollow", size=5, to=0.0),
    )
    names = tuple(f"x{j + 1}" for j in range(_P))
    return Figure(
        say("fence_title"), Axis(0.4, _P + 0.6, ticks=numbers(at), names=names),
        Axis(-top, top, say("pull_axis")), marks, say("fence_summary", lam=said(fence)), 290,
        key="fence",
    )  # fmt: skip


PAGE = Page(
    "twins",
    (
        Slider("rho", (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999), 0.99),
        Slider("mix", (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0), 1.0),
        Slider("strength", spread(1e-3, 1, 37), 0.3),
    ),
    answer,
    right=1,
)
