"""Estimators with beliefs that are not log-concave: the same laws, and the word local."""

import json

import numpy as np
import pytest

import priorfit as pf
from priorfit.cli import main
from priorfit.report.model import load_model, model_of, save_model

PRIORS = {
    "mcp": pf.MCP(),
    "scad": pf.SCAD(),
    "log-laplace": pf.LogLaplace(1.0, 1.0),
    "best subset": pf.SpikeSlab(),
}


def _data(n=120, p=20, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X[:, :3] @ [4.0, -3.0, 2.0] + rng.normal(size=n)


@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("strength", ["cv", 30.0])
def test_units_of_columns_do_not_matter_to_a_chosen_strength(name, strength):
    """X_j -> c_j X_j gives b_j / c_j where the strength is chosen on standardized columns."""
    X, y = _data()
    c = np.geomspace(0.1, 10.0, X.shape[1])
    plain = pf.MAPRegressor(prior=PRIORS[name], strength=strength, n_points=20).fit(X, y)
    other = pf.MAPRegressor(prior=PRIORS[name], strength=strength, n_points=20).fit(X * c, y)
    np.testing.assert_allclose(other.coef_ * c, plain.coef_, atol=1e-5)
    assert plain.certificate_.local


def test_large_effects_keep_their_size():
    """MCP with a chosen strength has less bias in its large effects than the lasso."""
    X, y = _data()
    free = np.linalg.lstsq(np.c_[np.ones(len(y)), X[:, :3]], y, rcond=None)[0][1:]

    def bias(prior):
        model = pf.MAPRegressor(prior=prior, strength="cv").fit(X, y)
        return np.abs(model.coef_[:3] - free).max()

    assert bias(pf.MCP()) < bias(pf.Laplace()) / 2


@pytest.mark.parametrize("name", PRIORS)
def test_words_and_file(name, tmp_path):
    """explain() says local and never the duality gap; the model file reads back."""
    X, y = _data()
    model = pf.MAPRegressor(prior=PRIORS[name], strength=40.0).fit(X, y)
    said = model.explain()
    assert "local optimum" in said
    assert "nearby" in said
    save_model(model_of(model), tmp_path / "model.json")
    again = load_model(tmp_path / "model.json")
    assert again.prior == model.prior_
    assert again.certificate["gap"] == np.inf
    assert json.loads((tmp_path / "model.json").read_text())["certificate"]["gap"] == "inf"


def test_classes():
    """MAPClassifier with a Cauchy belief: a mode of separated classes exists and is stationary."""
    X, y = _data()
    model = pf.MAPClassifier(prior=pf.Cauchy(2.5)).fit(X, np.where(y > 0, "yes", "no"))
    assert model.certificate_.certified
    assert model.certificate_.local


def test_the_horseshoe_is_refused():
    """The error says why, and what to do."""
    X, y = _data()
    with pytest.raises(pf.InputError, match="must have a mode"):
        pf.MAPRegressor(prior=pf.Horseshoe(0.1)).fit(X, y)


def test_command_line(tmp_path, capsys):
    """--prior mcp:penalty=20,information=100 fits, says local, and exits with 0."""
    X, y = _data(p=4)
    table = tmp_path / "table.csv"
    rows = [",".join(f"{v:.6f}" for v in row) for row in np.c_[X, y]]
    table.write_text("\n".join(["a,b,c,d,y", *rows]) + "\n")
    for prior in ("mcp:penalty=20,information=100", "student-t:df=1,scale=1"):
        assert main(["fit", str(table), "--target", "y", "--prior", prior]) == 0
        assert "local optimum" in capsys.readouterr().out
