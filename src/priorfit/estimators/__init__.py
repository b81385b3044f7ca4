"""scikit-learn-shaped shells: validate, make a problem, solve, show the result."""

from priorfit.estimators.classifier import MAPClassifier
from priorfit.estimators.concordance import concordance
from priorfit.estimators.cox import MAPCox
from priorfit.estimators.ordinal import MAPOrdinal
from priorfit.estimators.regressor import MAPRegressor
from priorfit.estimators.survival import Baseline, Curves

__all__ = [
    "Baseline",
    "Curves",
    "MAPClassifier",
    "MAPCox",
    "MAPOrdinal",
    "MAPRegressor",
    "concordance",
]
