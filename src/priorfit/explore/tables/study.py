"""One table fitted along a path: what every figure of it is made from."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

import priorfit as pf
from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.explore.tables.store import Store
from priorfit.likelihoods import by_name

__all__ = ["FAMILIES", "LIKELIHOODS", "Study", "columns_of", "study_of"]

FAMILIES = ("laplace", "normal", "enet")
LIKELIHOODS = ("auto", "gaussian", "bernoulli", "multinomial", "poisson", "gamma", "huber")
_MANY = 20  # classes
_DRAWN = 40  # columns, of which a posterior is drawn while the page waits
_CODE = {"laplace": "pf.Laplace()", "normal": "pf.Normal()", "enet": "pf.ElasticNet()"}


@dataclass(frozen=True, eq=False)
class Study:
    """A fitted estimator with its path and its choice, and what was done to the table."""

    model: Any
    key: str
    title: str
    target: str
    likelihood: str
    family: str
    notes: tuple[str, ...]
    rows: int
    table: Any
    response: Any
    left_out: tuple[str, ...] = ()

    @property
    def path(self) -> pf.Path:
        """Strongest belief first."""
        path: pf.Path = self.model.path_
        return path

    @property
    def selection(self) -> pf.Selection:
        """The cross-validation curve."""
        selection: pf.Selection = self.model.selection_
        return selection

    @property
    def names(self) -> tuple[str, ...]:
        """One for each weight."""
        names: tuple[str, ...] = self.model.weight_labels_
        return names

    @property
    def classes(self) -> int:
        """Weights of each column: one for each of several classes."""
        return self.path.coefs.shape[1] if self.path.coefs.ndim == 3 else 1

    @property
    def coefs(self) -> Array:
        """Of each weight along the path, (weights, points)."""
        return self.path.coefs.reshape(-1, self.path.coefs.shape[-1])

    @property
    def sd(self) -> Array:
        """Standard deviation of each weight's column: effects are weights times these."""
        return np.repeat(np.asarray(self.model.column_sd_), self.classes)

    def columns_used(self, k: int) -> tuple[int, int]:
        """Columns with a weight at point k, and all columns."""
        alive = np.any(self.coefs[:, k].reshape(-1, self.classes) != 0, axis=1)
        return int(alive.sum()), len(alive)

    @property
    def drawable(self) -> bool:
        """Whether a posterior takes a moment only."""
        n, p = self.path.problem.design.shape
        return self.classes == 1 and p <= _DRAWN and n * p <= 100_000

    def prior(self, k: int) -> pf.Prior:
        """The belief at point k, per standard deviation of the columns: one number for all."""
        phi, lam = self.path.dispersion_at(k), float(self.path.penalties[k])
        if self.family == "normal":
            return pf.Normal(float(np.sqrt(phi / lam)))
        if self.family == "laplace":
            return pf.Laplace(phi / lam)
        unit = pf.ElasticNet().unit()
        return unit.tempered(lam / phi)

    def code(self, k: int) -> str:
        """The calls that give the point k."""
        if self.key == self.title:
            read = f'table = pf.datasets.load("{self.key}").frame()'
            first = "import priorfit as pf"
        else:
            name, reader = repr(self.title), "read_csv"
            if self.title.endswith((".parquet", ".pq")):
                reader = "read_parquet"
            read, first = f"table = pd.{reader}({name})", "import pandas as pd, priorfit as pf"
        kind = type(self.model).__name__
        plain = "gaussian", "bernoulli", "multinomial"
        said = "" if self.likelihood in plain else _said(self.likelihood)
        missing = ', missing="mean"' if self.model.missing == "mean" else ""
        return (
            (
                f"{first}\n\n{read}\n{self._dropped()}"
                f"m = pf.{kind}(prior={_CODE[self.family]}{said}, "
                f"strength={float(self.path.penalties[k])!r}{missing})\n"
                f"m = m.fit(table, {self.target!r})\n"
                "used, largest = int((m.coef_ != 0).sum()), float(abs(m.coef_).max())\n"
                "print(m.views_.penalty, used, m.certificate_)\n"
            )
            .replace("np.float64(", "")
            .replace("),", ",", 0)
        )

    def _dropped(self) -> str:
        return f"table = table.drop(columns={list(self.left_out)!r})\n" if self.left_out else ""

    @lru_cache(maxsize=16)  # noqa: B019 - a study lives as long as its cache
    def intervals(self, k: int) -> tuple[Array, float] | None:
        """90 % intervals of all effects at point k, (2, p), and the largest R-hat; None where
        that takes long."""
        if not self.drawable:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # few draws: said in the figure
            drawn = pf.sample(self.selection.problem(k), draws=250, chains=2, seed=0)
        ends = np.asarray(drawn.interval(0.9)) * self.sd
        return ends, float(np.nanmax(drawn.health.rhat)) if hasattr(drawn.health, "rhat") else 1.0


def _said(likelihood: str) -> str:
    return f", likelihood=pf.{likelihood.capitalize()}()"


def columns_of(table: Any) -> tuple[str, ...]:
    """Names that can be a target; raises `InputError` where two are the same."""
    names = tuple(table.column_names)
    if len(set(names)) != len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise InputError("column names must differ", f"{twice!r} twice", "Rename one of them.")
    return names


def study_of(store: Store, key: str, target: str, likelihood: str, family: str) -> Study:
    """Fit a table along a path and choose on it by cross-validation; kept for the next question.

    Raises `InputError` where the table, the target or the likelihood do not fit.
    """
    title, table = store.get(key)
    names = columns_of(table)
    target = target or names[-1]
    if target not in names:
        raise InputError(
            "`target` must be a column of the table", repr(target[:40]), "Choose one of the list."
        )
    if len(names) < 2 or table.num_rows < 12:
        shape = f"{table.num_rows} rows, {len(names)} columns"
        raise InputError("a table must have 12 rows and 2 columns", shape, "Take a larger one.")
    return _study(_Held(table), key, title, target, likelihood, family)


class _Held:
    """A table by its identity, so that a cache can hold it."""

    def __init__(self, table: Any) -> None:
        self.table = table

    def __hash__(self) -> int:
        return id(self.table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.table is self.table


@lru_cache(maxsize=8)
def _study(held: _Held, key: str, title: str, target: str, likelihood: str, family: str) -> Study:
    table, notes = held.table, []
    column = table.column(target).combine_chunks()
    if column.null_count:
        notes.append(f"missing_target {column.null_count}")
        keep = np.flatnonzero(~np.array(column.is_null()))
        table, column = table.take(keep), column.take(keep)
    y, kind = _response(column, target, likelihood)
    X = table.remove_column(table.column_names.index(target))
    left_out = _left_out(X)
    if left_out:
        X = X.drop_columns(left_out)
        notes.append(f"left_out {', '.join(left_out[:6])}{' …' if len(left_out) > 6 else ''}")
    if not X.num_columns:
        raise InputError(
            "a table must have a column to predict from", "none that can be used",
            "Numbers, yes or no, and text of few levels can be.",
        )  # fmt: skip
    gaps = sum(c.null_count for c in X.columns)
    if gaps:
        notes.append(f"filled {gaps}")
    settings: dict[str, Any] = {
        "prior": {"laplace": pf.Laplace, "normal": pf.Normal, "enet": pf.ElasticNet}[family](),
        "strength": "cv", "missing": "mean" if gaps else "error",
    }  # fmt: skip
    if kind in ("bernoulli", "multinomial"):
        model: Any = pf.MAPClassifier(**settings)
    else:
        model = pf.MAPRegressor(likelihood=by_name(kind), **settings)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    notes += [f"warned {w.message}" for w in caught][:3]
    return Study(
        model, key, title, target, kind, family, tuple(notes), len(y), X, y, tuple(left_out)
    )


def _left_out(table: Any) -> list[str]:
    """Columns that say nothing as they are: dates, lists, empty ones, text with as many levels as
    a name has."""
    import pyarrow.types as kinds

    found = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        text = kinds.is_string(column.type) or kinds.is_large_string(column.type)
        plain = kinds.is_integer, kinds.is_floating, kinds.is_boolean, kinds.is_decimal
        known = text or kinds.is_dictionary(column.type) or any(f(column.type) for f in plain)
        levels = len(column.unique()) if text else 0
        if not known or column.null_count == len(column) or levels > max(30, len(column) // 10):
            found.append(name)
    return found


def _response(column: Any, target: str, likelihood: str) -> tuple[Array, str]:
    """The target's values, and the likelihood: as asked, or as the values say."""
    values = column.to_pylist()
    texts = any(isinstance(v, str | bool) for v in values[:1000])
    different = set(values) if texts else set(values[:2000]) if len(values) < 2000 else set(values)
    if len(different) < 2:
        raise InputError(
            "a target must have different values", f"only {values[0]!r}", "Choose another."
        )
    several = len(different) > 2 and (texts or likelihood == "multinomial")
    if several and likelihood in ("auto", "multinomial"):
        _few_classes(values, target)
        return np.array(values), "multinomial"
    if likelihood == "multinomial":
        raise InputError(
            "a target of several classes must have three or more",
            f"{len(different)} in {target!r}", "Choose bernoulli.",
        )  # fmt: skip
    if texts and len(different) != 2:
        raise InputError(
            f"a target for {likelihood} must not be text of several classes",
            f"{len(different)} in {target!r}", "Choose multinomial.",
        )  # fmt: skip
    if texts or (likelihood in ("auto", "bernoulli") and len(different) == 2):
        if likelihood not in ("auto", "bernoulli"):
            raise InputError(
                f"a target for {likelihood} must hold numbers", "text", "Choose bernoulli."
            )
        return np.array(values), "bernoulli"
    if likelihood == "bernoulli":
        raise InputError(
            "a target for bernoulli must have two values", f"{len(different)}", "Choose gaussian."
        )
    try:
        y = np.array([float(v) for v in values])
    except (TypeError, ValueError):
        raise InputError(
            f"the target {target!r} must hold numbers or two classes", f"{column.type}",
            "Choose another target.",
        ) from None  # fmt: skip
    if likelihood != "auto":
        return y, likelihood
    counts = bool(np.all(y >= 0) and np.all(y == np.round(y)) and len(different) <= 60)
    return y, "poisson" if counts and np.any(y == 0) else "gaussian"


def _few_classes(values: list[Any], target: str) -> None:
    """Raises `InputError` where classes are many, or too small to be held out."""
    sizes = Counter(values)
    name, least = min(sizes.items(), key=lambda item: item[1])
    if len(sizes) > _MANY or least < 2:
        got = f"{len(sizes)} in {target!r}, {name!r} with {least}"
        raise InputError(
            f"a target of classes must have at most {_MANY}, of two rows or more", got,
            "Choose another target, or put small classes together.",
        )  # fmt: skip
