"""Regularization paths at equal certified precision, rivals in alternation, one thread each.

    python benchmarks/path/run.py --peers .venv-peers/bin/python [--cases wide tall] [--repeats 3]
    python benchmarks/path/run.py --peers .venv-peers/bin/python --at 0.1   # one cold fit instead

For every solver the loosest of its tolerances is found at which the gap, recomputed here from its
coefficients, is at most 1e-6 at all 100 points; and the loosest half decade at which the true
suboptimality is, which only a better answer can show: the lower bounds are the dual values of
priorfit at 1e-10. Then all are timed in turn at these tolerances, and at their default. Ratios are
against priorfit certified, and once more against priorfit where it truly is that near. Results go
to ``benchmarks/results/path.jsonl``, those of single fits at a share of lambda_max to
``single.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

import numpy as np
from cases import CASES
from scipy import sparse

from priorfit.bench.cases import Case
from priorfit.bench.judge import judge, lambda_max, lower_bounds, suboptimality
from priorfit.bench.racing import TARGET, pass_seconds

HERE = Path(__file__).parent
KINDS = ("certified", "true", "default")
PEERS = ("adelie", "celer", "skglm", "sklearn")


class Seen(NamedTuple):
    """A fit: its CPU seconds, its worst gap and the worst true suboptimality."""

    cpu: float
    gap: float
    excess: float


class Rival:
    """A worker process and what it has shown."""

    def __init__(self, name: str, python: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.process = subprocess.Popen(
            [python, str(HERE / "worker.py"), name, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.info = self._answer()
        self.tols: dict[str, float] = {}
        self.runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
        self.seen: dict[float, Seen] = {}

    def _answer(self) -> dict:
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"refused": True}

    def fit(self, tol: float) -> dict:
        """One timed fit."""
        self.process.stdin.write(f"{tol}\n")
        self.process.stdin.flush()
        return self._answer()

    def judged(self, case: Case, lambdas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(gaps, objectives) of the last fit."""
        found = np.load(self.folder / f"{self.name}.npz")
        return judge(case, lambdas, found["intercepts"], found["coefs"])

    def refuses(self) -> bool:
        """Whether it cannot do the case; compilers warm up."""
        return "refused" in self.info or "refused" in self.fit(self.info["default"])

    def look(self, tol: float, case: Case, lambdas: np.ndarray, bounds: np.ndarray) -> Seen:
        """What a fit at tol came to, the worst of all points; each tolerance is tried once."""
        if tol not in self.seen:
            cpu = self.fit(tol)["cpu"]
            gaps, objectives = self.judged(case, lambdas)
            excess = suboptimality(gaps, objectives, bounds)
            self.seen[tol] = Seen(cpu, float(gaps.max()), float(excess.max()))
        return self.seen[tol]

    def search(self, case: Case, lambdas: np.ndarray, bounds: np.ndarray, limit: float) -> None:
        """The loosest tolerances that serve; the tightest tried where none does."""
        default = self.info["default"]
        self.tols = dict.fromkeys(KINDS, default)
        self.look(default, case, lambdas, bounds)
        for tol in self.info["tols"]:
            seen = self.look(tol, case, lambdas, bounds)
            self.tols["certified"] = tol
            if seen.gap <= TARGET or seen.cpu > limit:
                break
        for tol in half_decades(1e-2, min(self.info["tols"])):
            seen = self.look(tol, case, lambdas, bounds)
            self.tols["true"] = tol
            if seen.excess <= TARGET or seen.cpu > limit:
                break


def half_decades(loosest: float, tightest: float) -> list[float]:
    """1e-2, 3e-3, 1e-3, ..."""
    steps = round(2 * np.log10(loosest / tightest)) + 1
    return [float(f"{t:.0e}") for t in loosest * 10.0 ** (-0.5 * np.arange(steps))]


def prepare(case: Case, lambdas: np.ndarray, folder: Path) -> None:
    """The problem as files that every worker reads."""
    if sparse.issparse(case.X):
        sparse.save_npz(folder / "X.npz", case.X)
    else:
        np.save(folder / "X.npy", case.X)
    np.save(folder / "y.npy", case.y)
    np.save(folder / "lambdas.npy", lambdas)
    setting = {"likelihood": case.likelihood, "l1_ratio": case.l1_ratio, "group": case.group}
    (folder / "setting.json").write_text(json.dumps(setting))


def compete(name: str, options: argparse.Namespace) -> list[dict]:
    """All rivals on one case; one record each."""
    case = CASES[name]()
    shares = np.geomspace(1, case.ratio, 100) if options.at is None else np.array([options.at])
    lambdas = lambda_max(case) * shares
    unit = pass_seconds(case)
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        prepare(case, lambdas, folder)
        rivals = [Rival("priorfit", sys.executable, folder)]
        if options.peers:
            rivals += [Rival(solver, options.peers, folder) for solver in options.solvers]
        rivals = [rival for rival in rivals if not rival.refuses()]
        rivals[0].fit(min(rivals[0].info["tols"]))
        bounds = lower_bounds(*rivals[0].judged(case, lambdas))
        for rival in rivals:
            rival.search(case, lambdas, bounds, options.limit)
        for _ in range(options.repeats):
            for rival in rivals:
                for kind, tol in rival.tols.items():
                    rival.runs[kind].append(rival.fit(tol))
        for rival in rivals:
            rival.process.kill()
    return [record(name, rival, unit) for rival in rivals]


def record(case: str, rival: Rival, unit: float) -> dict:
    """Medians of one rival."""
    certified, true, default = (rival.seen[rival.tols[kind]] for kind in KINDS)
    out = {"case": case, "solver": rival.name, "tol": rival.tols["certified"]}
    out |= {"gap": certified.gap, "suboptimality": certified.excess}
    out |= {"true_tol": rival.tols["true"], "true_gap": true.gap, "true_suboptimality": true.excess}
    for kind, runs in rival.runs.items():
        out[f"{kind}_cpu"] = median(r["cpu"] for r in runs)
        out[f"{kind}_wall"] = median(r["wall"] for r in runs)
    out["passes"] = out["certified_cpu"] / unit
    out |= {"default_gap": default.gap, "default_suboptimality": default.excess}
    out["peak_mb"] = max(r["peak_mb"] for r in rival.runs["certified"])
    return out


def show(records: list[dict]) -> None:
    """A table; ratios are against priorfit in the same run."""
    ours = next(r for r in records if r["solver"] == "priorfit")
    for r in records:
        ratio, true, loose = (r[f"{kind}_cpu"] / ours["certified_cpu"] for kind in KINDS)
        equal = r["true_cpu"] / ours["true_cpu"]
        print(
            f"{r['case']:<26}{r['solver']:<10}cpu {r['certified_cpu']:8.3f} s  gap {r['gap']:.0e}"
            f"  {r['passes']:7.0f} passes  {r['peak_mb']:5d} MB  ratio {ratio:6.2f}"
            f"  at true {r['true_suboptimality']:.0e} {true:6.2f}, {equal:6.2f} of ours"
            f" (tol {r['true_tol']:.0e}, gap {r['true_gap']:.0e})"
            f"  at its default {loose:6.2f} (gap {r['default_gap']:.0e})",
            flush=True,
        )


def main() -> None:
    """Run the cases and append to the log."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="a Python with adelie, celer, skglm and scikit-learn")
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--solvers", nargs="*", default=list(PEERS), choices=PEERS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--at", type=float, help="one fit at this share of lambda_max, no path")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds a peer may take")
    options = parser.parse_args()
    results = HERE.parent / "results"
    results.mkdir(exist_ok=True)
    kind = "path" if options.at is None else "single"
    for name in options.cases:
        records = [{"at": options.at} | r for r in compete(name, options)]
        show(records)
        with open(results / f"{kind}.jsonl", "a", encoding="utf-8") as log:
            log.writelines(json.dumps(r) + "\n" for r in records)


if __name__ == "__main__":
    main()
