"""The command line end to end, in a process of its own where it matters."""

import bz2
import csv
import gzip
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

import priorfit as pf
from priorfit.cli import main

DATA = pf.datasets.load("diabetes")
CANCER = pf.datasets.load("breast_cancer")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    DATA.to_csv("diabetes.csv")
    return tmp_path


FIT = ["--target", "progression", "--prior", "laplace:scale=2", "--quiet", "--json"]


def _write(frame, name):
    text = frame.to_csv(index=False)
    if name.endswith(".csv.gz"):
        with gzip.open(name, "wt") as file:
            file.write(text)
    elif name.endswith(".csv.bz2"):
        with bz2.open(name, "wt") as file:
            file.write(text)
    elif name.endswith(".csv.zst"):
        with pa.CompressedOutputStream(name, "zstd") as file:
            file.write(text.encode())
    elif name.endswith(".tsv"):
        frame.to_csv(name, sep="\t", index=False)
    elif name.endswith(".parquet"):
        pa.parquet.write_table(pa.Table.from_pandas(frame), name)
    else:
        pa.feather.write_feather(pa.Table.from_pandas(frame), name)


@pytest.mark.parametrize(
    "name", ["t.csv.gz", "t.csv.bz2", "t.csv.zst", "t.tsv", "t.parquet", "t.arrow", "t.feather"]
)
def test_every_format_gives_the_same_model(here, name):
    _write(DATA.frame(), name)
    assert main(["fit", "diabetes.csv", *FIT, "a.json"]) == 0
    assert main(["fit", name, *FIT, "b.json"]) == 0
    a, b = (json.loads((here / f).read_text()) for f in ("a.json", "b.json"))
    assert a["coefficients"] == b["coefficients"]


def test_the_main_job(here, capsys):
    """Table, report and model; the model predicts what the fit predicts."""
    arguments = ["fit", "diabetes.csv", "--target", "progression", "--prior", "laplace"]
    more = ["--strength", "cv", "--report", "report.html", "--json", "model.json"]
    assert main([*arguments, *more]) == 0
    said = capsys.readouterr().out
    assert "exactly zero" in said
    assert "asked: certified" in said
    assert "−" in said
    m = pf.MAPRegressor(prior=pf.Laplace(), strength="cv").fit(DATA.frame(), "progression")
    assert main(["predict", "model.json", "diabetes.csv", "--output", "out.csv"]) == 0
    with open("out.csv") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["progression"]
    predicted = np.array([float(r[0]) for r in rows[1:]])
    np.testing.assert_array_equal(predicted, m.predict(DATA.frame()))


def test_strength_by_evidence_and_by_mixture(here, capsys):
    """The report says the log evidence and the share of l1, and no held-out deviance where none
    was held out; a column of groups is no input."""
    arguments = ["fit", "diabetes.csv", "--target", "progression", "--prior"]
    assert main([*arguments, "normal", "--strength", "evidence", "--report", "r.html"]) == 0
    assert "log evidence −2400.86" in " ".join(capsys.readouterr().out.split())
    assert "Held-out" not in (here / "r.html").read_text()
    frame = DATA.frame().assign(person=np.arange(442) // 3)
    frame.to_csv("g.csv", index=False)
    mixed = ["elastic-net", "--l1-ratio", "0.3,1", "--groups", "person", "--json", "m.json"]
    assert main(["fit", "g.csv", *arguments[2:], *mixed]) == 0
    assert "% of the penalty is l1" in " ".join(capsys.readouterr().out.split())
    assert "person" not in dict(json.loads((here / "m.json").read_text())["coefficients"])


def test_two_classes(here, capsys):
    """Text labels need no --likelihood; predictions carry label and probability."""
    frame = CANCER.frame()
    frame["benign"] = np.where(frame["benign"] == 1, "yes", "no")
    frame.to_csv("c.csv", index=False)
    assert main(["fit", "c.csv", "--target", "benign", "--prior", "normal:scale=0.1", "--units",
                 "sd", "--json", "m.json"]) == 0  # fmt: skip
    assert "log odds of benign = yes" in capsys.readouterr().out
    assert main(["predict", "m.json", "c.csv"]) == 0
    rows = list(csv.reader(capsys.readouterr().out.splitlines()))
    assert rows[0] == ["benign", "P(benign = yes)"]
    assert np.mean([r[0] for r in rows[1:]] == frame["benign"]) > 0.9


def test_weights_offset_and_missing_values(here):
    """Columns of weights and offset are taken out of the table; gaps are filled when asked."""
    frame = DATA.frame().assign(w=2.0, o=1.0)
    frame.loc[3, "bmi"] = np.nan
    frame.to_csv("w.csv", index=False)
    base = ["fit", "w.csv", *FIT, "m.json", "--weights", "w", "--offset", "o"]
    assert main(base) == 1
    assert main([*base, "--missing", "mean"]) == 0
    names = [k for k, _ in json.loads((here / "m.json").read_text())["coefficients"]]
    assert "w" not in names
    assert "o" not in names


BAD = {
    "no file": (["fit", "nothing.csv", "--target", "y"], "no file 'nothing.csv'"),
    "no target": (["fit", "diabetes.csv", "--target", "nope"], "got 'nope'. It has age, sex"),
    "unknown prior": (
        ["fit", "diabetes.csv", "--target", "progression", "--prior", "x"],
        "flat, n",
    ),
    "unknown strength": (
        ["fit", "diabetes.csv", "--target", "progression", "--strength", "x"],
        "a number or one of cv, evidence, loo",
    ),
    "shares that are no numbers": (
        ["fit", "diabetes.csv", "--target", "progression", "--l1-ratio", "all"],
        "numbers from 0 to 1",
    ),
    "wrong extension": (["fit", "t.xlsx", "--target", "y"], "extension '.xlsx'"),
    "not a model": (["predict", "diabetes.csv", "diabetes.csv"], "a model written by priorfit"),
    "no model": (["predict", "m.json", "diabetes.csv"], "must exist"),
    "unknown data": (["data", "iris"], "diabetes"),
    "unknown case": (["bench", "--cases", "nothing"], "bench must have a case"),
    "missing option": (["fit", "diabetes.csv"], "--target"),
    "text target": (["fit", "text.csv", "--target", "y", "--likelihood", "gaussian"], "numbers"),
    "ragged": (["fit", "ragged.csv", "--target", "y"], "readable table"),
    "empty": (["fit", "empty.csv", "--target", "y"], "empty.csv"),
    "repeated name": (["fit", "twice.csv", "--target", "y"], "unique; got 'x' more than once"),
    "dates": (["fit", "date.csv", "--target", "y"], "got Date in column 'when'"),
    "empty column": (["fit", "void.csv", "--target", "y"], "some values; got none in column 'x'"),
    "infinity": (["fit", "inf.csv", "--target", "y", "--strength", "1"], "got inf in row 1"),
    "semicolons": (["fit", "semi.csv", "--target", "y"], "It seems to use ';'"),
    "latin-1": (["fit", "latin.csv", "--target", "y"], "UTF-8"),
    "utf-16": (["fit", "utf16.csv", "--target", "y"], "readable table"),
    "no columns": (["fit", "only.csv", "--target", "y"], "at least one row and one column"),
    "three classes": (
        ["fit", "text.csv", "--target", "y", "--likelihood", "bernoulli"],
        "exactly two classes; got 3 classes",
    ),
    "negative counts": (
        ["fit", "neg.csv", "--target", "y", "--likelihood", "poisson", "--strength", "1"],
        "y >= 0; got -2",
    ),
    "negative weights": (
        ["fit", "neg2.csv", "--target", "x", "--weights", "y", "--strength", "1"],
        "`weights` must be >= 0; got -2",
    ),
    "no such weights": (["fit", "neg.csv", "--target", "y", "--weights", "w"], "--weights must be"),
    "no folder": (
        ["fit", "diabetes.csv", "--target", "progression", "--report", "no/r.html"],
        "a folder that exists; got 'no'",
    ),
    "too few rows": (["fit", "neg.csv", "--target", "y"], "folds must be"),
    "gaps in target": (["fit", "gaps.csv", "--target", "y", "--strength", "1"], "1 of 3 missing"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_line(here, name, capsys):
    (here / "t.xlsx").write_bytes(b"x")
    (here / "text.csv").write_text("x,y\n1,a\n2,b\n3,c\n")
    (here / "twice.csv").write_text("x,x,y\n1,2,3\n4,5,6\n")
    (here / "date.csv").write_text("when,y\n2024-01-01,3\n2024-01-02,6\n")
    (here / "void.csv").write_text("x,y\n,3\n,6\n")
    (here / "inf.csv").write_text("x,y\n1,3\ninf,6\n2,1\n")
    (here / "semi.csv").write_text("x;y\n1;3\n")
    (here / "latin.csv").write_bytes("x,y\n\u00e9t\u00e9,3\n".encode("latin-1"))
    (here / "utf16.csv").write_bytes("x,y\n1,3\n".encode("utf-16"))
    (here / "only.csv").write_text("y\n1\n2\n")
    (here / "neg.csv").write_text("x,y\n1,-2\n3,4\n5,6\n")
    (here / "neg2.csv").write_text("x,y,z\n1,-2,1\n3,4,2\n5,6,3\n")
    (here / "ragged.csv").write_text("x,y\n1,2\n3\n")
    (here / "empty.csv").write_text("")
    (here / "gaps.csv").write_text("x,y\n1,2\n3,\n4,5\n")
    arguments, message = BAD[name]
    try:
        code = main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    assert code == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    assert message in lines[0]


def test_bench_prints_a_table_and_writes_records(here, capsys):
    """One line of JSON per solver; priorfit certified: exit code 0."""
    assert main(["bench", "--cases", "5000 x 200", "--repeats", "1", "--json", "b.jsonl"]) == 0
    records = [json.loads(line) for line in (here / "b.jsonl").read_text().splitlines()]
    assert [r["solver"] for r in records][:2] == ["priorfit", "sklearn"]
    assert records[0]["certified"]
    said = capsys.readouterr().out
    assert "passes" in said
    assert "lasso 5000 x 200" in said


def test_not_converged_is_exit_code_two(here, capsys):
    """A tolerance below rounding: the result is still written."""
    code = main(["fit", "diabetes.csv", *FIT, "m.json", "--tol", "1e-30"])
    assert code == 2
    assert (here / "m.json").exists()


def test_model_file_is_plain_json(here):
    """Numbers keep their bits; wrong versions and non-finite numbers are refused."""
    assert main(["fit", "diabetes.csv", *FIT, "m.json"]) == 0
    content = json.loads((here / "m.json").read_text())
    assert content["format"] == "priorfit-model"
    m = pf.MAPRegressor(prior=pf.Laplace(2.0)).fit(DATA.frame(), "progression")
    assert [v for _, v in content["coefficients"]] == m.coef_.tolist()
    for key, value in (("version", 99), ("coefficients", [["a", "b"]]), ("prior", {"name": "x"})):
        (here / "bad.json").write_text(json.dumps(content | {key: value}))
        assert main(["predict", "bad.json", "diabetes.csv"]) == 1


def test_offset_and_unknown_levels_at_prediction(here, capsys):
    """The model file knows its offset's column; a new level is said on stderr."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"city": rng.choice(["a", "b"], 60), "x": rng.normal(size=60)})
    frame["exposure"] = np.log(rng.uniform(0.5, 2, 60))
    frame["y"] = rng.poisson(np.exp(frame.exposure + frame.x / 2))
    frame.to_csv("c.csv", index=False)
    assert main(["fit", "c.csv", "--target", "y", "--likelihood", "poisson", "--offset", "exposure",
                 "--prior", "laplace:scale=1", "--quiet", "--json", "m.json"]) == 0  # fmt: skip
    capsys.readouterr()
    frame.drop(columns="y").assign(city="zz").to_csv("new.csv", index=False)
    assert main(["predict", "m.json", "new.csv"]) == 0
    said = capsys.readouterr()
    assert "such as 'zz'" in said.err
    m = pf.MAPRegressor(prior=pf.Laplace(1.0), likelihood=pf.Poisson())
    m.fit(frame[["city", "x"]], frame.y, offset=frame.exposure)
    with pytest.warns(pf.PriorfitWarning, match="zz"):
        wanted = m.predict(frame[["x"]].assign(city="zz"), offset=frame.exposure)
    found = np.array([float(v) for v in said.out.splitlines()[1:]])
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    frame[["city", "x"]].to_csv("bare.csv", index=False)
    assert main(["predict", "m.json", "bare.csv"]) == 1
    assert "got 'exposure'" in capsys.readouterr().err


def test_labels_in_any_form_of_text(here, capsys):
    """Categories of Parquet and large strings of Arrow are labels; two numbers are remarked on."""
    frame = CANCER.frame()
    frame["benign"] = frame["benign"].astype(int)
    frame.to_parquet("n.parquet")
    base = ["--target", "benign", "--strength", "3"]
    assert main(["fit", "n.parquet", *base, "--likelihood", "bernoulli"]) == 0
    assert "two numbers only" not in capsys.readouterr().out
    assert main(["fit", "n.parquet", *base]) == 0
    assert "two numbers only" in capsys.readouterr().out
    text = pa.array(np.where(frame["benign"] == 1, "yes", "no").tolist())
    columns = pa.Table.from_pandas(frame.drop(columns="benign"))
    for labels in (text.dictionary_encode(), text.cast(pa.large_string())):
        pa.parquet.write_table(columns.append_column("benign", labels), "t.parquet")
        assert main(["fit", "t.parquet", *base, "--quiet", "--json", "m.json"]) == 0
        assert json.loads((here / "m.json").read_text())["classes"] == ["no", "yes"]


def test_no_color_and_narrow_terminals(here):
    """NO_COLOR gives plain text; 40 columns still show every weight."""
    run = subprocess.run(
        [sys.executable, "-m", "priorfit", "fit", "diabetes.csv", "--target", "progression",
         "--prior", "laplace:scale=2"],
        capture_output=True, text=True, check=True,
        env={"NO_COLOR": "1", "COLUMNS": "40", "PATH": "", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert "\x1b[" not in run.stdout
    assert all(name in run.stdout for name in ("bmi", "bp", "s5"))
    assert max(map(len, run.stdout.splitlines())) <= 40


def test_tables_with_categories(here):
    """A text column becomes level weights in the model file, and predict knows them."""
    rng = np.random.default_rng(0)
    city = rng.choice(["a", "b"], 60)
    frame = pd.DataFrame({"city": city, "x": rng.normal(size=60)})
    frame["y"] = (city == "a") + 0.1 * rng.normal(size=60)
    frame.to_csv("c.csv", index=False)
    assert main(["fit", "c.csv", "--target", "y", "--prior", "normal:scale=1", "--quiet", "--json",
                 "m.json"]) == 0  # fmt: skip
    names = [k for k, _ in json.loads((here / "m.json").read_text())["coefficients"]]
    assert names == ["city[a]", "city[b]", "x"]
    assert main(["predict", "m.json", "c.csv"]) == 0


def test_translate_says_what_the_function_says(capsys):
    """There, back, and as JSON: the command is `pf.translate`."""
    given = ["translate", "laplace:scale=0.1", "--to", "glmnet", "--n", "442", "--noise", "54"]
    assert main(given) == 0
    said = capsys.readouterr().out
    ours = pf.translate(pf.Laplace(0.1), to="glmnet", n=442, noise=54.0)
    assert ours.call in said
    assert "65.9729" in said
    assert main([*given, "--json"]) == 0
    settings = json.loads(capsys.readouterr().out)
    assert settings["row"] == "glmnet.gaussian"
    assert settings["settings"] == dict(ours)
    words = ",".join(f"{k}={v}" for k, v in settings["settings"].items())
    back = ["translate", f"glmnet:{words}", "--n", "442", "--noise", "54"]
    assert main([*back, "--json"]) == 0
    prior = json.loads(capsys.readouterr().out)["prior"]
    assert prior["name"] == "laplace"
    assert prior["scale"] == pytest.approx(0.1, rel=1e-12)
    assert main(back) == 0
    assert "half of the weights" in capsys.readouterr().out


def test_translate_lists_and_refuses(capsys):
    """The dictionary in short; one line for what is missing."""
    assert main(["translate", "--list", "torch"]) == 0
    said = capsys.readouterr().out
    assert "torch.SGD.mse" in said
    assert "not a MAP" in said
    for wrong, words in (
        (["laplace:scale=0.1", "--to", "sklearn.Lasso"], "must be given"),
        (["normal:scale=1", "--to", "torch.AdamW"], "step sizes"),
        ([], "something to translate"),
        (["--list", "nothing"], "--list must name"),
        (["normal:scale=1", "--to", "glmnet", "--x-scale", "a"], "--x-scale must hold"),
    ):
        assert main(["translate", *wrong]) == 1
        assert words in capsys.readouterr().err


def test_times_until_an_event(here, capsys):
    """--time and --event: MAPCox, its model file, relative hazards; no target beside."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.normal(size=80), "b": rng.normal(size=80)})
    table["days"] = np.ceil(30 * rng.exponential(size=80) * np.exp(-table["a"]))
    table["died"], table["site"] = (rng.uniform(size=80) < 0.7).astype(int), np.arange(80) % 2
    table.to_csv("times.csv", index=False)
    command = ["fit", "times.csv", "--time", "days", "--event", "died", "--strata", "site"]
    assert main([*command, "--prior", "normal:scale=0.5", "--json", "m.json"]) == 0
    assert "log hazard" in capsys.readouterr().out
    ours = pf.MAPCox(prior=pf.Normal(0.5)).fit(table, time="days", event="died", strata="site")
    assert main(["predict", "m.json", "times.csv"]) == 0
    name, *rows = capsys.readouterr().out.splitlines()
    assert name == "hazard relative to the baseline"
    np.testing.assert_allclose(np.log(np.array(rows, float)), ours.predict(table[["a", "b"]]))
    for wrong in (["--target", "a"], ["--likelihood", "poisson"]):
        assert main([*command, *wrong]) == 1
    assert main(["fit", "times.csv", "--time", "days"]) == 1
    assert "--target, or --time and --event" in capsys.readouterr().err


def test_explore_serves_with_its_settings(monkeypatch):
    """The options reach the server; a port that is no port is bad input."""
    explore = pytest.importorskip("priorfit.explore")
    pytest.importorskip("fastapi")
    asked = []
    monkeypatch.setattr(explore, "serve", lambda port, **more: asked.append((port, more)))
    assert main(["explore", "--port", "8123", "--no-browser"]) == 0
    assert main(["explore", "--host", "192.168.1.5", "--token", "a-long-word"]) == 0
    assert asked == [
        (8123, {"host": "", "token": "", "browser": False}),
        (0, {"host": "192.168.1.5", "token": "a-long-word", "browser": True}),
    ]


def test_explore_for_others_needs_both_an_address_and_a_word(capsys):
    pytest.importorskip("uvicorn")
    pytest.importorskip("fastapi")
    for alone in (["--host", "192.168.1.5"], ["--token", "a-long-word-of-ours"]):
        assert main(["explore", *alone]) == 1
        assert "must be given together" in capsys.readouterr().err


def test_a_port_that_cannot_be_had_is_bad_input(capsys):
    pytest.importorskip("uvicorn")
    pytest.importorskip("fastapi")
    assert main(["explore", "--port", "99999999", "--no-browser"]) == 1
    assert "`--port` must be a free port" in capsys.readouterr().err
