"""R's glmnet, and libraries that speak its dialect."""

from __future__ import annotations

from typing import Any

from priorfit.translate.factors import MEAN, MEAN_SD_Y
from priorfit.translate.row import Box, Row, Standard
from priorfit.translate.shapes import Factors, Mixed

__all__ = ["ROWS_OF_GLMNET"]

_PENALTY = "lambda (alpha ‖b‖₁ + (1 − alpha)/2 ‖b‖²)"
_TOLERANCE = "Pass a small thresh (1e-14): the default stops early."


def _glmnet(id: str, objective: str, families: dict[str, dict[str, Any]], **more: Any) -> Row:
    settings: dict[str, Any] = {
        "library": "R glmnet",
        "call": "glmnet(x, y, {settings})",
        "source": "glmnet.stanford.edu/articles/glmnet.html; R: ?glmnet",
        "shape": Mixed("lambda", "alpha", Factors("penalty.factor", rescaled=True)),
        "factor1": MEAN,
        "factor2": MEAN,
        "scale": "mean",
        "weights": "normalised",
        "standard": Standard("standardize"),
        "box": Box(limits=("lower.limits", "upper.limits")),
        "defaults": {"alpha": 1.0, "standardize": True},
        "style": "R",
    }
    return Row(id=id, objective=objective, families=families, **settings | more)


ROWS_OF_GLMNET: tuple[Row, ...] = (
    _glmnet(
        "glmnet.gaussian",
        "(1/2W) Σ w (y − η)² + lambda (alpha ‖b‖₁ + (1 − alpha)/(2 s_y) ‖b‖²)",
        {"gaussian": {"family": "gaussian"}},
        factor2=MEAN_SD_Y,
        notes=(
            "glmnet divides y by its standard deviation s_y (with 1/n) inside, so the L2 part is "
            "lambda (1 − alpha) / s_y.",
            _TOLERANCE,
        ),
        checked="stored, glmnet 4.1-6, 1e-12",
    ),
    _glmnet(
        "glmnet.gaussian_object",
        f"(1/2W) Σ w (y − η)² + {_PENALTY}",
        {"gaussian": {"family": "gaussian()"}},
        notes=(
            'family = gaussian() (an object) does not scale y: other weights than "gaussian".',
            _TOLERANCE,
        ),
        checked="stored, glmnet 4.1-6, 1e-13",
    ),
    _glmnet(
        "glmnet.glm",
        f"−(1/W) Σ w log p(y) + {_PENALTY}",
        {"bernoulli": {"family": "binomial"}, "poisson": {"family": "poisson"}},
        notes=(_TOLERANCE,),
        checked="stored, glmnet 4.1-6, 1e-10",
    ),
    _glmnet(
        "glmnet.multinomial",
        f"−(1/W) Σ w log p(y) + {_PENALTY} over all K columns",
        {"multinomial": {"family": "multinomial"}},
        notes=("The prior holds for each of the K columns of weights.", _TOLERANCE),
        checked="documented; 3e-10 with glmnet 4.1-6 and two classes",
    ),
    _glmnet(
        "glmnet.cox",
        f"−(1/W) log partial likelihood + {_PENALTY}",
        {"cox": {"family": "cox"}},
        intercept="none",
        notes=("1/n of the log partial likelihood, not 2/n. Breslow's ties.", _TOLERANCE),
        checked="stored, glmnet 4.1-6, 1e-10",
    ),
)
