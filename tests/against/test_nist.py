"""NIST's linear sets: correct digits of the unpenalised fit (the prior is flat)."""

import json
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import priorfit as pf

SETS = json.loads((Path(__file__).parent / "data" / "nist_strd.json").read_text())
FLOOR = {
    "Norris": 12, "Pontius": 11, "NoInt1": 14, "NoInt2": 14, "Filip": 7, "Longley": 10,
    "Wampler1": 9, "Wampler2": 12, "Wampler3": 9, "Wampler4": 7.5, "Wampler5": 5.5,
}  # fmt: skip


def _columns(entry):
    x = np.array(entry["x"], dtype=object)
    if x.ndim == 2:
        return np.array(x, dtype=float)
    degree = len(entry["exact_coef"]) - int(entry["intercept"])
    exact = [[Fraction(v) ** (k + 1) for k in range(degree)] for v in entry["x"]]
    return np.array([[float(v) for v in row] for row in exact])


@pytest.mark.parametrize("name", SETS)
def test_correct_digits(name):
    """min_j -log10 |b_j - exact_j| / |exact_j| is at least the floor."""
    entry = SETS[name]
    X, y = _columns(entry), np.array([float(v) for v in entry["y"]])
    problem = pf.Problem.make(
        X, y, prior=pf.Flat(), likelihood=pf.Gaussian(noise=1.0), intercept=entry["intercept"]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pf.ConvergenceWarning)
        fit = pf.solve(problem)
    ours = np.r_[[fit.intercept], fit.coef] if entry["intercept"] else fit.coef
    exact = np.array([float(v) for v in entry["exact_coef"]])
    digits = -np.log10(np.maximum(np.abs(ours - exact) / np.abs(exact), 1e-16))
    assert digits.min() >= FLOOR[name]
