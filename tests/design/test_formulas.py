"""Laws of formulas: what they mean, what they remember, and that nothing in them is executed."""

import json
import pickle
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone

import priorfit as pf
from priorfit.design import Categorical, Formula, FormulaSchema, as_design
from priorfit.design.parser import parse
from priorfit.design.syntax import text_of
from priorfit.design.terms import expand


def _table(n=60, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "y": rng.poisson(2.0, n),
            "a": rng.uniform(1, 5, n),
            "b": rng.normal(size=n),
            "k": rng.integers(0, 4, n),
            "c": rng.choice(list("uvw"), n),
            "d": rng.choice(["north", "south"], n),
        }
    )


TABLE = _table()
MEANING = {
    "a*b": "a + b + a:b",
    "a*b*c": "a + b + c + a:b + a:c + b:c + a:b:c",
    "(a + b + c)^2": "a + b + c + a:b + a:c + b:c",
    "(a + b) ** 2 - a": "b + a:b",
    "a/b": "a + a:b",
    "(a + b)/c": "a + b + a:b:c",
    "(a + b):(c + d)": "a:c + a:d + b:c + b:d",
    "a + a": "a",
    "a:a": "a",
    "a:b + b:a": "a:b",
    "a:b + a": "a + a:b",
    "a - (a + b) + c": "c",
    ".": "a + b + c + d",
    ". - c": "a + b + d",
    "log(a):.": "log(a):a + log(a):b + log(a):c + log(a):d",
}


@pytest.mark.parametrize("text", MEANING)
def test_operators_mean_sums_of_products(text):
    """Both sides expand to the same terms in the same order."""
    found, wanted = (expand(parse(t)[1], list("abcd")).terms for t in (text, MEANING[text]))
    assert [list(map(text_of, t)) for t in found] == [list(map(text_of, t)) for t in wanted]


@pytest.mark.parametrize(
    ("text", "intercept"),
    [("a", True), ("0 + a", False), ("a - 1", False), ("-1 + a", False), ("1 + a", True)],
)
def test_intercept(text, intercept):
    """0 and - 1 take it away."""
    assert expand(parse(text)[1], []).intercept is intercept
    model = pf.MAPRegressor(formula="y ~ " + text).fit(TABLE)
    assert (model.intercept_ != 0) is intercept


ARITHMETIC = [
    "a - b - k", "a - (b - k)", "a / b / 3", "a / (b / 3)", "a * -b", "-a ** 2", "(-a) ** 2",
    "(a ** 2) ** 3", "2 * a + 3 * (b - k) / 4", "-(a + b)", "a - -b", "1.5e-1 * a",
]  # fmt: skip


@pytest.mark.parametrize("text", ARITHMETIC)
def test_arithmetic_is_arithmetic(text):
    """I(...) has Python's precedence, and so has the text by which it is called."""
    wanted = eval(text, {}, {name: TABLE[name].to_numpy(float) for name in "abk"})
    made = FormulaSchema.learn(Formula(f"y ~ I({text})"), TABLE).design(TABLE)
    np.testing.assert_allclose(made.values[:, 0], wanted, rtol=1e-14)
    again = FormulaSchema.learn(Formula(f"y ~ {made.names[0]}"), TABLE).design(TABLE)
    np.testing.assert_array_equal(again.values, made.values)


def _indicators(values, levels):
    return np.array([[v == level for level in levels] for v in values], dtype=float)


def test_interactions_are_products_of_indicators():
    """X of c:d:a is the product of the indicators of c and d and of a, first factor fastest."""
    design = FormulaSchema.learn(Formula("y ~ c:d:log(a)"), TABLE).design(TABLE)
    first, second = _indicators(TABLE["c"], "uvw"), _indicators(TABLE["d"], ["north", "south"])
    wanted = np.column_stack([first[:, i] * second[:, j] for j in range(2) for i in range(3)])
    wanted *= np.log(TABLE["a"].to_numpy())[:, None]
    assert design.names[:2] == ("c[u]:d[north]:log(a)", "c[v]:d[north]:log(a)")
    np.testing.assert_allclose(design.matvec(np.eye(6)), wanted, atol=1e-15)


@pytest.mark.parametrize("values", [None, 1.0, 1e200, 1e-200])
def test_codes_are_their_indicators(values):
    """Products, moments, rows and columns of codes are those of the dense columns."""
    rng = np.random.default_rng(0)
    codes = rng.integers(-1, 4, 30).astype(np.int8)
    numbers = None if values is None else values * rng.normal(size=30)
    design = Categorical(codes, tuple("pqrs"), values=numbers)
    dense = _indicators(codes, range(4)) * (1.0 if numbers is None else numbers[:, None])
    plain, w, rows = as_design(dense), rng.uniform(size=30), np.array([4, 4, 9])
    b, r, cols = rng.normal(size=(4, 2)), rng.normal(size=(30, 2)), np.array([2, 0])
    np.testing.assert_allclose(design.matvec(b), dense @ b, rtol=1e-13)
    np.testing.assert_allclose(design.rmatvec(r), dense.T @ r, rtol=1e-12)
    for mine, theirs in zip(design.moments(w), plain.moments(w), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)
    np.testing.assert_allclose(design.take_rows(rows).matvec(b), dense[rows] @ b, rtol=1e-13)
    matrix, rest = design.columns(cols, plain.moments(w)[0])
    np.testing.assert_allclose(matrix.toarray(), dense[:, cols], rtol=1e-15)
    np.testing.assert_allclose(rest, plain.moments(w)[0][cols])


def test_codes_stay_codes():
    """An interaction of 500 levels with a number takes a few columns of numbers."""
    n = 100_000
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"y": rng.normal(size=n), "x": rng.normal(size=n), "g": rng.integers(0, 500, n)}
    )
    tracemalloc.start()
    design = FormulaSchema.learn(Formula("y ~ C(g):x + C(g)"), table).design(table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert design.shape == (n, 1000)
    assert peak < 12 * 8 * n < design.shape[1] * n / 8


STATEFUL = ["scale(a)", "center(log(a))", "poly(a, 3)", "bs(a, df=6)", "bs(a, df=4, degree=2)",
            "ns(a, df=4)", "C(k):bs(a, df=4)", "c:d:scale(a)",
            "scale(log(a)):poly(b, 2)"]  # fmt: skip


@pytest.mark.parametrize("text", STATEFUL)
@pytest.mark.parametrize("form", [pd.DataFrame, pl.DataFrame, lambda t: pa.table(t)])
def test_predictions_use_what_the_fit_has_learned(text, form):
    """Row by row the design of some rows is the same rows of the design of all."""
    data = TABLE.to_dict("list")
    schema = FormulaSchema.learn(Formula("y ~ " + text), form(data))
    some = {name: values[7:9] for name, values in data.items()}
    whole, part = schema.design(form(data)), schema.design(form(some))
    eye = np.eye(whole.shape[1])
    np.testing.assert_allclose(part.matvec(eye), whole.matvec(eye)[7:9], rtol=1e-12, atol=1e-12)


def test_bases():
    """Polynomials are orthonormal and B-splines hold all polynomials of their degree; natural
    splines hold lines, and are lines beyond the data."""
    x = TABLE["a"].to_numpy()
    bases = {
        text: FormulaSchema.learn(Formula("y ~ " + text), TABLE)
        for text in ("poly(a, 4)", "bs(a, df=6)", "ns(a, df=4)")
    }
    orthogonal = bases["poly(a, 4)"].design(TABLE).values
    np.testing.assert_allclose(orthogonal.T @ orthogonal, np.eye(4), atol=1e-12)
    ones = np.ones(len(x))
    for text, powers in (("bs(a, df=6)", 3), ("ns(a, df=4)", 1)):
        basis = np.column_stack([ones, bases[text].design(TABLE).values])
        for power in range(powers + 1):
            error = x**power - basis @ np.linalg.lstsq(basis, x**power, rcond=None)[0]
            assert np.abs(error).max() < 1e-9 * np.abs(x**power).max()
    beyond = pd.DataFrame({"a": np.linspace(x.max(), 3 * x.max(), 7)})
    line = bases["ns(a, df=4)"].design(beyond).values
    np.testing.assert_allclose(np.diff(line, 2, axis=0), 0, atol=1e-10)
    with pytest.warns(pf.PriorfitWarning, match="beyond the knots"):
        bases["bs(a, df=6)"].design(beyond)


def test_new_levels_and_combinations_are_rows_of_zeros():
    """A level, or a combination, that the fit did not have adds nothing, with a warning."""
    seen = pd.DataFrame({"y": [1.0, 2, 3], "c": ["u", "v", "u"], "d": ["n", "n", "s"]})
    schema = FormulaSchema.learn(Formula("y ~ c:d"), seen)
    assert schema.design(seen).names == ("c[u]:d[n]", "c[v]:d[n]", "c[u]:d[s]")
    new = pd.DataFrame({"c": ["v", "u"], "d": ["s", "n"]})
    with pytest.warns(pf.PriorfitWarning, match="1 of 2 rows with a combination"):
        rows = schema.design(new).matvec(np.eye(3))
    np.testing.assert_array_equal(rows, [[0, 0, 0], [1, 0, 0]])
    with pytest.warns(pf.PriorfitWarning, match="such as 'z'"):
        rows = schema.design(new.assign(c="z")).matvec(np.eye(3))
    np.testing.assert_array_equal(rows, 0)


def test_whole_numbers_are_the_same_level_however_stored():
    """C(k) of integers, floats and text is one category, in the order of the numbers."""
    table = pd.DataFrame({"y": [1.0, 2, 3, 4], "k": [10, 9, 2, 10]})
    schema = FormulaSchema.learn(Formula("y ~ C(k)"), table)
    assert schema.design(table).names == ("C(k)[2]", "C(k)[9]", "C(k)[10]")
    for other in (table.astype({"k": float}), table.astype({"k": str})):
        np.testing.assert_array_equal(
            schema.design(other).matvec(np.eye(3)), schema.design(table).matvec(np.eye(3))
        )


def _gaps():
    table = TABLE.copy()
    table.loc[3, "a"], table.loc[5, "c"] = np.nan, None
    return table


def test_missing_values_follow_the_estimator():
    """error names the column; mean fills before log; indicator adds a column; text has a level."""
    table = _gaps()
    for text, column in (("log(a)", "a"), ("c:b", "c")):
        with pytest.raises(pf.InputError, match=f"1 of 60 missing in column '{column}'"):
            pf.MAPRegressor(formula="y ~ " + text).fit(table)
    model = pf.MAPRegressor(formula="y ~ log(a) + c", missing="indicator").fit(table)
    names = ("log(a)", "c[missing]", "c[u]", "c[v]", "c[w]", "a[missing]")
    assert model.feature_labels_ == names
    row = model._schema.design(table).matvec(np.eye(6))[3]
    assert row[0] == pytest.approx(np.log(table["a"].mean()))
    assert row[-1] == 1
    with pytest.raises(pf.InputError, match="missing in column 'a'"):
        pf.MAPRegressor(formula="y ~ b + offset(a)", missing="mean").fit(table)
    with pytest.raises(pf.InputError, match="missing in column 'a'"):
        pf.MAPRegressor(formula="y ~ a + offset(a)", missing="mean").fit(table)


def test_offsets_of_formula_and_call_add_up():
    """offset(log(e)) is offset=log(e) of the call, in fit and predict; "." skips e."""
    table = TABLE.assign(e=np.linspace(0.5, 2, len(TABLE)))
    known = np.log(table["e"].to_numpy())
    one = pf.MAPRegressor(likelihood=pf.Poisson(), formula="y ~ . + offset(log(e))").fit(table)
    two = pf.MAPRegressor(likelihood=pf.Poisson(), formula="y ~ .").fit(TABLE, offset=known)
    assert one.feature_labels_ == two.feature_labels_
    np.testing.assert_array_equal(one.coef_, two.coef_)
    np.testing.assert_array_equal(one.predict(table), two.predict(TABLE, offset=known))
    np.testing.assert_allclose(
        one.predict(table, offset=known), two.predict(TABLE, offset=2 * known), rtol=1e-13
    )


def test_the_response_may_be_transformed():
    """log(y) on the left is the fit of log(y); predictions are of log(y)."""
    table = TABLE.assign(y=TABLE["y"] + 1.0)
    one = pf.MAPRegressor(formula="log(y) ~ a + c").fit(table)
    two = pf.MAPRegressor(formula="a + c").fit(table, np.log(table["y"]))
    np.testing.assert_array_equal(one.coef_, two.coef_)
    assert one.score(table) == two.score(table, np.log(table["y"]))


def test_classes_by_formula():
    """The left side may be a column of labels."""
    model = pf.MAPClassifier(formula="d ~ a + b:c").fit(TABLE)
    assert model.classes_.tolist() == ["north", "south"]
    assert 0 <= model.score(TABLE) <= 1
    assert model.predict_proba(TABLE).shape == (60, 2)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: pf.MAPRegressor(formula="y ~ a").fit(TABLE, TABLE["y"]), "y must be given once"),
        (
            lambda: pf.MAPRegressor(formula="y ~ a").fit(TABLE, "y ~ b"),
            "formula must be given once",
        ),
        (lambda: pf.MAPRegressor(formula="~ a").fit(TABLE), "y must be given"),
        (lambda: pf.MAPRegressor(formula="y ~ a").fit(np.eye(3)), "needs a table"),
        (lambda: pf.MAPRegressor(formula=3).fit(TABLE), "Give it as text"),
        (
            lambda: pf.MAPRegressor(formula="y ~ a").fit(TABLE).predict(np.ones((2, 1))),
            "needs a table",
        ),
        (
            lambda: pf.MAPRegressor(formula="y ~ a + b").fit(TABLE).predict(TABLE[["a"]]),
            "name columns of the table; got 'b'",
        ),
    ],
)
def test_misuse(make, match):
    with pytest.raises(pf.InputError, match=match):
        make()


FULL = "y ~ C(k)*scale(a) + c:d + bs(log(a), df=4):c + offset(log(a)) + ns(b, df=3)"


def test_a_fitted_formula_survives(tmp_path):
    """pickle and the model file predict the same bits; clone and set_params keep the text."""
    from priorfit.report import load_model, model_of, save_model

    model = pf.MAPRegressor(pf.Normal(0.5), pf.Poisson(), formula=FULL).fit(TABLE)
    wanted = model.predict(TABLE)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(TABLE), wanted)
    save_model(model_of(model, "y"), tmp_path / "m.json")
    again = load_model(tmp_path / "m.json")
    assert again.schema == model._schema
    np.testing.assert_array_equal(again.predict(TABLE)["y"], wanted)
    assert clone(model).formula == FULL
    assert clone(model).set_params(formula="y ~ a").fit(TABLE).feature_labels_ == ("a",)


def _damaged(content, path, value):
    content = json.loads(json.dumps(content))
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return content


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["formula", "text"], "y ~ __import__('os')"),
        (["formula", "states"], {}),
        (["formula", "states", "scale(a)", "mean"], "open('x')"),
        (["formula", "combinations"], {}),
        (["formula", "numbers"], []),
        (["formula", "categories"], [{"name": 1}]),
    ],
)
def test_a_damaged_model_file_is_refused(tmp_path, path, value):
    """Nothing is learned from new data in place of what the file lacks."""
    from priorfit.report import load_model, model_of, save_model

    file = tmp_path / "m.json"
    save_model(model_of(pf.MAPRegressor(formula=FULL).fit(TABLE), "y"), file)
    file.write_text(json.dumps(_damaged(json.loads(file.read_text()), path, value)))
    with pytest.raises(pf.InputError):
        load_model(file).predict(TABLE)


def test_folds_learn_their_own_knots():
    """A formula works in cross-validation, with y apart."""
    from sklearn.model_selection import cross_val_score

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pf.PriorfitWarning)  # rows beyond the knots of a fold
        scores = cross_val_score(
            pf.MAPRegressor(formula="ns(a, df=3) + c:b"), TABLE, TABLE["y"], cv=3
        )
    assert np.all(np.isfinite(scores))
