"""Bad input gets one clear error: what must hold; what was got; what to do."""

import ast
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

import priorfit as pf
from laws import example

X, Y, *_ = example(n=30, p=4)


def _with(array, value, at=(2, 1)):
    copy = np.array(array, dtype=float)
    copy[at if copy.ndim == 2 else at[0]] = value
    return copy


def _sparse_nan():
    matrix = sparse.csc_array(X)
    matrix.data[3] = np.nan
    return matrix


BAD_PROBLEMS = {
    "NaN in X": (lambda: (_with(X, np.nan), Y, {}), r"finite.*nan in row 2, column 1"),
    "inf in X": (lambda: (_with(X, np.inf), Y, {}), r"finite.*inf in row 2, column 1"),
    "NaN in sparse X": (lambda: (_sparse_nan(), Y, {}), "finite.*nan in row"),
    "NaN in y": (lambda: (X, _with(Y, np.nan), {}), r"`y` must hold finite.*nan in row 2"),
    "text in y": (lambda: (X, ["a"] * 30, {}), "`y` must hold numbers"),
    "text in X": (
        lambda: (np.full((30, 2), "a", dtype=object), Y, {}),
        "must hold numbers; got 'a'",
    ),
    "complex X": (lambda: (X + 1j, Y, {}), "real numbers; got dtype complex128"),
    "one-dimensional X": (lambda: (X[:, 0], Y, {}), r"two-dimensional.*reshape"),
    "no rows": (lambda: (X[:0], Y[:0], {}), "at least one row"),
    "no columns": (lambda: (X[:, :0], Y, {}), "at least one row and one column"),
    "y too short": (
        lambda: (X, Y[:-1], {}),
        r"one number per row of X \(n = 30\); got shape \(29,\)",
    ),
    "y two-dimensional": (lambda: (X, Y[:, None], {}), r"shape \(30, 1\)"),
    "negative weight": (
        lambda: (X, Y, {"weights": _with(np.ones(30), -1.0)}),
        "`weights` must be >= 0; got -1 in row 2",
    ),
    "weights all zero": (lambda: (X, Y, {"weights": np.zeros(30)}), "some weight must be positive"),
    "NaN weight": (lambda: (X, Y, {"weights": _with(np.ones(30), np.nan)}), "`weights` must hold"),
    "infinite offset": (
        lambda: (X, Y, {"offset": _with(np.ones(30), np.inf)}),
        "`offset` must hold",
    ),
    "scale of wrong length": (lambda: (X, Y, {"prior": pf.Laplace([1.0, 2.0])}), "one per column"),
    "unknown column": (
        lambda: (pd.DataFrame(X, columns=list("abcd")), Y, {"prior": pf.Laplace({"z": 1, "*": 2})}),
        "every key of `scale` must be a column; got 'z'",
    ),
    "duplicate names": (
        lambda: (pd.DataFrame(X, columns=["a", "b", "a", "c"]), Y, {}),
        "unique; got 'a' more than once",
    ),
    "missing cell in a table": (
        lambda: (pd.DataFrame(_with(X, np.nan), columns=list("abcd")), Y, {}),
        "1 of 30 missing in column 'b'",
    ),
    "dates": (
        lambda: (pd.DataFrame({"d": pd.date_range("2020", periods=30)}), Y, {}),
        "numbers, booleans, text or categories",
    ),
    "mixed objects": (
        lambda: (pd.DataFrame({"d": pd.Series([1, "a", None] * 10, dtype=object)}), Y, {}),
        "missing in column 'd'|must hold text",
    ),
}


@pytest.mark.parametrize("name", BAD_PROBLEMS)
def test_bad_problems_are_refused(name):
    make, message = BAD_PROBLEMS[name]
    table, y, options = make()
    with pytest.raises(pf.InputError, match=message) as caught:
        pf.solve(pf.Problem.make(table, y, **({"prior": pf.Laplace(0.3)} | options)))
    assert "; got " in str(caught.value)


#: what estimators are handed, apart from what `Problem.make` refuses as well
FOR_ESTIMATORS = ("NaN in X", "inf in X", "NaN in sparse X", "text in X", "complex X",
                  "one-dimensional X", "no rows", "no columns", "y too short", "duplicate names",
                  "missing cell in a table", "dates")  # fmt: skip


@pytest.mark.parametrize("name", FOR_ESTIMATORS)
@pytest.mark.parametrize("model", [pf.MAPRegressor(), pf.MAPClassifier()], ids=["reg", "clf"])
def test_estimators_refuse_in_the_same_form(name, model):
    """What must hold; what was got; what to do: for both estimators."""
    table, y, _ = BAD_PROBLEMS[name][0]()
    with pytest.raises(pf.InputError, match=r"; got .*\. .*\w"):
        model.fit(table, np.asarray(y) > 0)


ROWS = np.ones(30)


def _with_gap(kind):
    return pd.Series([None, *["u", "v"] * 14, "u"], dtype=kind)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pf.MAPRegressor().fit(X, None), "y must be given; got None"),
        (lambda: pf.MAPRegressor(None, pf.Poisson()).fit(X, np.eye(30)), "one value per row; got"),
        (lambda: pf.MAPRegressor().fit(X, _with(Y, np.nan)), "finite numbers; got nan in row 2"),
        (lambda: pf.MAPClassifier().fit(X, _with(Y > 0, np.nan)), "1 of 30 missing"),
        (lambda: pf.MAPClassifier().fit(X, ["a", None] * 15), "15 of 30 missing"),
        (lambda: pf.MAPClassifier().fit(X, Y), "labels of classes; got Unknown label type"),
        (lambda: pf.MAPClassifier().fit(X, ROWS), "exactly two classes; got 1 class"),
        (lambda: pf.MAPRegressor().fit(X, Y, -ROWS), "`weights` must be >= 0; got -1 in row 0"),
        (lambda: pf.MAPRegressor().fit(X, Y, ROWS[:3]), r"`weights` must have .* got shape \(3,\)"),
        (lambda: pf.MAPRegressor().fit(X, Y, 0 * ROWS), "some weight must be positive"),
        (lambda: pf.MAPRegressor(prior="laplace").fit(X, Y), "a prior object; got 'laplace'"),
        (lambda: pf.MAPRegressor(likelihood="poisson").fit(X, Y), "a likelihood object; got"),
        (lambda: pf.MAPClassifier(likelihood=pf.Gaussian()).fit(X, Y > 0), "likelihood of classes"),
        (lambda: pf.MAPRegressor(tol="x").fit(X, Y), "`tol` must be > 0; got 'x'"),
        (lambda: pf.MAPRegressor().fit(X, Y).predict(X[:, :2]), "columns of the fit"),
        (lambda: pf.MAPRegressor().fit(X, Y).predict(_with(X, np.nan)), "nan in row 2, column 1"),
        (lambda: pf.MAPRegressor().fit(X, Y).predict(X, offset=ROWS[:3]), "`offset` must have"),
        (lambda: pf.MAPRegressor().fit(pd.DataFrame(index=range(30)), Y), "at least one row"),
        (lambda: pf.MAPRegressor().fit({"a": Y}, Y), "a table; got dict"),
        (lambda: pf.MAPRegressor().fit(None, Y), "a table; got NoneType"),
        (lambda: pf.MAPRegressor().fit(pl.LazyFrame({"a": Y}), Y), "a table; got LazyFrame"),
        (lambda: pf.MAPRegressor().fit(pd.DataFrame({"a": Y, 1: Y}), Y), "all or none of them"),
        (lambda: pf.MAPRegressor().fit(pd.DataFrame({"a": Y}), "a ~ a"), "the target by itself"),
        (lambda: pf.MAPClassifier().fit(X, _with_gap("string")), "1 of 30 missing"),
        (lambda: pf.MAPRegressor().fit(pd.DataFrame({"a": _with_gap("string")}), Y), "1 of 30"),
    ],
)
def test_estimators_say_what_is_wrong(call, message):
    with pytest.raises(pf.InputError, match=message):
        call()


def test_limits_of_the_strength():
    """Strength 0 is the flat prior; a constant y has no weights; huge y are scaled, not lost."""
    free = pf.MAPRegressor(strength=0.0).fit(X, Y)
    flat = pf.MAPRegressor(prior=pf.Flat()).fit(X, Y)
    np.testing.assert_allclose(free.coef_, flat.coef_, rtol=1e-6)
    assert not pf.MAPRegressor(prior=pf.Laplace(), strength="cv").fit(X, ROWS).coef_.any()
    plain, huge = (
        pf.MAPRegressor(prior=pf.Laplace(), strength="cv").fit(X, s * Y).coef_ / s
        for s in (1.0, 2.0**490)
    )
    np.testing.assert_allclose(huge, plain, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tol": 0}, "`tol` must be > 0"),
        ({"tol": float("nan")}, "`tol` must be > 0"),
        ({"max_iter": 0}, "`max_iter` must be >= 1"),
        ({"solver": "magic"}, "`solver` must be"),
    ],
)
def test_bad_settings(options, message):
    problem = pf.Problem.make(X, Y, prior=pf.Laplace(0.3))
    with pytest.raises(pf.InputError, match=message):
        pf.solve(problem, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalties": [-1.0]}, "`penalties` must be finite numbers >= 0"),
        ({"penalties": [np.nan]}, "`penalties` must be finite"),
        ({"scales": [0.1]}, "known noise"),
        ({"scales": [1.0], "penalties": [1.0]}, "both"),
        ({"n_points": 0}, "n_points >= 1"),
        ({"ratio": 2.0}, "0 < ratio < 1"),
    ],
)
def test_bad_paths(options, message):
    with pytest.raises(pf.InputError, match=message):
        pf.path(X, Y, **options)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strength": "magic"}, "strength must be a number or one of cv, evidence, loo"),
        ({"strength": -1.0}, "`strength` must be >= 0"),
        ({"units": "meters"}, "`units` must be one of"),
        ({"strength": "cv", "rule": "half"}, "`rule` must be one of"),
        ({"strength": "cv", "cv": 1}, "folds must be between 2"),
    ],
)
def test_bad_estimator_settings(settings, message):
    with pytest.raises(pf.InputError, match=message):
        pf.MAPRegressor(**settings).fit(X, Y)


GOOD = {
    "one row": (X[:1], Y[:1]),
    "one column": (X[:, :1], Y),
    "constant column": (np.column_stack([X, np.ones(30)]), Y),
    "zero column": (np.column_stack([X, np.zeros(30)]), Y),
    "duplicate columns": (np.column_stack([X, X]), Y),
    "constant y": (X, np.ones(30)),
    "huge column": (np.column_stack([X, 1e160 * X[:, 0]]), Y),
    "tiny column": (np.column_stack([X, 1e-170 * X[:, 0]]), Y),
    "denormal column": (np.column_stack([X, 1e-310 * X[:, 0]]), Y),
    "huge y": (X, 1e150 * Y),
    "integers": (np.arange(60).reshape(30, 2), Y),
    "booleans": (X > 0, Y),
    "float16": (X.astype(np.float16), Y),
    "numbers as objects": (X.astype(object), Y),
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("prior", [pf.Laplace(0.3), pf.Normal(0.3)], ids=["laplace", "normal"])
def test_odd_but_good_input_is_solved(name, prior):
    """Certified, finite, and the caller's array unchanged."""
    table, y = GOOD[name]
    before = table.copy()
    fit = pf.solve(pf.Problem.make(table, y, prior=prior, likelihood=pf.Gaussian(0.8)))
    assert fit.certificate.certified
    assert np.all(np.isfinite(fit.coef))
    np.testing.assert_array_equal(table, before)
    if name in ("constant column", "zero column"):
        assert fit.coef[-1] == 0.0


def test_errors_cross_processes():
    """A pickled error is the same error: parallel searches pass it on."""
    error = pf.InputError("`scale` must be >= 0", "-1.0", "Use a positive number.")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "`scale` must be >= 0; got -1.0. Use a positive number."


def test_every_error_says_what_to_do():
    """No InputError of the package is raised with an empty part."""
    calls = [
        node
        for file in Path(pf.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "InputError"
    ]
    assert len(calls) > 50
    for call in calls:
        assert len(call.args) == 3, ast.unparse(call)
        assert all(getattr(part, "value", "x") != "" for part in call.args), ast.unparse(call)
