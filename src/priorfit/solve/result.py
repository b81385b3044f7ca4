"""What a fit returns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from priorfit._typing import Array, Intercept
from priorfit.likelihoods import Likelihood
from priorfit.solve.status import Status

__all__ = ["Certificate", "Solution"]


class Certificate(NamedTuple):
    """The proof that comes with an answer, computed from the data after the solve.

    ``gap`` bounds (J(answer) - J(optimum)) relative to the null deviance; ``kkt`` is the largest
    violation of stationarity relative to lambda_max; ``tol`` is the gap that was asked for.
    ``local``: the objective is not convex, no gap exists (it is infinite), and ``tol`` bounds kkt.
    """

    gap: float
    kkt: float
    tol: float
    local: bool = False

    @property
    def certified(self) -> bool:
        """Whether the gap, or for a ``local`` one kkt, is within the tolerance."""
        return (self.kkt if self.local else self.gap) <= self.tol

    def __str__(self) -> str:
        if self.local:
            word = "local optimum" if self.certified else "NOT stationary"
            return f"kkt {self.kkt:.1e} of {self.tol:.0e} asked: {word}"
        word = "certified" if self.certified else "NOT certified"
        return f"gap {self.gap:.1e} of {self.tol:.0e} asked: {word}"


class Solution(NamedTuple):
    """The MAP estimate of a problem.

    ``coef`` (p,) and ``intercept`` in the units of the data, (p, q) and (q,) for q outputs;
    ``phi`` the dispersion (given or estimated; its root is the gaussian noise); ``objective`` J,
    constants kept; ``df`` the degrees of freedom; ``solver`` the engine and ``n_iter`` its outer
    iterations; ``likelihood`` the likelihood with all that was estimated in it (its dispersion, its
    shape). ``optima`` is how many different local optima the starts led to, of which this is the
    lowest: 1 where the objective is convex.
    """

    intercept: Intercept
    coef: Array
    phi: float
    objective: float
    df: float
    certificate: Certificate
    status: Status
    solver: str
    n_iter: int
    likelihood: Likelihood | None = None
    optima: int = 1

    @property
    def n_nonzero(self) -> int:
        """How many weights are not exactly 0."""
        return int(np.count_nonzero(self.coef))

    @property
    def complaint(self) -> str:
        """What a warning says of this fit."""
        return f"{self.certificate}. {self.status.value}"
