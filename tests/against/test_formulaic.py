"""Formulas against formulaic: the same columns under the same names."""

import os

import numpy as np
import pandas as pd
import pytest

import priorfit as pf
from priorfit.design import Formula, FormulaSchema

formulaic = pytest.importorskip("formulaic")

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "age": RNG.uniform(18, 80, 90),
        "dose": RNG.gamma(2.0, size=90),
        "sex": np.tile(["f", "m"], 45),
        "region": np.repeat(["n", "s", "w"], 30),
        "k": np.tile([1, 2, 10], 30),
    }
)


@pytest.mark.parametrize(
    "text",
    [
        "age + dose",
        "C(region)",
        "C(k)",
        "log(age):sex",
        "sex:dose",
        "sex:region",
        "region:sex:dose",
        "age:dose + sex",
        "I(age ** 2 + 3 * dose)",
        "scale(age) + center(dose)",
        "poly(age, 3)",
        "sex:poly(age, 2)",
        "bs(age, df=5)",
        "bs(age, df=4, degree=2)",
        "exp(dose) + log10(age)",
    ],
)
def test_columns_and_names(text):
    """Without an intercept formulaic keeps all levels of the first factor; here each does."""
    theirs = formulaic.model_matrix("0 + " + text, TABLE)
    mine = FormulaSchema.learn(Formula("0 + " + text), TABLE).design(TABLE)
    assert set(mine.names) == set(theirs.columns)
    values = mine.matvec(np.eye(mine.shape[1]))
    np.testing.assert_allclose(values, theirs[list(mine.names)], rtol=1e-10, atol=1e-10)


def test_formulaic_executes_what_is_refused_here():
    """The reason for an own parser."""
    text = "0 + I(age * 0 + __import__('os').getpid())"
    assert np.all(formulaic.model_matrix(text, TABLE) == os.getpid())
    with pytest.raises(pf.InputError):
        Formula(text)
