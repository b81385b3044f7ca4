"""The dictionary as a data frame, as records, and in the documentation."""

import subprocess
import sys

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import priorfit as pf
from priorfit.translate.libraries import TABLE
from priorfit.translate.table import markdown, records


def test_every_backend_holds_the_same_table():
    """One table, four containers."""
    rows = pf.dictionary(backend="records")
    assert [row["id"] for row in rows] == [row.id for row in TABLE]
    frame, polar, arrow = (pf.dictionary(backend=b) for b in ("pandas", "polars", "pyarrow"))
    assert isinstance(frame, pd.DataFrame)
    assert isinstance(polar, pl.DataFrame)
    assert isinstance(arrow, pa.Table)
    assert frame.to_dict("records") == polar.to_dicts() == arrow.to_pylist() == rows
    assert isinstance(pf.dictionary(), pd.DataFrame)


def test_without_any_data_frame_it_is_a_list_of_dicts():
    """numpy users get records."""
    code = (
        "import importlib.util as u; find = u.find_spec\n"
        "hidden = ('pandas', 'polars', 'pyarrow')\n"
        "u.find_spec = lambda n, *a: None if n in hidden else find(n, *a)\n"
        "import priorfit as pf; print(type(pf.dictionary()).__name__)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "list"


def test_filters():
    """By library and by likelihood."""
    assert {r["library"] for r in pf.dictionary(library="Spark", backend="records")} == {"Spark"}
    for row in pf.dictionary(likelihood=pf.Poisson(), backend="records"):
        assert "poisson" in row["likelihoods"]
    with pytest.raises(pf.InputError, match="`backend` must be one of"):
        pf.dictionary(backend="excel")


def test_every_default_translates_to_what_the_table_says():
    """ "normal, scale 1" for C=1, and so on: the text is the prior of the defaults."""
    words = {row["id"]: row["default"] for row in records()}
    assert words["sklearn.LogisticRegression"] == "normal, scale 1"
    assert words["sklearn.Ridge"] == "normal, scale noise"
    assert words["sklearn.Lasso"] == "Laplace, scale noise² / W"
    assert words["xgboost"] == "normal, scale noise"
    prior = pf.translate({}, source="sklearn.ElasticNet", n=50, noise=3.0)
    assert words["sklearn.ElasticNet"] == (
        "elastic net, l1_scale 2 × noise² / W, l2_scale 1.414 × noise / √W"
    )
    assert prior.l1_scale == pytest.approx(2 * 9 / 50)
    assert prior.l2_scale == pytest.approx(2**0.5 * 3 / 50**0.5)


def test_what_is_a_map_and_what_is_not():
    """The column `map` is about the estimate, `reason` about the translation."""
    rows = {row["id"]: row for row in records()}
    assert rows["sklearn.Lasso"]["map"]
    assert not rows["sklearn.Lasso"]["reason"]
    assert rows["sklearn.BayesianRidge"]["map"]
    assert rows["sklearn.BayesianRidge"]["reason"]
    assert not rows["torch.AdamW"]["map"]


def test_the_documentation_holds_every_row():
    """Each cell of `dictionary` stands in the text of its row, and no row is there twice."""
    text = markdown()
    for row in records():
        details = text.split(f"\n`{row['id']}`\n: ")
        assert len(details) == 2
        said = details[1].split("\n")[0]
        held = [row["call"], row["objective"], row["notes"], row["checked"][1:], row["reason"]]
        if row["reason"]:
            held += [row["instead"], "Not translated" if row["map"] else "Not a MAP"]
        else:
            facts = (row["likelihoods"][1:], row["scale"], row["weights"], row["standardizes"])
            held += [*facts, f"intercept {row['intercept']}"]
            line = f"| `{row['id']}` | {row['setting'].replace('; ', '<br>')} | {row['default']} |"
            assert text.count(line) == 1
        for part in [*held, *(source.split(" ")[0] for source in row["source"].split("; "))]:
            assert part in said
