"""Translations that need a data set, a loop or an objective of their own; and naive conversions."""

import warnings

import numpy as np
import pytest
from sklearn import linear_model, neural_network

import priorfit as pf
from reference import (
    BINARY,
    CLASSES,
    KNOWN,
    NOISE,
    TAU,
    B,
    N,
    W,
    X,
    Y,
    map_estimate,
    minimise,
    softmax,
)

NORMAL, LAPLACE = pf.Normal(TAU), pf.Laplace(B)
GAUSSIAN = {**KNOWN, "noise": NOISE}


def test_ridge_classifier():
    """It is a gaussian fit of labels ±1."""
    settings = pf.translate(NORMAL, to="sklearn.RidgeClassifier", **GAUSSIAN)
    theirs = linear_model.RidgeClassifier(**settings, tol=1e-14).fit(X, BINARY)
    ours = map_estimate("gaussian", NORMAL, y=2 * BINARY - 1)
    np.testing.assert_allclose(
        np.r_[np.ravel(theirs.intercept_), np.ravel(theirs.coef_)], ours, atol=1e-9
    )


def test_multinomial():
    """The prior holds for each column of weights."""
    settings = pf.translate(NORMAL, to="sklearn.LogisticRegression", likelihood="multinomial")
    model = linear_model.LogisticRegression(**settings, solver="newton-cg", tol=1e-12,
                                            max_iter=5000).fit(X, CLASSES)  # fmt: skip
    l2 = np.repeat([0.0, *np.full(5, TAU**-2)], 3)
    design = np.c_[np.ones(N), X - X.mean(axis=0)]
    ours = minimise(softmax(design, CLASSES), np.zeros(18), l2).reshape(6, 3)[1:].T
    np.testing.assert_allclose(model.coef_, ours, atol=4e-6)


@pytest.mark.parametrize(("prior", "tol"), [(NORMAL, 2e-3), (pf.ElasticNet(2 * B, TAU), 2e-3)])
def test_stochastic_gradient(prior, tol):
    """Many epochs with a decaying rate come near; the naive sum scale does not."""
    scaled = X / X.std(axis=0)
    settings = pf.translate(prior, to="sklearn.SGDRegressor", **GAUSSIAN)
    exact = {"max_iter": 4000, "tol": None, "eta0": 0.01, "power_t": 0.6, "random_state": 0}
    model = linear_model.SGDRegressor(**settings, **exact).fit(scaled, Y)
    ours = map_estimate("gaussian", prior, rows=scaled)
    np.testing.assert_allclose(np.r_[model.intercept_, model.coef_], ours, atol=10 * tol)


def test_a_network_without_hidden_layers():
    """MLPRegressor(alpha) with all rows in one batch is ridge."""
    settings = pf.translate(NORMAL, to="sklearn.MLPRegressor", **GAUSSIAN)
    network = neural_network.MLPRegressor(
        hidden_layer_sizes=(),
        solver="lbfgs",
        tol=1e-14,
        max_iter=10_000,
        random_state=0,
        **settings,
    )
    model = network.fit(X, Y)
    theirs = np.r_[model.intercepts_[0], model.coefs_[0].ravel()]
    np.testing.assert_allclose(theirs, map_estimate("gaussian", NORMAL), atol=1e-4)


def test_bayesian_ridge_is_ridge_at_its_own_strength():
    """`sklearn.Ridge(alpha=lambda_ / alpha_)`."""
    model = linear_model.BayesianRidge().fit(X, Y)
    prior = pf.translate({"alpha": model.lambda_ / model.alpha_}, source="sklearn.Ridge",
                         noise=model.alpha_**-0.5)  # fmt: skip
    assert prior.scale == pytest.approx(model.lambda_**-0.5)
    ridge = linear_model.Ridge(alpha=model.lambda_ / model.alpha_, tol=1e-14).fit(X, Y)
    np.testing.assert_allclose(ridge.coef_, model.coef_, rtol=1e-9)


def test_quantile():
    """The objective documented is the one minimised: no step from its answer goes down."""
    prior = pf.Laplace(0.3)
    settings = pf.translate(prior, to="sklearn.QuantileRegressor", dispersion=1.0, **KNOWN)
    model = linear_model.QuantileRegressor(**settings, quantile=0.5).fit(X, Y)

    def value(b0, b):
        return 0.5 * np.abs(Y - b0 - X @ b).sum() + np.abs(b).sum() / 0.3

    best = value(model.intercept_, model.coef_)
    rng = np.random.default_rng(0)
    for size in (1e-3, 1e-2, 0.1):
        for _ in range(200):
            step = size * rng.normal(size=6)
            assert value(model.intercept_ + step[0], model.coef_ + step[1:]) >= best - 1e-9


def test_huber():
    """The same for Huber's, at its own spread."""
    prior = pf.Normal(0.3)
    settings = pf.translate(prior, to="sklearn.HuberRegressor", dispersion=1.0)
    model = linear_model.HuberRegressor(**settings, tol=1e-9, max_iter=10_000).fit(X, Y)

    def value(b0, b, s):
        z = np.abs(Y - b0 - X @ b) / s
        h = np.where(z <= 1.35, z * z, 2 * 1.35 * z - 1.35**2)
        return (s + h * s).sum() + b @ b / (2 * 0.3**2)

    at = (model.intercept_, model.coef_, model.scale_)
    rng = np.random.default_rng(0)
    for _ in range(300):
        step = 0.01 * rng.normal(size=7)
        moved = (at[0] + step[0], at[1] + step[1:6], at[2] * np.exp(step[6]))
        assert value(*moved) >= value(*at) - 1e-6


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", ["xgboost", "lightgbm", "catboost"])
def test_leaves_of_trees(name, weights):
    """A leaf's value is the MAP of its rows' mean under the prior: soft(Σ w y, l1)/(Σ w + l2)."""
    module = pytest.importorskip(name)
    x = np.where(X[:, :1] > np.median(X[:, 0]), 1.0, 0.0)
    prior = NORMAL if name == "catboost" else pf.ElasticNet(0.5, TAU)
    settings = dict(pf.translate(prior, to=name, **GAUSSIAN, weights=weights))
    one = {"n_estimators": 1, "learning_rate": 1.0}
    if name == "xgboost":
        model = module.XGBRegressor(
            **settings, **one, max_depth=1, base_score=0.0, min_child_weight=0, tree_method="exact"
        )
    elif name == "lightgbm":
        model = module.LGBMRegressor(
            **settings, **one, num_leaves=2, min_child_samples=1, boost_from_average=False,
            min_child_weight=0, verbose=-1,
        )  # fmt: skip
    else:
        model = module.CatBoostRegressor(
            **settings, **one, depth=1, boost_from_average=False, verbose=0,
            allow_writing_files=False, leaf_estimation_iterations=1,
        )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x, Y, sample_weight=weights)
        theirs = np.asarray(model.predict(np.array([[0.0], [1.0]])))
    w = np.ones(N) if weights is None else weights
    form = prior.lower(1)
    for leaf, got in zip((0.0, 1.0), theirs, strict=True):
        inside = x[:, 0] == leaf
        total = w[inside] @ Y[inside]
        kept = np.sign(total) * max(abs(total) - 1.7 * form.l1[0], 0)
        ours = kept / (w[inside].sum() + 1.7 * form.l2[0])
        assert got == pytest.approx(ours, abs=2e-6)


# -- what is not equal: the naive conversions must differ ----------------------------------------


def _differs(a, b, by=0.01):
    assert np.max(np.abs(np.asarray(a) - np.asarray(b))) > by


def test_naive_conversions_differ():
    """statsmodels' two scales, a mean for a sum, a penalised intercept: not the MAP."""
    sm = pytest.importorskip("statsmodels.api")
    ours = map_estimate("bernoulli", pf.Laplace(3 * B))
    mean_scale = pf.translate(pf.Laplace(3 * B), to="statsmodels.GLM", n=N, likelihood="bernoulli")
    vector = np.r_[0, np.full(5, mean_scale["alpha"])]
    wrong = sm.Logit(BINARY, sm.add_constant(X)).fit_regularized(alpha=vector, disp=0)
    _differs(wrong.params, ours, 0.05)
    lasso = pf.translate(LAPLACE, to="sklearn.Lasso", **GAUSSIAN)
    ridge_scale = linear_model.Lasso(alpha=lasso["alpha"] * N).fit(X, Y)
    _differs(ridge_scale.coef_, map_estimate("gaussian", LAPLACE)[1:], 0.05)
    C = pf.translate(NORMAL, to="sklearn.LogisticRegression")["C"]
    penalised = linear_model.LogisticRegression(C=C, solver="liblinear", tol=1e-10).fit(X, BINARY)
    theirs = np.r_[penalised.intercept_, penalised.coef_[0]]
    _differs(theirs, map_estimate("bernoulli", NORMAL), 0.01)
    np.testing.assert_allclose(
        theirs, map_estimate("bernoulli", NORMAL, intercept="penalised"), atol=1e-6
    )


def test_a_ridge_of_statsmodels_glm_with_a_dispersion_is_refused_because_it_differs():
    """With L1_wt = 0 the scale moves during the search."""
    sm = pytest.importorskip("statsmodels.api")
    alpha = np.r_[0, np.full(5, 1.7 / TAU**2 / N)]
    theirs = sm.GLM(Y, sm.add_constant(X)).fit_regularized(alpha=alpha, L1_wt=0.0)
    _differs(theirs.params, map_estimate("gaussian", NORMAL))
    with pytest.raises(pf.InputError, match="Laplace prior or an elastic-net prior"):
        pf.translate(NORMAL, to="statsmodels.GLM", **GAUSSIAN)


@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
def test_dask_glm(family):
    """Its gaussian has no ½, and its intercept is penalised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of dask's configuration
        algorithms = pytest.importorskip("dask_glm.algorithms")
        families = pytest.importorskip("dask_glm.families")
        import dask.array as da

        facts = GAUSSIAN if family == "gaussian" else {**KNOWN, "likelihood": family}
        settings = pf.translate(NORMAL, to=f"dask_glm.{family}.l2", **facts)
        y = Y if family == "gaussian" else BINARY
        found = algorithms.lbfgs(
            da.from_array(np.c_[np.ones(N), X], chunks=(N, 6)),
            da.from_array(y, chunks=N),
            **{**settings, "normalize": False},
            family=families.Normal if family == "gaussian" else families.Logistic,
            max_iter=5000,
            tol=1e-14,
        )
    ours = map_estimate(family, NORMAL, intercept="penalised")
    np.testing.assert_allclose(found, ours, atol=8e-5)
