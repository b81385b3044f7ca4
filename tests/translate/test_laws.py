"""Laws over all rows of the dictionary: there and back, formulas that are true, clear errors."""

import re

import numpy as np
import pytest

import priorfit as pf
from priorfit.translate.libraries import TABLE
from priorfit.translate.middle import case_of, prior_of, sum_scale
from priorfit.translate.shapes import Inverse, Mixed, Pair, Single

ROWS = [row for row in TABLE if row.translates]
ALL = [(row, family) for row in ROWS for family in row.families]
IDS = [f"{row.id} {family}" for row, family in ALL]
KNOWN = {
    "n": 150,
    "dispersion": 1.7,
    "y_scale": 2.3,
    "x_scale": np.array([0.5, 1.5, 3.0]),
    "weights": np.linspace(0.5, 3.0, 150),
}


def _priors(row):
    """Priors that the row has words for."""
    shape = row.shape
    terms = {"l1", "l2"}
    if isinstance(shape, Single) or (isinstance(shape, Inverse) and not shape.ratio):
        terms = {shape.term}
    # where the columns are always standardized, one scale for all is one per standard deviation
    unit = 1.0
    if row.standard and not row.standard.key:
        unit = 1 / KNOWN["x_scale"]
    only = getattr(shape, "only", ("l1", "l2", "both"))
    found = []
    if "l1" in terms:
        found.append(pf.Laplace(0.3 * unit))
    if "l2" in terms and "l2" in only:
        found.append(pf.Normal(0.7 * unit))
    if len(terms) == 2 and "both" in only:
        found.append(pf.ElasticNet(0.3 * unit, 0.7 * unit))
    single = [p for p in found if not isinstance(p, pf.ElasticNet)]
    if shape.by_column:
        found += [type(p)(p.scale * np.array([1.0, 2.0, 4.0])) for p in single]
    if row.standard and row.standard.key:
        found += [type(p)(p.scale / KNOWN["x_scale"]) for p in single]
    if row.box.positive:
        found.append(pf.Truncated(found[0], lower=0.0))
    if row.box.limits[0]:
        found.append(pf.Truncated(found[0], lower=-0.5, upper=2.0))
    return found


def _same_prior(a, b):
    assert type(a) is type(b)
    for k, v in a.arguments().items():
        other = b.arguments()[k]
        if isinstance(v, pf.Prior):
            _same_prior(v, other)
        else:
            np.testing.assert_allclose(np.broadcast_to(v, np.shape(other)), other, rtol=1e-12)


@pytest.mark.parametrize(("row", "family"), ALL, ids=IDS)
def test_there_and_back_is_the_identity(row, family):
    """from(to(prior)) = prior, to twelve digits, with weights that do not sum to n."""
    for prior in _priors(row):
        said = pf.translate(prior, to=row.id, likelihood=family, **KNOWN)
        assert said.row is row
        back = pf.translate(dict(said), source=row.id, likelihood=family, **KNOWN)
        _same_prior(prior, back)
        again = pf.translate(back, to=row.id, likelihood=family, **KNOWN)
        for key, value in said.items():
            if isinstance(value, str | bool):
                assert again[key] == value
            else:
                np.testing.assert_allclose(again[key], value, rtol=1e-12)


@pytest.mark.parametrize(("row", "family"), ALL, ids=IDS)
def test_the_formulas_shown_are_the_numbers_given(row, family):
    """The text of each formula, computed, is the setting."""
    for prior in _priors(row)[:3]:
        said = pf.translate(prior, to=row.id, likelihood=family, **KNOWN)
        on = row.standardizes(said.settings)
        case = said.case
        symbols = {
            "l1": said.penalty.l1[0],
            "l2": said.penalty.l2[0],
            "n": case.n,
            "W": case.total,
            "s_y": case.y_scale,
            "s_x": row.standard.unit(case, "")[0] if on else None,
            "sqrt": np.sqrt,
        }
        if isinstance(row.shape, Mixed | Pair | Inverse | Single) and said.penalty.p > 1 and not on:
            continue
        for key, formula in row.formulas(said.penalty, on).items():
            value = np.ravel(said[key])[0]
            assert eval(formula, {"__builtins__": {}}, symbols) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("row", "family"), ALL, ids=IDS)
def test_a_library_to_itself_changes_nothing(row, family):
    """Through the middle, without the noise: to(from(setting)) = setting."""
    known = {k: v for k, v in KNOWN.items() if k != "dispersion"}
    for prior in _priors(row):
        said = dict(pf.translate(prior, to=row.id, likelihood=family, **KNOWN))
        again = pf.translate(said, source=row.id, to=row.id, likelihood=family, **known)
        for key in said:
            if not isinstance(said[key], str | bool):
                np.testing.assert_allclose(again[key], said[key], rtol=1e-12)


def test_the_middle_is_the_lambda_of_the_objective():
    """l1 = phi / b and l2 = phi / tau^2."""
    middle = sum_scale(pf.ElasticNet(0.5, 2.0), phi=3.0)
    assert (middle.l1[0], middle.l2[0]) == (6.0, 0.75)
    assert prior_of(middle, 3.0) == pf.ElasticNet(0.5, 2.0)


def test_scaling_laws():
    """Rows twice: alpha of a mean halves, of a sum stays; x by c: the scale by 1/c."""
    lasso = {k: pf.translate(pf.Laplace(0.3), to="sklearn.Lasso", n=k, noise=2.0)["alpha"]
             for k in (100, 200)}  # fmt: skip
    assert lasso[100] == pytest.approx(2 * lasso[200])
    ridge = {k: pf.translate(pf.Normal(0.3), to="sklearn.Ridge", n=k, noise=2.0)["alpha"]
             for k in (100, 200)}  # fmt: skip
    assert ridge[100] == ridge[200]
    weighted = pf.translate(pf.Laplace(0.3), to="glmnet", n=100, noise=2.0, weights=np.full(100, 2))
    assert weighted["lambda"] == pytest.approx(lasso[200])
    s = np.array([0.5, 2.0])
    standard = {"lambda": 0.1}
    prior = pf.translate(standard, source="glmnet.gaussian", n=100, noise=2.0, x_scale=s)
    scaled = pf.translate(standard, source="glmnet.gaussian", n=100, noise=2.0, x_scale=3 * s)
    np.testing.assert_allclose(prior.scale / 3, scaled.scale)


def test_penalty_factors_are_rescaled_as_glmnet_rescales_them():
    """Factors that differ by a constant are one prior."""
    known = {"n": 50, "noise": 1.0, "source": "glmnet.gaussian"}
    settings = {"lambda": 0.2, "standardize": False}
    a = pf.translate(settings | {"penalty.factor": [1.0, 2.0, 0.0]}, **known)
    b = pf.translate(settings | {"penalty.factor": [10.0, 20.0, 0.0]}, **known)
    _same_prior(a, b)
    assert np.isinf(a.scale[2])
    back = pf.translate(a, to="glmnet", n=50, noise=1.0)
    assert back["penalty.factor"].sum() == pytest.approx(3)
    np.testing.assert_allclose(back["lambda"] * back["penalty.factor"], 0.2 * np.array([1, 2, 0]))


@pytest.mark.parametrize("row", [r for r in TABLE if not r.translates], ids=lambda r: r.id)
def test_what_is_no_map_is_refused_with_the_reason(row):
    """The error says why, and what can be said instead; both ways."""
    for call in (
        lambda: pf.translate(pf.Normal(1.0), to=row.id, n=100, noise=1.0),
        lambda: pf.translate({}, source=row.id, n=100, noise=1.0),
    ):
        with pytest.raises(pf.InputError) as caught:
            call()
        assert row.reason in str(caught.value)
        assert row.instead in str(caught.value)


@pytest.mark.parametrize(
    ("what", "options", "words"),
    [
        (pf.Laplace(0.1), {"to": "sklearn.Lasso", "noise": 1.0}, "`n` must be given"),
        (pf.Laplace(0.1), {"to": "sklearn.Lasso", "n": 9}, "`noise` must be given"),
        (pf.Normal(0.1), {"to": "glmnet", "n": 9, "noise": 1.0}, "`y_scale` must be given"),
        (pf.Normal(0.1), {"to": "lifelines.CoxPHFitter", "n": 9}, "`x_scale` must be given"),
        ({"lambda": 1.0}, {"source": "glmnet", "n": 9, "noise": 1.0}, "`x_scale` must be given"),
        (pf.Normal(0.1), {"to": "sklearn.GammaRegressor", "n": 9}, "`dispersion` must be given"),
        (pf.Normal(0.1), {"to": "sklearn.Lasso", "n": 9, "noise": 1.0}, "has an L1 term only"),
        (pf.Laplace(0.1), {"to": "sklearn.Ridge", "noise": 1.0}, "has an L2 term only"),
        (pf.Laplace([0.1, 1]), {"to": "sklearn.Lasso", "n": 9, "noise": 1.0}, "one scale"),
        (pf.Laplace(0.1, loc=1), {"to": "sklearn.Lasso", "n": 9, "noise": 1.0}, "`loc` must be 0"),
        (pf.Laplace(0), {"to": "sklearn.Lasso", "n": 9, "noise": 1.0}, "must be free"),
        (pf.Normal(1.0), {"to": "statsmodels.GLM", "n": 9, "noise": 1.0}, "Laplace prior or an"),
        (pf.GroupLaplace(), {"to": "sklearn.Lasso", "n": 9, "noise": 1.0}, "one by one"),
        (pf.Normal(1.0), {"to": "sklearn.Ridg"}, "Did you mean sklearn.Ridge"),
        (pf.Normal(1.0), {"to": "Ridge"}, "Choose sklearn.Ridge, cuml.Ridge"),
        (pf.Normal(1.0), {"to": "glmnet"}, "the likelihood must be said"),
        (pf.Normal(1.0), {"to": "sklearn.Ridge", "likelihood": "beta"}, "must be one of gaussian"),
        (pf.Normal(1.0), {"to": "sklearn.Ridge", "likelihood": "cox"}, "must speak the likelihood"),
        (pf.Normal(1.0), {}, "`to` must name a setting"),
        ({"alpha": 1.0}, {}, "`source` must say"),
        ({"alpha": -1.0}, {"source": "sklearn.Ridge", "noise": 1.0}, "`alpha` must be >= 0"),
        ({"alpha": "a"}, {"source": "sklearn.Ridge", "noise": 1.0}, "`alpha` must be a number"),
        ({"gamma": 1.0}, {"source": "sklearn.Ridge", "noise": 1.0}, "must be one of alpha"),
        ({"C": 0.0}, {"source": "sklearn.LogisticRegression"}, "`C` must be > 0"),
        ({}, {"source": "glmnet", "noise": 1.0}, "`lambda` must be given"),
        ("sklearn.Ridge:alpha", {"noise": 1.0}, "key=value"),
        (3.0, {"to": "sklearn.Ridge"}, "there must be a prior"),
        (pf.Normal(1.0), {"to": "sklearn.Ridge", "noise": -1.0}, "`noise` must be > 0"),
        (pf.Normal(1.0), {"to": "sklearn.Ridge", "noise": 1, "dispersion": 1}, "got both"),
        (pf.Normal(1.0), {"to": "glum", "noise": 1, "weights": [-1.0]}, "`weights` must hold"),
        (pf.Normal(1.0), {"to": "glum", "n": 3, "weights": [1.0, 2.0]}, "of the n = 3 rows"),
        (pf.Normal(1.0), {"to": "glum", "n": "many"}, "`n` must be > 0"),
        (pf.Normal(1.0), {"to": "glum", "noise": 1, "n": True}, "`n` must be > 0"),
        (pf.Normal(1.0), {"to": "torch.AdamW"}, "got none: the decay is not divided"),
        (pf.Normal(1.0), {"to": "spark.GeneralizedLinearRegression", "likelihood": "bernoulli"},
         "divided by the sum of the working weights"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_named(what, options, words):
    """One clear error."""
    with pytest.raises(pf.InputError, match=re.escape(words)):
        pf.translate(what, **options)


def test_the_case_knows_what_is_missing():
    """Weights give n and W."""
    case = case_of(
        n=None, weights=[1.0, 2.0, 0.0], noise=2.0, dispersion=None, x_scale=None, y_scale=None
    )
    assert (case.n, case.total, case.phi) == (3.0, 3.0, 4.0)


@pytest.mark.parametrize("row", TABLE, ids=lambda r: r.id)
def test_every_row_says_where_it_comes_from(row):
    """Objective, source, how it was checked; ids are unique."""
    assert all((row.objective, row.source, row.checked, row.library, row.families))
    assert [r.id for r in TABLE].count(row.id) == 1
    assert row.intercept in ("free", "penalised", "none")
    assert row.weights in ("repeats", "normalised", "none")
    assert row.translates or (row.reason and row.instead)


def test_unpenalised_is_flat():
    """No penalty is the flat prior, both ways."""
    assert pf.translate({"C": np.inf}, source="sklearn.LogisticRegression") == pf.Flat()
    assert pf.translate({"alpha": 0}, source="sklearn.Ridge", noise=1.0) == pf.Flat()
    assert pf.translate(pf.Flat(), to="sklearn.LogisticRegression")["C"] == np.inf
    assert pf.translate(pf.Flat(), to="sklearn.ElasticNet", n=3, noise=1.0)["alpha"] == 0.0
