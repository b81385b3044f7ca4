"""Engines for priors over neighbours and over sorted weights."""

from priorfit.solve.structured.barrier import minimise_quadratic
from priorfit.solve.structured.choice import solver_for
from priorfit.solve.structured.interior import Interior

__all__ = ["Interior", "minimise_quadratic", "solver_for"]
