"""Spark and H2O."""

from __future__ import annotations

from typing import Any

from priorfit.translate.factors import MEAN, ROWS, ROWS_SD1_Y, ROWS_SD_Y
from priorfit.translate.row import Box, Row, Standard
from priorfit.translate.shapes import Mixed, Single

__all__ = ["ROWS_OF_CLUSTERS"]

_SPARK = "spark.apache.org/docs/latest/ml-classification-regression.html"
_SPARK_STANDARD = Standard("standardization", sd="s1")
_SPARK_ENET = Mixed("regParam", "elasticNetParam")
_SPARK_DEFAULTS: dict[str, Any] = {"regParam": 0.0, "elasticNetParam": 0.0, "standardization": True}
_SPARK_TOL = "Pass a small tol (1e-12) and a large maxIter: the defaults stop early."


def _spark_linear(solver: str, factor: Any, sd: str, checked: str) -> Row:
    words = {"s0": "1/n", "s1": "1/(n-1)"}[sd]
    return Row(
        id=f"spark.LinearRegression.{solver.replace('-', '')}",
        library="Spark",
        call="pyspark.ml.regression.LinearRegression({settings})",
        objective="(1/2n) Σ (y − η)² + regParam (elasticNetParam ‖b‖₁ + "
        "(1 − elasticNetParam)/(2 s_y) ‖b‖²)",
        families={"gaussian": {}},
        source=f"{_SPARK}#linear-regression",
        shape=_SPARK_ENET,
        factor1=ROWS,
        factor2=factor,
        scale="mean",
        weights="normalised",
        standard=Standard("standardization", sd=sd),
        match={"solver": solver},
        defaults=_SPARK_DEFAULTS,
        notes=(
            f"Spark divides y by its standard deviation (with {words}) inside, so the L2 part is "
            "divided by it; its documentation does not say so.",
            _SPARK_TOL,
        ),
        checked=checked,
    )


def _h2o(id: str, families: dict[str, dict[str, Any]], objective: str, checked: str) -> Row:
    return Row(
        id=id,
        library="H2O",
        call="H2OGeneralizedLinearEstimator({settings})",
        objective=f"{objective} + lambda_ (alpha ‖b‖₁ + (1 − alpha)/2 ‖b‖²)",
        families=families,
        source="docs.h2o.ai/h2o/latest-stable/h2o-docs/data-science/glm.html",
        shape=Mixed("lambda_", "alpha"),
        factor1=MEAN,
        factor2=MEAN,
        scale="mean",
        weights="normalised",
        standard=Standard("standardize", sd="s1"),
        box=Box(positive="non_negative"),
        defaults={"alpha": 0.5, "standardize": True},
        fixed={"solver": "IRLSM"},
        notes=("Not L_BFGS: its gaussian ridge differs by 0.05.",),
        checked=checked,
    )


ROWS_OF_CLUSTERS: tuple[Row, ...] = (
    _spark_linear("normal", ROWS_SD_Y, "s0", "stored, pyspark 4.3.0, 5e-9"),
    _spark_linear("l-bfgs", ROWS_SD1_Y, "s1", "stored, pyspark 4.3.0, 2e-8"),
    Row(
        id="spark.LogisticRegression",
        library="Spark",
        call="pyspark.ml.classification.LogisticRegression({settings})",
        objective="(1/W) Σ w log(1 + exp(−s η)) + regParam (elasticNetParam ‖b‖₁ + "
        "(1 − elasticNetParam)/2 ‖b‖²)",
        families={"bernoulli": {}},
        source=f"{_SPARK}#logistic-regression",
        shape=_SPARK_ENET,
        factor1=MEAN,
        factor2=MEAN,
        scale="mean",
        weights="normalised",
        standard=_SPARK_STANDARD,
        defaults=_SPARK_DEFAULTS,
        notes=(_SPARK_TOL,),
        checked="stored, pyspark 4.3.0, 1e-8",
    ),
    Row(
        id="spark.GLR.gaussian",
        library="Spark",
        call="pyspark.ml.regression.GeneralizedLinearRegression({settings})",
        objective="(1/2n) Σ (y − η)² + regParam/(2 s_y) Σ s_j² b_j²",
        families={"gaussian": {"family": "gaussian"}},
        source=f"{_SPARK}#generalized-linear-regression",
        shape=Single("regParam", "l2"),
        factor2=ROWS_SD_Y,
        scale="mean",
        weights="normalised",
        standard=Standard(),
        defaults={"regParam": 0.0},
        notes=("It standardizes X and y and cannot be told not to.",),
        checked="stored, pyspark 4.3.0, 1e-13",
    ),
    _h2o(
        "h2o.gaussian", {"gaussian": {"family": "gaussian"}}, "(1/2W) Σ w (y − η)²",
        "stored, h2o 3.46.0.12, 1e-4 (lasso), 1e-13 (ridge)",
    ),
    _h2o(
        "h2o.glm",
        {"bernoulli": {"family": "binomial"}, "poisson": {"family": "poisson"}},
        "−(1/W) Σ w log p(y)",
        "stored, h2o 3.46.0.12, 2e-4",
    ),
)  # fmt: skip
