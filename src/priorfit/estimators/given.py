"""What the user hands to an estimator, checked in this package's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_feature_names, column_or_1d, validate_data

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.design import Design, Formula, FormulaSchema, Schema, as_design, is_table
from priorfit.design.formula import simple
from priorfit.problem import Problem
from priorfit.solve import Solution

__all__ = [
    "array_design",
    "column_names",
    "formula_of",
    "formula_schema",
    "has_names",
    "labels",
    "number_of",
    "precision_of",
    "response",
    "row_weights",
    "same_length",
    "table_schema",
]


def has_names(X: Any) -> bool:
    """Whether X is a table whose columns are called by text; by some text only is refused."""
    if not is_table(X):
        return False
    by_text = {isinstance(c, str) for c in column_names(X)}
    if len(by_text) == 2:
        odd = next(c for c in column_names(X) if not isinstance(c, str))
        raise InputError(
            "the names of columns must be text, all or none of them",
            f"{odd!r} beside names of text",
            "Rename the columns, for example with X.columns.astype(str).",
        )
    return by_text != {False}


def column_names(X: Any) -> Sequence[Any]:
    """The names of a table's columns; none for anything else."""
    return list(getattr(X, "column_names", getattr(X, "columns", [])))


def formula_of(stated: Any, X: Any, y: Any) -> Formula | None:
    """The formula of an estimator or of ``y``; None where neither is one.

    Raises `InputError` where both are, where X is no table, and where y is given twice.
    """
    if isinstance(y, str) and stated is not None:
        raise InputError(
            "a formula must be given once", f"{stated!r} and {y!r}", "Leave one of them out."
        )
    if not isinstance(y, str) and stated is None:
        return None
    formula = Formula(stated) if stated is not None else simple(y)
    if not is_table(X):
        raise InputError(
            "a formula, or a target given by name, needs a table",
            type(X).__name__,
            "Pass a data frame, or y itself.",
        )
    if formula.response is not None and stated is not None and y is not None:
        raise InputError(
            "y must be given once",
            f"{formula.response_text!r} in the formula, and y",
            "Call fit(table), or leave the left side of the formula out.",
        )
    return formula


def formula_schema(estimator: Any, formula: Formula, X: Any, missing: str) -> FormulaSchema:
    """What a formula makes of a table, learned; the columns that it reads are noted."""
    schema = FormulaSchema.learn(formula, X, missing)
    estimator.n_features_in_ = len(schema.names)
    estimator.feature_names_in_ = np.array(schema.names, dtype=object)
    return schema


def table_schema(estimator: Any, X: Any, missing: str) -> Schema:
    """The kinds of columns of a table, learned; names are noted as scikit-learn notes them."""
    schema = Schema.learn(X, missing)
    _check_feature_names(estimator, X, reset=True)
    estimator.n_features_in_ = len(schema.names)
    return schema


def array_design(estimator: Any, X: Any, *, reset: bool) -> Design:
    """The design of an array or sparse matrix; its width is noted, or compared with the fit's.

    Raises `InputError` where X is no matrix of numbers or has another number of columns.
    """
    if X is None or isinstance(X, Mapping):
        raise InputError(
            "X must be an array, a sparse matrix or a table",
            type(X).__name__,
            "Make a table of it, for example with pandas.DataFrame(X).",
        )
    try:
        X = validate_data(
            estimator,
            X,
            reset=reset,
            accept_sparse=("csc", "csr"),
            dtype=(np.float64, np.float32),
            ensure_all_finite=False,
        )
    except ValueError as error:
        as_design(X)  # says what is wrong with X itself
        raise InputError(
            "X must be a matrix of numbers with the columns of the fit",
            str(error).splitlines()[0].rstrip("."),
            "Pass a table with the same columns.",
        ) from None
    return as_design(X)


def response(estimator: Any, y: Any, several: bool = False) -> Any:
    """y as one column; a column vector is flattened with scikit-learn's warning. Where ``several``
    are allowed a y of several columns stays as it is."""
    if y is None:
        name = type(estimator).__name__
        raise InputError(
            "y must be given", "None", f"{name} requires y to be passed, but the target y is None."
        )
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    if y.ndim != 1 and not (several and y.ndim == 2):
        raise InputError("y must have one value per row", f"shape {y.shape}", "Pass a vector.")
    return y


def _is_gap(value: Any) -> bool:
    try:
        return value is None or bool(value != value)
    except TypeError:  # pandas.NA is neither equal to itself nor different
        return True


def labels(y: Any) -> Any:
    """y as an array of class labels; raises `InputError` for gaps and for continuous numbers."""
    given = np.asarray(y)
    gaps = sum(map(_is_gap, given)) if given.dtype.kind in "fO" else 0
    if gaps:
        raise InputError(
            "y must have a label in every row",
            f"{gaps} of {len(given)} missing",
            "Drop these rows.",
        )
    try:
        check_classification_targets(given)
    except ValueError as error:
        raise InputError(
            "y must hold the labels of classes",
            str(error).split(". ")[0],
            "Use MAPRegressor for a continuous response.",
        ) from None
    return given


def same_length(design: Design, y: Any) -> Any:
    """y, where it has one value per row of the design."""
    n = design.shape[0]
    if len(y) != n:
        raise InputError(
            f"y must have one value per row of X (n = {n})",
            f"{len(y)} values",
            "Check that X and y hold the same rows.",
        )
    return y


def row_weights(weights: Any, n: int) -> Array | None:
    """One number for all rows as n of them; anything else as it came."""
    if weights is None:
        return None
    given = np.asarray(weights)
    return np.full(n, float(given)) if given.ndim == 0 else given


def number_of(strength: Any) -> float:
    """A strength given as a number, checked."""
    if not (np.isfinite(strength) and strength >= 0):
        raise InputError("`strength` must be >= 0", repr(strength), "It is a lambda.")
    return float(strength)


def precision_of(problem: Problem, solution: Solution) -> Array:
    """How sharply the data know each weight alone: ``sum w h (x - mean)^2 / phi``, of its shape."""
    eta = problem.eta(solution.intercept, solution.coef)
    weights = problem.likelihood.information(problem.y, eta, problem.weights)
    columns = weights[:, None] if weights.ndim == 1 else weights
    found = [w.sum() * problem.design.moments(w)[1] ** 2 / solution.phi for w in columns.T]
    return found[0] if weights.ndim == 1 else np.stack(found, axis=1)
