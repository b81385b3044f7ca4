"""From a problem to its certified answer."""

from priorfit.solve.api import solve, solve_quietly
from priorfit.solve.columns import moments
from priorfit.solve.constrained import constrained
from priorfit.solve.engines import ENGINES, Auto, share
from priorfit.solve.grid import lambda_max
from priorfit.solve.leave_one_out import LeaveOneOut
from priorfit.solve.local.best_subset import BestSubset, best_subset
from priorfit.solve.noise import warn_collapse
from priorfit.solve.outputs.lengths import LengthsFit, fit_lengths
from priorfit.solve.path import Path
from priorfit.solve.paths import hold_shape, path, path_of
from priorfit.solve.radius import AtRadius
from priorfit.solve.relaxed import Relaxed
from priorfit.solve.result import Certificate, Solution, Start
from priorfit.solve.shared import Shared
from priorfit.solve.status import Status
from priorfit.solve.update import update

__all__ = [
    "ENGINES",
    "AtRadius",
    "Auto",
    "BestSubset",
    "Certificate",
    "LeaveOneOut",
    "LengthsFit",
    "Path",
    "Relaxed",
    "Shared",
    "Solution",
    "Start",
    "Status",
    "best_subset",
    "constrained",
    "fit_lengths",
    "hold_shape",
    "lambda_max",
    "moments",
    "path",
    "path_of",
    "share",
    "solve",
    "solve_quietly",
    "update",
    "warn_collapse",
]
