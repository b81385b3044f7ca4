"""The estimators are scikit-learn citizens and say what they did."""

import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import priorfit as pf
from laws import example
from priorfit import sklearn as drop_ins

ALL = [
    pf.MAPRegressor(),
    pf.MAPRegressor(prior=pf.Laplace(0.1)),
    pf.MAPRegressor(strength="cv", n_points=10, cv=2),
    pf.MAPRegressor(prior=pf.ElasticNet(0.3, 0.6), likelihood=pf.Gaussian(noise=1.0), units="sd"),
    pf.MAPRegressor(prior=pf.GroupLaplace(scale=0.1)),
    pf.MAPRegressor(constraint=pf.L1Ball(0.5)),
    pf.MAPClassifier(),
    pf.MAPClassifier(prior=pf.Laplace(0.1)),
    pf.MAPClassifier(constraint=pf.L2Ball(0.5)),
    *(getattr(drop_ins, name)() for name in drop_ins.__all__ if name != "LogisticRegressionCV"),
    drop_ins.LogisticRegressionCV(
        Cs=3, cv=3, l1_ratios=(0,), scoring="accuracy", use_legacy_attributes=False
    ),
]


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(ALL)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


X, Y = load_diabetes(return_X_y=True, scaled=False)
FRAME = load_diabetes(scaled=False, as_frame=True).frame


def test_set_params_reaches_into_the_prior():
    """prior__scale makes a new prior; the old object is untouched."""
    prior = pf.Laplace(0.1)
    m = pf.MAPRegressor(prior=prior).set_params(prior__scale=0.5, tol=1e-8)
    assert (m.prior.scale, prior.scale, m.tol) == (0.5, 0.1, 1e-8)
    assert m.get_params()["prior__scale"] == 0.5
    assert clone(m).prior == m.prior
    m.set_params(likelihood__noise=2.0)
    assert m.likelihood == pf.Gaussian(noise=2.0)
    with pytest.raises(pf.InputError, match="prior__width"):
        m.set_params(prior__width=1.0)
    assert pf.MAPRegressor().set_params(prior__scale=0.5).prior == pf.Normal(0.5)


def test_set_params_reaches_into_a_truncated_prior():
    """Bounds, and the settings of the prior inside."""
    m = pf.MAPRegressor(prior=pf.Truncated(pf.Laplace(0.1), lower=0))
    m.set_params(prior__prior__scale=0.5, prior__upper=2.0)
    assert m.prior == pf.Truncated(pf.Laplace(0.5), lower=0, upper=2.0)
    assert m.get_params()["prior__prior__scale"] == 0.5
    m.set_params(prior__prior=pf.Normal(1.0))
    assert m.prior == pf.Truncated(pf.Normal(1.0), lower=0, upper=2.0)
    with pytest.raises(pf.InputError, match="prior__prior__width"):
        m.set_params(prior__prior__width=1.0)


def test_bounds_by_column_name():
    """A sign for some columns by name, the others free."""
    prior = pf.Truncated(pf.Normal(5.0), lower={"s3": 0.0, "*": -np.inf})
    m = pf.MAPRegressor(prior=prior).fit(FRAME, "target")
    assert m.coef_[m.feature_labels_.index("s3")] >= 0
    assert m.coef_.min() < 0


def test_grid_search_over_the_belief():
    """Pipelines, searches and column transformers work on the prior's scale."""
    transform = make_column_transformer((StandardScaler(), ["bmi", "bp"]), ("passthrough", ["s5"]))
    pipe = make_pipeline(transform, pf.MAPRegressor(prior=pf.Laplace()))
    search = GridSearchCV(pipe, {"mapregressor__prior__scale": [0.1, 1.0, 10.0]}, cv=3)
    search.fit(FRAME, Y)
    assert search.best_params_["mapregressor__prior__scale"] > 0.1
    assert cross_val_score(pipe, FRAME, Y).mean() > 0.2


def test_copies_predict_the_same():
    """deepcopy, pickle and clone + fit."""
    m = pf.MAPRegressor(prior=pf.Laplace(1.0)).fit(FRAME, "target ~ .")
    for other in (deepcopy(m), pickle.loads(pickle.dumps(m)), clone(m).fit(FRAME, "target")):
        np.testing.assert_array_equal(other.predict(FRAME), m.predict(FRAME))


@pytest.mark.parametrize("form", [pd.DataFrame, pl.DataFrame, pa.table])
def test_tables_and_formulas(form):
    """The same fit from pandas, polars and pyarrow, by target name or formula."""
    table = form({k: FRAME[k].to_numpy() for k in FRAME.columns})
    plain = pf.MAPRegressor(prior=pf.Laplace(1.0)).fit(X, Y)
    for y in ("target", "target ~ ."):
        m = pf.MAPRegressor(prior=pf.Laplace(1.0)).fit(table, y)
        np.testing.assert_allclose(m.coef_, plain.coef_, atol=1e-9)
        assert m.feature_labels_ == tuple(FRAME.columns[:-1])
        np.testing.assert_allclose(m.predict(table), plain.predict(X))
    two = pf.MAPRegressor().fit(table, "target ~ bmi + bp")
    assert two.feature_labels_ == ("bmi", "bp")
    with pytest.raises(pf.InputError, match="'bmmi'"):
        pf.MAPRegressor().fit(table, "target ~ bmmi")


def test_beliefs_by_column_name():
    """A scale for some columns by name, the others by '*'."""
    prior = pf.Normal(scale={"bmi": 0.0, "s?": 0.1, "*": 5.0})
    m = pf.MAPRegressor(prior=prior).fit(FRAME, "target")
    assert m.coef_[m.feature_labels_.index("bmi")] == 0.0
    assert "bmi" in m.explain()


def test_categories_and_unknown_levels():
    """Text columns become level weights; predict takes levels it has never seen."""
    rng = np.random.default_rng(0)
    city = rng.choice(["a", "b", "c"], 90)
    y = np.where(city == "b", 3.0, 0.0) + 0.1 * rng.normal(size=90)
    table = pd.DataFrame({"city": city, "x": rng.normal(size=90)})
    m = pf.MAPRegressor(prior=pf.Laplace(1.0)).fit(table, y)
    assert m.feature_labels_ == ("city[a]", "city[b]", "city[c]", "x")
    with pytest.warns(pf.PriorfitWarning, match="such as 'zzz'"):
        unseen = m.predict(pd.DataFrame({"city": ["b", "zzz"], "x": [0.0, 0.0]}))
    assert unseen[0] > 2.5
    assert unseen[1] == pytest.approx(m.intercept_)


def test_strength_by_cross_validation():
    """The chosen lambda is on the curve, phi_hat / lambda is the scale, the fit is the path's."""
    m = pf.MAPRegressor(prior=pf.Laplace(), strength="cv").fit(FRAME, "target")
    k = m.selection_.chosen
    np.testing.assert_allclose(m.coef_, m.path_.coefs[:, k], atol=1e-7)
    scale = m.dispersion_ / m.selection_.penalties[k] / m.column_sd_
    np.testing.assert_allclose(m.prior_.scale, scale, rtol=1e-9)
    assert m.selection_.one_se <= m.selection_.best
    assert "cross-validation" in m.explain()
    best = pf.MAPRegressor(prior=pf.Laplace(), strength="cv", rule="best").fit(FRAME, "target")
    assert best.solution_.n_nonzero >= m.solution_.n_nonzero


def test_leave_one_out_chooses_the_strength():
    """strength="loo", rule="best", raw columns: RidgeCV's choice; se and words follow."""
    X, y, *_ = example(n=60)
    m = pf.MAPRegressor(prior=pf.Normal(), strength="loo", standardize=False, rule="best").fit(X, y)
    theirs = RidgeCV(alphas=m.selection_.penalties).fit(X, y)
    assert m.selection_.penalties[m.selection_.chosen] == pytest.approx(theirs.alpha_)
    np.testing.assert_allclose(m.coef_, theirs.coef_, rtol=1e-6)
    assert m.certificate_.certified
    assert "exact leave-one-out" in m.explain()
    strict = pf.MAPRegressor(prior=pf.Normal(), strength="loo").fit(X, y).selection_
    assert strict.chosen == strict.one_se <= strict.best
    lasso = pf.MAPRegressor(prior=pf.Laplace(), strength="loo").fit(X, y)
    assert "approximate leave-one-out" in lasso.explain()


def test_strength_as_a_number():
    """A number is lambda: the same as the path at that penalty."""
    m = pf.MAPRegressor(prior=pf.Laplace(), strength=500.0, standardize=False).fit(X, Y)
    path = pf.path(X, Y, prior=pf.Laplace(), penalties=[500.0])
    np.testing.assert_allclose(m.coef_, path.coefs[:, 0], atol=1e-7)
    assert m.views_.penalty.l1 == pytest.approx(500.0)


def test_units_per_standard_deviation():
    """units="sd": rescaling columns and y rescales the answer."""
    a = pf.MAPRegressor(prior=pf.Laplace(0.1), units="sd").fit(X, Y)
    factor = np.geomspace(0.01, 100, X.shape[1])
    b = pf.MAPRegressor(prior=pf.Laplace(0.1), units="sd").fit(X * factor, 7 * Y)
    np.testing.assert_allclose(b.coef_ * factor / 7, a.coef_, rtol=1e-5, atol=1e-9)


def test_three_views_of_one_fit():
    """lambda = phi / scale; the radius is the norm of the weights."""
    m = pf.MAPRegressor(prior=pf.Laplace(2.0)).fit(X, Y)
    assert m.views_.penalty.l1 == pytest.approx(m.dispersion_ / 2.0)
    assert m.views_.constraint.radius == pytest.approx(np.abs(m.coef_).sum())
    r = pf.MAPRegressor(prior=pf.Normal(2.0)).fit(X, Y)
    assert r.views_.penalty.l2 == pytest.approx(r.dispersion_ / 4.0)
    assert r.views_.constraint.radius == pytest.approx(np.linalg.norm(r.coef_))


@pytest.mark.parametrize("likelihood", [pf.Gaussian(), pf.Gaussian(scale_by_noise=True)])
def test_a_given_lambda_is_the_lambda_of_the_views(likelihood):
    """strength=lambda: views_.penalty is that lambda, whatever is believed of the noise."""
    m = pf.MAPRegressor(
        prior=pf.Laplace(), likelihood=likelihood, strength=100.0, standardize=False
    ).fit(X, Y)
    assert m.views_.penalty.l1 == pytest.approx(100.0)


def test_explain_speaks():
    """The belief, scikit-learn's defaults as beliefs, and columns that escape."""
    said = pf.MAPRegressor(prior=pf.Laplace(0.1)).fit(X, Y).explain()
    assert "Laplace, scale 0.1: half of the weights within ±0.0693" in said
    assert "Ridge(alpha=1) is Normal" in said
    free = np.full(10, 0.5)
    free[2] = np.inf
    said = pf.MAPRegressor(prior=pf.Laplace(free)).fit(FRAME, "target").explain()
    assert "ffectively unpenalised: " in said
    assert "bmi" in said


def test_classifier():
    """Labels of any kind, calibrated shapes, offset and weights."""
    table, y = load_breast_cancer(return_X_y=True)
    labels = np.where(y == 1, "benign", "malignant")
    m = pf.MAPClassifier(prior=pf.Normal(2.5), units="sd").fit(table, labels)
    assert m.score(table, labels) > 0.95
    proba = m.predict_proba(table)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.exp(m.predict_log_proba(table)), proba, rtol=1e-9)
    assert m.coef_.shape == (1, 30)
    many = pf.MAPClassifier().fit(table, np.arange(len(table)) % 3)
    assert many.coef_.shape == (3, table.shape[1])


def test_poisson_regression_with_exposure():
    """An offset of log exposure."""
    X, y, *_ = example("poisson", n=200)
    exposure = np.random.default_rng(0).uniform(0.5, 2, 200)
    m = pf.MAPRegressor(prior=pf.Laplace(0.5), likelihood=pf.Poisson())
    m.fit(X, y, offset=np.log(exposure))
    np.testing.assert_allclose(
        m.predict(X, offset=np.log(exposure)), exposure * m.predict(X), rtol=1e-12
    )


def test_sparse_input():
    """CSR in, the same answer as dense."""
    a = pf.MAPRegressor(prior=pf.Laplace(1.0)).fit(X, Y)
    b = pf.MAPRegressor(prior=pf.Laplace(1.0)).fit(sparse.csr_matrix(X), Y)
    np.testing.assert_allclose(a.coef_, b.coef_, atol=1e-6)


def test_metadata_routing_of_weights():
    """sample_weight reaches fit through a routed search."""
    with sklearn.config_context(enable_metadata_routing=True):
        for model in (pf.MAPRegressor(), drop_ins.Lasso(), drop_ins.Ridge()):
            routed = model.set_fit_request(sample_weight=True).set_score_request(
                sample_weight=False
            )
            grid = {"prior__scale" if hasattr(model, "prior") else "alpha": [0.1, 1.0]}
            search = GridSearchCV(routed, grid, cv=3)
            search.fit(X, Y, sample_weight=np.linspace(1, 2, len(Y)))
            assert hasattr(search, "best_score_")


def test_set_output_in_a_pipeline():
    """Data frames from a transformer keep their names to the coefficients."""
    for kind in ("pandas", "polars"):
        pipe = make_pipeline(StandardScaler(), pf.MAPRegressor()).set_output(transform=kind)
        pipe.fit(FRAME.drop(columns="target"), Y)
        assert pipe[-1].feature_labels_ == tuple(FRAME.columns[:-1])
