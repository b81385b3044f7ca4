"""priorfit: regularization is a prior.

State a belief about the weights, get the exact MAP estimate with a certificate.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from priorfit._errors import ConvergenceWarning, InputError, PriorfitWarning
from priorfit.atlas import atlas
from priorfit.likelihoods import (
    Bernoulli,
    Cox,
    Gamma,
    Gaussian,
    Huber,
    Likelihood,
    Multinomial,
    NegativeBinomial,
    Ordinal,
    Poisson,
    Quantile,
    SquaredHinge,
    StudentT,
    Tweedie,
    shares,
    survival,
)
from priorfit.predictive import prior_predictive
from priorfit.priors import (
    MCP,
    SCAD,
    SLOPE,
    ByColumn,
    Cauchy,
    ElasticNet,
    Exponential,
    Flat,
    GroupLaplace,
    HalfNormal,
    Horseshoe,
    L1Ball,
    L2Ball,
    Laplace,
    LogLaplace,
    MultivariateNormal,
    Normal,
    Prior,
    RandomWalk,
    SparseGroupLaplace,
    SpikeSlab,
    StudentPrior,
    Truncated,
    adaptive,
    boosted_leaf,
    shrinkage,
)
from priorfit.problem import Problem
from priorfit.solve import (
    Auto,
    BestSubset,
    Certificate,
    Path,
    Solution,
    Status,
    best_subset,
    lambda_max,
    path,
    solve,
    update,
)
from priorfit.translate import Explanation, Translation, dictionary, explain, translate

if TYPE_CHECKING:
    from priorfit import datasets, plots, sklearn, torch
    from priorfit.estimators import MAPClassifier, MAPCox, MAPOrdinal, MAPRegressor
    from priorfit.posterior import Posterior, compare, laplace_approximation, one_weight, sample
    from priorfit.select import Selection, choose, cross_validate, leave_one_out, stability

__version__ = "0.1.0"

__all__ = [
    "MCP",
    "SCAD",
    "SLOPE",
    "Auto",
    "Bernoulli",
    "BestSubset",
    "ByColumn",
    "Cauchy",
    "Certificate",
    "ConvergenceWarning",
    "Cox",
    "ElasticNet",
    "Explanation",
    "Exponential",
    "Flat",
    "Gamma",
    "Gaussian",
    "GroupLaplace",
    "HalfNormal",
    "Horseshoe",
    "Huber",
    "InputError",
    "L1Ball",
    "L2Ball",
    "Laplace",
    "Likelihood",
    "LogLaplace",
    "MAPClassifier",
    "MAPCox",
    "MAPOrdinal",
    "MAPRegressor",
    "Multinomial",
    "MultivariateNormal",
    "NegativeBinomial",
    "Normal",
    "Ordinal",
    "Path",
    "Poisson",
    "Posterior",
    "Prior",
    "PriorfitWarning",
    "Problem",
    "Quantile",
    "RandomWalk",
    "Selection",
    "Solution",
    "SparseGroupLaplace",
    "SpikeSlab",
    "SquaredHinge",
    "Status",
    "StudentPrior",
    "StudentT",
    "Translation",
    "Truncated",
    "Tweedie",
    "adaptive",
    "atlas",
    "best_subset",
    "boosted_leaf",
    "choose",
    "compare",
    "cross_validate",
    "datasets",
    "dictionary",
    "explain",
    "lambda_max",
    "laplace_approximation",
    "leave_one_out",
    "one_weight",
    "path",
    "plots",
    "prior_predictive",
    "sample",
    "shares",
    "shrinkage",
    "sklearn",
    "solve",
    "stability",
    "survival",
    "torch",
    "translate",
    "update",
]


# imported when first used: these rooms need scikit-learn or matplotlib
_LATER = {
    "MAPClassifier": "priorfit.estimators",
    "MAPCox": "priorfit.estimators",
    "MAPOrdinal": "priorfit.estimators",
    "MAPRegressor": "priorfit.estimators",
    "Posterior": "priorfit.posterior",
    "Selection": "priorfit.select",
    "choose": "priorfit.select",
    "compare": "priorfit.posterior",
    "cross_validate": "priorfit.select",
    "datasets": "",
    "leave_one_out": "priorfit.select",
    "laplace_approximation": "priorfit.posterior",
    "one_weight": "priorfit.posterior",
    "plots": "",
    "sample": "priorfit.posterior",
    "sklearn": "",
    "stability": "priorfit.select",
    "torch": "",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'priorfit' has no attribute {name!r}")
    room = _LATER[name]
    return getattr(import_module(room), name) if room else import_module(f"priorfit.{name}")


def __dir__() -> list[str]:
    return sorted(__all__)
