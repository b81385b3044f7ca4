"""What a fit returns."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from priorfit._typing import Array, Intercept
from priorfit.likelihoods import Likelihood
from priorfit.solve.status import Status

__all__ = ["Certificate", "Freedom", "Solution", "Start"]


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


class Freedom:
    """Degrees of freedom, counted from the data when first asked for and then kept without them.

    A copy that is stored (pickled) holds the number.
    """

    def __init__(self, count: Callable[[], float]) -> None:
        self._count: Callable[[], float] | None = count

    @classmethod
    def known(cls, number: float) -> Freedom:
        """Nothing is left to count."""
        found = cls(float)
        found.__dict__["number"], found._count = number, None
        return found

    @cached_property
    def number(self) -> float:
        """The count."""
        assert self._count is not None
        found, self._count = self._count(), None
        return found

    def __repr__(self) -> str:
        return f"{self.number:g}"

    def __reduce__(self) -> tuple[Any, tuple[float]]:
        return Freedom.known, (self.number,)


class Start(NamedTuple):
    """Where a search may begin: an estimate without a proof, in the units of the data."""

    intercept: Intercept
    coef: Array


class Solution(NamedTuple):
    """The MAP estimate of a problem.

    ``coef`` (p,) and ``intercept`` in the units of the data, (p, q) and (q,) for q outputs;
    ``phi`` the dispersion (given or estimated; its root is the gaussian noise); ``objective`` J,
    constants kept; ``freedom`` the degrees of freedom, see ``df``; ``solver`` the engine and
    ``n_iter`` its outer iterations; ``likelihood`` the likelihood with all that was estimated in it
    (its dispersion, its shape). ``optima`` is how many different local optima the starts led to, of
    which this is the lowest: 1 where the objective is convex.
    """

    intercept: Intercept
    coef: Array
    phi: float
    objective: float
    freedom: Freedom
    certificate: Certificate
    status: Status
    solver: str
    n_iter: int
    likelihood: Likelihood | None = None
    optima: int = 1

    @property
    def df(self) -> float:
        """The degrees of freedom, counted when first asked for."""
        return self.freedom.number

    def counted(self) -> Solution:
        """The same, with nothing left in it that refers to the data."""
        self.freedom.number  # noqa: B018
        return self

    @property
    def n_nonzero(self) -> int:
        """How many weights are not exactly 0."""
        return int(np.count_nonzero(self.coef))

    @property
    def complaint(self) -> str:
        """What a warning says of this fit."""
        return f"{self.certificate}. {self.status.value}"
