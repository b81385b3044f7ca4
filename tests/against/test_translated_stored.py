"""glmnet, Spark, H2O and others: numbers that they returned at translated settings (stored)."""

import importlib.util
import json

import numpy as np
import pytest

import priorfit as pf
from reference import (
    DATA,
    EVENT,
    KNOWN,
    NOISE,
    PRIORS,
    TAU,
    TIME,
    W,
    X,
    Y,
    cox,
    known,
    map_estimate,
    minimise,
)

RECORDS = json.loads((DATA / "translated.json").read_text())
#: ten times the largest difference of `pf.dictionary()`
NEAR = {"glmnet": 1e-7, "spark": 3e-7, "h2o": 2e-3, "vw": 3e-4, "adelie": 3e-8}


def _name(r):
    return f"{r['row']}-{r['family']}-{r['prior']}{'-weighted' * r['weighted']}"


@pytest.mark.parametrize("record", RECORDS, ids=_name)
def test_the_stored_answer_is_the_map(record):
    """translate gives the settings that were used, and what came back is argmin U."""
    family, prior = record["family"], PRIORS[record["prior"]]
    w = W if record["weighted"] else None
    facts = known(family, w)
    said = dict(pf.translate(prior, to=record["row"], **facts))
    assert set(said) == set(record["settings"])
    for key, value in record["settings"].items():
        if isinstance(value, str | bool):
            assert said[key] == value
        else:
            np.testing.assert_allclose(said[key], value, rtol=1e-12)
    if family == "cox":
        form = prior.lower(5)
        ours = np.r_[0.0, minimise(cox(TIME, EVENT, X), form.l1, form.l2)]
    else:
        ours = map_estimate(family, prior, w)
    near = NEAR[record["row"].split(".")[0]]
    np.testing.assert_allclose(record["coef"], ours, atol=near, rtol=0)
    back = pf.translate(record["settings"], source=record["row"], **facts)
    assert type(back) is type(prior)


def _script():
    """The script that made the stored numbers."""
    spec = importlib.util.spec_from_file_location("make_translated", DATA / "make_translated.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


LIVE = {"adelie": "adelie", "vw": "vowpalwabbit"}  # light enough to be run, where installed


@pytest.mark.parametrize(
    "record", [r for r in RECORDS if r["row"].split(".")[0] in LIVE], ids=_name
)
def test_the_library_itself_gives_the_map(record):
    """theirs(translate(prior)) = argmin U, run here and not only stored."""
    library, family = record["row"].split(".")[0], record["family"]
    pytest.importorskip(LIVE[library])
    prior = PRIORS[record["prior"]]
    settings = dict(pf.translate(prior, to=record["row"], **known(family, None)))
    theirs = _script().RUN[library](record["row"], family, settings, False)
    np.testing.assert_allclose(theirs, map_estimate(family, prior), atol=NEAR[library], rtol=0)


def _stored(row, prior="normal", family="gaussian"):
    return next(
        np.array(r["coef"]) for r in RECORDS
        if (r["row"], r["prior"], r["family"], r["weighted"]) == (row, prior, family, False)
    )  # fmt: skip


@pytest.mark.parametrize(
    "row",
    ["glmnet.gaussian", "spark.LinearRegression.normal", "spark.LinearRegression.lbfgs"],
)
def test_the_sd_of_y_matters(row):
    """Read without sd(y), the setting means another prior, whose MAP is far from what came back."""
    used = pf.translate(pf.Normal(TAU), to=row, noise=NOISE, **KNOWN)
    total = next(v for k, v in used.items() if k in ("lambda", "regParam"))
    naive = pf.Normal(NOISE / np.sqrt(total * len(Y)))
    assert np.abs(_stored(row) - map_estimate("gaussian", naive)).max() > 0.02
    np.testing.assert_allclose(_stored(row), map_estimate("gaussian", pf.Normal(TAU)), atol=3e-7)


def test_string_and_object_families_of_glmnet_are_two_settings():
    """The same belief needs two lambdas."""
    facts = {"noise": NOISE, **KNOWN}
    a = pf.translate(pf.Normal(TAU), to="glmnet.gaussian", **facts)["lambda"]
    b = pf.translate(pf.Normal(TAU), to="glmnet.gaussian_object", **facts)["lambda"]
    assert a / b == pytest.approx(Y.std())


def test_penalty_factors_are_rescaled():
    """glmnet lets factors sum to p: taken as they are, they are a prior far from what came back."""
    stored = json.loads((DATA / "factors.json").read_text())
    settings = stored["settings"]
    right = pf.translate(settings, source="glmnet.gaussian", noise=NOISE, **KNOWN)
    np.testing.assert_allclose(
        stored["coef"], map_estimate("gaussian", right), atol=NEAR["glmnet"], rtol=0
    )
    with np.errstate(divide="ignore"):
        rates = settings["lambda"] * np.array(settings["penalty.factor"])
        naive = pf.Laplace(NOISE**2 / (len(Y) * rates))
    assert np.abs(stored["coef"] - map_estimate("gaussian", naive)).max() > 0.02


def test_the_partial_likelihood_is_divided_by_n():
    """glmnet's cox has 1/n: read with 2/n, the setting is half the penalty, far from the MAP."""
    stored = _stored("glmnet.cox", family="cox")[1:]
    l2 = 1 / TAU**2
    right, half = (minimise(cox(TIME, EVENT, X), np.zeros(5), np.full(5, v)) for v in (l2, l2 / 2))
    np.testing.assert_allclose(stored, right, atol=NEAR["glmnet"], rtol=0)
    assert np.abs(stored - half).max() > 0.02


def test_the_two_scales_of_vowpal_wabbit():
    """--bfgs sums, --sgd averages: read on the other's scale, the setting is far from the MAP."""
    facts = {"noise": NOISE, **KNOWN}
    used = pf.translate(pf.Normal(TAU), to="vw.bfgs.squared", **facts)
    naive = pf.translate({"l2": used["l2"]}, source="vw.sgd.squared", **facts)
    stored = _stored("vw.bfgs.squared")
    right, wrong = (map_estimate("gaussian", prior) for prior in (pf.Normal(TAU), naive))
    np.testing.assert_allclose(stored, right, atol=NEAR["vw"], rtol=0)
    assert np.abs(stored - wrong).max() > 0.02
    a = pf.translate(pf.Normal(TAU), to="vw.bfgs.squared", **facts)["l2"]
    b = pf.translate(pf.Normal(TAU), to="vw.sgd.squared", **facts)["l2"]
    assert a / b == pytest.approx(len(Y))
