"""One function per command."""

from __future__ import annotations

import csv
import json
import shlex
import sys
import warnings
from argparse import Namespace
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from priorfit._errors import ConvergenceWarning, InputError
from priorfit._tables import read_table, stem
from priorfit.bench import SMALL, installed, race
from priorfit.cli.atlases import print_atlas
from priorfit.cli.races import race_heading, race_table
from priorfit.cli.translations import as_json, print_dictionary, print_translation, translated
from priorfit.datasets import load
from priorfit.design import Formula
from priorfit.design.syntax import Name
from priorfit.estimators import MAPClassifier, MAPCox, MAPRegressor
from priorfit.likelihoods import by_name, survival
from priorfit.posterior import Posterior
from priorfit.priors import parse_prior
from priorfit.report import (
    facts_of,
    html_report,
    load_model,
    model_of,
    print_fit,
    print_posterior,
    save_model,
)
from priorfit.select import WAYS

__all__ = ["atlas", "bench", "data", "explore", "fit", "predict", "translate"]


def fit(options: Namespace) -> int:
    """Fit a table; write the report and the model file."""
    _check_folder("--report", options.report)
    _check_folder("--json", options.json)
    table = read_table(options.table)
    extra: dict[str, Any] = {}
    for key, option in (("sample_weight", "weights"), ("offset", "offset")):
        name = getattr(options, option)
        if name:
            column, table = _take(table, name, f"--{option}")
            extra[key] = _numbers(column, name)
    if options.groups:
        column, table = _take(table, options.groups, "--groups")
        extra["groups"] = column.to_pylist()
    for name in options.drop:
        _, table = _take(table, name, "--drop")
    (model, likelihood, y, name), table = _asked(options, table)
    said = _run(model, table, None if model.formula else np.asarray(y), extra)
    if likelihood == "gaussian" and not options.likelihood and len(np.unique(y)) == 2:
        said += (
            f"{name!r} holds two numbers only: for their probability pass --likelihood bernoulli.",
        )
    command = "priorfit " + shlex.join(options.arguments)
    facts = facts_of(model, target=name, source=stem(options.table), command=command, warnings=said)
    if options.json:
        save_model(model_of(model, name, options.offset), options.json)
    if options.report:
        html_report(facts, options.report)
    if not options.quiet:
        console = Console()
        print_fit(facts, console)
        for what, where in (("report", options.report), ("model", options.json)):
            if where:
                console.print(f"{what}: {where}", style="dim", highlight=False)
    if options.posterior is not None:
        print_posterior(_sampled(model, options.posterior), Console())
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


def explore(options: Namespace) -> int:
    """Serve the explorer on this machine until Ctrl-C, or write it as files."""
    from priorfit.explore import export, serve

    if options.export:
        print(f"{options.export}: {export(options.export)} answers; any web server can show them")
        return 0
    serve(options.port, host=options.host, token=options.token, browser=not options.no_browser)
    return 0


def _take(table: pa.Table, name: str, option: str) -> tuple[Any, pa.Table]:
    if table.column_names.count(name) != 1:
        shown = ", ".join(table.column_names[:8]) + (", ..." if table.num_columns > 8 else "")
        got = f"{name!r}" + (" more than once" if name in table.column_names else "")
        raise InputError(f"{option} must be a column of the table", got, f"It has {shown}.")
    at = table.column_names.index(name)
    return table.column(at).combine_chunks(), table.remove_column(at)


def _target(text: str, table: pa.Table) -> tuple[str, Any, pa.Table]:
    """What the target is called, its values, and the table to fit: without it, or for a formula."""
    if "~" not in text:
        return text, *_take(table, text, "--target")
    formula = Formula(text)
    name = formula.response_text
    if isinstance(formula.response, Name):
        return str(name), _take(table, formula.response.name, "--target")[0], table
    return str(name), pa.array(formula.values(table)), table


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


class _Asked(NamedTuple):
    """The estimator that the options ask for, the name of its likelihood, y and what it is of."""

    model: MAPRegressor | MAPClassifier | MAPCox
    likelihood: str
    y: Any
    name: str


def _asked(options: Namespace, table: pa.Table) -> tuple[_Asked, pa.Table]:
    """What is predicted by which estimator, and the table to fit."""
    times = options.time is not None and options.event is not None
    if times == (options.target is not None) or (options.time is None) != (options.event is None):
        given = [f"--{k}" for k in ("target", "time", "event") if getattr(options, k) is not None]
        raise InputError(
            "fit must have --target, or --time and --event",
            ", ".join(given) or "none of them",
            "Name the column to predict, or those of the times.",
        )
    settings = _settings(options)
    if times:
        y, table = _times(options, table)
        return _Asked(MAPCox(**settings), "cox", y, options.time), table
    name, target, table = _target(options.target, table)
    kind = options.likelihood or ("bernoulli" if _is_text(target.type) else "gaussian")
    likelihood = None if kind in ("gaussian", "bernoulli") else by_name(kind)
    classes = kind == "bernoulli" or (likelihood is not None and likelihood.is_classification)
    y = target.to_pylist() if classes else _numbers(target, name)
    if target.null_count:
        raise InputError(
            f"the target {name!r} must have no missing values",
            f"{target.null_count} of {len(target)} missing",
            "Drop these rows.",
        )
    if kind == "bernoulli" and options.likelihood and len(set(y)) > 2:
        likelihood = by_name(kind)  # which says what is wrong
    if classes:
        return _Asked(MAPClassifier(likelihood=likelihood, **settings), kind, y, name), table
    return _Asked(MAPRegressor(likelihood=likelihood, **settings), kind, y, name), table


def _times(options: Namespace, table: pa.Table) -> tuple[Any, pa.Table]:
    """The response of a Cox regression, and the other columns."""
    if options.likelihood is not None:
        raise InputError(
            "--time must stand without --likelihood", options.likelihood, "It is a Cox regression."
        )
    parts: dict[str, Any] = {}
    for role in ("time", "event", "entry", "strata"):
        name = getattr(options, role)
        if name is not None:
            column, table = _take(table, name, f"--{role}")
            parts[role] = column.to_pylist() if role == "strata" else _numbers(column, name)
    return survival(**parts), table


def _settings(options: Namespace) -> dict[str, Any]:
    """What every estimator is told."""
    strength: Any = options.strength
    if strength is None:
        strength = None if _says_scale(options.prior) else "cv"
    elif strength not in (*WAYS, "posterior"):
        try:
            strength = float(strength)
        except ValueError:
            raise InputError(
                f"--strength must be a number or one of {', '.join((*WAYS, 'posterior'))}",
                repr(strength),
                "A number is a lambda.",
            ) from None
    formula = options.target is not None and "~" in options.target
    return {
        "formula": options.target if formula else None,
        "prior": parse_prior(options.prior),
        "strength": strength,
        "rule": options.rule,
        "scoring": options.scoring,
        "l1_ratio": _shares(options.l1_ratio),
        "cv": options.folds,
        "seed": options.seed,
        "threads": options.threads,
        "missing": options.missing,
        "units": options.units,
        "tol": options.tol,
    }


def _shares(text: str | None) -> list[float] | None:
    """The numbers of --l1-ratio."""
    try:
        return None if text is None else [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(
            "--l1-ratio must be numbers from 0 to 1", repr(text), "Write for example 0.2,0.5,1."
        ) from None


def _says_scale(prior: str) -> bool:
    """Whether the text of a prior says how wide it is."""
    stated = any(word in prior for word in ("scale=", "penalty=", "("))
    return stated or prior == "flat"


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


def _sampled(model: Any, draws: int) -> Posterior:
    """The posterior of a fit, with a progress bar on stderr."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the table says it
        found: Posterior = model.posterior(draws, progress=sys.stderr.isatty())
    return found


def _write(columns: dict[str, Any], file: TextIO) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([repr(float(v)) if isinstance(v, float) else v for v in row])
