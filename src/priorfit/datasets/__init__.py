"""Real tables to start from, and simulated ones whose weights are known."""

from priorfit.datasets.simulated import Simulated, simulate
from priorfit.datasets.tables import (
    Dataset,
    load,
    load_breast_cancer,
    load_diabetes,
    load_khan,
    load_nci60,
    names,
)

__all__ = [
    "Dataset",
    "Simulated",
    "load",
    "load_breast_cancer",
    "load_diabetes",
    "load_khan",
    "load_nci60",
    "names",
    "simulate",
]
