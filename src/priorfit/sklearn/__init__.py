"""Drop-ins for scikit-learn's regularized linear models: same constants, certified, faster."""

from priorfit.sklearn.linear import ElasticNet, Lasso, Ridge
from priorfit.sklearn.linear_cv import ElasticNetCV, LassoCV, RidgeCV
from priorfit.sklearn.logistic import LogisticRegression, LogisticRegressionCV
from priorfit.sklearn.multi_task import (
    MultiTaskElasticNet,
    MultiTaskLasso,
    MultiTaskLassoCV,
)
from priorfit.sklearn.poisson import PoissonRegressor

__all__ = [
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MultiTaskElasticNet",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "PoissonRegressor",
    "Ridge",
    "RidgeCV",
]
