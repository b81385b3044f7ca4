"""A visitor's own table: fits, refusals, and the code that is shown."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("pyarrow")

from priorfit._errors import InputError
from priorfit.explore.app import application
from priorfit.explore.documents import words
from priorfit.explore.guard import COOKIE, Key
from priorfit.explore.tables import Store, study_of
from priorfit.explore.tables.answer import answer_of, seen_of
from priorfit.explore.texts import say_in

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # newer ones of its parts prefer another name of httpx
    from fastapi.testclient import TestClient

SAY = say_in("en", "data")


def csv(y, **columns):
    names = [*columns, "y"]
    rows = zip(*columns.values(), y, strict=True)
    return "\n".join([",".join(names), *(",".join(map(str, r)) for r in rows)]).encode()


@pytest.fixture
def client():
    key = Key()
    made = TestClient(application(key), base_url="http://127.0.0.1:8000", follow_redirects=False)
    made.cookies.set(COOKIE, key.pass_)
    return made


@pytest.mark.parametrize("family", ["laplace", "normal", "enet"])
@pytest.mark.parametrize("table", ["diabetes", "breast_cancer"])
def test_the_code_gives_the_point_that_is_shown(table, family):
    """For the chosen point and a stronger one: the same number of weights, the same largest."""
    study = study_of(Store(), table, "", "auto", family)
    for k in (study.selection.chosen, 10):
        answer, space = answer_of(study, k, SAY), {"print": lambda *_: None}
        exec(compile(answer.code, table, "exec"), space)
        for key, value in answer.numbers.items():
            np.testing.assert_allclose(space[key], value, rtol=1e-3, atol=1e-9, err_msg=key)
        assert answer.certificate.ok


def test_intervals_hold_the_posterior_of_the_belief_that_is_shown():
    """A stronger belief, narrower intervals."""
    study = study_of(Store(), "diabetes", "", "auto", "normal")
    wide = np.diff(study.intervals(60)[0], axis=0)
    narrow = np.diff(study.intervals(5)[0], axis=0)
    assert np.all(narrow < wide)


def test_views_and_dictionary_are_of_one_belief():
    """scikit-learn's Lasso with the setting that is shown finds the weights that are shown."""
    from sklearn.linear_model import Lasso

    study = study_of(Store(), "diabetes", "", "gaussian", "laplace")
    k = study.selection.chosen
    told = dict(seen_of(study, k).elsewhere)["sklearn.Lasso"]
    table = np.column_stack([np.array(c) for c in study.table.columns])
    scaled = (table - table.mean(axis=0)) / study.sd
    found = Lasso(alpha=float(told.partition("=")[2]), tol=1e-10).fit(scaled, study.response)
    np.testing.assert_allclose(found.coef_, study.path.coefs[:, k] * study.sd, atol=0.05)


def test_likelihood_is_read_from_the_values():
    rng = np.random.default_rng(0)
    x = rng.normal(size=40).round(3)
    store = Store()
    kinds = {
        "gaussian": (x + 1).round(2),
        "poisson": rng.poisson(2.0, 40),
        "bernoulli": np.where(x > 0, "yes", "no"),
    }
    for kind, y in kinds.items():
        key = store.put("t.csv", csv(y, a=x, b=rng.normal(size=40).round(3)))
        assert study_of(store, key, "", "auto", "laplace").likelihood == kind


def three_kinds():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(90, 4)).round(3)
    kinds = np.array(["red", "green", "blue"])[np.argmax(X[:, :3] + rng.normal(size=(90, 3)), 1)]
    return csv(kinds, a=X[:, 0], b=X[:, 1], c=X[:, 2], noise=X[:, 3])


@pytest.mark.parametrize("family", ["laplace", "normal", "enet"])
def test_several_classes_have_a_weight_each(family, tmp_path, monkeypatch):
    """Path, names, table and code are those of the classifier, for every class."""
    pytest.importorskip("pandas")
    store = Store()
    study = study_of(store, store.put("kinds.csv", three_kinds()), "", "auto", family)
    k = study.selection.chosen
    assert (study.likelihood, study.classes, len(study.names)) == ("multinomial", 3, 12)
    for name, weight in zip(study.names, study.coefs[:, k], strict=True):
        column, _, kind = name.partition(" [")
        i = list(study.model.classes_).index(kind.rstrip("]"))
        j = ["a", "b", "c", "noise"].index(column)
        np.testing.assert_allclose(weight, study.model.coef_[i, j], rtol=1e-4, atol=1e-6)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kinds.csv").write_bytes(three_kinds())
    for point in (k, 10):
        answer, space = answer_of(study, point, SAY, draws=True), {"print": lambda *_: None}
        exec(compile(answer.code, "shown", "exec"), space)
        assert space["used"] == answer.numbers["used"]
        np.testing.assert_allclose(space["largest"], answer.numbers["largest"], rtol=1e-3)
        assert answer.certificate.ok


def test_a_table_of_several_classes_has_its_page(client):
    sent = client.post("/api/tables", files={"file": ("k.csv", io.BytesIO(three_kinds()))})
    page = client.get(sent.headers["location"])
    assert page.status_code == 200
    assert "a [red]" in page.text
    query = sent.headers["location"].partition("?")[2]
    told = client.get(f"/api/data?{query}&lang=zh&draws=true").json()
    assert told["certified"] is True
    assert told["spoken"].startswith("先验标准差")
    assert client.get(f"/api/data/report.html?{query}&point=20").status_code == 200
    refused = client.get(f"/api/data?{query}&likelihood=bernoulli")
    assert "Choose multinomial" in refused.json()["detail"]


def test_what_was_done_to_a_table_is_said():
    rng = np.random.default_rng(1)
    a = [*rng.normal(size=29).round(3), ""]
    y = ["", *rng.normal(size=29).round(3)]
    store = Store()
    study = study_of(store, store.put("t.csv", csv(y, a=a, b=range(30))), "", "auto", "laplace")
    assert study.notes[:2] == ("missing_target 1", "filled 1")
    assert study.rows == 29


def test_dates_and_names_are_left_out_and_said(tmp_path, monkeypatch):
    """The code that is shown leaves them out as well, and gives what is shown."""
    rng = np.random.default_rng(2)
    a = rng.normal(size=80).round(3)
    columns = {
        "day": [f"2024-01-{1 + i % 28:02}" for i in range(80)],
        "who": [f"person {i}" for i in range(80)],
        "a": a, "side": np.where(rng.normal(size=80) > 0, "left", "right"),
    }  # fmt: skip
    content = csv((2 * a + rng.normal(size=80)).round(3), **columns)
    store = Store()
    study = study_of(store, store.put("mine.csv", content), "", "auto", "laplace")
    assert study.left_out == ("day", "who")
    assert study.notes == ("left_out day, who",)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_bytes(content)
    pytest.importorskip("pandas")
    answer, space = answer_of(study, study.selection.chosen, SAY), {"print": lambda *_: None}
    exec(compile(answer.code, "shown", "exec"), space)
    assert space["used"] == answer.numbers["used"]
    np.testing.assert_allclose(space["largest"], answer.numbers["largest"], rtol=1e-3)


def test_where_no_column_helps_the_sentence_says_so():
    study = study_of(Store(), "diabetes", "", "auto", "laplace")
    assert "**no column**" in answer_of(study, 0, SAY).sentence


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.pkl", b"x", "must be CSV"),
        ("../../etc/passwd", b"x", "must be CSV"),
        ("t.csv", b"", "must"),
        ("t.csv", b"a;b\n1;2\n", "apart"),
        ("t.parquet", b"PAR1 no", "t.parquet must be a readable table"),
    ],
)
def test_other_files_are_refused(client, name, content, said):
    reply = client.post("/api/tables", files={"file": (name, io.BytesIO(content))})
    assert reply.status_code == 422
    assert said in reply.text
    assert "/tmp" not in reply.text


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (["a", "b", "c"] * 9 + ["d"], "of two rows or more; got 4 in 'y', 'd' with 1"),
        ([f"c{i % 25}" for i in range(75)], "at most 20"),
        ([1.5] * 30, "different values"),
        (list(range(5)), "12 rows"),
    ],
)
def test_targets_that_cannot_be_fitted_are_refused(y, said):
    store = Store()
    key = store.put("t.csv", csv(y, a=range(len(y))))
    with pytest.raises(InputError, match=said):
        study_of(store, key, "", "auto", "laplace")


def test_the_pages_of_a_table(client):
    content = csv(np.arange(30) % 7 + 0.5, a=np.arange(30) % 7, b=np.arange(30) % 4)
    sent = client.post("/api/tables?lang=zh", files={"file": ("<b>.csv", io.BytesIO(content))})
    assert sent.status_code == 303
    page = client.get(sent.headers["location"])
    assert page.status_code == 200
    assert "&lt;b&gt;.csv" in page.text
    assert "<b>.csv" not in page.text
    query = sent.headers["location"].partition("?")[2]
    report = client.get(f"/api/data/report.html?{query}&point=20")
    assert report.status_code == 200
    assert "priorfit" in report.text
    assert client.get(f"/api/data/data.csv?{query}").text.count("\n") > 100
    assert client.get(f"/api/data/figure-2.svg?{query}").text.startswith("<svg")
    moved = client.get(f"/api/data?{query}&point=20&lang=zh&draws=true").json()
    assert moved["certified"] is True
    assert "后验" in moved["figures"]
    refused = client.get(f"/api/data?{query}&target=nothing")
    assert refused.status_code == 422
    assert "must be a column" in refused.json()["detail"]
    assert client.get("/api/data?table=gone").status_code == 422
    assert "Drop the file again" in client.get("/en/data?table=gone").text
    assert client.get("/en/data?point=x").status_code == 422


def test_only_the_last_tables_are_kept():
    store = Store()
    keys = [store.put("t.csv", csv(range(20), a=range(20))) for _ in range(6)]
    with pytest.raises(InputError, match="one that is here"):
        store.get(keys[0])
    assert store.get(keys[-1])[0] == "t.csv"


def test_words_are_those_of_the_documentation():
    """The meaning of each word = its row in docs/names.md."""
    from pathlib import Path

    names = (Path(__file__).parents[2] / "docs" / "names.md").read_text(encoding="utf-8")
    rows = [
        [c.strip() for c in line.strip().strip("|").replace("\\|", "¦").split("|")]
        for line in names.splitlines()
        if line.startswith("|")
    ]
    meanings = {row[0].partition(",")[0]: row[1].replace("¦", "|") for row in reversed(rows)}
    assert len(words()) > 30
    for word in words():
        assert meanings[word["word"]] == word["meaning"]
