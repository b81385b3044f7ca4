"""The atlas: every call that it gives runs and comes with a proof."""

import numpy as np
import pytest

import priorfit as pf
from priorfit.atlas.table import ATLAS, markdown

HERE = {row.name: row for row in ATLAS if row.here}


def _namespace():
    """The names that calls of the atlas use."""
    rng = np.random.default_rng(0)
    n = 80
    X = rng.normal(size=(n, 6))
    eta = X @ np.array([1.0, -0.8, 0.0, 0.5, 0.0, 0.0])
    t = np.sort(rng.uniform(size=n))
    return {
        "pf": pf,
        "np": np,
        "X": X,
        "y": eta + 0.5 * rng.normal(size=n),
        "Y": np.stack([eta, -eta, 2 * eta], axis=1) + rng.normal(size=(n, 3)),
        "labels": np.where(eta + rng.logistic(size=n) > 0, "yes", "no"),
        "classes": np.digitize(eta + rng.logistic(size=n), [-1.0, 1.0]),
        "counts": rng.poisson(np.exp(0.5 * eta)),
        "amounts": rng.gamma(2.0, np.exp(0.5 * eta)) + 1e-3,
        "survival": pf.survival(rng.exponential(np.exp(-eta)), rng.uniform(size=n) < 0.7),
        "kernel": np.exp(-np.square(t[:, None] - t) / 0.02) + 1e-9 * np.eye(n),
        "splines": np.maximum(0, 1 - np.abs(8 * t[:, None] - np.arange(9))),
        "levels": pf_table(rng, n),
        "rules": (X > 0).astype(float),
    }


def pf_table(rng, n):
    import pandas as pd

    return pd.DataFrame({"x": rng.normal(size=n), "school": rng.choice(list("abcde"), size=n)})


@pytest.mark.filterwarnings("ignore::priorfit.PriorfitWarning")
@pytest.mark.parametrize("name", HERE)
def test_a_row_that_says_here_runs_and_is_proved(name):
    """The call gives finite numbers; a fit is certified."""
    given = _namespace()
    found = eval(HERE[name].here, given)  # a constant of this package
    proof = getattr(found, "certificate_", None)
    assert proof is None or proof.certified
    told = np.ravel(getattr(found, "coef_", found[0] if isinstance(found, tuple) else 0.0))
    assert np.all(np.isfinite(told))


def test_the_atlas_has_one_row_for_each_name():
    """Names are keys, and every row says where it is to be had."""
    assert len({row.name for row in ATLAS}) == len(ATLAS)
    assert all(row.here or row.elsewhere for row in ATLAS)
    assert all(row.solver and row.weights and row.l1 and row.l2 for row in ATLAS)


def test_what_has_no_weights_does_not_fit():
    """Trees, neighbours, naive Bayes and k-means: a reason, and no call."""
    for word in ("tree, random forest", "Nearest", "Naive", "k-means"):
        (row,) = (r for r in ATLAS if word in r.name)
        assert not row.fits
        assert not row.here


def test_the_atlas_is_one_table_in_every_container():
    """records = pandas; a search keeps rows that hold the text."""
    rows = pf.atlas(backend="records")
    assert pf.atlas(backend="pandas").to_dict("records") == rows
    some = pf.atlas("XGBoost", backend="records")
    assert 0 < len(some) < len(rows)
    assert all("xgboost" in str(row).lower() for row in some)
    assert all(row.name in markdown() for row in ATLAS)
