"""Boosted trees: the prior of the value of a leaf; and XGBoost's linear booster."""

from __future__ import annotations

from typing import Any

from priorfit.translate.factors import LEAF_MEAN, MEAN
from priorfit.translate.row import Row
from priorfit.translate.shapes import Pair, Single

__all__ = ["ROWS_OF_TREES"]

_FAMILIES: dict[str, Any] = {
    "gaussian": {"objective": "reg:squarederror"},
    "bernoulli": {"objective": "binary:logistic"},
    "poisson": {"objective": "count:poisson"},
}
_LEAF = (
    "The prior is on the value that a tree adds in a leaf, before the learning rate shrinks it; "
    "a boosted model is a sum of such steps, each a MAP step of its own.",
)
_TREE = "Σ w loss + ½ lambda v² + alpha |v| for the value v of a leaf (second-order step)"


ROWS_OF_TREES: tuple[Row, ...] = (
    Row(
        id="xgboost",
        library="XGBoost",
        call="xgboost.XGBRegressor({settings})",
        objective=_TREE,
        families=_FAMILIES,
        source="xgboost.readthedocs.io/en/stable/tutorials/model.html",
        shape=Pair("reg_alpha", "reg_lambda"),
        defaults={"reg_alpha": 0.0, "reg_lambda": 1.0},
        notes=_LEAF,
        checked="fitted, 1e-7",
    ),
    Row(
        id="xgboost.gblinear",
        library="XGBoost",
        call="xgboost.XGBRegressor({settings})",
        objective="(1/W) Σ w loss + reg_alpha ‖b‖₁ + reg_lambda/2 ‖b‖²",
        families=_FAMILIES,
        source="xgboost.readthedocs.io/en/stable/parameter.html#parameters-for-linear-booster",
        shape=Pair("reg_alpha", "reg_lambda"),
        factor1=MEAN,
        factor2=MEAN,
        scale="mean",
        weights="normalised",
        match={"booster": "gblinear"},
        defaults={"reg_alpha": 0.0, "reg_lambda": 0.0},
        notes=("Many rounds of updater='coord_descent' with learning_rate=1 reach the MAP.",),
        checked="fitted, 5e-6",
    ),
    Row(
        id="lightgbm",
        library="LightGBM",
        call="lightgbm.LGBMRegressor({settings})",
        objective=_TREE,
        families={
            "gaussian": {"objective": "regression"},
            "bernoulli": {"objective": "binary"},
            "poisson": {"objective": "poisson"},
        },
        source="lightgbm.readthedocs.io/en/stable/Parameters.html",
        shape=Pair("reg_alpha", "reg_lambda"),
        defaults={"reg_alpha": 0.0, "reg_lambda": 0.0},
        notes=("Also called lambda_l1 and lambda_l2.", *_LEAF),
        checked="fitted, 2e-8",
    ),
    Row(
        id="catboost",
        library="CatBoost",
        call="catboost.CatBoostRegressor({settings})",
        objective="Σ w loss + ½ l2_leaf_reg (W/n) v² for the value v of a leaf",
        families={"gaussian": {"loss_function": "RMSE"}},
        source="catboost.ai/docs/en/references/training-parameters/common#l2_leaf_reg",
        shape=Single("l2_leaf_reg", "l2"),
        factor2=LEAF_MEAN,
        defaults={"l2_leaf_reg": 3.0},
        notes=("Multiplied by the mean weight of a row inside.", *_LEAF),
        checked="fitted, 2e-8",
    ),
)
