"""The model file: JSON with a versioned schema. Reading it executes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from priorfit._checks import matrix, vector
from priorfit._errors import InputError
from priorfit._typing import Array, Intercept
from priorfit.design import Column, FormulaSchema, Schema, as_design
from priorfit.likelihoods import as_text, by_name
from priorfit.priors import Prior, from_dict, to_dict

__all__ = ["Model", "load_model", "model_of", "save_model"]

FORMAT = "priorfit-model"
PLAIN, WITH_FORMULA = 1, 2  # versions; who cannot read a formula must not try
_LARGEST = 256 << 20


@dataclass(frozen=True, eq=False)
class Model:
    """What is needed to predict, and to say what was believed."""

    schema: Schema | FormulaSchema | None
    target: str
    likelihood: str
    labels: tuple[str, ...]
    coef: Array
    intercept: Intercept
    classes: tuple[Any, ...]
    prior: Prior
    dispersion: float
    certificate: dict[str, float]
    #: the column of new tables that holds the known part of the linear predictor, if any
    offset: str | None = None

    def predict(self, X: Any, offset: Any = None) -> dict[str, Array]:
        """The mean of each row, (n,), under the target's name, of several responses numbered; for
        classes the likeliest label, and the probability (or margin) of the second of two, or of
        each; for times the hazard relative to the baseline. ``offset`` (n,) or (n, q) is added to
        the linear predictor.
        """
        design = as_design(X) if self.schema is None else self.schema.design(X)
        known = None if self.schema is None else self.schema.offset(X)
        if design.shape[1] != len(self.coef):
            raise InputError(
                f"X must have {len(self.coef)} columns",
                f"{design.shape[1]}",
                "Pass the same columns.",
            )
        eta = design.matvec(self.coef) + self.intercept
        if known is not None:
            eta = eta + known
        if offset is not None and eta.ndim == 2:
            eta = eta + matrix("offset", offset, *eta.shape)
        elif offset is not None:
            eta = eta + vector("offset", offset, len(eta))
        likelihood = by_name(self.likelihood)
        mean = likelihood.mean(eta)
        if eta.ndim == 2:
            return self._several(mean)
        if self.likelihood == "cox":
            return {"hazard relative to the baseline": mean}
        if not self.classes:
            return {self.target: mean}
        second = (eta > likelihood.eta_of(0.5)).astype(np.intp)
        labels = np.asarray(self.classes, dtype=object)[second]
        if not likelihood.is_probability:
            return {self.target: labels, f"margin of {self.classes[1]}": eta}
        return {self.target: labels, f"P({self.target} = {self.classes[1]})": mean}

    def _several(self, mean: Array) -> dict[str, Array]:
        if not self.classes:
            return {f"{self.target} {k}": column for k, column in enumerate(mean.T)}
        likeliest = np.asarray(self.classes, dtype=object)[np.argmax(mean, axis=1)]
        shares = zip(self.classes, mean.T, strict=True)
        return {self.target: likeliest} | {f"P({self.target} = {c})": share for c, share in shares}


def model_of(estimator: Any, target: str = "y", offset: str | None = None) -> Model:
    """The model file's content of a fitted `MAPRegressor` or `MAPClassifier`."""
    certificate = estimator.certificate_
    if estimator._likelihood.name == "ordinal":
        raise InputError(
            "a model file must be of a likelihood without cut-points",
            "ordinal",
            "Keep classes_, coef_ and cut_points_ of the estimator.",
        )
    several = estimator.weight_labels_ != estimator.feature_labels_
    return Model(
        schema=estimator._schema,
        target=target,
        likelihood=as_text(estimator.likelihood_),
        labels=estimator.feature_labels_,
        coef=estimator.coef_.T if several else np.ravel(estimator.coef_),
        intercept=estimator.intercept_ if several else float(np.ravel(estimator.intercept_)[0]),
        classes=tuple(getattr(estimator, "classes_", np.array([])).tolist()),
        prior=estimator.prior_,
        dispersion=estimator.dispersion_,
        certificate={k: float(v) for k, v in certificate._asdict().items()},
        offset=offset,
    )


def save_model(model: Model, path: str | PathLike[str]) -> None:
    """Write the model as JSON; numbers keep all their digits."""
    schema = model.schema
    formula = schema.to_dict() if isinstance(schema, FormulaSchema) else None
    columns = [c.to_dict() for c in schema.columns] if isinstance(schema, Schema) else None
    content = {
        "format": FORMAT,
        "version": PLAIN if formula is None else WITH_FORMULA,
        "target": model.target,
        "offset": model.offset,
        "likelihood": model.likelihood,
        "formula": formula,
        "columns": columns,
        "missing": "error" if schema is None else schema.missing,
        "coefficients": [
            [k, *np.atleast_1d(v).tolist()] for k, v in zip(model.labels, model.coef, strict=True)
        ],
        "intercept": np.asarray(model.intercept).tolist(),
        "classes": list(model.classes),
        "prior": to_dict(model.prior),
        "dispersion": model.dispersion,
        "certificate": {k: _finite(v) for k, v in model.certificate.items()},
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    Path(path).write_text(text + "\n", encoding="utf-8")


def _finite(value: float) -> float | str:
    """A number as JSON has it; the infinite gap of a local optimum as text."""
    return value if np.isfinite(value) else str(value)


def load_model(path: str | PathLike[str]) -> Model:
    """The model that `save_model` wrote; raises `InputError` for any other file."""
    file = Path(path)
    if not file.is_file():
        raise InputError("the model file must exist", repr(str(path)), "Check the path.")
    if file.stat().st_size > _LARGEST:
        raise InputError(
            "a model file must be smaller than 256 MB", f"{file.stat().st_size} bytes", "Is it one?"
        )
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["format"] != FORMAT or content["version"] not in (PLAIN, WITH_FORMULA):
            found = f"{content['format']} version {content['version']}"
            raise InputError(
                f"the file must be a {FORMAT} of version {PLAIN} or {WITH_FORMULA}",
                found,
                "Fit it again.",
            )
        return _from_content(content)
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "the file must be a model written by priorfit",
            f"{type(error).__name__}: {error}",
            "Write it with `priorfit fit ... --json model.json`.",
        ) from None


def _from_content(content: dict[str, Any]) -> Model:
    schema: Schema | FormulaSchema | None = None
    if content.get("formula") is not None:
        schema = FormulaSchema.from_dict(content["formula"])
    elif content["columns"] is not None:
        columns = tuple(map(Column.from_dict, content["columns"]))
        schema = Schema(columns, str(content["missing"]))
    coefficients = content["coefficients"]
    coef = np.array([[float(v) for v in values] for _, *values in coefficients])
    intercept = np.asarray(content["intercept"], dtype=np.float64)
    if coef.shape[1:] != (intercept.shape or (1,)):
        raise InputError(
            "a model file must have one intercept for each weight of a column",
            f"{intercept.size} for {coef.shape[1]}",
            "Fit it again.",
        )
    coef = coef if intercept.ndim else coef[:, 0]
    if not np.all(np.isfinite(coef)):
        raise InputError("coefficients must be finite", "NaN or infinity", "Fit it again.")
    return Model(
        schema=schema,
        target=str(content["target"]),
        likelihood=str(content["likelihood"]),
        labels=tuple(str(k) for k, *_ in coefficients),
        coef=coef,
        intercept=intercept if intercept.ndim else float(intercept),
        classes=tuple(content["classes"]),
        prior=from_dict(content["prior"]),
        dispersion=float(content["dispersion"]),
        certificate={str(k): float(v) for k, v in content["certificate"].items()},
        offset=None if content["offset"] is None else str(content["offset"]),
    )
