"""Python packages for penalised linear models."""

from __future__ import annotations

from typing import Any

from priorfit.translate.factors import MEAN, ROWS, SUM, TWICE
from priorfit.translate.row import Box, Row, Standard
from priorfit.translate.shapes import Factors, Inverse, Matrices, Mixed, Single

__all__ = ["ROWS_OF_LINEAR"]

_GAUSSIAN: dict[str, Any] = {"gaussian": {}}
_LASSO = "(1/2n) Σ (y − η)² + alpha ‖b‖₁"
_ENET = "(1/2n) Σ (y − η)² + alpha (l1_ratio ‖b‖₁ + (1 − l1_ratio)/2 ‖b‖²)"
_MEAN: dict[str, Any] = {"factor1": ROWS, "factor2": ROWS, "scale": "mean", "weights": "none"}


def _celer(library: str, name: str, **more: Any) -> Row:
    docs = {"celer": "mathurinm.github.io/celer/api.html",
            "skglm": "contrib.scikit-learn.org/skglm/api.html"}  # fmt: skip
    return Row(
        id=f"{library}.{name}",
        library=library,
        call=f"{library}.{name}({{settings}})",
        source=docs[library],
        checked="fitted, 1e-13",
        **_MEAN | {"defaults": {"alpha": 1.0, "l1_ratio": 0.5}} | more,
    )


_CUML: dict[str, Any] = {
    "library": "cuML",
    "source": "docs.rapids.ai/api/cuml/stable/api/",
    "checked": "documented",
    "weights": "none",
    "notes": ("Check normalize=False, the default.",),
}


def _dask(family: str, term: str) -> Row:
    """The functions; the estimators call them with normalize=True and cannot be told not to."""
    gaussian = family == "gaussian"
    loss = "(y − η)²" if gaussian else "log(1 + exp(−s η))"
    factor = TWICE if gaussian else SUM
    return Row(
        id=f"dask_glm.{family}.{term}",
        library="dask-glm",
        call="dask_glm.algorithms.lbfgs(X, y, {settings})",
        objective=f"Σ {loss} + lamduh " + ("½ ‖b‖²" if term == "l2" else "‖b‖₁"),
        families={family: {}},
        source="dask-glm.readthedocs.io/en/latest/api.html; github.com/dask/dask-glm/issues/40",
        shape=Single("lamduh", term),
        factor1=factor,
        factor2=factor,
        intercept="penalised",
        weights="none",
        standard=Standard("normalize"),
        match={"regularizer": term},
        defaults={"lamduh": 0.1, "normalize": True},
        notes=(
            "The column of ones is penalised too (dask-glm#65). The estimators standardize the "
            "columns; their solvers newton and gradient_descent leave lamduh out.",
            *(("L1 needs proximal_grad or admm.",) * (term == "l1")),
        ),
        checked="fitted, 8e-6 (dask-glm 0.4.0)" if term == "l2" else "documented",
    )


ROWS_OF_LINEAR: tuple[Row, ...] = (
    Row(
        id="glum",
        library="glum",
        call="glum.GeneralizedLinearRegressor({settings})",
        objective="(1/2W) Σ w deviance + alpha (l1_ratio ‖P1 b‖₁ + (1 − l1_ratio)/2 bᵀ P2 b)",
        families={
            "gaussian": {"family": "normal"},
            "bernoulli": {"family": "binomial"},
            "poisson": {"family": "poisson"},
            "gamma": {"family": "gamma"},
        },
        source="glum.readthedocs.io/en/latest/glm.html",
        shape=Mixed("alpha", "l1_ratio", Matrices("P1", "P2")),
        factor1=MEAN,
        factor2=MEAN,
        scale="mean",
        weights="normalised",
        standard=Standard("scale_predictors", default=False),
        box=Box(limits=("lower_bounds", "upper_bounds")),
        defaults={"alpha": 0.0, "l1_ratio": 0.0, "scale_predictors": False},
        notes=("alpha is None by default: nothing is penalised.",),
        checked="fitted, 1e-11",
    ),
    _celer(
        "celer",
        "Lasso",
        objective=_LASSO,
        families=_GAUSSIAN,
        shape=Single("alpha", "l1", factor="weights"),
        box=Box(positive="positive"),
    ),
    _celer(
        "celer",
        "ElasticNet",
        objective=_ENET,
        families=_GAUSSIAN,
        shape=Mixed("alpha", "l1_ratio", Factors("weights")),
        box=Box(positive="positive"),
    ),
    _celer(
        "celer",
        "LogisticRegression",
        objective="C Σ log(1 + exp(−s η)) + ‖b‖₁",
        families={"bernoulli": {}},
        shape=Inverse("C", term="l1"),
        scale="inverse",
        intercept="none",
        factor1=Row.factor1,
        factor2=Row.factor2,
        defaults={"C": 1.0},
        notes=("It has no intercept.",),
    ),
    _celer(
        "skglm",
        "Lasso",
        objective=_LASSO,
        families=_GAUSSIAN,
        shape=Single("alpha", "l1"),
        box=Box(positive="positive"),
    ),
    _celer(
        "skglm",
        "WeightedLasso",
        objective="(1/2n) Σ (y − η)² + alpha Σ weights_j |b_j|",
        families=_GAUSSIAN,
        shape=Single("alpha", "l1", factor="weights"),
        box=Box(positive="positive"),
    ),
    _celer(
        "skglm",
        "ElasticNet",
        objective=_ENET,
        families=_GAUSSIAN,
        shape=Mixed("alpha", "l1_ratio"),
        box=Box(positive="positive"),
    ),
    _celer(
        "skglm",
        "SparseLogisticRegression",
        families={"bernoulli": {}},
        objective="(1/n) Σ log(1 + exp(−s η)) + alpha (l1_ratio ‖b‖₁ + (1 − l1_ratio)/2 ‖b‖²)",
        shape=Mixed("alpha", "l1_ratio"),
        defaults={"alpha": 1.0, "l1_ratio": 1.0},
        notes=("alpha grows with the penalty, where scikit-learn's and celer's C shrinks.",),
    ),
    Row(
        id="adelie",
        library="adelie",
        call="adelie.grpnet(X, adelie.glm.{family}(y), {settings})",
        objective="loss with weights that sum to 1 + lmda Σ penalty_g (alpha ‖b_g‖ + "
        "(1 − alpha)/2 ‖b_g‖²)",
        families={"gaussian": {}, "bernoulli": {}, "poisson": {}},
        source="jamesyang007.github.io/adelie/api_reference/index.html",
        shape=Mixed("lmda_path", "alpha", Factors("penalty")),
        factor1=MEAN,
        factor2=MEAN,
        scale="mean",
        weights="normalised",
        defaults={"alpha": 1.0},
        fixed={"early_exit": False},
        notes=("For groups of one column; lmda_path is a list. penalty_g is 1 for each of them.",),
        checked="stored, adelie 1.1.52, 1e-10",
    ),
    *(_dask(family, term) for family in ("gaussian", "bernoulli") for term in ("l2", "l1")),
    Row(
        id="cuml.Ridge",
        call="cuml.linear_model.Ridge({settings})",
        families=_GAUSSIAN,
        objective="Σ (y − η)² + alpha ‖b‖²",
        shape=Single("alpha", "l2"),
        defaults={"alpha": 1.0},
        **_CUML,
    ),
    Row(
        id="cuml.Lasso",
        call="cuml.linear_model.Lasso({settings})",
        families=_GAUSSIAN,
        objective=_LASSO,
        shape=Single("alpha", "l1"),
        factor1=ROWS,
        scale="mean",
        defaults={"alpha": 1.0},
        **_CUML,
    ),
    Row(
        id="cuml.ElasticNet",
        call="cuml.linear_model.ElasticNet({settings})",
        families=_GAUSSIAN,
        objective=_ENET,
        shape=Mixed("alpha", "l1_ratio"),
        factor1=ROWS,
        factor2=ROWS,
        scale="mean",
        defaults={"alpha": 1.0, "l1_ratio": 0.5},
        **_CUML,
    ),
    Row(
        id="cuml.LogisticRegression",
        call="cuml.linear_model.LogisticRegression({settings})",
        families={"bernoulli": {}},
        shape=Inverse("C", "l1_ratio"),
        scale="inverse",
        objective="C Σ log(1 + exp(−s η)) + l1_ratio ‖b‖₁ + (1 − l1_ratio)/2 ‖b‖²",
        fixed={"penalty": "elasticnet"},
        defaults={"C": 1.0, "l1_ratio": 0.0},
        **_CUML,
    ),
)
