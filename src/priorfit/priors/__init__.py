"""Beliefs about the weights: densities, their prox, and the normal form the solver works on."""

from priorfit.priors.adaptive import adaptive
from priorfit.priors.balls import Ball, L1Ball, L2Ball
from priorfit.priors.base import Prior
from priorfit.priors.by_column import ByColumn, as_prior
from priorfit.priors.change import Basis, Change, Cumulative
from priorfit.priors.compare import Comparison
from priorfit.priors.describe import describe
from priorfit.priors.differences import RandomWalk
from priorfit.priors.grammar import from_dict, parse_prior, to_dict
from priorfit.priors.grouped import GroupLaplace, SparseGroupLaplace
from priorfit.priors.groups import Groups
from priorfit.priors.halves import Exponential, HalfNormal
from priorfit.priors.heavy import Cauchy, LogLaplace, StudentPrior
from priorfit.priors.horseshoe import Horseshoe, log_slab_mass
from priorfit.priors.leaf import Leaf, boosted_leaf
from priorfit.priors.multivariate import MultivariateNormal
from priorfit.priors.nonconvex import MCP, SCAD
from priorfit.priors.normal_form import AtStrength, NormalForm
from priorfit.priors.outputs import for_outputs
from priorfit.priors.ranked import Ranked
from priorfit.priors.separable import ElasticNet, Flat, Laplace, Normal
from priorfit.priors.shrinkage import shrinkage
from priorfit.priors.slope import SLOPE
from priorfit.priors.spike import SpikeSlab
from priorfit.priors.truncated import Truncated

__all__ = [
    "MCP",
    "SCAD",
    "SLOPE",
    "AtStrength",
    "Ball",
    "Basis",
    "ByColumn",
    "Cauchy",
    "Change",
    "Comparison",
    "Cumulative",
    "ElasticNet",
    "Exponential",
    "Flat",
    "GroupLaplace",
    "Groups",
    "HalfNormal",
    "Horseshoe",
    "L1Ball",
    "L2Ball",
    "Laplace",
    "Leaf",
    "LogLaplace",
    "MultivariateNormal",
    "Normal",
    "NormalForm",
    "Prior",
    "RandomWalk",
    "Ranked",
    "SparseGroupLaplace",
    "SpikeSlab",
    "StudentPrior",
    "Truncated",
    "adaptive",
    "as_prior",
    "boosted_leaf",
    "describe",
    "for_outputs",
    "from_dict",
    "log_slab_mass",
    "parse_prior",
    "shrinkage",
    "to_dict",
]
