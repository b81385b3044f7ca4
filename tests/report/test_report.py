"""The report: one file that stands alone and trusts no name."""

import re

import numpy as np
import pandas as pd
import pytest

import priorfit as pf
from priorfit.report import facts_of, html_report, load_model, model_of, save_model

# also text that a plotting library would take for a formula
EVIL = [
    "$\\frac{1$ per $unit$",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "=cmd|'/c calc'!A0",
]


def _table(names):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, len(names))), columns=names)
    return frame, frame.iloc[:, 0].to_numpy() + 0.1 * rng.normal(size=60)


MODELS = {
    "cv lasso": pf.MAPRegressor(prior=pf.Laplace(), strength="cv", n_points=20),
    "cv ridge": pf.MAPRegressor(prior=pf.Normal(), strength="cv", n_points=20),
    "given": pf.MAPRegressor(prior=pf.ElasticNet(0.1, 0.5)),
    "number": pf.MAPRegressor(prior=pf.Laplace(), strength=3.0),
    "flat": pf.MAPRegressor(prior=pf.Flat()),
    "box": pf.MAPRegressor(prior=pf.Truncated(pf.Laplace(0.3), lower=0)),
    "classes": pf.MAPClassifier(prior=pf.Laplace(), strength="cv", n_points=20),
    "counts": pf.MAPRegressor(prior=pf.Laplace(0.2), likelihood=pf.Poisson()),
}


@pytest.mark.parametrize("name", MODELS)
def test_report_of_every_kind(name, tmp_path):
    """Each kind of fit gives a page with its figures, certificate and reproduction."""
    frame, y = _table(["a", "b", "c"])
    model = MODELS[name]
    target = {"classes": y > 0, "counts": np.round(np.exp(np.clip(y, -2, 2)))}.get(name, y)
    model.fit(frame, target)
    html_report(facts_of(model, target="y", source="t.csv", command="priorfit fit"), tmp_path / "r")
    page = (tmp_path / "r").read_text(encoding="utf-8")
    assert page.count("<svg") >= 1 + (model.strength == "cv") * 2
    assert str(model.certificate_) in page
    assert "import priorfit as pf" in page
    link = {"classes": "log odds of y = True", "counts": "log mean of y"}.get(name, "mean of y")
    assert f"lowers the {link};" in page
    assert ("How the strength was chosen" in page) == (model.strength == "cv")


def test_figures_follow_the_page(tmp_path):
    """Text stays text, in the page's font; no colour is fixed, so that dark pages are dark."""
    frame, y = _table(["a", "b"])
    model = pf.MAPRegressor(prior=pf.Laplace(), strength="cv", n_points=20).fit(frame, y)
    html_report(facts_of(model), tmp_path / "r")
    body = (tmp_path / "r").read_text(encoding="utf-8").split("</head>")[1]
    assert re.findall(r"(?:fill|stroke): #[0-9a-fA-F]+", body) == []
    assert set(re.findall(r'font-family: ([^;"]+)', body)) == {"var(--sans)"}
    assert body.count('class="wide"') == body.count('class="narrow"') == 3


def test_page_loads_nothing(tmp_path):
    """No script, no link, no address but that of the SVG name spaces."""
    frame, y = _table(["a", "b"])
    model = pf.MAPRegressor(prior=pf.Laplace(0.1)).fit(frame, y)
    html_report(facts_of(model), tmp_path / "r")
    page = (tmp_path / "r").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<link" not in page
    addresses = set(re.findall(r"https?://[^\s\"'<>]+", page))
    assert all("www.w3.org" in address for address in addresses)
    assert not re.search(r"(src|href)=[\"']https?:", page)


def test_names_are_escaped(tmp_path):
    """Column names from a table never become markup."""
    frame, y = _table(EVIL)
    model = pf.MAPRegressor(prior=pf.Laplace(), strength="cv", n_points=20).fit(frame, y)
    html_report(facts_of(model, target=EVIL[0], source=EVIL[1]), tmp_path / "r")
    page = (tmp_path / "r").read_text(encoding="utf-8")
    assert "<img" not in page
    assert "<script" not in page


def test_model_file_round_trip(tmp_path):
    """save, load, predict: the same bits; also for a fit on arrays."""
    frame, y = _table(["a", "b", "c"])
    for X in (frame, frame.to_numpy()):
        model = pf.MAPRegressor(prior=pf.Laplace([0.1, np.inf, 0.0], loc=0.5)).fit(X, y)
        save_model(model_of(model, "y"), tmp_path / "m.json")
        again = load_model(tmp_path / "m.json")
        np.testing.assert_array_equal(again.predict(X)["y"], model.predict(X))
        assert again.prior == model.prior_
