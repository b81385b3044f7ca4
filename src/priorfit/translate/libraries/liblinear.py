"""liblinear and Vowpal Wabbit: command lines."""

from __future__ import annotations

from typing import Any

from priorfit.translate.factors import ROWS, SUM, TWICE, TWICE_ROWS
from priorfit.translate.row import Row
from priorfit.translate.shapes import Inverse, Pair, Single

__all__ = ["ROWS_OF_LIBLINEAR"]


def _liblinear(name: str, solver: int, objective: str, family: str, term: str, **more: Any) -> Row:
    settings: dict[str, Any] = {
        "fixed": {"s": solver},
        "checked": "fitted, 1e-10",
        "source": "github.com/cjlin1/liblinear (README)",
    }
    return Row(
        id=f"liblinear.{name}",
        library="liblinear",
        call="train {settings}",
        objective=objective,
        families={family: {}},
        shape=Inverse("c", term=term),
        scale="inverse",
        intercept="none",
        weights="none",
        defaults={"c": 1.0},
        notes=("No intercept by default; -B 1 adds one that is penalised, -B 1 -R a free one.",),
        style="flags",
        **settings | more,
    )


_VW_SOURCE = "github.com/VowpalWabbit/vowpal_wabbit/wiki/Command-Line-Arguments"
_VW_BIAS = "The constant is penalised by --sgd whatever the flags (vowpal_wabbit#1927)."


def _vw(id: str, loss: str, family: str, factor: Any, batch: bool) -> Row:
    loss_text = "(y − η)²" if loss == "squared" else "log(1 + exp(−s η))"
    common: dict[str, Any] = {
        "library": "vowpal wabbit",
        "call": "vw {settings}",
        "families": {family: {"loss_function": loss}},
        "source": _VW_SOURCE,
        "factor1": factor,
        "factor2": factor,
        "weights": "none",
        "style": "flags",
    }
    if batch:
        return Row(
            id=id,
            objective=f"Σ {loss_text} + l2/2 ‖b‖²",
            shape=Single("l2", "l2"),
            defaults={"l2": 0.0},
            match={"bfgs": True},
            fixed={"no_bias_regularization": True},
            notes=("--bfgs ignores --l1 (vowpal_wabbit#356).",),
            checked="stored, vowpalwabbit 9.11.9, 3e-5",
            **common,
        )
    return Row(
        id=id,
        objective=f"(1/n) Σ {loss_text} + l1 ‖b‖₁ + l2/2 ‖b‖²",
        shape=Pair("l1", "l2"),
        scale="mean",
        intercept="penalised",
        defaults={"l1": 0.0, "l2": 0.0},
        match={"sgd": True},
        notes=("A mean over rows, where --bfgs has a sum.", _VW_BIAS),
        checked="documented; 4e-4 with vowpalwabbit 9.11.9",
        **common,
    )


ROWS_OF_LIBLINEAR: tuple[Row, ...] = (
    _liblinear("L2R_LR", 0, "½ ‖b‖² + c Σ log(1 + exp(−s η))", "bernoulli", "l2"),
    _liblinear("L1R_LR", 6, "‖b‖₁ + c Σ log(1 + exp(−s η))", "bernoulli", "l1"),
    _liblinear("L2R_L2LOSS_SVC", 2, "½ ‖b‖² + c Σ max(0, 1 − s η)²", "hinge", "l2"),
    _liblinear(
        "L2R_L2LOSS_SVR",
        11,
        "½ ‖b‖² + c Σ (y − η)²",
        "gaussian",
        "l2",
        factor2=TWICE,
        fixed={"s": 11, "p": 0},
    ),
    _vw("vw.bfgs.squared", "squared", "gaussian", TWICE, True),
    _vw("vw.bfgs.logistic", "logistic", "bernoulli", SUM, True),
    _vw("vw.sgd.squared", "squared", "gaussian", TWICE_ROWS, False),
    _vw("vw.sgd.logistic", "logistic", "bernoulli", ROWS, False),
)
