# ruff: noqa: ARG002
"""Likelihoods whose rows are not independent given eta: the loss is one function of all rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, NoReturn, Protocol, TypeAlias, TypeVar

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Index, Mask
from priorfit.likelihoods.base import Likelihood

__all__ = ["Coupled", "CoupledRows", "Hessian", "Last", "TakeRows"]

T = TypeVar("T")
#: some rows of a matrix that need not be at hand as a whole
TakeRows: TypeAlias = Callable[[Index], Array]


class Hessian(NamedTuple):
    """``d^2 total / d eta^2 = diag(bound) - M'M``, M (r, n) with as many rows as there are ties
    between the rows of data (groups of events; cut-points).

    ``bound`` (n,) >= 0, so diag(bound) is a bound of the Hessian from above; ``ties(take, k)`` are
    the rows of M Z, some after others, for Z (n, k) whose rows are taken when they are needed;
    ``diagonal`` (n,) is that of the Hessian itself.
    """

    bound: Array
    ties: Callable[[TakeRows, int], Iterator[Array]]
    diagonal: Array

    def apply(self, Z: Array) -> Array:
        """M Z (r, k) for Z (n, k)."""
        return np.concatenate(list(self.ties(Z.__getitem__, Z.shape[1])))

    def square(self, take: TakeRows, k: int) -> Array:
        """``(M Z)'(M Z)`` (k, k)."""
        out = np.zeros((k, k))
        for block in self.ties(take, k):
            out += block.T @ block
        return out


class CoupledRows(Protocol):
    """One response with its weights, sorted once: a convex function of eta (n,).

    It does not change when a constant is added to eta.
    """

    #: ``inf_eta total(eta)``
    least: float

    def total(self, eta: Array) -> float:
        """The negative log likelihood that depends on eta."""

    def score(self, eta: Array) -> Array:
        """``- d total / d eta``, (n,)."""

    def hessian(self, eta: Array) -> Hessian:
        """The second derivative, in factors."""

    def dual(self, theta: Array) -> float:
        """``- total*(-theta)``; -inf too where it has no closed form."""
        return -np.inf


class Last(Generic[T]):
    """What was made of the last eta: total, score and Hessian are asked for one after the other.

    What makes it is given each time: kept, it would hold its owner beyond the last use.
    """

    def __init__(self) -> None:
        self._last: tuple[Array, T] | None = None  # one entry, so that threads may share it

    def __call__(self, eta: Array, make: Callable[[Array, T | None], T]) -> T:
        """The state at eta, made from the one before."""
        last = self._last
        if last is not None and np.array_equal(eta, last[0]):
            return last[1]
        state = make(eta, None if last is None else last[1])
        self._last = (eta.copy(), state)
        return state


class Coupled(Likelihood):
    """A likelihood of `CoupledRows`. Convex; no intercept, because ``total(eta + c) = total(eta)``.

    What is asked of one row alone is refused.
    """

    coupled = True
    has_intercept = False

    @abstractmethod
    def rows(self, y: Array, weights: Array) -> CoupledRows:
        """The rows of positive weight, ready for any eta."""

    def total(self, y: Array, eta: Array, weights: Array) -> Array:
        """A number, or (k,) for eta (n, k)."""
        rows = self.rows(y, weights)
        if eta.ndim == 1:
            return np.asarray(rows.total(eta))
        return np.array([rows.total(column) for column in eta.T])

    def score(self, y: Array, eta: Array, weights: Array) -> Array:
        """``- d total / d eta``, shape of eta."""
        rows = self.rows(y, weights)
        if eta.ndim == 1:
            return rows.score(eta)
        return np.column_stack([rows.score(column) for column in eta.T])

    def curvatures(self, y: Array, eta: Array, weights: Array) -> Array:
        """The diagonal of the Hessian, shape of eta."""
        rows = self.rows(y, weights)
        if eta.ndim == 1:
            return rows.hessian(eta).diagonal
        return np.column_stack([rows.hessian(column).diagonal for column in eta.T])

    def least(self, y: Array, weights: Array) -> float:
        """``inf_eta total(eta)``."""
        return self.rows(y, weights).least

    def dual(self, y: Array, theta: Array, weights: Array) -> Array:
        """+inf: the bound needs the eta that theta comes from, see `priorfit.solve`."""
        return np.full(theta.shape[1], np.inf)

    def null_eta(self, y: Array, weights: Array, offset: Array) -> float:
        """0: a constant changes nothing."""
        return 0.0

    def constant(self, y: Array, phi: float) -> Array:
        """0."""
        return np.zeros(len(y))

    @abstractmethod
    def held_out(self, y: Array, eta: Array, weights: Array, test: Mask) -> Array:
        """Deviance per row that ``test`` (n,) marks, at eta (n, k) of a fit to the others: (k,)."""

    def loss(self, y: Array, eta: Array) -> Array:
        """Refused."""
        self._refuse("loss")

    def slope(self, y: Array, eta: Array) -> Array:
        """Refused."""
        self._refuse("slope")

    def curvature(self, y: Array, eta: Array) -> Array:
        """Refused."""
        self._refuse("curvature")

    def conjugate(self, y: Array, slope: Array) -> Array:
        """Refused."""
        self._refuse("conjugate")

    def saturated(self, y: Array) -> Array:
        """Refused."""
        self._refuse("saturated loss")

    def eta_of(self, mean_y: float) -> float:
        """Refused."""
        self._refuse("link")

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:
        """Refused."""
        self._refuse("random response")

    def _refuse(self, what: str) -> NoReturn:
        raise InputError(
            "the rows of a likelihood must be independent to be asked one by one",
            f"the {what} of one row under {self.name}",
            "Ask the sums over all rows: total, score, curvatures, least.",
        )
