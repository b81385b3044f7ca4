"""MCP and SCAD at equal stationarity: priorfit and skglm, in turn, one thread, CPU seconds.

    python benchmarks/nonconvex.py --peers .venv-peers/bin/python

Each solver runs in its own process, at the loosest of its tolerances for which the violation of
stationarity, recomputed here in float64 over all columns, is at most 1e-6 of lambda_max at all
points. Two local optima need not be the same: objectives are compared point by point.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE, KKT = Path(__file__).parent, 1e-6
CASES = {
    "200 x 1000, AR(1) 0.5": (200, 1000, 0.5, 20),
    "1000 x 10,000, AR(1) 0.5": (1000, 10_000, 0.5, 50),
    "5000 x 500, AR(1) 0.5": (5000, 500, 0.5, 30),
}
SHAPES = {"mcp": 3.0, "scad": 3.7}


def make(n: int, p: int, rho: float, k: int) -> tuple[Any, Any]:
    """Autoregressive columns of unit variance, k effects, a signal-to-noise ratio of 5."""
    rng = np.random.default_rng(0)
    X = np.empty((n, p), order="F")
    X[:, 0] = rng.normal(size=n)
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * rng.normal(size=n)
    X = np.asfortranarray((X - X.mean(axis=0)) / X.std(axis=0))
    b = np.zeros(p)
    b[rng.choice(p, k, replace=False)] = rng.normal(size=k)
    signal = X @ b
    return X, signal + rng.normal(size=n) * signal.std() / np.sqrt(5)


def slope(kind: str, t: Any, lam: float, shape: float) -> Any:
    """d penalty / dt for the loss per row; t >= 0."""
    if kind == "mcp":
        return np.maximum(lam - t / shape, 0.0)
    return np.where(t <= lam, lam, np.maximum(shape * lam - t, 0.0) / (shape - 1.0))


def value(kind: str, t: Any, lam: float, shape: float) -> Any:
    """The penalty for the loss per row."""
    if kind == "mcp":
        return np.where(t <= shape * lam, lam * t - t * t / (2 * shape), shape * lam**2 / 2)
    bent = (2 * shape * lam * t - t * t - lam**2) / (2 * (shape - 1))
    return np.where(t <= lam, lam * t, np.where(t <= shape * lam, bent, lam**2 * (shape + 1) / 2))


def judge(X: Any, y: Any, lams: Any, kind: str, found: Any) -> tuple[float, Any]:
    """(worst violation over lambda_max, objective of every point), from the data."""
    worst, objectives, n = 0.0, [], len(y)
    for lam, b0, b in zip(lams, found["intercepts"], found["coefs"].T, strict=True):
        r = y - b0 - X @ b
        c, t = X.T @ r / n, np.abs(b)
        steep = slope(kind, t, lam, SHAPES[kind])
        off = np.where(b != 0, np.abs(c - np.sign(b) * steep), np.maximum(np.abs(c) - lam, 0.0))
        worst = max(worst, float(off.max()), abs(float(r.mean())))
        objectives.append(r @ r / (2 * n) + value(kind, t, lam, SHAPES[kind]).sum())
    return worst / float(np.abs(X.T @ (y - y.mean())).max() / n), np.array(objectives)


class Worker:
    """One solver in its own process; the problem is read once."""

    def __init__(self, python: str, name: str, folder: Path) -> None:
        threads = dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
        )
        command = [python, str(HERE / "nonconvex_worker.py"), name, str(folder)]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, env={**os.environ, **threads}, **pipes)
        self.tols = json.loads(self.process.stdout.readline())
        self.out = folder / f"{name}.npz"

    def fit(self, tol: float) -> float:
        """CPU seconds; coefficients are left in the folder."""
        self.process.stdin.write(f"{tol}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def race(name: str, kind: str, peers: str, at: float | None, repeats: int) -> dict[str, Any]:
    """One case: the loosest good tolerance of each, then medians in alternation."""
    X, y = make(*CASES[name])
    top = float(np.abs(X.T @ (y - y.mean())).max() / len(y))
    lams = top * (np.geomspace(1, 0.05, 50) if at is None else np.array([at]))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        np.save(folder / "X.npy", X), np.save(folder / "y.npy", y)
        np.save(folder / "lams.npy", lams)
        (folder / "setting.json").write_text(json.dumps({"kind": kind, "shape": SHAPES[kind]}))
        rivals = {"priorfit": Worker(sys.executable, "priorfit", folder),
                  "skglm": Worker(peers, "skglm", folder)}  # fmt: skip
        chosen, judged, times = {}, {}, {k: [] for k in rivals}
        for k, worker in rivals.items():
            for tol in worker.tols:
                worker.fit(tol)
                judged[k], chosen[k] = judge(X, y, lams, kind, np.load(worker.out)), tol
                if judged[k][0] <= KKT:
                    break
        for _ in range(repeats):
            for k, worker in rivals.items():
                times[k].append(worker.fit(chosen[k]))
        for worker in rivals.values():
            worker.process.stdin.close()
    ours, theirs = judged["priorfit"][1], judged["skglm"][1]
    row = {"case": name, "penalty": kind, "at": at, "lower": int(np.sum(ours < theirs - 1e-9)),
           "equal": int(np.sum(np.abs(ours - theirs) <= 1e-9)), "points": len(lams)}  # fmt: skip
    for k in rivals:
        row |= {f"{k} s": statistics.median(times[k]), f"{k} kkt": judged[k][0]}
    return row | {"ratio": row["skglm s"] / row["priorfit s"]}


def main() -> None:
    """One line of JSON per case, penalty and kind of question."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--case", default="")
    options = parser.parse_args()
    for name in (c for c in CASES if options.case in c):
        for kind in SHAPES:
            for at in (None, 0.1):
                print(json.dumps(race(name, kind, options.peers, at, options.repeats)), flush=True)


if __name__ == "__main__":
    main()
