"""What became of a fit, as data with a message."""

from __future__ import annotations

from enum import Enum

__all__ = ["Status"]


class Status(Enum):
    """Each member's value says the cause and the remedy."""

    CERTIFIED = "the gap is within the tolerance: no other answer is better by more than that"
    LOCAL = (
        "a local optimum: the objective is not convex, so stationarity is proved and a better "
        "optimum elsewhere is not ruled out"
    )
    NOT_CONVERGED = (
        "the solver stopped before the tolerance was reached: raise max_iter, loosen tol, or "
        "narrow the prior"
    )
    SEPARATED = (
        "the likelihood has no maximum here (the classes are separated, or a weight with a flat "
        "prior runs away): give the free weights a finite scale"
    )
