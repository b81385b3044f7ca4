"""statsmodels."""

from __future__ import annotations

from typing import Any

from priorfit.translate.factors import ROWS
from priorfit.translate.row import Row
from priorfit.translate.shapes import Mixed, Single, Vector

__all__ = ["ROWS_OF_STATSMODELS"]

_CONSTANT = (
    "A scalar alpha penalises the constant of exog too: pass a vector with 0 in its place, "
    "for example alpha=np.r_[0, np.full(p, alpha)]. For a prior with a scale per column the "
    "constant is a column of scale inf."
)
_DOCS = "www.statsmodels.org/stable/generated/"


_GLM = "−(1/n) Σ log p(y; scale 1) + alpha (L1_wt ‖b‖₁ + (1 − L1_wt)/2 ‖b‖²)"
_GLM_PAGE = "statsmodels.genmod.generalized_linear_model.GLM.fit_regularized.html"
_COLD = "It can stop early from a cold start (Poisson): give start_params and a small cnvrg_tol."


def _elastic_net(id: str, call: str, families: dict[str, Any], page: str, **more: Any) -> Row:
    more = {"shape": Mixed("alpha", "L1_wt", Vector())} | more
    return Row(
        id=id,
        library="statsmodels",
        call=call,
        families=families,
        source=_DOCS + page,
        factor1=ROWS,
        factor2=ROWS,
        scale="mean",
        intercept="penalised",
        weights="none",
        defaults={"alpha": 0.0, "L1_wt": 1.0},
        **more,
    )


ROWS_OF_STATSMODELS: tuple[Row, ...] = (
    _elastic_net(
        "statsmodels.OLS",
        "OLS(y, X).fit_regularized({settings})",
        {"gaussian": {}},
        "statsmodels.regression.linear_model.OLS.fit_regularized.html",
        objective="(1/2n) Σ (y − η)² + alpha (L1_wt ‖b‖₁ + (1 − L1_wt)/2 ‖b‖²)",
        notes=(_CONSTANT,),
        checked="fitted, 1e-13",
    ),
    _elastic_net(
        "statsmodels.GLM",
        "GLM(y, X, family=...).fit_regularized({settings})",
        {"bernoulli": {}, "poisson": {}},
        _GLM_PAGE,
        objective=_GLM,
        notes=(_CONSTANT, _COLD),
        checked="fitted, 1e-13 (L1_wt > 0, warm start), 1e-5 (L1_wt = 0)",
    ),
    _elastic_net(
        "statsmodels.GLM.dispersion",
        "GLM(y, X, family=...).fit_regularized({settings})",
        {"gaussian": {}, "gamma": {}},
        _GLM_PAGE,
        objective=_GLM,
        shape=Mixed("alpha", "L1_wt", Vector(), only=("l1", "both")),
        notes=(
            _CONSTANT,
            _COLD,
            "With L1_wt = 0 it does not hold the scale at 1 but re-estimates it at every step: "
            "other weights than those of any fixed prior. Use OLS.fit_regularized.",
        ),
        checked="fitted, 1e-13 (L1_wt > 0, warm start)",
    ),
    Row(
        id="statsmodels.Logit",
        library="statsmodels",
        call="Logit(y, X).fit_regularized({settings})",
        objective="−Σ log p(y) + Σ alpha_j |b_j|",
        families={"bernoulli": {}},
        source=_DOCS + "statsmodels.discrete.discrete_model.Logit.fit_regularized.html",
        shape=Single("alpha", "l1", vector=True),
        intercept="penalised",
        weights="none",
        fixed={"method": "l1", "trim_mode": "off"},
        defaults={"alpha": 0.0},
        notes=(_CONSTANT, "A sum over rows, where GLM.fit_regularized has a mean."),
        checked="fitted, 1e-7",
    ),
    Row(
        id="statsmodels.Poisson",
        library="statsmodels",
        call="Poisson(y, X).fit_regularized({settings})",
        objective="−Σ log p(y) + Σ alpha_j |b_j|",
        families={"poisson": {}},
        source=_DOCS + "statsmodels.discrete.discrete_model.Poisson.fit_regularized.html",
        shape=Single("alpha", "l1", vector=True),
        intercept="penalised",
        weights="none",
        fixed={"method": "l1", "trim_mode": "off"},
        defaults={"alpha": 0.0},
        notes=(_CONSTANT, "A sum over rows, where GLM.fit_regularized has a mean."),
        checked="fitted, 1e-7",
    ),
)
