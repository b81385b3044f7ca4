"""Race priorfit against what else is installed, judged by one duality gap."""

from priorfit.bench.cases import SMALL, Case
from priorfit.bench.judge import judge, lambda_max, lower_bounds, suboptimality
from priorfit.bench.racing import SOLVERS, Record, installed, race

__all__ = [
    "SMALL",
    "SOLVERS",
    "Case",
    "Record",
    "installed",
    "judge",
    "lambda_max",
    "lower_bounds",
    "race",
    "suboptimality",
]
