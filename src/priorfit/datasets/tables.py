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


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table with a question: predict ``y`` (n,) from ``X`` (n, p).

    ``likelihood`` names the one that fits y ("gaussian" or "bernoulli").
    """

    name: str
    X: Array
    y: Array
    feature_names: tuple[str, ...]
    target_name: str
    likelihood: str
    description: str
    source: str
    licence: str

    def frame(self) -> Any:
        """A pandas data frame with the target as its last column."""
        import pandas as pd

        table = pd.DataFrame(self.X, columns=list(self.feature_names))
        return table.assign(**{self.target_name: self.y})

    def to_csv(self, path: str | PathLike[str]) -> None:
        """Write the table, the target last, to a CSV file."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*self.feature_names, self.target_name])
            for row, target in zip(self.X, self.y, strict=True):
                writer.writerow([*(f"{v:.17g}" for v in row), f"{target:g}"])


def load_diabetes() -> Dataset:
    """442 patients, 10 measurements in their own units, disease progression after one year.

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
        likelihood="gaussian",
        description="disease progression of 442 diabetes patients one year after 10 measurements",
        source="scikit-learn; Efron et al. (2004)",
        licence="BSD-3-Clause",
    )


def load_breast_cancer() -> Dataset:
    """569 tumours, 30 measurements of cell nuclei, benign (1) or malignant (0).

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
        likelihood="bernoulli",
        description="569 breast tumours, benign or malignant, from 30 measurements of cell nuclei",
        source="scikit-learn; Wolberg, Street & Mangasarian (1995)",
        licence="BSD-3-Clause",
    )


def load_nci60() -> Dataset:
    """64 cancer cell lines, expression of 6830 genes; is it a melanoma (8 of 64)?

    Source: Ross et al. (2000), by way of the PyPI package ISLP; see ``data/SOURCES.md``.

    Examples
    --------
    >>> load_nci60().X.shape
    (64, 6830)
    """
    data = _read("nci60.npz")
    X = data["milli"] / 1000.0
    return Dataset(
        name="nci60",
        X=X,
        y=(data["labels"] == "MELANOMA").astype(np.float64),
        feature_names=tuple(f"gene_{j + 1}" for j in range(X.shape[1])),
        target_name="melanoma",
        likelihood="bernoulli",
        description="melanoma or another cancer, from the expression of 6830 genes in 64 lines",
        source="ISLP 0.6; Ross et al. (2000)",
        licence="BSD-3-Clause",
    )


def load_khan(subset: str = "train") -> Dataset:
    """Small round blue-cell tumours, expression of 2308 genes; class 2 (Ewing sarcoma) or another?

    ``subset`` is "train" (63 rows) or "test" (20 rows). Source: Khan et al. (2001), by way of
    the PyPI package ISLP; see ``data/SOURCES.md``.

    Examples
    --------
    >>> load_khan().X.shape, load_khan("test").X.shape
    ((63, 2308), (20, 2308))
    """
    if subset not in ("train", "test"):
        raise InputError("`subset` must be train or test", repr(subset), "")
    data = _read("khan.npz")
    split = int(data["n_train"])
    rows = slice(0, split) if subset == "train" else slice(split, None)
    X = data["milli"][rows] / 1000.0
    return Dataset(
        name="khan",
        X=X,
        y=(data["labels"][rows] == 2).astype(np.float64),
        feature_names=tuple(f"gene_{j + 1}" for j in range(X.shape[1])),
        target_name="ewing",
        likelihood="bernoulli",
        description="Ewing sarcoma or another blue-cell tumour, from the expression of 2308 genes",
        source="ISLP 0.6; Khan et al. (2001)",
        licence="BSD-3-Clause",
    )


_LOADERS: dict[str, Callable[[], Dataset]] = {
    "breast_cancer": load_breast_cancer,
    "diabetes": load_diabetes,
    "khan": load_khan,
    "nci60": load_nci60,
}


def names() -> tuple[str, ...]:
    """The tables that `load` knows.

    Examples
    --------
    >>> names()
    ('breast_cancer', 'diabetes', 'khan', 'nci60')
    """
    return tuple(_LOADERS)


def load(name: str) -> Dataset:
    """The table called ``name``; raises `InputError` where there is none.

    Examples
    --------
    >>> load("diabetes").target_name
    'progression'
    """
    if name not in _LOADERS:
        raise InputError(f"a dataset must be one of {', '.join(_LOADERS)}", repr(name), "")
    return _LOADERS[name]()


def _read(file: str) -> dict[str, Any]:
    path = resources.files("priorfit.datasets") / "data" / file
    with path.open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}
