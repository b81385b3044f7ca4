"""scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from priorfit.translate.factors import HALF, MEAN, ROWS
from priorfit.translate.row import Box, Row
from priorfit.translate.shapes import Inverse, Mixed, Single

__all__ = ["ROWS_OF_SKLEARN"]

_DOCS = "scikit-learn.org/stable/modules/"
_LINEAR = _DOCS + "linear_model.html"
_GAUSSIAN: dict[str, Any] = {"gaussian": {}}
_BERNOULLI: dict[str, Any] = {"bernoulli": {}}
_POSITIVE = Box(positive="positive")
_ENET: dict[str, Any] = {"alpha": 1.0, "l1_ratio": 0.5}
_LIBLINEAR_INTERCEPT = (
    "The intercept is penalised like a weight, over intercept_scaling: "
    "set intercept_scaling=1e4, or use another solver.",
)


def _ratio_of_penalty(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`penalty` says which part of the elastic net is meant; None says that there is none."""
    said = dict(settings)
    penalty = said.get("penalty", "elasticnet")
    if penalty in ("l1", "l2"):
        said["l1_ratio"] = float(penalty == "l1")
    if penalty is None:
        said |= {"alpha": 0.0, "C": float("inf")}
    return said


_SGD: dict[str, Any] = {
    "shape": Mixed("alpha", "l1_ratio"),
    "factor1": ROWS,
    "factor2": ROWS,
    "scale": "mean",
    "fixed": {"penalty": "elasticnet"},
    "defaults": {"alpha": 1e-4, "l1_ratio": 0.15, "penalty": "l2"},
    "tidy": _ratio_of_penalty,
    "notes": (
        "A stochastic search: near the MAP only after many epochs, with a decaying learning rate.",
    ),
    "checked": "fitted, 7e-3 after 4000 epochs (SGDRegressor)",
}


def _glm(name: str, family: str, fixed: dict[str, float] | None = None) -> Row:
    return Row(
        id=f"sklearn.{name}",
        library="scikit-learn",
        call=f"sklearn.linear_model.{name}({{settings}})",
        objective="(1/2W) Σ w deviance + alpha/2 ‖b‖²",
        families={family: fixed or {}},
        source=_LINEAR + "#generalized-linear-models",
        shape=Single("alpha", "l2"),
        factor2=MEAN,
        scale="mean",
        weights="normalised",
        defaults={"alpha": 1.0},
        checked="fitted, 1e-8",
    )


def _mlp(name: str, families: dict[str, dict[str, Any]], loss: str) -> Row:
    return Row(
        id=f"sklearn.{name}",
        library="scikit-learn",
        call=f"sklearn.neural_network.{name}({{settings}})",
        objective=f"(1/n) Σ {loss} + alpha/(2n) ‖weights‖², n the rows of a batch",
        families=families,
        source=_DOCS + "neural_networks_supervised.html#mathematical-formulation",
        shape=Single("alpha", "l2"),
        weights="none",
        defaults={"alpha": 1e-4},
        notes=(
            "True for solver='lbfgs'. sgd and adam divide by the rows of a batch: the default "
            "makes the prior narrower by √(n / 200).",
        ),
        checked="fitted without hidden layers, 6e-5 (MLPRegressor)",
    )


ROWS_OF_SKLEARN: tuple[Row, ...] = (
    Row(
        id="sklearn.Ridge",
        library="scikit-learn",
        call="sklearn.linear_model.Ridge({settings})",
        objective="Σ w (y − η)² + alpha ‖b‖²",
        families=_GAUSSIAN,
        source=_LINEAR + "#ridge-regression",
        shape=Single("alpha", "l2"),
        box=_POSITIVE,
        defaults={"alpha": 1.0},
        checked="fitted, 1e-13",
    ),
    Row(
        id="sklearn.RidgeClassifier",
        library="scikit-learn",
        call="sklearn.linear_model.RidgeClassifier({settings})",
        objective="Σ w (s − η)² + alpha ‖b‖², s = ±1",
        families=_GAUSSIAN,
        source=_LINEAR + "#classification",
        shape=Single("alpha", "l2"),
        defaults={"alpha": 1.0},
        notes=("The labels are fitted as numbers ±1 with gaussian noise.",),
        checked="fitted, 1e-13",
    ),
    Row(
        id="sklearn.Lasso",
        library="scikit-learn",
        call="sklearn.linear_model.Lasso({settings})",
        objective="(1/2W) Σ w (y − η)² + alpha ‖b‖₁",
        families=_GAUSSIAN,
        source=_LINEAR + "#lasso",
        shape=Single("alpha", "l1"),
        factor1=MEAN,
        scale="mean",
        weights="normalised",
        box=_POSITIVE,
        defaults={"alpha": 1.0},
        checked="fitted, 1e-13",
    ),
    Row(
        id="sklearn.LassoLars",
        library="scikit-learn",
        call="sklearn.linear_model.LassoLars({settings})",
        objective="(1/2n) Σ (y − η)² + alpha ‖b‖₁",
        families=_GAUSSIAN,
        source=_LINEAR + "#lars-lasso",
        shape=Single("alpha", "l1"),
        factor1=ROWS,
        scale="mean",
        weights="none",
        box=_POSITIVE,
        defaults={"alpha": 1.0},
        checked="fitted, 1e-13",
    ),
    Row(
        id="sklearn.ElasticNet",
        library="scikit-learn",
        call="sklearn.linear_model.ElasticNet({settings})",
        objective="(1/2W) Σ w (y − η)² + alpha (l1_ratio ‖b‖₁ + (1 − l1_ratio)/2 ‖b‖²)",
        families=_GAUSSIAN,
        source=_LINEAR + "#elastic-net",
        shape=Mixed("alpha", "l1_ratio"),
        factor1=MEAN,
        factor2=MEAN,
        scale="mean",
        weights="normalised",
        box=_POSITIVE,
        defaults=_ENET,
        checked="fitted, 1e-13",
    ),
    Row(
        id="sklearn.LogisticRegression",
        library="scikit-learn",
        call="sklearn.linear_model.LogisticRegression({settings})",
        objective="C Σ w log(1 + exp(−s η)) + l1_ratio ‖b‖₁ + (1 − l1_ratio)/2 ‖b‖²",
        families=_BERNOULLI,
        source=_LINEAR + "#logistic-regression",
        shape=Inverse("C", "l1_ratio"),
        scale="inverse",
        defaults={"C": 1.0, "l1_ratio": 0.0},
        tidy=_ratio_of_penalty,
        notes=(
            "An L1 term needs solver='saga' (or 'liblinear').",
            "Since 1.8 penalty is deprecated: l1_ratio says it, and C=inf means none. A planned "
            "alpha on the mean scale (scikit-learn#32042) is not there yet.",
        ),
        checked="fitted, 1e-12",
    ),
    Row(
        id="sklearn.LogisticRegression.liblinear",
        library="scikit-learn",
        call="sklearn.linear_model.LogisticRegression({settings})",
        objective="C Σ w log(1 + exp(−s η)) + ‖(b, b0/intercept_scaling)‖₁ or ½ ‖·‖²",
        families=_BERNOULLI,
        source=_LINEAR + "#liblinear-differences",
        shape=Inverse("C", "l1_ratio", only=("l1", "l2")),
        scale="inverse",
        intercept="penalised",
        match={"solver": "liblinear"},
        defaults={"C": 1.0, "l1_ratio": 0.0},
        tidy=_ratio_of_penalty,
        notes=(*_LIBLINEAR_INTERCEPT, "l1_ratio must be 0 or 1."),
        checked="fitted, 8e-9 (with its penalised intercept)",
    ),
    Row(
        id="sklearn.LogisticRegression.multinomial",
        library="scikit-learn",
        call="sklearn.linear_model.LogisticRegression({settings})",
        objective="C Σ w cross-entropy + l1_ratio ‖B‖₁ + (1 − l1_ratio)/2 ‖B‖², all K columns",
        families={"multinomial": {}},
        source=_LINEAR + "#multinomial-case",
        shape=Inverse("C", "l1_ratio"),
        scale="inverse",
        defaults={"C": 1.0, "l1_ratio": 0.0},
        tidy=_ratio_of_penalty,
        notes=(
            "The prior holds for each of the K columns; for two classes the difference of two "
            "such weights has a normal scale √2 times as large.",
        ),
        checked="fitted, 1e-13",
    ),
    Row(
        id="sklearn.SGDRegressor",
        library="scikit-learn",
        call="sklearn.linear_model.SGDRegressor({settings})",
        objective="(1/n) Σ ½ (y − η)² + alpha (l1_ratio ‖b‖₁ + (1 − l1_ratio)/2 ‖b‖²)",
        families=_GAUSSIAN,
        source=_DOCS + "sgd.html#mathematical-formulation",
        **_SGD,
    ),
    Row(
        id="sklearn.SGDClassifier",
        library="scikit-learn",
        call="sklearn.linear_model.SGDClassifier({settings})",
        objective="(1/n) Σ log(1 + exp(−s η)) + alpha (l1_ratio ‖b‖₁ + (1 − l1_ratio)/2 ‖b‖²)",
        families={"bernoulli": {"loss": "log_loss"}},
        source=_DOCS + "sgd.html#mathematical-formulation",
        **_SGD,
    ),
    Row(
        id="sklearn.LinearSVC",
        library="scikit-learn",
        call="sklearn.svm.LinearSVC({settings})",
        objective="C Σ w max(0, 1 − s η)² + ½ ‖(b, b0)‖²",
        families={"hinge": {}},
        source=_DOCS + "svm.html#svc",
        shape=Inverse("C", term="l2"),
        scale="inverse",
        intercept="penalised",
        defaults={"C": 1.0},
        notes=(
            "The squared hinge is no likelihood: the prior is one in form only.",
            *_LIBLINEAR_INTERCEPT,
        ),
        checked="fitted, 3e-8 (with its penalised intercept)",
    ),
    Row(
        id="sklearn.LinearSVC.l1",
        library="scikit-learn",
        call="sklearn.svm.LinearSVC({settings})",
        objective="C Σ w max(0, 1 − s η)² + ‖(b, b0)‖₁",
        families={"hinge": {}},
        source=_DOCS + "svm.html#svc",
        shape=Inverse("C", term="l1"),
        scale="inverse",
        intercept="penalised",
        defaults={"C": 1.0},
        match={"penalty": "l1"},
        fixed={"dual": False},
        notes=_LIBLINEAR_INTERCEPT,
        checked="fitted, 1e-9 (with its penalised intercept)",
    ),
    _glm("PoissonRegressor", "poisson"),
    _glm("GammaRegressor", "gamma"),
    _glm("TweedieRegressor", "tweedie"),
    Row(
        id="sklearn.HuberRegressor",
        library="scikit-learn",
        call="sklearn.linear_model.HuberRegressor({settings})",
        objective="Σ w (s + H(r/s) s) + alpha ‖b‖², s estimated",
        families={"huber": {}},
        source=_LINEAR + "#huber-regression",
        shape=Single("alpha", "l2"),
        factor2=HALF,
        defaults={"alpha": 1e-4},
        notes=("The spread s is estimated with the weights: a prior in form only. dispersion=1.",),
        checked="fitted: no step goes down, 1e-6",
    ),
    Row(
        id="sklearn.QuantileRegressor",
        library="scikit-learn",
        call="sklearn.linear_model.QuantileRegressor({settings})",
        objective="(1/W) Σ w pinball(y − η) + alpha ‖b‖₁",
        families={"quantile": {}},
        source=_LINEAR + "#quantile-regression",
        shape=Single("alpha", "l1"),
        factor1=MEAN,
        scale="mean",
        weights="normalised",
        defaults={"alpha": 1.0},
        notes=("dispersion is the scale of an asymmetric Laplace likelihood.",),
        checked="fitted: no step goes down, 1e-9",
    ),
    _mlp("MLPClassifier", {"bernoulli": {}, "multinomial": {}}, "cross-entropy"),
    _mlp("MLPRegressor", _GAUSSIAN, "½ (y − η)²"),
)
