"""Paths of responses that share their support, against adelie; the gap is recomputed here.

    python benchmarks/together.py --peers .venv-peers/bin/python [--cases 300]

100 strengths down to a share of the largest, one thread, CPU seconds, median of three in turn. The
peer runs at each of its tolerances: its worst gap stands beside its time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import numpy as np

#: rows, columns, responses, correlation of neighbours, smallest share
CASES = {
    "300 x 1000 x 5": (300, 1000, 5, 0.0, 1e-2),
    "1000 x 1000 x 5": (1000, 1000, 5, 0.0, 1e-2),
    "200 x 2000 x 3, AR(1) 0.5": (200, 2000, 3, 0.5, 1e-2),
    "1000 x 200 x 10, AR(1) 0.5": (1000, 200, 10, 0.5, 1e-3),
    "300 x 5000 x 20, AR(1) 0.5": (300, 5000, 20, 0.5, 5e-2),
    "500 x 3000 x 2, AR(1) 0.9": (500, 3000, 2, 0.9, 1e-2),
}
TOLS = (1e-7, 1e-10, 1e-12)


def simulated(n, p, q, rho):
    """AR(1) columns, 20 of which matter for all responses."""
    rng = np.random.default_rng(0)
    X, W = rng.normal(size=(n, p)), np.zeros((p, q))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    W[rng.choice(p, 20, replace=False)] = rng.normal(size=(20, q))
    return np.asfortranarray(X), X @ W + 2 * rng.normal(size=(n, q))


def worst(X, Y, coefs, lambdas):
    """The largest (P - D) / P(0) of every third point."""
    X, Y, most = X - X.mean(0), Y - Y.mean(0), 0.0
    for B, s in list(zip(coefs, lambdas, strict=True))[::3]:
        R = Y - X @ B
        primal = 0.5 * np.sum(R**2) + s * np.linalg.norm(B, axis=1).sum()
        share = min(1.0, s / np.linalg.norm(X.T @ R, axis=1).max())
        dual = share * np.sum(R * Y) - 0.5 * share**2 * np.sum(R**2)
        most = max(most, (primal - dual) / (0.5 * np.sum(Y**2)))
    return most


def priorfit(X, Y, lambdas, tol):
    import priorfit as pf

    prior = pf.GroupLaplace(scale=1.0, by_size=False, outputs="together")
    start = time.process_time()
    coefs = pf.path(X, Y, prior=prior, penalties=lambdas, tol=tol).coefs
    return time.process_time() - start, np.moveaxis(coefs, -1, 0)


def adelie(X, Y, lambdas, tol):
    import adelie as ad

    start = time.process_time()
    state = ad.grpnet(
        X=ad.matrix.dense(X, method="naive", n_threads=1), glm=ad.glm.multigaussian(Y),
        lmda_path=lambdas / Y.size, penalty=np.ones(X.shape[1]), early_exit=False, tol=tol,
        max_iters=10**8, progress_bar=False,
    )  # fmt: skip
    seconds = time.process_time() - start
    return seconds, state.betas.toarray().reshape(-1, X.shape[1], Y.shape[1])


def run(python, solver, folder, tol, script=__file__):
    """CPU seconds and coefficients (points, p, q) of one fit in a process of its own."""
    out = folder / "out.npz"
    command = [python, script, "--worker", solver, str(folder), "--tol", str(tol)]
    subprocess.run(command, check=True, capture_output=True)
    found = np.load(out)
    return float(found["cpu"]), found["coefs"]


def work(solver, folder, tol):
    data = np.load(folder / "data.npz")
    X = np.asfortranarray(data["X"])
    cpu, coefs = globals()[solver](X, data["Y"], data["lambdas"], tol)
    np.savez(folder / "out.npz", cpu=cpu, coefs=coefs)


def arguments():
    """What a race of this kind is asked; ``--worker`` and ``--tol`` are its own processes'."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--cases", nargs="*", default=[""])
    parser.add_argument("--worker", nargs=2)
    parser.add_argument("--tol", type=float)
    return parser


def main():
    options = arguments().parse_args()
    if options.worker:
        work(options.worker[0], Path(options.worker[1]), options.tol)
        return
    solvers = [("priorfit", 1e-6), *(("adelie", tol) for tol in TOLS)]
    for name in [c for c in CASES if any(w in c for w in options.cases)]:
        n, p, q, rho, share = CASES[name]
        X, Y = simulated(n, p, q, rho)
        top = np.linalg.norm((X - X.mean(0)).T @ (Y - Y.mean(0)), axis=1).max()
        lambdas, times, gaps = top * np.geomspace(1.0, share, 100), {}, {}
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            np.savez(folder / "data.npz", X=X, Y=Y, lambdas=lambdas)
            for turn in range(3):
                for solver in solvers:
                    python = sys.executable if solver[0] == "priorfit" else options.peers
                    cpu, coefs = run(python, *solver[:1], folder, solver[1])
                    times.setdefault(solver, []).append(cpu)
                    if turn == 0:
                        gaps[solver] = worst(X, Y, coefs, lambdas)
        own = median(times[solvers[0]])
        for solver in solvers:
            cpu = median(times[solver])
            print(f"{name} | {solver[0]} {solver[1]:.0e} | {cpu:.2f} s | gap {gaps[solver]:.0e} | "
                  f"ratio {cpu / own:.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
