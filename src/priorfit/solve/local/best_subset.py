"""The best subset of each size: all are looked at, or columns exchanged where they are many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Index
from priorfit.likelihoods import Gaussian
from priorfit.priors import Flat
from priorfit.problem import Problem
from priorfit.solve.local.subsets import MOST, sets_of
from priorfit.solve.restore import restore
from priorfit.solve.result import Certificate
from priorfit.solve.standard import Standard, standardize
from priorfit.solve.status import Status

__all__ = ["BestSubset", "best_subset"]

_ROUNDS = 1000
_DEPENDENT = 1e-10  # of a column's square: what is less is a combination of those that are in
_SAME = 1e-12  # of y'y / 2: a loss that is lower by less is not lower
_TOL = 1e-6
_BLOCK = 4096  # subsets solved together


class BestSubset(NamedTuple):
    """``columns`` (k,), the least squares fit on them (``coef`` (p,) is 0 elsewhere), and
    ``objective``, half its weighted residual sum of squares.

    ``status`` is certified where every subset of this size was looked at; else local: exchanging
    one column for another, all refitted, does not lower the objective.
    """

    columns: Index
    intercept: float
    coef: Array
    objective: float
    certificate: Certificate
    status: Status

    @property
    def size(self) -> int:
        """How many columns."""
        return len(self.columns)


class _Quadratic(NamedTuple):
    """``y'y/2 - q'b + b'Gb/2``, the intercept minimised over; ``half`` is y'y/2."""

    gram: Array
    q: Array
    half: float


def best_subset(
    X: Any,
    y: Any,
    sizes: Sequence[int],
    *,
    weights: Any = None,
    offset: Any = None,
    intercept: bool = True,
) -> tuple[BestSubset, ...]:
    """``min sum_i w_i (y_i - eta_i)^2 / 2`` over all weights of which ``k`` are not 0, for each k.

    Exact for up to 15 columns. For more, each size begins at the one below with the best column
    added and at the one above with the least one dropped; exchanges lower both while they can.

    Parameters
    ----------
    X, y, weights, offset, intercept : see `priorfit.Problem`.
    sizes : how many columns, each between 0 and p.

    Returns
    -------
    tuple of BestSubset
        One for each size, in the order given.

    Raises
    ------
    InputError
        for a size outside 0 to p.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> one, two = best_subset(X, [2.0, 0.1, 2.0, 0.0], [1, 2])
    >>> one.columns, two.columns, one.status.name
    (array([0]), array([0, 1]), 'CERTIFIED')

    Source: Hazimeh & Mazumder (2020), section 3.2, PSI(1), with a refit of every exchange.
    """
    known = Gaussian(noise=1.0)
    problem = Problem.make(
        X, y, prior=Flat(), likelihood=known, weights=weights, offset=offset, intercept=intercept
    )
    p = problem.design.shape[1]
    if not all(0 <= k <= p for k in sizes):
        raise InputError(f"`sizes` must lie between 0 and {p}", repr(list(sizes)), "Say [1, 2, 3].")
    standard = standardize(problem)
    left = _without_intercept(standard)
    few = p <= MOST
    found = {k: _least(left, k) for k in sizes} if few else _exchanged(left, max(sizes, default=0))
    return tuple(_fitted(problem, standard, left, found[k], few) for k in sizes)


def _without_intercept(standard: Standard) -> _Quadratic:
    gram, q, first = standard.gram, standard.correlation, standard.first
    half = standard.reference
    if not first:
        return _Quadratic(gram, q, half)
    border, total = gram[0, 1:], gram[0, 0]
    return _Quadratic(
        gram[1:, 1:] - np.outer(border, border) / total,
        q[1:] - border * q[0] / total,
        half - 0.5 * q[0] ** 2 / total,
    )


def _weights(left: _Quadratic, columns: Index) -> Array:
    """Of the least squares fit on these columns, (k,)."""
    gram = left.gram[np.ix_(columns, columns)]
    return np.asarray(np.linalg.lstsq(gram, left.q[columns], rcond=None)[0])


def _loss(left: _Quadratic, columns: Index) -> float:
    return left.half - 0.5 * float(left.q[columns] @ _weights(left, columns))


def _least(left: _Quadratic, k: int) -> Index:
    """The best of all subsets of k columns."""
    sets = sets_of(len(left.q), k)
    gains = np.concatenate(
        [_gains(left, sets[i : i + _BLOCK]) for i in range(0, len(sets), _BLOCK)]
    )
    return np.asarray(sets[int(np.argmax(gains))])


def _gains(left: _Quadratic, sets: Index) -> Array:
    """``q_S' G_SS^+ q_S / 2`` of each row of ``sets``."""
    gram, q = left.gram[sets[:, :, None], sets[:, None, :]], left.q[sets]
    inverse = np.linalg.pinv(gram, rcond=1e-12, hermitian=True)
    return np.asarray(0.5 * np.einsum("ni,nij,nj->n", q, inverse, q))


def _exchanged(left: _Quadratic, most: int) -> dict[int, Index]:
    """Local optima of all sizes up to ``most``: upwards, then downwards."""
    found = {0: np.empty(0, np.intp)}
    for k in range(1, most + 1):
        found[k] = _descended(left, np.append(found[k - 1], _entering(left, found[k - 1])[0]))
    for k in range(most - 1, 0, -1):
        larger = found[k + 1]
        fewer = min((np.delete(larger, i) for i in range(k + 1)), key=lambda s: _loss(left, s))
        other = _descended(left, fewer)
        if _loss(left, other) < _loss(left, found[k]) - _SAME * left.half:
            found[k] = other
    return {k: np.sort(columns) for k, columns in found.items()}


def _descended(left: _Quadratic, columns: Index) -> Index:
    """Exchanges of one column for another, the best first, while the loss falls."""
    loss = _loss(left, columns)
    for _ in range(_ROUNDS):
        columns_without = [np.delete(columns, i) for i in range(len(columns))]
        entering = [(rest, *_entering(left, rest)) for rest in columns_without]
        rest, j, there = min(entering, key=lambda e: e[2], default=(columns, -1, np.inf))
        if not there < loss - _SAME * left.half:
            break
        columns, loss = np.append(rest, j), there
    return columns


def _entering(left: _Quadratic, columns: Index) -> tuple[int, float]:
    """The column whose entry lowers the loss most, and the loss with it."""
    gram = left.gram[np.ix_(columns, columns)]
    cross = left.gram[columns]
    solved = np.linalg.lstsq(gram, np.column_stack([cross, left.q[columns]]), rcond=None)[0]
    size = np.diag(left.gram)
    rest = size - np.einsum("ij,ij->j", cross, solved[:, :-1])
    pull = left.q - cross.T @ solved[:, -1]
    fresh = rest > _DEPENDENT * size
    gain = np.where(fresh, np.square(pull) / (2.0 * np.where(fresh, rest, 1.0)), 0.0)
    gain[columns] = -np.inf
    j = int(np.argmax(gain))
    loss = left.half - 0.5 * float(left.q[columns] @ solved[:, -1])
    return j, loss - float(gain[j])


def _fitted(
    problem: Problem, standard: Standard, left: _Quadratic, columns: Index, proved: bool
) -> BestSubset:
    g = np.zeros((standard.size, 1))
    g[columns + standard.first, 0] = _weights(left, columns)
    if standard.first:
        g[0] = (standard.correlation[0] - standard.gram[0, 1:] @ g[1:, 0]) / standard.gram[0, 0]
    intercepts, coefs = restore(standard, g, problem)
    slopes = standard.pull(g[:, 0])
    met = np.append(columns + standard.first, np.arange(standard.first))
    kkt = float(np.abs(slopes[met]).max(initial=0.0) / standard.null_correlation)
    gap = float(np.finfo(np.float64).eps) if proved and kkt <= _TOL else np.inf
    certificate = Certificate(gap, kkt, _TOL, not proved)
    status = Status.CERTIFIED if proved else Status.LOCAL
    status = status if certificate.certified else Status.NOT_CONVERGED
    intercept, coef = float(intercepts[0]), coefs[:, 0]
    lost = problem.likelihood.total(problem.y, problem.eta(intercept, coef), problem.weights)
    return BestSubset(columns, intercept, coef, float(lost), certificate, status)
