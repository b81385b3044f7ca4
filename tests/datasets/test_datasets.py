"""The bundled tables and the simulator."""

import numpy as np
import pytest

import priorfit as pf
from priorfit import datasets


@pytest.mark.parametrize("name", datasets.names())
def test_tables(name, tmp_path):
    """Finite, named, described, with a licence; CSV and frame hold the same numbers."""
    table = datasets.load(name)
    n, p = table.X.shape
    assert np.all(np.isfinite(table.X))
    assert table.y.shape == (n,)
    assert len(set(table.feature_names)) == p
    assert all([table.licence, table.source, table.description])
    table.to_csv(tmp_path / "t.csv")
    read = np.loadtxt(tmp_path / "t.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(read[:, :-1], table.X)
    np.testing.assert_array_equal(table.frame()[table.target_name], table.y)


def test_wide_tables_exist():
    """At least two tables have more columns than rows."""
    wide = [t for t in map(datasets.load, datasets.names()) if t.X.shape[1] > t.X.shape[0]]
    assert len(wide) >= 2


def test_unknown_table():
    with pytest.raises(pf.InputError, match="diabetes"):
        datasets.load("iris")


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli", "poisson"])
def test_simulation(likelihood):
    """Seeded, sparse, and eta is what the weights say."""
    a = datasets.simulate(500, 20, likelihood=likelihood, n_nonzero=4, correlation=0.6, seed=2)
    b = datasets.simulate(500, 20, likelihood=likelihood, n_nonzero=4, correlation=0.6, seed=2)
    np.testing.assert_array_equal(a.y, b.y)
    assert np.count_nonzero(a.coef) == 4
    np.testing.assert_allclose(a.eta, a.intercept + a.X @ a.coef)
    neighbours = np.mean([np.corrcoef(a.X[:, j], a.X[:, j + 1])[0, 1] for j in range(19)])
    assert neighbours == pytest.approx(0.6, abs=0.05)
    if likelihood == "gaussian":
        ratio = np.linalg.norm(a.X @ a.coef) / np.linalg.norm(a.y - a.eta)
        assert ratio == pytest.approx(3.0, rel=0.1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 0},
        {"likelihood": "cox"},
        {"correlation": 1.0},
        {"snr": 0.0},
        {"n_nonzero": 9},
        {"coef": [1.0]},
    ],
    ids=str,
)
def test_impossible_settings(wrong):
    with pytest.raises(pf.InputError):
        datasets.simulate(**({"n": 10, "p": 5} | wrong))
