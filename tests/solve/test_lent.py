"""The law of a lent triangle: what is done in it leaves no trace."""

import numpy as np
import pytest
from scipy import linalg

from priorfit.solve import lent as room
from priorfit.solve.lent import lent, square_of_lower


@pytest.mark.parametrize("small", [0, 500])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("spread", [1.0, 4.0])
def test_the_lower_triangle_is_scaled_and_given_back(order, small, spread, monkeypatch):
    """Inside it is R K R, whatever overwrites it; afterwards K has the same bits, an error or not.

    Several tiles, the last of them smaller."""
    monkeypatch.setattr(room, "_SMALL", small)
    rng, n = np.random.default_rng(0), 150
    A, root = rng.normal(size=(n, n)), spread ** rng.uniform(-0.5, 0.5, n)
    K = np.array(A @ A.T + n * np.eye(n), order=order)
    K = np.array(np.tril(K) + np.tril(K, -1).T, order=order)
    before, scaled = K.copy(), root[:, None] * K * root
    with lent(K, root) as lower:
        np.testing.assert_allclose(np.tril(lower), np.tril(scaled), rtol=1e-14)
        assert square_of_lower(lower) == pytest.approx(np.sum(np.tril(scaled) ** 2))
        factor = linalg.cho_factor(lower, lower=True, overwrite_a=True)
        np.testing.assert_allclose(linalg.cho_solve(factor, scaled), np.eye(n), atol=1e-9)
    np.testing.assert_array_equal(K, before)
    with lent(K, root) as lower:
        values = linalg.eigh(lower, overwrite_a=True, driver="evr")[0]
    np.testing.assert_allclose(values, np.linalg.eigvalsh(scaled), rtol=1e-10)
    np.testing.assert_array_equal(K, before)
    with pytest.raises(linalg.LinAlgError), lent(K, np.r_[np.zeros(9), root[9:]]) as lower:
        linalg.cho_factor(lower, lower=True, overwrite_a=True)
    np.testing.assert_array_equal(K, before)
