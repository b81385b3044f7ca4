"""MCP and SCAD against skglm's stored fits: an objective that is never higher, and the same weights
where the objective is convex."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import priorfit as pf

DATA = Path(__file__).parent / "data"
FITS = json.loads((DATA / "nonconvex.json").read_text())["fits"]


def _table():
    i, j = np.arange(1, 51)[:, None], np.arange(1, 13)
    X = np.sin(1.7 * i * j) + 0.8 * np.cos(0.9 * i + j) + np.sin(0.31 * i * i + j)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return X, X[:, :3] @ [3.0, -2.0, 1.0] + np.sin(5.0 * i[:, 0] ** 2)


@pytest.mark.parametrize(
    "fit", FITS, ids=lambda f: "{penalty} {shape} {alpha} {family}".format(**f)
)
def test_no_higher_objective(fit):
    """J(ours) <= J(skglm's): n alpha is lambda, its gamma and a are ours with information n."""
    X, y = _table()
    n = len(y)
    prior = (
        pf.MCP(n * fit["alpha"], fit["shape"], information=n)
        if fit["penalty"] == "mcp"
        else pf.SCAD(n * fit["alpha"], fit["shape"], information=n)
    )
    likelihood = pf.Gaussian(1.0) if fit["family"] == "gaussian" else pf.Bernoulli()
    y = y if fit["family"] == "gaussian" else (y > 0).astype(float)
    problem = pf.Problem.make(X, y, prior=prior, likelihood=likelihood)
    ours = pf.solve(problem, tol=1e-9)
    theirs = problem.objective(fit["intercept"], np.array(fit["coef"]), 1.0)
    assert ours.objective <= theirs + 1e-7 * (1 + abs(theirs))
    smallest = np.linalg.eigvalsh(X.T @ X / n)[0]
    steepest = 1 / fit["shape"] if fit["penalty"] == "mcp" else 1 / (fit["shape"] - 1)
    if fit["family"] == "gaussian" and smallest > steepest:
        np.testing.assert_allclose(ours.coef, fit["coef"], atol=1e-6)


def test_some_of_these_are_convex():
    """X'X / n is steeper than a penalty of shape 30 is concave, so weights are compared."""
    X, _ = _table()
    assert np.linalg.eigvalsh(X.T @ X / 50)[0] > 1 / 29


def test_the_table_is_that_of_the_script():
    """What is fitted here is what was fitted there."""
    path = DATA / "make_nonconvex.py"
    source = path.read_text()
    assert "np.sin(1.7 * i * j) + 0.8 * np.cos(0.9 * i + j) + np.sin(0.31 * i * i + j)" in source
    assert importlib.util.find_spec("skglm") is None or source
