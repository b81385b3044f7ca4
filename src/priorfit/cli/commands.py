"""One function per command."""

from __future__ import annotations

import csv
import json
import shlex
import sys
import warnings
from argparse import Namespace
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from priorfit._errors import InputError
from priorfit.bench import SMALL, installed, race
from priorfit.cli.atlases import print_atlas
from priorfit.cli.races import race_heading, race_table
from priorfit.cli.tables import read_table, stem
from priorfit.cli.translations import as_json, print_dictionary, print_translation, translated
from priorfit.datasets import load
from priorfit.estimators import MAPClassifier, MAPRegressor
from priorfit.likelihoods import by_name
from priorfit.priors import parse_prior
from priorfit.report import (
    facts_of,
    html_report,
    load_model,
    model_of,
    print_fit,
    save_model,
)
from priorfit.select import WAYS

__all__ = ["atlas", "bench", "data", "fit", "predict", "translate"]


def fit(options: Namespace) -> int:
    """Fit a table; write the report and the model file."""
    _check_folder("--report", options.report)
    _check_folder("--json", options.json)
    table = read_table(options.table)
    target, table = _take(table, options.target, "--target")
    extra: dict[str, Any] = {}
    for key, option in (("sample_weight", "weights"), ("offset", "offset")):
        name = getattr(options, option)
        if name:
            column, table = _take(table, name, f"--{option}")
            extra[key] = _numbers(column, name)
    for name in options.drop:
        _, table = _take(table, name, "--drop")
    model, likelihood = _estimator(options, target)
    y = target.to_pylist() if isinstance(model, MAPClassifier) else _numbers(target, options.target)
    if target.null_count:
        raise InputError(
            f"the target {options.target!r} must have no missing values",
            f"{target.null_count} of {len(target)} missing",
            "Drop these rows.",
        )
    said = _run(model, table, np.asarray(y), extra)
    if likelihood == "gaussian" and not options.likelihood and len(np.unique(y)) == 2:
        said += (
            f"{options.target!r} holds two numbers only: for their probability pass "
            "--likelihood bernoulli.",
        )
    command = "priorfit " + shlex.join(options.arguments)
    facts = facts_of(
        model, target=options.target, source=stem(options.table), command=command, warnings=said
    )
    if options.json:
        save_model(model_of(model, options.target, options.offset), options.json)
    if options.report:
        html_report(facts, options.report)
    if not options.quiet:
        console = Console()
        print_fit(facts, console)
        for what, where in (("report", options.report), ("model", options.json)):
            if where:
                console.print(f"{what}: {where}", style="dim", highlight=False)
    return 0 if model.certificate_.certified else 2


def predict(options: Namespace) -> int:
    """Predictions of a model file as CSV."""
    model = load_model(options.model)
    table, offset = read_table(options.table), None
    if model.offset:
        column, table = _take(table, model.offset, "the model's offset")
        offset = _numbers(column, model.offset)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        columns = model.predict(table, offset)
    for note in caught:
        print(f"priorfit: note: {note.message}", file=sys.stderr)
    if options.output:
        with open(options.output, "w", newline="", encoding="utf-8") as file:
            _write(columns, file)
    else:
        _write(columns, sys.stdout)
    return 0


def data(options: Namespace) -> int:
    """Write a bundled table."""
    dataset = load(options.name)
    output = options.output or f"{options.name}.csv"
    dataset.to_csv(output)
    n, p = dataset.X.shape
    print(f"{output}: {n} rows, {p} columns and the target {dataset.target_name!r}")
    return 0


def _check_folder(option: str, name: str | None) -> None:
    """Where a result is to be written is looked at before the work, not after it."""
    if name and not Path(name).parent.is_dir():
        raise InputError(
            f"{option} must lie in a folder that exists",
            repr(str(Path(name).parent)),
            "Create it first.",
        )


def bench(options: Namespace) -> int:
    """Race the solvers installed here; 2 where a fit of priorfit is not certified."""
    words = options.cases or [""]
    cases = [name for name in SMALL if any(word in name for word in words)]
    if not cases or options.repeats < 1:
        raise InputError("bench must have a case and repeats >= 1", f"{words}", str(list(SMALL)))
    rivals, records, console = installed(), [], Console()
    console.print(race_heading(rivals), style="dim", highlight=False)
    for name in cases:
        found = race(name, SMALL[name](), rivals, options.repeats, options.limit)
        records += found
        console.print(race_table(name, found))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(r._asdict()) + "\n" for r in records)
    return 0 if all(r.certified for r in records if r.solver == "priorfit") else 2


def translate(options: Namespace) -> int:
    """A prior in the settings of a library, or the prior that settings are."""
    console = Console()
    if options.list is not None:
        print_dictionary(options.list, options.likelihood, console)
        return 0
    if options.what is None:
        raise InputError(
            "there must be something to translate", "nothing", "See --help, or --list."
        )
    found = translated(options)
    if options.json:
        print(json.dumps(as_json(found)))
    else:
        print_translation(found, console)
    return 0


def atlas(options: Namespace) -> int:
    """Which algorithms a prior fits."""
    print_atlas(options.search, Console())
    return 0


def _take(table: pa.Table, name: str, option: str) -> tuple[Any, pa.Table]:
    if table.column_names.count(name) != 1:
        shown = ", ".join(table.column_names[:8]) + (", ..." if table.num_columns > 8 else "")
        got = f"{name!r}" + (" more than once" if name in table.column_names else "")
        raise InputError(f"{option} must be a column of the table", got, f"It has {shown}.")
    at = table.column_names.index(name)
    return table.column(at).combine_chunks(), table.remove_column(at)


def _numbers(column: Any, name: str) -> Any:
    kinds = pa.types
    numeric = (kinds.is_integer, kinds.is_floating, kinds.is_boolean, kinds.is_decimal)
    if not any(is_kind(column.type) for is_kind in numeric):
        raise InputError(
            f"{name!r} must hold numbers",
            f"{column.type} ({column[0]})",
            "For a target of two classes pass --likelihood bernoulli.",
        )
    return np.array([np.nan if v is None else float(v) for v in column.to_pylist()])


def _is_text(kind: Any) -> bool:
    """Text, truth values and categories: the labels of classes."""
    kinds = pa.types
    texts = (kinds.is_string, kinds.is_large_string, kinds.is_string_view)
    return any(f(kind) for f in (*texts, kinds.is_boolean, kinds.is_dictionary))


def _estimator(options: Namespace, target: Any) -> tuple[MAPRegressor | MAPClassifier, str]:
    """The estimator that the options ask for, and the name of its likelihood."""
    text = _is_text(target.type)
    name = options.likelihood or ("bernoulli" if text else "gaussian")
    strength: Any = options.strength
    if strength is None:
        strength = None if "scale=" in options.prior or options.prior == "flat" else "cv"
    elif strength not in WAYS:
        try:
            strength = float(strength)
        except ValueError:
            raise InputError(
                f"--strength must be a number or one of {', '.join(WAYS)}",
                repr(strength),
                "A number is a lambda.",
            ) from None
    settings = {
        "prior": parse_prior(options.prior),
        "strength": strength,
        "rule": options.rule,
        "cv": options.folds,
        "seed": options.seed,
        "threads": options.threads,
        "missing": options.missing,
        "units": options.units,
        "tol": options.tol,
    }
    if name == "bernoulli":
        return MAPClassifier(**settings), name
    likelihood = None if name == "gaussian" else by_name(name)
    return MAPRegressor(likelihood=likelihood, **settings), name


def _run(model: Any, table: pa.Table, y: Any, extra: dict[str, Any]) -> tuple[str, ...]:
    """Fit with a progress bar on stderr; what was warned, once each."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    errors = Console(stderr=True)
    with (
        Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar,
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        task = bar.add_task("paths over folds", total=None)
        model.fit(
            table,
            y,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            **extra,
        )
    return tuple(dict.fromkeys(str(w.message) for w in caught))


def _write(columns: dict[str, Any], file: TextIO) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([repr(float(v)) if isinstance(v, float) else v for v in row])
