"""Real tables, small enough to ship."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from os import PathLike
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array

__all__ = [
    "Dataset",
    "load",
    "load_breast_cancer",
    "load_diabetes",
    "load_khan",
    "load_nci60",
    "names",
]


#: classes 1 to 4 of the blue-cell tumours
KHAN_CLASSES = ("BL", "EWS", "NB", "RMS")


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table with a question: predict ``y`` (n,) from ``X`` (n, p).

    Attributes
    ----------
    name : what `load` knows it by.
    X, y : columns (n, p) and target (n,), float64; a binary y is 0 or 1.
    feature_names, target_name : of the columns and of y.
    units : of each column; "1" is a number without unit, "not stated" means that the source is
        silent.
    description, source, licence : what it is, where it comes from, and on which terms.
    likelihood : the name of the one that fits y, "gaussian" or "bernoulli".
    labels : the original class of each row, where y is made from more than two; else empty.

    Examples
    --------
    >>> data = load("khan")
    >>> data.labels[0], float(data.y[0])
    ('EWS', 1.0)
    """

    name: str
    X: Array
    y: Array
    feature_names: tuple[str, ...]
    target_name: str
    units: tuple[str, ...]
    description: str
    source: str
    licence: str
    likelihood: str
    labels: tuple[str, ...] = ()

    def frame(self) -> Any:
        """Return a pandas data frame with the target as its last column.

        Raises
        ------
        ImportError
            where pandas is not installed.

        Examples
        --------
        >>> load("diabetes").frame().shape
        (442, 11)
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "`frame` must be able to import pandas; got an environment without it. "
                "Run `pip install pandas`, or use `X` and `y`, or `to_csv`."
            ) from error
        table = pd.DataFrame(self.X, columns=list(self.feature_names))
        return table.assign(**{self.target_name: self.y})

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Write the table, the target last, to a CSV file; reading it gives the same numbers.

        Examples
        --------
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     load("diabetes").to_csv(os.path.join(folder, "table.csv"))
        """
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*self.feature_names, self.target_name])
            for row in np.column_stack([self.X, self.y]).tolist():
                writer.writerow([repr(value).removesuffix(".0") for value in row])


def load_diabetes() -> Dataset:
    """Read 442 patients: 10 measurements in their own units, progression after one year.

    The source gives no units for the blood values s1 to s6.
    Source: Efron, Hastie, Johnstone & Tibshirani, Least Angle Regression (2004).

    Examples
    --------
    >>> load_diabetes().X.shape
    (442, 10)
    """
    from sklearn.datasets import load_diabetes as read

    data = read(scaled=False)
    return Dataset(
        name="diabetes",
        X=np.asarray(data.data, dtype=np.float64),
        y=np.asarray(data.target, dtype=np.float64),
        feature_names=tuple(data.feature_names),
        target_name="progression",
        units=("years", "code 1 or 2", "kg/m2", "mm Hg", *(["not stated"] * 6)),
        description="disease progression of 442 diabetes patients one year after 10 measurements",
        source="scikit-learn; Efron et al. (2004)",
        licence="BSD-3-Clause",
        likelihood="gaussian",
    )


def load_breast_cancer() -> Dataset:
    """Read 569 tumours: 30 measurements of cell nuclei, benign (1) or malignant (0).

    Source: Wolberg, Street & Mangasarian (1995), UCI Machine Learning Repository.

    Examples
    --------
    >>> load_breast_cancer().X.shape
    (569, 30)
    """
    from sklearn.datasets import load_breast_cancer as read

    data = read()
    return Dataset(
        name="breast_cancer",
        X=np.asarray(data.data, dtype=np.float64),
        y=np.asarray(data.target, dtype=np.float64),
        feature_names=tuple(str(n).replace(" ", "_") for n in data.feature_names),
        target_name="benign",
        units=tuple(_nucleus_unit(str(n)) for n in data.feature_names),
        description="569 breast tumours, benign or malignant, from 30 measurements of cell nuclei",
        source="scikit-learn; Wolberg, Street & Mangasarian (1995)",
        licence="BSD-3-Clause",
        likelihood="bernoulli",
    )


def _nucleus_unit(feature: str) -> str:
    """Name the unit of a measurement of nuclei: lengths and areas have none stated."""
    if "texture" in feature:
        return "grey levels"
    sized = any(word in feature for word in ("radius", "perimeter", "area"))
    return "not stated" if sized else "1"


def load_nci60() -> Dataset:
    """Read 64 cancer cell lines: expression of 6830 genes; melanoma (8 of 64) or not.

    Four lines are repeats (labels ending in "-repro"). Source: Ross et al. (2000), by way of the
    PyPI package ISLP; see ``data/SOURCES.md``.

    Examples
    --------
    >>> load_nci60().X.shape
    (64, 6830)
    """
    data = _read("nci60.npz")
    X = (50_000 * data["steps"].astype(np.int64) + data["rest"]) / 1e7
    return Dataset(
        name="nci60",
        X=X,
        y=(data["labels"] == "MELANOMA").astype(np.float64),
        feature_names=tuple(f"gene_{j + 1}" for j in range(X.shape[1])),
        target_name="melanoma",
        units=("log ratio",) * X.shape[1],
        description="melanoma or another cancer, from the expression of 6830 genes in 64 lines",
        source="ISLP 0.6; Ross et al. (2000)",
        licence="BSD-3-Clause",
        likelihood="bernoulli",
        labels=tuple(data["labels"].tolist()),
    )


def load_khan(subset: str = "train") -> Dataset:
    """Read small round blue-cell tumours: expression of 2308 genes; Ewing sarcoma or another.

    ``subset`` is "train" (63 rows) or "test" (20 rows); another raises `InputError`.
    ``labels``: BL (Burkitt lymphoma), EWS (Ewing sarcoma), NB (neuroblastoma), RMS
    (rhabdomyosarcoma).
    Source: Khan et al. (2001), by way of the PyPI package ISLP; see ``data/SOURCES.md``.

    Examples
    --------
    >>> load_khan().X.shape, load_khan("test").X.shape
    ((63, 2308), (20, 2308))
    """
    if subset not in ("train", "test"):
        raise InputError(
            "`subset` must be train or test", repr(subset), "Pass one of these two names."
        )
    data = _read("khan.npz")
    split = int(data["n_train"])
    rows = slice(0, split) if subset == "train" else slice(split, None)
    X = data["ten_millionths"][rows] / 1e7
    return Dataset(
        name="khan",
        X=X,
        y=(data["labels"][rows] == 2).astype(np.float64),
        feature_names=tuple(f"gene_{j + 1}" for j in range(X.shape[1])),
        target_name="ewing",
        units=("log relative intensity",) * X.shape[1],
        description="Ewing sarcoma or another blue-cell tumour, from the expression of 2308 genes",
        source="ISLP 0.6; Khan et al. (2001)",
        licence="BSD-3-Clause",
        likelihood="bernoulli",
        labels=tuple(KHAN_CLASSES[c - 1] for c in data["labels"][rows].tolist()),
    )


_LOADERS: dict[str, Callable[[], Dataset]] = {
    "breast_cancer": load_breast_cancer,
    "diabetes": load_diabetes,
    "khan": load_khan,
    "nci60": load_nci60,
}


def names() -> tuple[str, ...]:
    """Name the tables that `load` knows.

    Examples
    --------
    >>> names()
    ('breast_cancer', 'diabetes', 'khan', 'nci60')
    """
    return tuple(_LOADERS)


def load(name: str) -> Dataset:
    """Read the table called ``name``.

    Raises
    ------
    InputError
        where there is none of that name.

    Examples
    --------
    >>> load("diabetes").target_name
    'progression'
    """
    if name not in _LOADERS:
        known = ", ".join(_LOADERS)
        raise InputError(
            f"a dataset must be one of {known}", repr(name), "Pass one of these names."
        )
    return _LOADERS[name]()


def _read(file: str) -> dict[str, Any]:
    path = resources.files("priorfit.datasets") / "data" / file
    with path.open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}
