"""Engines for priors over neighbours and over sorted weights."""

from priorfit.solve.structured.barrier import minimise_quadratic
from priorfit.solve.structured.chain import ChainNewton, is_chain
from priorfit.solve.structured.choice import solver_for
from priorfit.solve.structured.interior import Interior
from priorfit.solve.structured.signal import SignalFit, fit_signal, walk_of
from priorfit.solve.structured.sorted import sorted_engine

__all__ = [
    "ChainNewton",
    "Interior",
    "SignalFit",
    "fit_signal",
    "is_chain",
    "minimise_quadratic",
    "solver_for",
    "sorted_engine",
    "walk_of",
]
