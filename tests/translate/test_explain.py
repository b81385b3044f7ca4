"""`explain`: the prior of a model is the prior whose MAP it is; escapes and mistakes are named."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import linear_model
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import priorfit as pf
from reference import BINARY, CLASSES, COUNTS, EVENT, NOISE, TIME, N, X, Y, map_estimate

FRAME = pd.DataFrame(X, columns=list("abcde"))
EXACT = {"tol": 1e-12, "max_iter": 100_000}


@pytest.mark.parametrize(
    ("model", "y", "family"),
    [
        (linear_model.Ridge(alpha=5.0), Y, "gaussian"),
        (linear_model.Lasso(alpha=0.1, **EXACT), Y, "gaussian"),
        (linear_model.ElasticNet(alpha=0.1, **EXACT), Y, "gaussian"),
        (linear_model.LogisticRegression(C=0.3, tol=1e-12, solver="newton-cholesky"), BINARY,
         "bernoulli"),
        (linear_model.PoissonRegressor(alpha=0.2, tol=1e-12), COUNTS, "poisson"),
    ],
    ids=lambda v: type(v).__name__ if hasattr(v, "fit") else None,
)  # fmt: skip
def test_the_prior_explained_is_the_prior_fitted(model, y, family):
    """The MAP under explain(model).prior is the model."""
    model.fit(FRAME, y)
    said = pf.explain(model, FRAME, y, **({"noise": NOISE} if family == "gaussian" else {}))
    ours = map_estimate(family, said.prior)
    np.testing.assert_allclose(np.r_[model.intercept_, model.coef_.ravel()], ours, atol=1e-6)
    np.testing.assert_allclose(
        said.prior.rescaled(X.std(axis=0)).lower(5).l2, said.per_sd.lower(5).l2
    )
    assert said.intercept.startswith("free")
    assert not said.mistakes


def test_a_scaler_before_the_model_is_undone():
    """In a pipeline the prior holds per standard deviation; raw scales differ by column."""
    pipe = make_pipeline(StandardScaler(), linear_model.Lasso(alpha=0.1, **EXACT)).fit(FRAME, Y)
    said = pf.explain(pipe, FRAME, Y, noise=NOISE)
    ours = map_estimate("gaussian", said.prior)[1:]
    np.testing.assert_allclose(pipe[-1].coef_ / X.std(axis=0), ours, atol=1e-7)
    np.testing.assert_allclose(said.per_sd.scale, said.per_sd.scale[0])
    without = pf.explain(pipe)
    assert without.prior is None
    assert "per unit of the scaled column" in without.belief


def test_other_steps_before_the_model():
    """The prior holds for the columns that the last step sees."""
    table = FRAME.assign(level=np.where(CLASSES > 0, "x", "y"))
    encode = make_column_transformer((OneHotEncoder(), ["level"]), remainder="passthrough")
    pipe = make_pipeline(encode, linear_model.Ridge(alpha=2.0)).fit(table, Y)
    said = pf.explain(pipe, table, Y, noise=1.0)
    assert said.prior == pf.Normal(2**-0.5)
    assert len(said.per_sd.scale) == 7


def test_searches_are_explained_at_what_they_chose():
    """CV estimators and grid searches."""
    cv = linear_model.LassoCV().fit(X, Y)
    assert pf.explain(cv, n=N, noise=1.0).prior.scale == pytest.approx(1 / (N * cv.alpha_))
    ridge = linear_model.RidgeCV(alphas=[0.1, 1.0, 10.0]).fit(X, Y)
    assert pf.explain(ridge, noise=1.0).prior.scale == pytest.approx(ridge.alpha_**-0.5)
    grid = GridSearchCV(linear_model.Ridge(), {"alpha": [4.0]}).fit(X, Y)
    assert pf.explain(grid, noise=1.0).prior == pf.Normal(0.5)
    bayes = linear_model.BayesianRidge().fit(X, Y)
    assert pf.explain(bayes).prior.scale == pytest.approx(bayes.lambda_**-0.5)
    with pytest.raises(pf.InputError, match="must be fitted"):
        pf.explain(linear_model.LassoCV())


def test_the_noise_is_that_of_the_residuals():
    """Without a penalty worth the name it is the unbiased estimate."""
    model = linear_model.Ridge(alpha=1e-9).fit(X, Y)
    said = pf.explain(model, X, Y)
    residual = Y - model.predict(X)
    phi = residual @ residual / (N - 6)
    assert said.prior.scale == pytest.approx(np.sqrt(phi / 1e-9), rel=1e-6)
    assert "estimated" in said.noise


def test_who_escapes_the_prior_is_named():
    """A column of huge scale is free, one of tiny scale frozen."""
    table = FRAME.assign(a=1e4 * X[:, 0], b=1e-4 * X[:, 1])
    model = linear_model.Ridge(alpha=30.0).fit(table, Y)
    said = pf.explain(model, table, Y)
    assert (said.free, said.frozen) == (("a",), ("b",))
    assert "Free" in str(said)
    assert "Frozen" in str(said)


def test_what_is_not_known_is_asked_for():
    """A formula, and the name of what is missing."""
    said = pf.explain(linear_model.Lasso(alpha=0.1))
    assert said.belief == "Laplace, scale 10 × noise² / n"
    assert "n=" in said.missing[0]
    assert "noise=" in pf.explain(linear_model.Lasso(alpha=0.1), n=10).missing[0]


def test_no_penalty_is_a_flat_prior():
    """Least squares, with data and without; nothing has to be known for it."""
    sm = pytest.importorskip("statsmodels.api")
    Z = sm.add_constant(X)
    models = [
        linear_model.LinearRegression().fit(X, Y),
        linear_model.Ridge(alpha=0.0).fit(X, Y),
        sm.OLS(Y, Z).fit(),
        sm.Logit(BINARY, Z).fit(disp=0),
    ]
    for model in models:
        said = pf.explain(model)
        assert said.prior == pf.Flat()
        assert said.missing == ()
        assert said.mistakes == ()
    assert pf.explain(models[0], X, Y).prior == pf.Flat()


def test_data_must_be_those_of_the_fit():
    """As many columns as weights, as many responses and weights as rows."""
    model = linear_model.Ridge().fit(X, Y)
    for data, words in (
        ((X[:, :3], Y, None), "X must have the 5 columns"),
        ((X, Y[1:], None), "y must have one number for each"),
        ((X, Y, np.ones(3)), "`weights` must have one number per row"),
    ):
        with pytest.raises(pf.InputError, match=words):
            pf.explain(model, data[0], data[1], weights=data[2])


def test_penalised_intercepts_are_mistakes():
    """liblinear, and a scalar alpha in statsmodels; a vector with a 0 is none."""
    sm = pytest.importorskip("statsmodels.api")
    model = linear_model.LogisticRegression(solver="liblinear").fit(X, BINARY)
    assert "intercept is penalised" in pf.explain(model, X, BINARY).mistakes[0]
    Z = sm.add_constant(FRAME)
    wrong = sm.OLS(Y, Z).fit_regularized(alpha=0.1)
    assert "const" in pf.explain(wrong, settings={"alpha": 0.1}).mistakes[0]
    vector = np.r_[0, np.full(5, 0.1)]
    right = sm.OLS(Y, Z).fit_regularized(alpha=vector)
    said = pf.explain(right, settings={"alpha": vector}, noise=NOISE)
    assert not said.mistakes
    np.testing.assert_allclose(said.prior.scale[1:], 1.7 / (N * 0.1))
    assert np.isinf(said.prior.scale[0])
    assert "const" not in said.free
    stored = sm.Logit(BINARY, Z).fit_regularized(alpha=vector * 5, disp=0)
    np.testing.assert_allclose(pf.explain(stored).prior.scale[1:], 2.0)
    glm = sm.GLM(COUNTS, Z, family=sm.families.Poisson()).fit_regularized(alpha=vector)
    assert pf.explain(glm, settings={"alpha": vector}).prior.scale[1] == pytest.approx(1 / 15)
    with pytest.raises(pf.InputError, match="does not store"):
        pf.explain(wrong)


def test_classes():
    """Three classes make it a softmax."""
    model = linear_model.LogisticRegression(C=4.0, max_iter=1000).fit(X, CLASSES)
    said = pf.explain(model, X, CLASSES)
    assert said.prior == pf.Normal(2.0)
    assert any("K columns" in note for note in said.notes)


def test_boosters():
    """The prior of a leaf; the native booster's own record is read."""
    xgboost = pytest.importorskip("xgboost")
    lightgbm = pytest.importorskip("lightgbm")
    assert pf.explain(xgboost.XGBRegressor(), noise=3.0).prior == pf.Normal(3.0)
    native = xgboost.train({"lambda": 4, "objective": "binary:logistic"},
                           xgboost.DMatrix(X, BINARY), 2)  # fmt: skip
    assert pf.explain(native).prior == pf.Normal(0.5)
    assert pf.explain(lightgbm.LGBMClassifier(reg_lambda=4.0)).prior == pf.Normal(0.5)
    light = lightgbm.train({"lambda_l2": 4, "objective": "binary", "verbose": -1},
                           lightgbm.Dataset(X, BINARY), 2)  # fmt: skip
    assert "leaf" in pf.explain(light).belief
    with pytest.raises(pf.InputError, match="`objective` of xgboost must be one of"):
        pf.explain(xgboost.XGBRegressor(objective="reg:absoluteerror"))


def test_other_linear_models():
    """glum and celer."""
    glum = pytest.importorskip("glum")
    celer = pytest.importorskip("celer")
    model = glum.GeneralizedLinearRegressor(alpha=0.1, family="poisson").fit(X, COUNTS)
    assert pf.explain(model, X, COUNTS).prior.scale == pytest.approx(15**-0.5)
    assert pf.explain(celer.Lasso(alpha=0.1), n=10, noise=2.0).prior == pf.Laplace(4.0)


def test_lifelines_keeps_n_and_the_spread_of_its_columns():
    """So that its prior needs no data to be said."""
    lifelines = pytest.importorskip("lifelines")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cox = lifelines.CoxPHFitter(penalizer=0.1).fit(
            FRAME.assign(time=TIME, event=EVENT), "time", "event"
        )
    said = pf.explain(cox)
    expected = 1 / np.sqrt(0.1 * N) / X.std(axis=0, ddof=1)
    np.testing.assert_allclose(said.prior.scale, expected)


def test_our_own_models():
    """The model's own prior, and its certificate."""
    model = pf.MAPRegressor(prior=pf.Laplace(0.1)).fit(FRAME, Y)
    said = pf.explain(model)
    assert said.prior == pf.Laplace(0.1)
    assert "certified" in str(said)
    assert pf.explain(pf.sklearn.Ridge(alpha=4.0), noise=1.0).prior == pf.Normal(0.5)
    assert pf.explain(pf.Laplace(0.1)).prior == pf.Laplace(0.1)
    with pytest.raises(pf.InputError, match="must be fitted"):
        pf.explain(pf.MAPRegressor())


def test_optimizers():
    """SGD's decay is a prior, AdamW's a time; decayed biases are mistakes."""
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.LayerNorm(4), torch.nn.Linear(4, 1))
    sgd = torch.optim.SGD(net.named_parameters(), lr=0.1, weight_decay=1e-4)
    said = pf.explain(sgd, n=10_000)
    assert said.prior == pf.Normal(1.0)
    assert "0.bias, 1.weight, 1.bias, 2.bias" in said.mistakes[0]
    mse = pf.explain(sgd, n=10_000, noise=3.0, likelihood="gaussian")
    assert mse.prior.scale == pytest.approx(3 * 2**0.5)
    assert "1 / √n" in pf.explain(torch.optim.Adam(net.parameters(), weight_decay=1.0)).belief
    adamw = pf.explain(torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.1))
    assert adamw.prior is None
    assert "no prior" in adamw.belief
    assert "10,000 steps" in adamw.notes[0]
    weights = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    apart = [{"params": weights}, {"params": others, "weight_decay": 0.0}]
    assert not pf.explain(torch.optim.AdamW(apart)).mistakes
    assert pf.explain(torch.optim.SGD(net.parameters(), lr=0.1)).belief.startswith("flat")


def test_what_is_not_known_is_refused():
    """One clear error."""
    with pytest.raises(pf.InputError, match="must be one that"):
        pf.explain(object())
    with pytest.raises(pf.InputError, match="must be one that"):
        pf.explain(linear_model.TheilSenRegressor())
    with pytest.raises(pf.InputError, match="must be one of 'log_loss'"):
        pf.explain(linear_model.SGDClassifier(loss="hinge"))


def test_it_is_shown_as_text_and_html():
    """Both hold every fact, escaped."""
    said = pf.explain(linear_model.LogisticRegression(solver="liblinear"))
    for label, text in said.facts:
        assert label in str(said)
        assert label in said._repr_html_()
        assert text[:20] in str(said)
    assert repr(said) == str(said)
    html = pf.translate(pf.Laplace(0.1), to="glmnet", n=10, noise=1.0)._repr_html_()
    assert "<script" not in html
    assert "lambda = 1" in html
