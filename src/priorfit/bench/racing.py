"""Solvers in turn on one problem, at equal precision, each judged from its coefficients alone."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from statistics import median
from types import ModuleType
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from priorfit._typing import Array
from priorfit.bench.cases import Case
from priorfit.bench.judge import judge, lambda_max

__all__ = ["SOLVERS", "TARGET", "Record", "installed", "pass_seconds", "race"]

SOLVERS = ("priorfit", "sklearn", "celer", "skglm", "adelie")
TARGET = 1e-6


class Record(NamedTuple):
    """One solver on one case; ``certified`` says whether its worst ``gap`` is within 1e-6.

    ``cpu`` and ``wall`` are median seconds at ``tol``, its loosest tolerance that certifies (its
    tightest where none does); ``passes`` is ``cpu`` in units of one ``X'r``.
    """

    case: str
    solver: str
    tol: float
    gap: float
    certified: bool
    cpu: float
    wall: float
    passes: float


@dataclass
class _Rival:
    name: str
    solver: ModuleType
    tol: float = np.nan
    gap: float = np.inf
    runs: list[tuple[float, float]] = field(default_factory=list)

    def fit(self, case: Case, lambdas: Array, tol: float) -> tuple[float, float, float]:
        """(cpu, wall, worst gap) of one fit."""
        cpu, wall = time.process_time(), time.perf_counter()
        intercepts, coefs = self.solver.fit(
            case.X,
            case.y,
            lambdas,
            tol,
            likelihood=case.likelihood,
            l1_ratio=case.l1_ratio,
            group=case.group,
        )
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return cpu, wall, float(np.max(judge(case, lambdas, intercepts, coefs)[0]))

    def search(self, case: Case, lambdas: Array, limit: float) -> bool:
        """Find the loosest tolerance that certifies; False where the solver refuses the case."""
        try:
            self.fit(case, lambdas, self.solver.DEFAULT)  # compilers warm up
            for tol in self.solver.TOLS:
                cpu, _, gap = self.fit(case, lambdas, tol)
                self.tol, self.gap = tol, gap
                if gap <= TARGET or cpu > limit:
                    break
        except NotImplementedError:
            return False
        return True


def installed() -> tuple[str, ...]:
    """The solvers that can be imported here, priorfit first."""
    return tuple(name for name in SOLVERS if find_spec(name) is not None)


def race(
    name: str, case: Case, solvers: Iterable[str], repeats: int = 3, limit: float = 20.0
) -> list[Record]:
    """One record per solver that takes the case, timed in turn on one thread.

    Parameters
    ----------
    name, case : see `priorfit.bench.SMALL`; 100 lambdas from lambda_max.
    solvers : names out of `SOLVERS`.
    repeats : timed fits of each, in turn.
    limit : CPU seconds of one fit after which no tighter tolerance is tried.
    """
    lambdas = lambda_max(case) * np.geomspace(1.0, case.ratio, 100)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rivals = [_Rival(s, import_module(f"priorfit.bench.solvers.{s}")) for s in solvers]
        rivals = [rival for rival in rivals if rival.search(case, lambdas, limit)]
        for _ in range(repeats):
            for rival in rivals:
                cpu, wall, gap = rival.fit(case, lambdas, rival.tol)
                rival.gap = max(rival.gap, gap)
                rival.runs.append((cpu, wall))
        unit = pass_seconds(case)
    return [_record(name, rival, unit) for rival in rivals]


def _record(case: str, rival: _Rival, unit: float) -> Record:
    cpu, wall = (median(run[i] for run in rival.runs) for i in (0, 1))
    certified = rival.gap <= TARGET
    return Record(case, rival.name, rival.tol, rival.gap, certified, cpu, wall, cpu / unit)


def pass_seconds(case: Case) -> float:
    """The time of one X'r: the least of fifteen."""
    r = case.y - case.y.mean()
    times = []
    for _ in range(15):
        start = time.perf_counter()
        case.X.T @ r
        times.append(time.perf_counter() - start)
    return max(min(times), 1e-9)
