"""A formula and priors by column on the command line, end to end."""

import csv

import numpy as np

import priorfit as pf
from priorfit.cli import main

DATA = pf.datasets.load("diabetes")


def test_a_formula_and_priors_by_column(tmp_path, monkeypatch, capsys):
    """The command's model predicts what the estimator of the same words predicts."""
    monkeypatch.chdir(tmp_path)
    DATA.to_csv("diabetes.csv")
    formula = "log(progression) ~ ns(bmi, df=3) + C(sex):age"
    call = ["fit", "diabetes.csv", "--target", formula, "--quiet", "--json", "m.json"]
    assert main([*call, "--prior", "C(sex):age = laplace(0.1); * = normal(scale=2)"]) == 0
    assert main(["predict", "m.json", "diabetes.csv", "--output", "out.csv"]) == 0
    with open("out.csv", encoding="utf-8") as file:
        found = [float(row["log(progression)"]) for row in csv.DictReader(file)]
    prior = {"C(sex):age": pf.Laplace(0.1), "*": pf.Normal(2.0)}
    table = DATA.frame()
    wanted = pf.MAPRegressor(prior, formula=formula).fit(table).predict(table)
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_an_attack_is_one_line_on_stderr(tmp_path, monkeypatch, capsys):
    """Exit code 1, and nothing was run."""
    monkeypatch.chdir(tmp_path)
    DATA.to_csv("diabetes.csv")
    attack = "progression ~ __import__('os').mkdir('made')"
    assert main(["fit", "diabetes.csv", "--target", attack]) == 1
    assert "a formula must be" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()
