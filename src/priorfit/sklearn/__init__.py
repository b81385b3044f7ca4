"""Drop-ins for scikit-learn's regularized linear models: same constants, certified, faster."""

from priorfit.sklearn.bayes import ARDRegression, BayesianRidge
from priorfit.sklearn.glm import GammaRegressor, PoissonRegressor, TweedieRegressor
from priorfit.sklearn.huber import HuberRegressor
from priorfit.sklearn.linear import ElasticNet, Lasso, Ridge
from priorfit.sklearn.linear_cv import ElasticNetCV, LassoCV, RidgeCV
from priorfit.sklearn.logistic import LogisticRegression, LogisticRegressionCV
from priorfit.sklearn.multi_task import (
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
)
from priorfit.sklearn.quantile import QuantileRegressor
from priorfit.sklearn.svm import LinearSVC, RidgeClassifier

__all__ = [
    "ARDRegression",
    "BayesianRidge",
    "ElasticNet",
    "ElasticNetCV",
    "GammaRegressor",
    "HuberRegressor",
    "Lasso",
    "LassoCV",
    "LinearSVC",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "PoissonRegressor",
    "QuantileRegressor",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "TweedieRegressor",
]
