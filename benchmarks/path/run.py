"""Regularization paths at equal certified precision, rivals in alternation, one thread each.

    python benchmarks/path/run.py --peers .venv-peers/bin/python [--cases wide tall] [--repeats 3]
    python benchmarks/path/run.py --peers .venv-peers/bin/python --at 0.1   # one cold fit instead

For every solver the loosest of its tolerances is found at which the gap, recomputed here from its
coefficients, is at most 1e-6 at all 100 points; then all are timed in turn at that tolerance, and
at their default. Results go to ``benchmarks/results/path.jsonl``, those of single fits at a share
of lambda_max to ``single.jsonl``.
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

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

import numpy as np
from cases import CASES
from scipy import sparse

from priorfit.bench.cases import Case
from priorfit.bench.judge import judge, lambda_max
from priorfit.bench.racing import TARGET, pass_seconds

HERE = Path(__file__).parent
PEERS = ("adelie", "celer", "skglm", "sklearn")


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
        self.tol: float | None = None
        self.runs: dict[str, list[dict[str, float]]] = {"certified": [], "default": []}
        self.gaps: dict[str, float] = {}

    def _answer(self) -> dict:
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"refused": True}

    def fit(self, tol: float) -> dict:
        """One timed fit."""
        self.process.stdin.write(f"{tol}\n")
        self.process.stdin.flush()
        return self._answer()

    def gap(self, case: Case, lambdas: np.ndarray) -> float:
        """The worst gap of the last fit."""
        found = np.load(self.folder / f"{self.name}.npz")
        return float(np.max(judge(case, lambdas, found["intercepts"], found["coefs"])[0]))

    def search(self, case: Case, lambdas: np.ndarray, limit: float) -> None:
        """The loosest tolerance that certifies; the tightest tried where none does."""
        if "refused" in self.info or "refused" in self.fit(self.info["default"]):
            return
        for tol in self.info["tols"]:
            run = self.fit(tol)
            gap = self.gap(case, lambdas)
            self.tol, self.gaps["certified"] = tol, gap
            if tol == self.info["default"]:
                self.gaps["default"] = gap
            if gap <= TARGET or run["cpu"] > limit:
                return


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
        for rival in rivals:
            rival.search(case, lambdas, options.limit)
        for _ in range(options.repeats):
            for rival in rivals:
                if rival.tol is not None:
                    rival.runs["certified"].append(rival.fit(rival.tol))
                    rival.runs["default"].append(rival.fit(rival.info["default"]))
        for rival in rivals:
            rival.process.kill()
    return [record(name, rival, unit) for rival in rivals if rival.tol is not None]


def record(case: str, rival: Rival, unit: float) -> dict:
    """Medians of one rival."""
    out = {"case": case, "solver": rival.name, "tol": rival.tol, "gap": rival.gaps["certified"]}
    for kind, runs in rival.runs.items():
        out[f"{kind}_cpu"] = median(r["cpu"] for r in runs)
        out[f"{kind}_wall"] = median(r["wall"] for r in runs)
    out["passes"] = out["certified_cpu"] / unit
    out["default_gap"] = rival.gaps.get("default")
    out["peak_mb"] = max(r["peak_mb"] for r in rival.runs["certified"])
    return out


def show(records: list[dict]) -> None:
    """A table; ratios are against priorfit in the same run."""
    ours = next(r for r in records if r["solver"] == "priorfit")
    for r in records:
        ratio, loose = (r[k] / ours["certified_cpu"] for k in ("certified_cpu", "default_cpu"))
        print(
            f"{r['case']:<26}{r['solver']:<10}cpu {r['certified_cpu']:8.3f} s  gap {r['gap']:.0e}"
            f"  {r['passes']:7.0f} passes  {r['peak_mb']:5d} MB  ratio {ratio:6.2f}"
            f"  at its default {loose:6.2f} (gap {r['default_gap'] or 0:.0e})",
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
