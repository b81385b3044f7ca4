"""Which algorithms a belief about weights fits, with a small fit of each kind."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import numpy as np

import priorfit as pf
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Page, Table
from priorfit.explore.controls import Choice, Slider, Values, spread
from priorfit.explore.figure import Axis, Dots, Figure, Line, Mark, Role, Rule, numbers
from priorfit.explore.proofs import by_gap
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said

__all__ = ["PAGE"]

#: name here: kind in the atlas; the likelihood of its small fit
_KINDS: dict[str, tuple[str, str]] = {
    "numbers": ("regression of numbers", "pf.Gaussian(noise=1.0)"),
    "classes": ("classification", "pf.Bernoulli()"),
    "counts": ("counts and amounts", "pf.Poisson()"),
    "survival": ("survival", "pf.Cox()"),
    "structured": ("structured weights", "pf.Gaussian(noise=1.0)"),
    "functions": ("functions and effects", "pf.Gaussian(noise=1.0)"),
    "graphs": ("factors and graphs", "pf.Gaussian(noise=1.0)"),
    "boosting": ("boosting and rules", "pf.Gaussian(noise=1.0)"),
    "networks": ("networks", "pf.Bernoulli()"),
    "none": ("no weights to shrink", "pf.Gaussian(noise=1.0)"),
}
_SHARES = np.geomspace(1.0, 0.01, 41)
_P = 8

_CODE = """\
import numpy as np, priorfit as pf

rows = pf.atlas()
kind = rows[rows["kind"] == {kind!r}]
fits, all_rows = int(kind["fits"].sum()), len(kind)

rng = np.random.default_rng(5)
X, u = rng.normal(size=(120, 8)), rng.uniform(size=120)
eta = X @ [1, -0.8, 0.6, 0.4, 0, 0, 0, 0]
y = {response}
path = pf.path(X, y, prior={prior}, likelihood={likelihood}, n_points=41, ratio=0.01)
k = int(np.argmin(np.abs(path.penalties / path.penalties[0] - {share:g})))
used, lam = int(path.n_nonzero[k]), path.penalties[k]
print(kind["name"].to_list(), fits, "of", all_rows, "; lambda", lam, "uses", used, "of 8 columns")
"""
_RESPONSES = {
    "pf.Gaussian(noise=1.0)": "eta + np.sqrt(2) * np.sin(40 * u)",
    "pf.Bernoulli()": "(u < 1 / (1 + np.exp(-eta))).astype(float)",
    "pf.Poisson()": "np.floor(np.exp(eta) * 2 * u)",
    "pf.Cox()": "pf.survival(-np.log(u) * np.exp(-eta), u > 0.2)",
}


def answer(at: Values, say: Say) -> Answer:
    """The rows of one kind, and the path of eight columns under a likelihood of this kind."""
    name, penalty, share = str(at["kind"]), str(at["penalty"]), float(at["strength"])
    kind, likelihood = _KINDS[name]
    rows = [r for r in _rows() if r["kind"] == kind]
    path = _path(likelihood, penalty)
    k = int(np.argmin(np.abs(path.penalties / path.penalties[0] - share)))
    fits = sum(bool(r["fits"]) for r in rows)
    shown = {
        "fits": float(fits),
        "all_rows": float(len(rows)),
        "used": float(path.n_nonzero[k]),
        "lam": float(path.penalties[k]),
    }
    prior = "pf.Laplace()" if penalty == "l1" else "pf.Normal()"
    code = _CODE.format(
        kind=kind, response=_RESPONSES[likelihood], prior=prior, likelihood=likelihood, share=share
    )
    head = tuple(say(k) for k in ("algorithm", "about", "means_l2", "means_l1", "why_not"))
    table = tuple(
        (r["name"], r["weights"], r["l2"] or "—", r["l1"] or "—", r["reason"] or "—") for r in rows
    )
    key = "none" if fits == 0 else "fits"
    names = say("and").join(r["name"] for r in rows[:3])
    return Answer(
        (_overview(kind, say), _paths(path, k, penalty, name, say)),
        say(f"said_{key}", fits=fits, n=len(rows), names=names, used=int(shown["used"]), p=_P,
            lam=said(shown["lam"])),
        by_gap(say, float(path.gaps.max()), path.tol),
        code,
        shown,
        Table(head, table),
        spoken=say("spoken_zeros", zeros=_P - int(shown["used"]), p=_P),
    )  # fmt: skip


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    return tuple(pf.atlas(backend="records"))


@cache
def _path(likelihood: str, penalty: str) -> pf.Path:
    rng = np.random.default_rng(5)
    X, u = rng.normal(size=(120, _P)), rng.uniform(size=120)
    eta = X @ np.array([1, -0.8, 0.6, 0.4, 0, 0, 0, 0])
    prior = pf.Laplace() if penalty == "l1" else pf.Normal()
    made, y = _response(likelihood, eta, u)
    return pf.path(X, y, prior=prior, likelihood=made, n_points=41, ratio=0.01)


def _response(likelihood: str, eta: Array, u: Array) -> tuple[pf.Likelihood, Any]:
    if likelihood == "pf.Bernoulli()":
        return pf.Bernoulli(), (u < 1 / (1 + np.exp(-eta))).astype(float)
    if likelihood == "pf.Poisson()":
        return pf.Poisson(), np.floor(np.exp(eta) * 2 * u)
    if likelihood == "pf.Cox()":
        return pf.Cox(), pf.survival(-np.log(u) * np.exp(-eta), u > 0.2)
    return pf.Gaussian(noise=1.0), eta + np.sqrt(2) * np.sin(40 * u)


def _overview(chosen: str, say: Say) -> Figure:
    marks: list[Mark] = []
    most = max(Counter(r["kind"] for r in _rows()).values())
    for i, (kind, _) in enumerate(_KINDS.values()):
        rows = [r for r in _rows() if r["kind"] == kind]
        yes = sum(bool(r["fits"]) for r in rows)
        height = len(_KINDS) - i - 0.5
        role: Role = "post" if kind == chosen else "data"
        size = 5.5 if kind == chosen else 4.5
        marks.append(Dots(numbers(np.arange(yes) + 1), (height,) * yes, role, size=size))
        no = len(rows) - yes
        marks.append(
            Dots(numbers(np.arange(yes, yes + no) + 1), (height,) * no, role, "hollow", size=size)
        )
    names = tuple(say(f"kind_{k}") for k in _KINDS)
    heights = numbers(len(_KINDS) - np.arange(len(_KINDS)) - 0.5)
    return Figure(
        say("overview_title"), Axis(0, most + 0.8, say("overview_axis")),
        Axis(0, len(_KINDS), ticks=heights, names=names), tuple(marks), say("overview_summary"),
        360, key="overview",
    )  # fmt: skip


def _paths(path: pf.Path, k: int, penalty: str, name: str, say: Say) -> Figure:
    x = -np.log10(path.penalties / path.penalties[0])
    role: Role = "laplace" if penalty == "l1" else "normal"
    marks: list[Mark] = [
        Line(numbers(x), numbers(path.coefs[j]), role if j < 4 else "data",
             f"x{j + 1}" if j < 4 else "", faint=j >= 4)
        for j in range(_P)
    ]  # fmt: skip
    marks.append(Rule(float(x[k]), f"λ = {said(float(path.penalties[k]))}", role="soft"))
    most = 1.15 * float(np.abs(path.coefs).max())
    return Figure(
        say("paths_title", kind=say(f"fit_{name}")),
        Axis(0, 2, say("share_axis"), ticks=(0, 1, 2), names=("1", "1/10", "1/100")),
        Axis(-most, most, say("weight")), tuple(marks), say("paths_summary"), 300, key="paths",
    )  # fmt: skip


PAGE = Page(
    "atlas",
    (
        Choice("kind", tuple(_KINDS), "numbers"),
        Choice("penalty", ("l1", "l2"), "l1"),
        Slider("strength", spread(0.01, 1, 21), 0.2),
    ),
    answer,
    right=1,
    face=1,
)
