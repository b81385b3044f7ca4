"""L2 on the factors of a product is another penalty on the product."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import minimize

import priorfit as pf
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Page, Table
from priorfit.explore.controls import Choice, Slider, Values
from priorfit.explore.figure import Axis, Dots, Figure, Line, Mark, Role, Rule, numbers
from priorfit.explore.proofs import by_gap
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said

__all__ = ["PAGE"]

_N, _P = 60, 7
_TRUE = np.array([2.0, -1.5, 1.0, 0.5, 0.0, 0.0, 0.0])
_LAMBDAS = tuple(float(f"{v:.3g}") for v in np.geomspace(150, 2, 26))

_CODE = """\
import numpy as np, priorfit as pf
from scipy.optimize import minimize

rng = np.random.default_rng(2)
X = rng.normal(size=(60, 7))
y = X @ [2, -1.5, 1, 0.5, 0, 0, 0] + rng.normal(size=60)
lam, depth = {lam:g}, {depth}

def loss(flat):  # the weight of a column is a product over the layers; plain L2 on every layer
    layers = flat.reshape(depth, 7)
    w = layers.prod(axis=0)
    rest = X @ w - y
    others = np.stack([np.delete(layers, k, 0).prod(axis=0) for k in range(depth)])
    slope = (X.T @ rest) * others + lam * layers
    return rest @ rest / 2 + lam / 2 * flat @ flat, slope.ravel()

start = np.random.default_rng(0).normal(size=depth * 7)
settings = dict(maxiter=20000, maxfun=40000, ftol=1e-16, gtol=1e-10)
found = minimize(loss, start, jac=True, method="L-BFGS-B", options=settings)
network = found.x.reshape(depth, 7).prod(axis=0)

path = pf.path(X, y, prior={prior}, likelihood=pf.Gaussian(noise=1.0), penalties=[lam],
               intercept=False, tol=1e-10)
apart = float(np.abs(network - path.coefs[:, 0]).max())
kept = int(np.sum(np.abs(network) > 1e-4))
print(network.round(4), path.coefs[:, 0].round(4), apart)
"""


def answer(at: Values, say: Say) -> Answer:
    """The product of layers under plain L2, beside lasso and ridge of the library."""
    depth, lam = int(str(at["depth"])), float(at["lam"])
    judge = "normal" if depth == 1 else "laplace"
    networks = np.stack([_network(depth, v) for v in _LAMBDAS], axis=1)
    path = _path(judge)
    k = _LAMBDAS.index(lam)
    here, judged = networks[:, k], path.coefs[:, k]
    apart = float(np.abs(here - judged).max())
    kept = int(np.sum(np.abs(here) > 1e-4))
    shown = {"apart": apart if depth < 3 else round(apart, 3), "kept": float(kept)}
    if apart < 1e-5 or depth == 3:  # the last digits of an optimizer are not the same everywhere
        shown.pop("apart")
    rows = tuple(
        (f"w{j + 1}", said(float(here[j])), said(float(judged[j])), said(float(_TRUE[j])))
        for j in range(_P)
    )
    prior = "pf.Normal()" if depth == 1 else "pf.Laplace()"
    return Answer(
        (_paths(networks, path, depth, lam, say), _sizes(networks, path, depth, k, say)),
        say(f"said_{depth}", lam=said(lam), kept=kept, p=_P, apart=said(apart, 2)),
        by_gap(say, float(path.gaps.max()), 1e-10),
        _CODE.format(lam=lam, depth=depth, prior=prior),
        shown,
        Table((say("weight"), say("network"), say(f"judge_{judge}"), say("truth")), rows),
        spoken=say("spoken_zeros", zeros=_P - kept, p=_P),
    )


@cache
def _table() -> tuple[Array, Array]:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(_N, _P))
    return X, X @ _TRUE + rng.normal(size=_N)


@cache
def _path(judge: str) -> pf.Path:
    X, y = _table()
    return pf.path(
        X, y, prior=pf.Normal() if judge == "normal" else pf.Laplace(),
        likelihood=pf.Gaussian(noise=1.0), penalties=list(_LAMBDAS), intercept=False, tol=1e-10,
    )  # fmt: skip


@cache
def _network(depth: int, lam: float) -> Array:
    X, y = _table()

    def loss(flat: Array) -> tuple[float, Array]:
        layers = flat.reshape(depth, _P)
        w = layers.prod(axis=0)
        rest = X @ w - y
        others = np.stack([np.delete(layers, k, 0).prod(axis=0) for k in range(depth)])
        slope = (X.T @ rest) * others + lam * layers
        return float(rest @ rest / 2 + lam / 2 * flat @ flat), slope.ravel()

    start = np.random.default_rng(0).normal(size=depth * _P)
    settings: Any = {"maxiter": 20000, "maxfun": 40000, "ftol": 1e-16, "gtol": 1e-10}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=settings)
    return np.asarray(found.x.reshape(depth, _P).prod(axis=0))


def _role(depth: int) -> Role:
    roles: tuple[Role, ...] = ("normal", "laplace", "heavy")
    return roles[depth - 1]


def _paths(networks: Array, path: pf.Path, depth: int, lam: float, say: Say) -> Figure:
    x, role = numbers(-np.log10(_LAMBDAS)), _role(depth)
    marks: list[Mark] = [
        Line(x, numbers(networks[j]), role, f"w{j + 1}" if _TRUE[j] else "") for j in range(_P)
    ]
    marks += [Dots(x[::2], numbers(path.coefs[j, ::2]), "ink", "hollow", size=3) for j in range(_P)]
    marks.append(Rule(float(-np.log10(lam)), say("lam_head", lam=said(lam)), role="soft"))
    ticks = (100.0, 30.0, 10.0, 3.0)
    axis = Axis(
        x[0], x[-1], say("lam_axis"), ticks=numbers(-np.log10(ticks)),
        names=tuple(f"{t:g}" for t in ticks),
    )  # fmt: skip
    return Figure(
        say(f"paths_{depth}"), axis, Axis(-1.8, 2.3, say("weight_axis")), tuple(marks),
        say("paths_summary"), 350, key="paths",
    )  # fmt: skip


def _sizes(networks: Array, path: pf.Path, depth: int, k: int, say: Say) -> Figure:
    at, floor = np.arange(_P) + 1.0, 1e-14
    here, judged = np.abs(networks[:, k]), np.abs(path.coefs[:, k])
    zero = judged == 0
    marks: tuple[Mark, ...] = (
        Rule(floor, say("zero_line"), "y", "zero"),
        Dots(numbers(at - 0.12), numbers(np.maximum(here, floor)), _role(depth), "circle",
             (say("network"), *[""] * (_P - 1)), 5, anchor="middle"),
        Dots(numbers(at[~zero] + 0.12), numbers(judged[~zero]), "ink", "hollow", size=4),
        Dots(numbers(at[zero] + 0.12), (floor,) * int(zero.sum()), "ink", "hollow", size=4),
    )  # fmt: skip
    names = tuple(f"w{j + 1}" for j in range(_P))
    return Figure(
        say("sizes_title"), Axis(0.4, _P + 0.6, ticks=numbers(at), names=names),
        Axis(floor / 6, 50, say("size_axis"), log=True, ticks=(1e-12, 1e-8, 1e-4, 1.0)), marks,
        say("sizes_summary"), 290, key="sizes",
    )  # fmt: skip


PAGE = Page(
    "networks",
    (Choice("depth", ("1", "2", "3"), "2"), Slider("lam", tuple(sorted(_LAMBDAS)), 20.0)),
    answer,
    right=2,
)
