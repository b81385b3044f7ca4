"""How each library is asked, to its last digit: row -> (settings, family, y, weights) -> weights.

Every function returns (intercept, coef...) as one array. `PEERS` says which package must be there,
how near the answer comes (ten times the largest difference in `pf.dictionary()`), which priors are
tried, and whether rows' weights are.
"""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from reference import EVENT, TIME, X

L1, L2, BOTH = ("laplace",), ("normal",), ("normal", "laplace", "elastic net")
EACH1, EACH2 = ("laplace per column",), ("normal per column",)


class Peer(NamedTuple):
    """A call and how it is tested."""

    package: str
    fit: Callable[..., Any]
    tol: float
    kinds: tuple[str, ...] = BOTH
    weighted: bool = False
    intercept: str = "free"
    loose: tuple[tuple[str, float], ...] = ()  # kinds whose search stops earlier

    def near(self, kind):
        """The tolerance for this prior."""
        return dict(self.loose).get(kind, self.tol)


def _estimator(path, **exact):
    """A scikit-learn-like class, its settings, and what makes it exact."""
    module, _, name = path.rpartition(".")

    def fit(settings, family, y, w):
        cls = getattr(pytest.importorskip(module), name)
        model = cls(**{**exact, **settings})
        if "random_state" in model.get_params():
            model.set_params(random_state=0)  # the order of coordinates
        model.fit(X, y) if w is None else model.fit(X, y, sample_weight=w)
        return np.r_[np.ravel(model.intercept_)[0], np.ravel(model.coef_)]

    return fit


def _logistic(**exact):
    def fit(settings, family, y, w):
        solver = {"solver": "newton-cholesky"} if settings["l1_ratio"] == 0 else {"solver": "saga"}
        call = _estimator("sklearn.linear_model.LogisticRegression", max_iter=200_000, tol=1e-13)
        return call({**solver, **settings}, family, y, w)

    return fit


def _statsmodels(name):
    def fit(settings, family, y, w):
        sm = pytest.importorskip("statsmodels.api")
        Z = sm.add_constant(X)
        free = np.r_[0.0, np.broadcast_to(settings["alpha"], X.shape[1])]
        options = {**settings, "alpha": free}
        if name == "OLS":
            more = {"cnvrg_tol": 1e-14, "maxiter": 20_000} if settings["L1_wt"] > 0 else {}
            return sm.OLS(y, Z).fit_regularized(**options, **more).params
        if name == "GLM":
            words = {
                "gaussian": sm.families.Gaussian(),
                "bernoulli": sm.families.Binomial(),
                "poisson": sm.families.Poisson(),
                "gamma": sm.families.Gamma(sm.families.links.Log()),
            }
            model = sm.GLM(y, Z, family=words[family])
            start = model.fit().params  # from zeros it stops too early
            for _ in range(20):
                start = model.fit_regularized(
                    **options, cnvrg_tol=1e-14, maxiter=5000, start_params=start
                ).params
            return start
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = getattr(sm, name)(y, Z)
            return model.fit_regularized(**options, disp=0, acc=1e-14, maxiter=20_000).params

    return fit


def _glum(settings, family, y, w):
    glum = pytest.importorskip("glum")
    exact = {"gradient_tol": 1e-12, "max_iter": 5000}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a line search at the limit of float64
        model = glum.GeneralizedLinearRegressor(**settings, **exact).fit(X, y, sample_weight=w)
    return np.r_[model.intercept_, model.coef_]


def _coefficients(path, **exact):
    def fit(settings, family, y, w):
        module, _, name = path.rpartition(".")
        cls = getattr(pytest.importorskip(module), name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = cls(**settings, **exact).fit(X, y)
        return np.r_[np.ravel(model.intercept_)[0], np.ravel(model.coef_)]

    return fit


def _liblinear(settings, family, y, w):
    module = pytest.importorskip("liblinear.liblinearutil")
    flags = " ".join(f"-{k} {v:.17g}" for k, v in settings.items())
    labels = y if family == "gaussian" else 2 * y - 1
    model = module.train(list(labels), X, f"{flags} -e 1e-13 -q")
    sign = 1.0 if family == "gaussian" else float(model.get_labels()[0])
    return np.r_[0.0, sign * np.array(model.get_decfun()[0])]


def _gblinear(settings, family, y, w):
    xgb = pytest.importorskip("xgboost")
    exact = {"updater": "coord_descent", "feature_selector": "cyclic", "learning_rate": 1.0}
    name = "XGBClassifier" if family == "bernoulli" else "XGBRegressor"
    model = getattr(xgb, name)(
        **settings, **exact, n_estimators=3000, base_score=0.5, n_jobs=1, tolerance=0
    )
    model.fit(X, y, sample_weight=w)
    base = {"gaussian": 0.5, "bernoulli": 0.0, "poisson": np.log(0.5)}[family]
    return np.r_[np.ravel(model.intercept_)[0] + base, np.ravel(model.coef_)]


def _lifelines(settings, family, y, w):
    lifelines = pytest.importorskip("lifelines")
    import pandas as pd

    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    frame["time"], frame["event"] = TIME, EVENT
    model = lifelines.CoxPHFitter(**settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pandas, about lifelines
        model.fit(frame, "time", "event", fit_options={"precision": 1e-13, "r_precision": 1e-14})
    return np.r_[0.0, model.params_.to_numpy()]


def _sksurv(name):
    def fit(settings, family, y, w):
        module = pytest.importorskip("sksurv.linear_model")
        util = pytest.importorskip("sksurv.util")
        if name == "CoxnetSurvivalAnalysis":
            settings = {**settings, "alphas": [settings["alphas"]], "tol": 1e-14}
        else:
            settings = {**settings, "tol": 1e-14}
        model = getattr(module, name)(**settings).fit(X, util.Surv.from_arrays(EVENT, TIME))
        return np.r_[0.0, np.ravel(model.coef_)]

    return fit


def _linear(name, **exact):
    return _estimator(f"sklearn.linear_model.{name}", **exact)


_EXACT = {"tol": 1e-13, "max_iter": 1_000_000}
_GLM = {"tol": 1e-7, "max_iter": 10_000, "solver": "newton-cholesky"}
_CELER = {"tol": 1e-14, "max_iter": 1000, "max_epochs": 100_000}

PEERS = {
    "sklearn.Ridge": Peer("sklearn", _linear("Ridge", tol=1e-14), 1e-9, L2, True),
    "sklearn.Lasso": Peer("sklearn", _linear("Lasso", **_EXACT), 1e-9, L1, True),
    "sklearn.LassoLars": Peer("sklearn", _coefficients("sklearn.linear_model.LassoLars"), 1e-9, L1),
    "sklearn.ElasticNet": Peer(
        "sklearn", _linear("ElasticNet", **_EXACT), 1e-9, ("elastic net",), True
    ),
    "sklearn.LogisticRegression": Peer("sklearn", _logistic(), 1e-9, BOTH, True),
    "sklearn.LogisticRegression.liblinear": Peer(
        "sklearn", _linear("LogisticRegression", **_EXACT | {"tol": 1e-10}), 8e-8,
        ("normal", "laplace"), True, "penalised",
    ),
    "sklearn.LinearSVC": Peer(
        "sklearn", _estimator("sklearn.svm.LinearSVC", dual=False, **_EXACT), 3e-7, L2, True,
        "penalised",
    ),
    "sklearn.LinearSVC.l1": Peer(
        "sklearn", _estimator("sklearn.svm.LinearSVC", **_EXACT | {"tol": 1e-8}), 1e-8, L1, True,
        "penalised",
    ),
    "sklearn.PoissonRegressor": Peer(
        "sklearn", _linear("PoissonRegressor", **_GLM), 1e-7, L2, True
    ),
    "sklearn.GammaRegressor": Peer("sklearn", _linear("GammaRegressor", **_GLM), 1e-7, L2, True),
    "sklearn.TweedieRegressor": Peer(
        "sklearn", _linear("TweedieRegressor", power=0, **_GLM), 1e-7, L2, True
    ),
    "statsmodels.OLS": Peer("statsmodels", _statsmodels("OLS"), 1e-9, (*BOTH, *EACH1)),
    "statsmodels.GLM": Peer(
        "statsmodels", _statsmodels("GLM"), 1e-9, loose=(("normal", 1e-4),)
    ),
    "statsmodels.GLM.dispersion": Peer("statsmodels", _statsmodels("GLM"), 1e-9, BOTH[1:]),
    "statsmodels.Logit": Peer("statsmodels", _statsmodels("Logit"), 1e-6, L1),
    "statsmodels.Poisson": Peer("statsmodels", _statsmodels("Poisson"), 1e-6, L1),
    "glum": Peer(
        "glum", _glum, 1e-9, (*BOTH, *EACH1, *EACH2, "laplace per sd", "normal per sd"), True
    ),
    "celer.Lasso": Peer("celer", _coefficients("celer.Lasso", **_CELER), 1e-9, (*L1, *EACH1)),
    "celer.ElasticNet": Peer("celer", _coefficients("celer.ElasticNet", **_CELER), 1e-9, BOTH[2:]),
    "celer.LogisticRegression": Peer(
        "celer", _coefficients("celer.LogisticRegression", **_CELER), 1e-9, L1, False, "none"
    ),
    "skglm.Lasso": Peer("skglm", _coefficients("skglm.Lasso", tol=1e-14), 1e-9, L1),
    "skglm.WeightedLasso": Peer(
        "skglm", _coefficients("skglm.WeightedLasso", tol=1e-14), 1e-9, (*L1, *EACH1)
    ),
    "skglm.ElasticNet": Peer("skglm", _coefficients("skglm.ElasticNet", tol=1e-14), 1e-9, BOTH[2:]),
    "skglm.SparseLogisticRegression": Peer(
        "skglm", _coefficients("skglm.SparseLogisticRegression", tol=1e-14), 1e-9, L1
    ),
    "liblinear.L2R_LR": Peer("liblinear", _liblinear, 1e-9, L2, False, "none"),
    "liblinear.L1R_LR": Peer("liblinear", _liblinear, 1e-9, L1, False, "none"),
    "liblinear.L2R_L2LOSS_SVC": Peer("liblinear", _liblinear, 1e-9, L2, False, "none"),
    "liblinear.L2R_L2LOSS_SVR": Peer("liblinear", _liblinear, 1e-9, L2, False, "none"),
    "xgboost.gblinear": Peer("xgboost", _gblinear, 5e-5, BOTH, True),
    "lifelines.CoxPHFitter": Peer("lifelines", _lifelines, 1e-9, (*L2, *EACH2), False, "none"),
    "sksurv.CoxPHSurvivalAnalysis": Peer(
        "sksurv", _sksurv("CoxPHSurvivalAnalysis"), 1e-9, (*L2, *EACH2), False, "none"
    ),
    "sksurv.CoxnetSurvivalAnalysis": Peer(
        "sksurv", _sksurv("CoxnetSurvivalAnalysis"), 1e-6, (*BOTH[1:], *EACH1), False, "none"
    ),
}  # fmt: skip
