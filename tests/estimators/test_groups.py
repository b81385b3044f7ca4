"""Groups from a table to the report: fit, choose, explain, draw, write, read."""

import numpy as np
import pandas as pd
import pytest

import priorfit as pf
from priorfit.report import load_model, model_of, save_model

RNG = np.random.default_rng(0)
N = 90
TOWN = RNG.choice(["north", "south", "west"], size=N)
TABLE = pd.DataFrame(
    {
        "size": RNG.normal(size=N),
        "town": TOWN,
        "letter": RNG.choice(list("abcdefgh"), size=N),
        "gene_1": RNG.normal(size=N),
        "gene_2": RNG.normal(size=N),
    }
)
PRICE = 2 * TABLE["size"].to_numpy() + 3.0 * (TOWN == "north") + RNG.normal(size=N)
PRIORS = {
    "categories": pf.GroupLaplace(),
    "named": pf.GroupLaplace({"gene_*": "genes", "town*": "town", "letter*": "letter"}),
    "sparse": pf.SparseGroupLaplace(l1_scale=2.0, group_scale=2.0),
}


def _alive(model):
    """For each column of the table, how many of its weights are not 0, and how many there are."""
    origin = [k.partition("[")[0] for k in model.feature_labels_]
    moved = pd.Series(np.ravel(model.coef_) != 0).groupby(origin)
    return moved.sum(), moved.size()


@pytest.mark.parametrize("strength", [None, "cv", 20.0])
@pytest.mark.parametrize("name", PRIORS)
def test_a_table_with_categories(name, strength, tmp_path):
    """Certified; levels leave together; the views, the words, the picture and the file agree."""
    model = pf.MAPRegressor(prior=PRIORS[name], strength=strength, n_points=20).fit(TABLE, PRICE)
    assert model.certificate_.certified
    moved, size = _alive(model)
    if name != "sparse":
        assert all(moved[k] in (0, size[k]) for k in ("town", "letter"))
    assert moved["town"] > 0
    views = model.stated_views_
    assert views.constraint.radius > 0
    assert np.all(np.asarray(views.penalty.group) > 0)
    words = model.explain()
    assert "roup Laplace" in words
    assert "‖b_g‖₂" in words
    assert pf.plots.plot_prior(views.prior).lines
    if strength is not None:
        assert model.path_.plot().lines
    save_model(model_of(model), tmp_path / "model.json")
    again = load_model(tmp_path / "model.json")
    assert again.prior == model.prior_
    np.testing.assert_allclose(again.predict(TABLE)["y"], model.predict(TABLE))


def test_the_radius_is_the_sum_of_lengths():
    """views_.constraint.radius = sum of lengths; at_norm of it gives the fit back."""
    X, ids = TABLE[["size", "gene_1", "gene_2"]].to_numpy(), [0, 1, 1]
    path = pf.path(X, PRICE, prior=pf.GroupLaplace(ids, by_size=False), n_points=12)
    k = 5
    lengths = np.abs(path.coefs[0, k]) + np.linalg.norm(path.coefs[1:, k])
    assert path.norms[k] == pytest.approx(lengths)
    np.testing.assert_allclose(path.at_norm(float(path.norms[k]))[1], path.coefs[:, k], atol=1e-6)


def test_a_classifier_with_groups():
    """Two classes, levels together, the strength by cross-validation."""
    label = np.where(np.median(PRICE) < PRICE, "dear", "cheap")
    model = pf.MAPClassifier(prior=pf.GroupLaplace(), strength="cv", n_points=15).fit(TABLE, label)
    assert model.certificate_.certified
    moved, size = _alive(model)
    assert all(moved[k] in (0, size[k]) for k in ("town", "letter"))
