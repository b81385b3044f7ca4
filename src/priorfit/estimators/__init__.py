"""scikit-learn-shaped shells: validate, make a problem, solve, show the result."""

from priorfit.estimators.classifier import MAPClassifier
from priorfit.estimators.regressor import MAPRegressor

__all__ = ["MAPClassifier", "MAPRegressor"]
