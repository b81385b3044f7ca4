"""Ordered classes: proportional odds and ordered probit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import linalg, sparse

from priorfit._errors import InputError
from priorfit._typing import Array, Index, Mask
from priorfit.likelihoods.coupled import Coupled, CoupledRows, Hessian, Last, TakeRows
from priorfit.likelihoods.steps import LINKS, Step, step

__all__ = ["Ordinal", "probabilities"]

_ROUNDS = 100
_BLOCK = 1 << 17  # numbers of Z that are looked at together


@dataclass(frozen=True)
class Ordinal(Coupled):
    """``-log p(y | eta) = -log(F(c_y - eta) - F(c_{y-1} - eta))``, y in 0 .. K - 1.

    The K - 1 cut-points ``c_0 < c_1 < ...`` (``c_{-1} = -inf``, ``c_{K-1} = inf``) have a flat
    prior and take the place of the intercept: ``total`` is its minimum over them, which is convex
    in eta because the density of F is log-concave. One vector of weights for all classes; a larger
    eta makes higher classes likelier.

    Parameters
    ----------
    link : "logit", F the logistic distribution function: proportional odds; "probit", F the normal
        one.

    Sources: McCullagh (1980), section 2; Pratt (1981) for the convexity.

    Raises
    ------
    InputError
        where ``link`` is neither, where y skips a class or has one only.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([0.0, 1.0, 2.0, 2.0])
    >>> Ordinal().cut_points(y, np.zeros(4), np.ones(4)).round(3)  # log odds of 1/4 and 2/4
    array([-1.099,  0.   ])
    """

    link: str = "logit"

    name = "ordinal"
    is_classification = True

    def __post_init__(self) -> None:
        if self.link not in LINKS:
            raise InputError("`link` must be logit or probit", repr(self.link), "Choose one.")

    def check(self, y: Array) -> None:
        """Whole numbers from 0 on, none left out, two at least."""
        found = np.unique(y)
        if not np.array_equal(found, np.arange(len(found))) or len(found) < 2:
            raise InputError(
                "the ordinal likelihood needs y in 0 .. K - 1, each of K >= 2 classes in some row "
                "of positive weight",
                ", ".join(f"{v:g}" for v in found[:8]),
                "Code the classes by their order, or use MAPOrdinal, which takes any labels.",
            )

    def rows(self, y: Array, weights: Array) -> OrdinalRows:
        """The rows, ready for any eta."""
        return OrdinalRows(y, weights, self.link)

    def cut_points(self, y: Array, eta: Array, weights: Array) -> Array:
        """The cut-points that fit best beside eta (n,), increasing, (K - 1,)."""
        return self.rows(y, weights).cut_points(eta)

    @property
    def predictor(self) -> str:
        """The log odds of a higher class."""
        return "log odds of a higher"

    def mean(self, eta: Array) -> Array:  # noqa: ARG002
        """Refused: a probability needs the cut-points, see `MAPOrdinal.predict_proba`."""
        self._refuse("mean")

    def held_out(self, y: Array, eta: Array, weights: Array, test: Mask) -> Array:
        """Deviance per row of ``test``, with the cut-points of the others: (k,)."""
        train = ~test & (weights > 0)
        out = np.empty(eta.shape[1])
        for k, column in enumerate(eta.T):
            cuts = self.cut_points(y[train], column[train], weights[train])
            found = _steps(y[test].astype(np.intp), column[test], cuts, self.link)
            out[k] = -2.0 * (weights[test] @ found.log) / weights[test].sum()
        return out


def probabilities(eta: Array, cut_points: Array, link: str) -> Array:
    """Probability of each class, (n, K)."""
    n, classes = len(eta), len(cut_points) + 1
    y = np.tile(np.arange(classes), n)
    found = _steps(y, np.repeat(eta, classes), cut_points, link)
    return np.exp(found.log).reshape(n, classes)


def _steps(y: Index, eta: Array, cuts: Array, link: str) -> Step:
    edges = np.concatenate([[-np.inf], cuts, [np.inf]])
    return step(edges[y] - eta, edges[y + 1] - eta, link)


class _Fit(NamedTuple):
    """At one eta: the best cut-points, the terms of the rows, and the cut-points' Hessian."""

    cuts: Array
    found: Step
    lost: float
    curved: Array


class OrdinalRows(CoupledRows):
    """One response; the cut-points are profiled out by Newton's method."""

    least = 0.0

    def __init__(self, y: Array, weights: Array, link: str) -> None:
        self.y, self.w, self.link = y.astype(np.intp), weights, link
        self.classes = int(self.y.max()) + 1
        share = np.cumsum(np.bincount(self.y, weights))[:-1] / weights.sum()
        self.share, self.base = share, LINKS[link](share)
        self._last: Last[_Fit] = Last()

    def cut_points(self, eta: Array) -> Array:
        """The best cut-points beside eta, (K - 1,)."""
        return self._at(eta).cuts

    def total(self, eta: Array) -> float:
        """The least over the cut-points of minus the log likelihood."""
        return self._at(eta).lost

    def score(self, eta: Array) -> Array:
        """``- d total / d eta`` (n,), at the best cut-points (their slope is 0)."""
        found = self._at(eta).found
        return np.asarray(-self.w * (found.down + found.up))

    def hessian(self, eta: Array) -> Hessian:
        """That of the rows, less what the cut-points take up: ``C' B^-1 C``."""
        fit, n = self._at(eta), len(eta)
        found, w, y, cuts = fit.found, self.w, self.y, self.classes - 1
        upper, lower = -w * (found.up2 + found.cross), -w * (found.down2 + found.cross)
        up, down = np.flatnonzero(y < cuts), np.flatnonzero(y > 0)
        entries = np.concatenate([upper[up], lower[down]])
        where = (np.concatenate([y[up], y[down] - 1]), np.concatenate([up, down]))
        mixed = sparse.csc_array((entries, where), shape=(cuts, n))
        bound = np.maximum(w * (found.up2 + 2 * found.cross + found.down2), 0.0)
        root = linalg.cholesky(fit.curved, lower=True)

        def ties(take: TakeRows, k: int) -> Iterator[Array]:
            total, step = np.zeros((cuts, k)), max(256, _BLOCK // max(k, 1))
            for start in range(0, n, step):
                rows = np.arange(start, min(start + step, n))
                total += mixed[:, start : start + step] @ take(rows)
            yield np.asarray(linalg.solve_triangular(root, total, lower=True))

        inverse = np.zeros((cuts + 2, cuts + 2))  # an empty row on either side
        inverse[1:-1, 1:-1] = np.linalg.inv(fit.curved)
        a, b = np.where(y < cuts, upper, 0.0), np.where(y > 0, lower, 0.0)
        taken = (
            a * a * inverse[y + 1, y + 1] + b * b * inverse[y, y] + 2 * a * b * inverse[y, y + 1]
        )
        return Hessian(bound, ties, np.maximum(bound - taken, 0.0))

    def _at(self, eta: Array) -> _Fit:
        return self._last(eta, self._fit)

    def _fit(self, eta: Array, before: _Fit | None) -> _Fit:
        cuts = self._first(eta) if before is None else before.cuts
        here, slope, curved = self._look(eta, cuts)
        if not np.isfinite(here[1]) and before is not None:
            return self._fit(eta, None)
        size = 1e-15 * float(self.w.sum())
        for _ in range(_ROUNDS):
            if np.abs(slope).max() <= size:
                break
            move = np.asarray(np.linalg.solve(curved, slope), dtype=np.float64)
            move *= min(1.0, (1.0 + float(np.ptp(eta))) / float(np.abs(move).max()))
            moved = self._move(eta, cuts, move, here[1], float(np.abs(slope).max()))
            if moved is None:
                break
            cuts, here, slope, curved = moved
        return _Fit(cuts, here[0], here[1], curved)

    def _first(self, eta: Array) -> Array:
        """Exact where eta is constant; among the rows where it is spread far."""
        order = np.argsort(eta)
        below = np.cumsum(self.w[order])
        return np.asarray(self.base + np.interp(self.share, below / below[-1], eta[order]))

    def _move(
        self, eta: Array, cuts: Array, move: Array, lost: float, steepest: float
    ) -> tuple[Array, tuple[Step, float], Array, Array] | None:
        """The first of 1, 1/2, ... of the step with increasing cut-points and a lower loss."""
        share = 1.0
        for _ in range(60):
            there = cuts - share * move
            if np.all(np.diff(there) > 0):
                here, slope, curved = self._look(eta, there)
                small = 1e-13 * abs(lost)
                flatter = abs(here[1] - lost) <= small and np.abs(slope).max() < steepest
                if here[1] < lost - small or flatter:
                    return there, here, slope, curved
            share *= 0.5
        return None

    def _look(self, eta: Array, cuts: Array) -> tuple[tuple[Step, float], Array, Array]:
        """Loss, slope and Hessian over the cut-points."""
        found, w, m = _steps(self.y, eta, cuts, self.link), self.w, self.classes
        lost = -float(w @ found.log)
        slope = -np.bincount(self.y, w * found.up, m)[:-1]
        slope = slope - np.bincount(self.y, w * found.down, m)[1:]
        curved = np.diag(
            np.bincount(self.y, w * found.up2, m)[:-1] + np.bincount(self.y, w * found.down2, m)[1:]
        )
        cross = np.bincount(self.y, w * found.cross, m)[1:-1]
        curved += np.diag(cross, 1) + np.diag(cross, -1)
        floor = 1e-14 * float(np.diag(curved).max()) + 1e-200  # where no row is near a cut-point
        curved[np.diag_indices_from(curved)] += floor
        return (found, lost), np.asarray(slope, dtype=np.float64), curved
