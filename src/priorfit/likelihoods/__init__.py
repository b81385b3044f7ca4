"""How the response scatters around the linear predictor."""

from priorfit.likelihoods.base import Likelihood
from priorfit.likelihoods.bernoulli import Bernoulli
from priorfit.likelihoods.coupled import Coupled, CoupledRows, Hessian, TakeRows
from priorfit.likelihoods.cox import Cox, survival
from priorfit.likelihoods.gamma import Gamma
from priorfit.likelihoods.gaussian import Gaussian
from priorfit.likelihoods.huber import Huber
from priorfit.likelihoods.multinomial import Multinomial
from priorfit.likelihoods.named import as_text, by_name
from priorfit.likelihoods.negative_binomial import NegativeBinomial
from priorfit.likelihoods.ordinal import Ordinal, probabilities
from priorfit.likelihoods.outputs import Flattened, flattened
from priorfit.likelihoods.poisson import Poisson
from priorfit.likelihoods.quantile import Quantile
from priorfit.likelihoods.shares import Shares, shares
from priorfit.likelihoods.squared_hinge import SquaredHinge
from priorfit.likelihoods.student_t import StudentT
from priorfit.likelihoods.tweedie import Tweedie

__all__ = [
    "Bernoulli",
    "Coupled",
    "CoupledRows",
    "Cox",
    "Flattened",
    "Gamma",
    "Gaussian",
    "Hessian",
    "Huber",
    "Likelihood",
    "Multinomial",
    "NegativeBinomial",
    "Ordinal",
    "Poisson",
    "Quantile",
    "Shares",
    "SquaredHinge",
    "StudentT",
    "TakeRows",
    "Tweedie",
    "as_text",
    "by_name",
    "flattened",
    "probabilities",
    "shares",
    "survival",
]
