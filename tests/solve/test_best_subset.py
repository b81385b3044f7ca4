"""Laws of `best_subset`: few columns are proved, many cannot be improved by an exchange."""

from itertools import combinations, product

import numpy as np
import pytest

import priorfit as pf
from priorfit.solve.local import best_subset as room


def _data(n, p, seed=0):
    """y of three columns, and a decoy, the last: alone it says more than any of the three."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.3 * rng.normal(size=(n, 1))
    truth = X[:, [0, 3, 6]].sum(axis=1)
    X[:, -1] = truth + 0.5 * rng.normal(size=n)
    return X, truth + 3.0 + 0.3 * rng.normal(size=n), rng.integers(0, 3, size=n).astype(float)


def _loss(X, y, w, columns, intercept):
    A = np.c_[np.ones(len(y)), X[:, list(columns)]][:, 0 if intercept else 1 :]
    root = np.sqrt(w)
    b = np.linalg.lstsq(root[:, None] * A, root * y, rcond=None)[0]
    return 0.5 * np.sum(w * np.square(y - A @ b))


def _is_least(found, X, y, w, intercept):
    p = X.shape[1]
    for s in found:
        least = min(_loss(X, y, w, c, intercept) for c in combinations(range(p), s.size))
        if not np.isclose(s.objective, least, rtol=1e-10):
            return False
    return True


@pytest.mark.parametrize("intercept", [True, False])
def test_few_columns_are_proved(intercept, monkeypatch):
    """objective = min over all supports of size k, and the status says certified.

    Mutants: forward steps alone, the columns most correlated with y."""
    X, y, w = _data(40, 9, seed=3)
    sizes = range(9)
    found = pf.best_subset(X, y, sizes, weights=w, intercept=intercept)
    assert _is_least(found, X, y, w, intercept)
    assert all(s.status is pf.Status.CERTIFIED and s.certificate.gap <= 1e-15 for s in found)

    def forward(left, k):
        columns = np.empty(0, np.intp)
        for _ in range(k):
            columns = np.append(columns, room._entering(left, columns)[0])
        return columns

    for mutant in (forward, lambda left, k: np.argsort(-np.abs(left.q))[:k]):
        monkeypatch.setattr(room, "_least", mutant)
        wrong = pf.best_subset(X, y, sizes, weights=w, intercept=intercept)
        assert not _is_least(wrong, X, y, w, intercept)


def _cannot_be_exchanged(found, X, y, w):
    for s in found:
        inside, outside = set(s.columns), set(range(X.shape[1])) - set(s.columns)
        for i, j in product(inside, outside):
            if _loss(X, y, w, inside - {i} | {j}, True) < s.objective * (1 - 1e-9):
                return False
    return True


def test_many_columns_cannot_be_exchanged(monkeypatch):
    """No exchange of a column for another, refitted, lowers the objective; status: local.

    Mutant: forward steps without exchanges."""
    X, y, w = _data(60, 24)
    sizes = [0, 1, 3]
    found = pf.best_subset(X, y, sizes, weights=w)
    assert [s.size for s in found] == sizes
    assert _cannot_be_exchanged(found, X, y, w)
    assert all(s.status is pf.Status.LOCAL for s in found)
    for s in found:
        assert s.objective == pytest.approx(_loss(X, y, w, s.columns, True), rel=1e-10)
        np.testing.assert_array_equal(np.flatnonzero(s.coef), s.columns)
    monkeypatch.setattr(room, "_descended", lambda left, columns: columns)
    assert not _cannot_be_exchanged(pf.best_subset(X, y, sizes, weights=w), X, y, w)


def test_a_size_must_be_possible():
    """Sizes outside 0 to p are refused."""
    with pytest.raises(pf.InputError, match="sizes"):
        pf.best_subset(np.eye(3), [1.0, 2.0, 3.0], [4])
