"""The bundled tables and the simulator."""

import builtins
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from priorfit import datasets

TABLES = datasets.names()
LIKELIHOODS = ["gaussian", "bernoulli", "poisson"]


@pytest.mark.parametrize("name", TABLES)
def test_tables(name):
    """Finite, float64, named once each, with units, a licence and a target its likelihood takes."""
    table = datasets.load(name)
    n, p = table.X.shape
    assert table.name == name
    assert table.X.dtype == table.y.dtype == np.float64
    assert np.isfinite(table.X).all()
    assert np.isfinite(table.y).all()
    assert table.y.shape == (n,)
    assert len({*table.feature_names, table.target_name}) == p + 1
    assert len(table.units) == p
    assert all([*table.units, table.licence, table.source, table.description])
    assert (set(table.y) == {0.0, 1.0}) == (table.likelihood == "bernoulli")
    assert len(table.labels) in (0, n)


@pytest.mark.parametrize("name", TABLES)
def test_csv_and_frame_hold_the_same_numbers(name, tmp_path):
    """read(write(table)) = table, bit for bit; the target is last."""
    table = datasets.load(name)
    table.to_csv(tmp_path / "t.csv")
    head = (tmp_path / "t.csv").read_text(encoding="utf-8").split("\n", 1)[0].strip().split(",")
    read = np.loadtxt(tmp_path / "t.csv", delimiter=",", skiprows=1)
    frame = table.frame()
    assert head == list(frame.columns) == [*table.feature_names, table.target_name]
    np.testing.assert_array_equal(read, np.column_stack([table.X, table.y]))
    np.testing.assert_array_equal(frame.to_numpy(), read)


def test_every_loader_is_in_the_registry():
    """The public load_* functions and `names` are the same list, and all are exported."""
    loaders = {n.removeprefix("load_") for n in datasets.__all__ if n.startswith("load_")}
    assert loaders == set(TABLES)
    assert all(hasattr(datasets, n) for n in datasets.__all__)


@pytest.mark.parametrize(("name", "label"), [("nci60", "MELANOMA"), ("khan", "EWS")])
def test_wide_tables_keep_their_classes(name, label):
    """n < p; y = 1 exactly where the original class is the one asked about."""
    table = datasets.load(name)
    assert table.X.shape[0] < table.X.shape[1]
    np.testing.assert_array_equal(table.y, np.array(table.labels) == label)


def test_khan_halves_are_different_patients():
    """No row of the test set is in the training set; all four classes are in both."""
    train, test = datasets.load_khan(), datasets.load_khan("test")
    assert not set(map(bytes, train.X)) & set(map(bytes, test.X))
    assert set(train.labels) == set(test.labels) == {"BL", "EWS", "NB", "RMS"}


def test_genes_vary():
    """No column of a bundled table is constant (a wrong decoding would flatten or saturate)."""
    for table in (datasets.load_nci60(), datasets.load_khan()):
        assert np.ptp(table.X, axis=0).min() > 0
        assert 2 < np.abs(table.X).max() < 10


def test_a_table_is_frozen():
    with pytest.raises(FrozenInstanceError):
        datasets.load("diabetes").name = "other"


def test_frame_without_pandas(monkeypatch):
    """Where pandas is missing the error says what to do, and the arrays still work."""
    table, real = datasets.load("diabetes"), builtins.__import__

    def hide(name, *rest, **options):
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", hide)
    with pytest.raises(ImportError, match="pip install pandas"):
        table.frame()


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_same_seed_same_bits(likelihood):
    """seed fixes X, coef and y; another seed changes them; a Generator may be the seed."""
    options = {"likelihood": likelihood, "n_nonzero": 4}
    a, b, c, d = (
        datasets.simulate(50, 20, seed=s, **options) for s in (2, 2, np.random.default_rng(2), 3)
    )
    for field in ("X", "y", "coef", "eta", "mu"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
        np.testing.assert_array_equal(getattr(a, field), getattr(c, field))
        assert (getattr(a, field) != getattr(d, field)).any()


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_truth_is_what_was_drawn(likelihood):
    """eta = a + X b; mu = inverse link of eta; y - mu is 0 on average (5 standard errors)."""
    s = datasets.simulate(20_000, 5, likelihood=likelihood, n_nonzero=2, intercept=-0.5, seed=1)
    np.testing.assert_allclose(s.eta, s.intercept + s.X @ s.coef)
    inverse = {"gaussian": s.eta, "bernoulli": 1 / (1 + np.exp(-s.eta)), "poisson": np.exp(s.eta)}
    np.testing.assert_allclose(s.mu, inverse[likelihood])
    variance = {"gaussian": s.noise**2 + 0 * s.mu, "bernoulli": s.mu * (1 - s.mu), "poisson": s.mu}
    error = np.sqrt(variance[likelihood].sum())
    assert abs((s.y - s.mu).sum()) < 5 * error
    assert (s.noise > 0) == (likelihood == "gaussian")


@pytest.mark.parametrize("snr", [0.5, 3.0, 20.0])
def test_signal_to_noise(snr):
    """||X b|| / ||y - eta|| -> snr as n grows, whatever the intercept."""
    s = datasets.simulate(20_000, 10, n_nonzero=5, snr=snr, intercept=40.0, seed=3)
    ratio = np.linalg.norm(s.X @ s.coef) / np.linalg.norm(s.y - s.eta)
    assert ratio == pytest.approx(snr, rel=0.03)


@pytest.mark.parametrize("rho", [0.0, 0.6, -0.4])
def test_columns_are_autoregressive(rho):
    """corr(x_j, x_k) = rho^|j - k|, and every column has variance 1."""
    X = datasets.simulate(40_000, 6, n_nonzero=0, correlation=rho, seed=4).X
    lag = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    np.testing.assert_allclose(np.cov(X.T), np.power(float(rho), lag), atol=0.04)


@pytest.mark.parametrize("k", [0, 1, 7])
def test_number_of_nonzero_weights(k):
    """Exactly n_nonzero weights differ from 0, and a null signal leaves finite unit noise."""
    s = datasets.simulate(30, 7, n_nonzero=k, seed=5)
    assert s.coef.shape == (7,)
    assert np.count_nonzero(s.coef) == k
    assert np.isfinite(s.y).all()
    assert k > 0 or s.noise == 1.0


def test_given_weights_are_kept():
    """coef is copied as given; least squares on low noise finds it again."""
    given = [1.0, 0.0, -2.0]
    s = datasets.simulate(500, 3, coef=given, snr=1e6, seed=6)
    np.testing.assert_array_equal(s.coef, given)
    np.testing.assert_allclose(np.linalg.lstsq(s.X, s.y, rcond=None)[0], given, atol=1e-4)


WRONG = [
    {"n": 0},
    {"n": 2.5},
    {"p": -1},
    {"likelihood": "cox"},
    {"correlation": 1.0},
    {"correlation": float("nan")},
    {"snr": 0.0},
    {"snr": float("inf")},
    {"n_nonzero": 9},
    {"n_nonzero": -1},
    {"n_nonzero": 1.5},
    {"coef": [1.0]},
    {"coef": [1.0, 2.0, 3.0, 4.0, float("nan")]},
    {"coef": "abcde"},
    {"intercept": float("nan")},
    {"seed": -1},
    {"likelihood": "poisson", "intercept": 50.0},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_impossible_settings(wrong):
    """One form of error: what must hold; what was got. what to do."""
    with pytest.raises(ValueError, match=r"must .+; got .+\. [A-Z].+\.") as caught:
        datasets.simulate(**({"n": 10, "p": 5, "n_nonzero": 2} | wrong))
    assert type(caught.value).__name__ == "InputError"


@pytest.mark.parametrize(
    ("call", "says"),
    [(lambda: datasets.load("iris"), "diabetes"), (lambda: datasets.load_khan("both"), "train")],
)
def test_unknown_names(call, says):
    """The error lists the names that exist."""
    with pytest.raises(ValueError, match=rf"must .*{says}.*; got .+\. [A-Z].+\."):
        call()
