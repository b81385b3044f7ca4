"""Solvers in turn on one problem, at equal precision, each judged from its coefficients alone."""

from __future__ import annotations

import math
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
from priorfit.bench.judge import judge, lambda_max, lower_bounds, suboptimality

__all__ = ["SOLVERS", "TARGET", "Record", "installed", "pass_seconds", "race"]

SOLVERS = ("priorfit", "sklearn", "celer", "skglm", "adelie")
TARGET = 1e-6


class Record(NamedTuple):
    """One solver on one case; ``certified`` says whether its worst ``gap`` is within 1e-6.

    ``cpu`` and ``wall`` are median seconds at ``tol``, its loosest tolerance that certifies (its
    tightest where none does); ``passes`` is ``cpu`` in units of one ``X'r``. ``true_cpu`` is of
    ``true_tol``, the loosest at which its objectives are within 1e-6 of the best lower bounds that
    anyone found: answers that good, which the solver cannot know. priorfit stops by its gap.
    """

    case: str
    solver: str
    tol: float
    gap: float
    certified: bool
    cpu: float
    wall: float
    passes: float
    true_tol: float
    true_cpu: float


class _Fit(NamedTuple):
    cpu: float
    wall: float
    gaps: Array
    objectives: Array


@dataclass
class _Rival:
    name: str
    solver: ModuleType
    tol: float = np.nan
    gap: float = np.inf
    true_tol: float = np.nan
    runs: list[tuple[float, float, float]] = field(default_factory=list)

    def fit(self, case: Case, lambdas: Array, tol: float) -> _Fit:
        """One fit, timed and judged."""
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
        return _Fit(cpu, wall, *judge(case, lambdas, intercepts, coefs))

    def takes(self, case: Case, lambdas: Array) -> bool:
        """False where the solver refuses the case; compilers warm up."""
        try:
            self.fit(case, lambdas, self.solver.DEFAULT)
        except NotImplementedError:
            return False
        return True

    def search(self, case: Case, lambdas: Array, bounds: Array, limit: float) -> None:
        """Find the loosest tolerance that certifies, and the loosest that would do."""
        for tol in self.solver.TOLS:
            fit = self.fit(case, lambdas, tol)
            self.tol, self.gap = tol, float(fit.gaps.max())
            if self.gap <= TARGET or fit.cpu > limit:
                break
        self.true_tol = self.tol
        if self.name == "priorfit":
            return
        for tol in decades(1e-2, self.tol):
            fit = self.fit(case, lambdas, tol)
            if suboptimality(fit.gaps, fit.objectives, bounds).max() <= TARGET:
                self.true_tol = tol
                return


def decades(loosest: float, above: float) -> list[float]:
    """loosest, a tenth of it, ... as far as it is above."""
    steps = max(0, math.ceil(math.log10(loosest / above) - 1e-9))
    return [float(f"{loosest * 10.0**-k:.0e}") for k in range(steps)]


def best_bounds(case: Case, lambdas: Array) -> Array:
    """Lower bounds on the objectives: dual values of priorfit at its tightest tolerance."""
    ours = _Rival("priorfit", import_module("priorfit.bench.solvers.priorfit"))
    fit = ours.fit(case, lambdas, min(ours.solver.TOLS))
    return lower_bounds(fit.gaps, fit.objectives)


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
        rivals = [rival for rival in rivals if rival.takes(case, lambdas)]
        bounds = best_bounds(case, lambdas)
        for rival in rivals:
            rival.search(case, lambdas, bounds, limit)
        for _ in range(repeats):
            for rival in rivals:
                fit = rival.fit(case, lambdas, rival.tol)
                rival.gap = max(rival.gap, float(fit.gaps.max()))
                same = rival.tol == rival.true_tol
                true = fit if same else rival.fit(case, lambdas, rival.true_tol)
                rival.runs.append((fit.cpu, fit.wall, true.cpu))
        unit = pass_seconds(case)
    return [_record(name, rival, unit) for rival in rivals]


def _record(case: str, rival: _Rival, unit: float) -> Record:
    cpu, wall, true = (median(run[i] for run in rival.runs) for i in (0, 1, 2))
    certified = rival.gap <= TARGET
    times = (cpu, wall, cpu / unit)
    return Record(case, rival.name, rival.tol, rival.gap, certified, *times, rival.true_tol, true)


def pass_seconds(case: Case) -> float:
    """The time of one X'r: the least of fifteen."""
    r = case.y - case.y.mean()
    times = []
    for _ in range(15):
        start = time.perf_counter()
        case.X.T @ r
        times.append(time.perf_counter() - start)
    return max(min(times), 1e-9)
