"""One belief in the settings of other libraries; and what n does to it."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

import priorfit as pf
from priorfit.explore.answer import Answer, Certified, Page, Table
from priorfit.explore.controls import Slider, Values, spread
from priorfit.explore.figure import Axis, Dots, Figure, Line, Mark, Rule, numbers
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said
from priorfit.views import views_of

__all__ = ["PAGE"]

#: label; row of the dictionary and its setting for a bell, for a tent
_ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("XGBoost leaf", "xgboost", "reg_lambda", "xgboost", "reg_alpha"),
    ("scikit-learn Ridge · Lasso", "sklearn.Ridge", "alpha", "sklearn.Lasso", "alpha"),
    ("statsmodels OLS", "statsmodels.OLS", "alpha", "statsmodels.OLS", "alpha"),
    ("VW bfgs · sgd", "vw.bfgs.squared", "l2", "vw.sgd.squared", "l1"),
    ("Keras, mse", "keras.L1L2.mse", "l2", "keras.L1L2.mse", "l1"),
    ("PyTorch SGD, mse", "torch.SGD.mse", "weight_decay", "", ""),
    ("TF Playground", "playground", "rate", "playground.L1", "rate"),
    ("LogisticRegression C", "sklearn.LogisticRegression", "C", "sklearn.LogisticRegression", "C"),
    ("liblinear c", "liblinear.L2R_LR", "c", "liblinear.L1R_LR", "c"),
)
_GRID = np.logspace(0, 4, 41)
_QUIET = ndtri((np.arange(4000) + 0.5) / 4000)  # what the data say of a weight that is nothing
_P = 20

_CODE = """\
import numpy as np, priorfit as pf
from scipy.special import ndtri

bell, tent, n, noise = pf.Normal({width:g}), pf.Laplace({width:g}), {n:g}, {noise:g}
ridge_alpha = pf.translate(bell, to="sklearn.Ridge", n=n, noise=noise)["alpha"]
lasso_alpha = pf.translate(tent, to="sklearn.Lasso", n=n, noise=noise)["alpha"]
logistic_C = pf.translate(tent, to="sklearn.LogisticRegression", n=n)["C"]

z = noise / np.sqrt(n) * ndtri((np.arange(4000) + 0.5) / 4000)  # a weight that is nothing
share_zero = np.mean(pf.shrinkage(tent, z, noise**2 / n) == 0)
print(ridge_alpha, lasso_alpha, logistic_C, share_zero)
"""


def answer(at: Values, say: Say) -> Answer:
    """The settings that one belief means in each library, and how many zeros it still makes."""
    noise, width, n = (float(at[k]) for k in ("noise", "width", "n"))
    bell, tent = pf.Normal(width), pf.Laplace(width)
    found = [(label, *_settings(row, bell, tent, n, noise)) for label, *row in _ROWS]
    lam2 = float(views_of(bell, noise**2, np.zeros(1)).penalty.l2)
    lam1 = float(views_of(tent, noise**2, np.zeros(1)).penalty.l1)
    found.insert(0, (say("sum_scale"), lam2, lam1))
    share = _share_zero(width, noise, n)
    shown = {
        "ridge_alpha": found[2][1],
        "lasso_alpha": found[2][2],
        "logistic_C": found[8][2],
        "share_zero": share,
    }
    miss = max(_round_trip(tent, to, n, noise) for to in ("sklearn.Lasso", "keras.L1L2.mse"))
    values = [v for _, *pair in found for v in pair if np.isfinite(v)]
    rows = tuple((label, said(a), said(b) if np.isfinite(b) else "—") for label, a, b in found)
    words = {k: said(v) for k, v in shown.items()}
    return Answer(
        (_dialects(found, say), _melting(width, noise, n, say)),
        say("said", n=said(n), spread=said(max(values) / min(values), 2), width=said(width),
            percent=said(100 * share), **words),
        Certified(say("proof", miss=said(miss, 1)), miss, 1e-12),
        _CODE.format(width=width, noise=noise, n=n),
        shown,
        Table((say("library"), say("bell"), say("tent")), rows),
        spoken=say("spoken", ridge=words["ridge_alpha"], lasso=words["lasso_alpha"]),
    )  # fmt: skip


def _round_trip(tent: pf.Laplace, to: str, n: float, noise: float) -> float:
    """The relative error of a scale that was translated there and back."""
    there = dict(pf.translate(tent, to=to, n=n, noise=noise))
    back = pf.translate(there, source=to, n=n, noise=noise)
    return abs(float(back.arguments()["scale"]) / float(tent.scale) - 1.0)


def _settings(
    row: list[str], bell: pf.Prior, tent: pf.Prior, n: float, noise: float
) -> tuple[float, float]:
    wide, wide_key, sharp, sharp_key = row
    first = float(pf.translate(bell, to=wide, n=n, noise=noise)[wide_key])
    if not sharp:
        return first, float("nan")
    return first, float(pf.translate(tent, to=sharp, n=n, noise=noise)[sharp_key])


def _share_zero(width: float, noise: float, n: float) -> float:
    variance = noise**2 / n
    z = np.sqrt(variance) * _QUIET
    return float(np.mean(pf.shrinkage(pf.Laplace(width), z, variance) == 0))


def _dialects(found: list[tuple[str, float, float]], say: Say) -> Figure:
    y = numbers(np.arange(len(found))[::-1] + 0.5)
    values = np.array([[a, b] for _, a, b in found])
    low, high = np.nanmin(values) / 3, np.nanmax(values) * 3
    marks: list[Mark] = [
        Line((float(np.nanmin(v)), float(np.nanmax(v))), (h, h), "soft", faint=True)
        for v, h in zip(values, y, strict=True)
    ]
    sides = ("start", "end") if values[0, 1] < values[0, 0] else ("end", "start")
    blank = ("",) * (len(y) - 1)
    bell, tent = (say("bell"), *blank), (say("tent"), *blank)
    marks += [
        Dots(numbers(values[:, 0]), y, "normal", "circle", bell, 5, anchor=sides[0]),
        Dots(numbers(values[:, 1]), y, "laplace", "diamond", tent, 5, anchor=sides[1]),
    ]
    return Figure(
        say("dialects_title"), Axis(float(low), float(high), say("setting_axis"), log=True),
        Axis(0, len(y) + 0.4, ticks=y, names=tuple(f[0] for f in found)), tuple(marks),
        say("dialects_summary"), 400, key="dialects",
    )  # fmt: skip


def _melting(width: float, noise: float, n: float, say: Say) -> Figure:
    fixed = [100 * _share_zero(width, noise, m) for m in _GRID]
    moving = [
        100 * _share_zero(noise / float(np.sqrt(2.0 * m * np.log(_P))), noise, m) for m in _GRID
    ]
    marks: tuple[Mark, ...] = (
        Line(numbers(_GRID), numbers(moving), "other", say("universal"), "9 5"),
        Line(numbers(_GRID), numbers(fixed), "laplace", say("fixed")),
        Rule(n, f"n = {said(n)}", role="soft"),
    )
    return Figure(
        say("melt_title"), Axis(1, 1e4, say("n_axis"), log=True), Axis(0, 102, say("share_axis")),
        marks, say("melt_summary", p=_P), 290, key="melt",
    )  # fmt: skip


PAGE = Page(
    "ratio",
    (
        Slider("noise", spread(0.2, 5, 29), 1.0),
        Slider("width", spread(0.05, 5, 41), 0.5),
        Slider("n", tuple(float(v) for v in (1, 3, 10, 30, 100, 300, 1000, 3000, 10000)), 100.0),
    ),
    answer,
    right=2,
)
