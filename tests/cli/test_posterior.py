"""Intervals on the command line."""

import numpy as np
import pandas as pd
import pytest

import priorfit as pf
from priorfit.cli import main

DATA = pf.datasets.load("diabetes")


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    DATA.to_csv("diabetes.csv")
    return ["fit", "diabetes.csv", "--target", "progression", "--quiet"]


def _rows(text):
    """The numbers of each column's line, by its name."""
    names = set(DATA.frame().columns)
    lines = [line.split() for line in text.splitlines() if line.split()[:1]]
    return {line[0]: line[1:5] for line in lines if line[0] in names}


def test_intervals_are_those_of_the_posterior(table, capsys):
    assert main([*table, "--prior", "laplace:scale=5", "--posterior", "500", "--seed", "3"]) == 0
    said = _rows(capsys.readouterr().out)
    frame = pd.read_csv("diabetes.csv")
    model = pf.MAPRegressor(prior=pf.Laplace(5.0)).fit(frame, "progression")
    found = model.posterior(500, seed=3)
    numbers = np.stack([found.mode, found.mean, *found.interval(0.95)], axis=1)
    for name, wanted in zip(found.labels, numbers, strict=True):
        shown = [0.0 if s == "·" else float(s.replace("−", "-")) for s in said[name]]
        np.testing.assert_allclose(shown, wanted, rtol=6e-3, atol=1e-12)


def test_a_narrow_terminal_keeps_the_names(table, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert main([*table, "--prior", "laplace:scale=5", "--posterior", "40"]) == 0
    out = capsys.readouterr().out
    assert set(_rows(out)) == set(DATA.frame().columns) - {"progression"}
    assert "Note: effective sample size" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 60


def test_the_strength_may_be_averaged(table, capsys):
    arguments = [*table[:-1], "--prior", "laplace", "--strength", "posterior", "--posterior"]
    assert main([*arguments, "--report", "report.html"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Strength: the median of its posterior" in out
    assert "The factor of all prior scales is" in out
    assert "worth" in out
    with open("report.html", encoding="utf-8") as report:
        assert "the median of its posterior" in report.read()


def test_no_draws_are_refused(table, capsys):
    assert main([*table, "--prior", "laplace:scale=5", "--posterior", "1"]) == 1
    assert "`draws` must be a whole number >= 4" in capsys.readouterr().err
