"""Cox and ordinal regression in other libraries, on tables that scikit-survival ships."""

from pathlib import Path

import numpy as np
import pytest
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.miscmodels.ordinal_model import OrderedModel

import priorfit as pf
from priorfit.estimators import concordance

DATA = Path(__file__).parent / "data"
TIES = ["efron", "breslow"]


def _worcester():
    """500 patients after a heart attack, 14 columns, many tied days (WHAS500)."""
    loaders = pytest.importorskip("sksurv.datasets")
    X, y = loaders.load_whas500()
    return X.astype(float).to_numpy(), y


def _simulated(n=300, p=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    time = np.ceil(20 * rng.exponential(size=n) * np.exp(-X @ np.r_[0.5, -0.5, 0.2, 0, 0]))
    return X, time, (rng.uniform(size=n) < 0.7).astype(float), rng


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("alpha", [0.0, 2.0, 100.0])
def test_scikit_survival_ridge(ties, alpha):
    """alpha of CoxPHSurvivalAnalysis is lambda on the sum scale; both kinds of ties."""
    linear_model = pytest.importorskip("sksurv.linear_model")
    X, y = _worcester()
    theirs = linear_model.CoxPHSurvivalAnalysis(alpha=alpha, ties=ties, tol=1e-14, n_iter=500)
    theirs.fit(X, y)
    prior = pf.Normal(alpha**-0.5) if alpha else pf.Flat()
    ours = pf.MAPCox(prior=prior, likelihood=pf.Cox(ties), tol=1e-12).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)


def test_scikit_survival_curves_and_concordance():
    """Survival functions at each time (Breslow's baseline), and Harrell's C."""
    linear_model = pytest.importorskip("sksurv.linear_model")
    from sksurv.metrics import concordance_index_censored

    X, y = _worcester()
    theirs = linear_model.CoxPHSurvivalAnalysis(alpha=1.0, ties="breslow", tol=1e-12).fit(X, y)
    ours = pf.MAPCox(prior=pf.Normal(1.0), likelihood=pf.Cox("breslow"), tol=1e-11).fit(X, y)
    curves = theirs.predict_survival_function(X[:20])
    expected = np.array([c(c.x) for c in curves])
    found = ours.predict_survival_function(X[:20]).at(curves[0].x)
    np.testing.assert_allclose(found, expected, atol=1e-7)
    c = concordance_index_censored(y["fstat"], y["lenfol"], ours.predict(X))[0]
    assert ours.score(X, y) == pytest.approx(c, abs=1e-12)
    rough = np.round(ours.predict(X))
    c = concordance_index_censored(y["fstat"], y["lenfol"], rough)[0]
    assert concordance(pf.survival(y["lenfol"], y["fstat"]), rough) == pytest.approx(c, abs=1e-12)


def test_scikit_survival_lasso_path():
    """Coxnet's alphas are lambda / n; its path, and its objective, which ours is not above."""
    linear_model = pytest.importorskip("sksurv.linear_model")
    X, y = _worcester()
    X = X / X.std(axis=0)
    n = len(X)
    response = pf.survival(y["lenfol"], y["fstat"])
    path = pf.path(X, response, likelihood=pf.Cox("breslow"), n_points=8, ratio=0.05, tol=1e-10)
    theirs = linear_model.CoxnetSurvivalAnalysis(
        l1_ratio=1.0, alphas=path.penalties / n, tol=1e-14, max_iter=10**6
    ).fit(X, y)
    np.testing.assert_allclose(path.coefs, theirs.coef_, atol=2e-4)
    kind = pf.Cox("breslow")
    for k, s in enumerate(path.penalties):
        mine, other = (
            float(kind.total(response, X @ b, np.ones(n))) + s * np.abs(b).sum()
            for b in (path.coefs[:, k], theirs.coef_[:, k])
        )
        assert mine <= other + 1e-9


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize(("late", "strata"), [(False, False), (False, True)])
def test_statsmodels_partial_likelihood(ties, late, strata):
    """PHReg: the weights and the value, with strata.

    With late entry PHReg 0.15 makes another sum than the definition, by which `test_coupled` goes.
    """
    X, time, event, rng = _simulated()
    entry = np.maximum(time - rng.integers(1, 20, 300), 0.0) if late else None
    groups = rng.integers(0, 3, 300) if strata else None
    theirs = PHReg(time, X, status=event, entry=entry, strata=groups, ties=ties).fit()
    y = pf.survival(time, event, entry, groups)
    ours = pf.solve(pf.Problem.make(X, y, prior=pf.Flat(), likelihood=pf.Cox(ties)), tol=1e-12)
    np.testing.assert_allclose(ours.coef, theirs.params, atol=1e-5)
    assert ours.objective == pytest.approx(-theirs.llf, rel=1e-7)


@pytest.mark.parametrize("ties", TIES)
def test_lifelines(ties):
    """CoxPHFitter without a penalty: weights of the rows, strata and late entry (Efron's ties)."""
    lifelines = pytest.importorskip("lifelines")
    pd = pytest.importorskip("pandas")
    X, time, event, rng = _simulated()
    if ties == "breslow":
        time = time + 1e-3 * rng.uniform(size=len(time))  # lifelines has Efron's ties only
    w = rng.uniform(0.5, 2.0, len(time))
    table = pd.DataFrame(X).assign(time=time, event=event, w=w)
    fitter = lifelines.CoxPHFitter()
    fitter.fit(
        table, "time", "event", weights_col="w", robust=True, fit_options={"precision": 1e-12}
    )
    y = pf.survival(time, event)
    ours = pf.solve(
        pf.Problem.make(X, y, prior=pf.Flat(), likelihood=pf.Cox(ties), weights=w), tol=1e-12
    )
    np.testing.assert_allclose(ours.coef, fitter.params_.to_numpy(), atol=1e-5)


def test_glmnet():
    """Stored coefficients of R's glmnet: ridge, lambda = tot / n with tot = n / 10."""
    line = next(
        v for v in (DATA / "coefficients.txt").read_text().splitlines() if v.startswith("cox ")
    )
    expected = np.array(line.split()[1:], dtype=float)
    table = np.loadtxt(DATA / "cox.csv", delimiter=",")
    prior = pf.Normal((0.1 * len(table)) ** -0.5)
    y = pf.survival(table[:, 0], table[:, 1])
    for ties in TIES:  # the times are distinct
        fit = pf.solve(
            pf.Problem.make(table[:, 2:], y, prior=prior, likelihood=pf.Cox(ties)), tol=1e-12
        )
        np.testing.assert_allclose(fit.coef, expected, atol=1e-6)


def _classes(n=300):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, 4))
    return X, np.digitize(X @ [1.0, -0.5, 0.0, 0.3] + rng.logistic(size=n), [-1.5, 0.0, 1.5])


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_statsmodels_ordered_model(link):
    """OrderedModel: weights, cut-points, probabilities and the log likelihood."""
    X, y = _classes()
    model = OrderedModel(y, X, distr=link)
    theirs = model.fit(method="bfgs", disp=0, gtol=1e-9, maxiter=1000)
    ours = pf.MAPOrdinal(prior=pf.Flat(), likelihood=pf.Ordinal(link), tol=1e-12).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.params[:4], atol=1e-5)
    cuts = model.transform_threshold_params(theirs.params)[1:-1]
    np.testing.assert_allclose(ours.cut_points_, cuts, atol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict(), atol=1e-5)
    assert ours.solution_.objective == pytest.approx(-theirs.llf, rel=1e-9)


def test_mord():
    """LogisticAT(alpha): alpha is lambda of the normal prior on the sum scale."""
    mord = pytest.importorskip("mord")
    X, y = _classes()
    theirs = mord.LogisticAT(alpha=3.0, max_iter=100_000).fit(X, y)
    ours = pf.MAPOrdinal(prior=pf.Normal((2 * 3.0) ** -0.5), tol=1e-11).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3)
