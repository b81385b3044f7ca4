"""Cox regression in Python: lifelines and scikit-survival."""

from __future__ import annotations

from typing import Any

from priorfit.translate.factors import MEAN, ROWS, SUM
from priorfit.translate.row import Row, Standard
from priorfit.translate.shapes import Factors, Mixed, Single, Vector

__all__ = ["ROWS_OF_SURVIVAL"]

_COX: dict[str, Any] = {"cox": {}}

ROWS_OF_SURVIVAL: tuple[Row, ...] = (
    Row(
        id="lifelines.CoxPHFitter",
        library="lifelines",
        call="lifelines.CoxPHFitter({settings})",
        objective="−(1/W) log partial likelihood + Σ penalizer_j (l1_ratio |s_j b_j| + "
        "(1 − l1_ratio)/2 (s_j b_j)²)",
        families=_COX,
        source="lifelines.readthedocs.io/en/latest/fitters/regression/CoxPHFitter.html",
        shape=Mixed("penalizer", "l1_ratio", Vector()),
        factor1=MEAN,
        factor2=MEAN,
        scale="mean",
        intercept="none",
        weights="normalised",
        standard=Standard(sd="s1"),
        defaults={"penalizer": 0.0, "l1_ratio": 0.0},
        notes=(
            "It standardizes the columns and cannot be told not to; the L1 term is smoothed, "
            "so that no weight is exactly zero. Ties are Efron's.",
        ),
        checked="fitted, 1e-10 (no ties)",
    ),
    Row(
        id="sksurv.CoxPHSurvivalAnalysis",
        library="scikit-survival",
        call="sksurv.linear_model.CoxPHSurvivalAnalysis({settings})",
        objective="−(1/n) log partial likelihood + Σ alpha_j/(2n) b_j²",
        families=_COX,
        source="scikit-survival.readthedocs.io/en/stable/api/linear_model.html",
        shape=Single("alpha", "l2", vector=True),
        factor2=SUM,
        scale="sum",
        intercept="none",
        weights="none",
        defaults={"alpha": 0.0},
        notes=("Both terms are divided by n: alpha is on the sum scale. Breslow's ties.",),
        checked="fitted, 1e-13",
    ),
    Row(
        id="sksurv.CoxnetSurvivalAnalysis",
        library="scikit-survival",
        call="sksurv.linear_model.CoxnetSurvivalAnalysis({settings})",
        objective="−(1/n) log partial likelihood + alphas (l1_ratio ‖b‖₁ + (1 − l1_ratio)/2 ‖b‖²)",
        families=_COX,
        source="scikit-survival.readthedocs.io/en/stable/api/linear_model.html",
        shape=Mixed(
            "alphas", "l1_ratio", Factors("penalty_factor", rescaled=True), only=("l1", "both")
        ),
        factor1=ROWS,
        factor2=ROWS,
        scale="mean",
        intercept="none",
        weights="none",
        standard=Standard("normalize", default=False, sd="norm"),
        defaults={"l1_ratio": 0.5},
        notes=("alphas is a list. l1_ratio must be > 0. Breslow's ties.",),
        checked="fitted, 1e-7",
    ),
)
