"""Paths of classes that share their columns, against adelie; the gap is recomputed here.

    python benchmarks/classes.py --peers .venv-peers/bin/python [--cases 300 --repeats 3]

50 strengths down to a share of the largest, free intercepts, one thread, CPU seconds, medians in
turn. The peer runs at its default and at each tighter tolerance until its path is as near as ours,
or a run takes more than a hundred times as long: its worst gap stands beside its time.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import together

#: rows, columns, classes, correlation of neighbours, smallest share, size of the log odds
CASES = {
    "300 x 500 x 3": (300, 500, 3, 0.0, 0.1, 1.0),
    "300 x 500 x 3, down to 0.01": (300, 500, 3, 0.0, 0.01, 1.0),
    "1000 x 200 x 5, AR(1) 0.5": (1000, 200, 5, 0.5, 0.01, 1.0),
    "200 x 2000 x 3, AR(1) 0.5": (200, 2000, 3, 0.5, 0.05, 1.0),
    "300 x 1000 x 10, AR(1) 0.3": (300, 1000, 10, 0.3, 0.05, 1.0),
    "5000 x 100 x 4, AR(1) 0.9": (5000, 100, 4, 0.9, 0.01, 0.3),
    "1000 x 5000 x 3": (1000, 5000, 3, 0.0, 0.05, 1.0),
}
TOLS = (1e-7, 1e-10, 1e-12)
TARGET = 1e-6


def simulated(n, p, q, rho, size):
    """AR(1) columns, 10 of which matter for all classes."""
    rng = np.random.default_rng(0)
    X, W = rng.normal(size=(n, p)), np.zeros((p, q))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    W[rng.choice(p, 10, replace=False)] = size * rng.normal(size=(10, q))
    codes = np.argmax(X @ W + rng.gumbel(size=(n, q)), axis=1)
    return np.asfortranarray(X), np.eye(q)[codes]


def shares(eta):
    top = np.exp(eta - eta.max(axis=1, keepdims=True))
    return top / top.sum(axis=1, keepdims=True)


def primal(X, Y, intercepts, B, s):
    eta = intercepts + X @ B
    top = eta.max(axis=1)
    lost = top + np.log(np.exp(eta - top[:, None]).sum(axis=1)) - (Y * eta).sum(axis=1)
    return lost.sum() + s * np.linalg.norm(B, axis=1).sum()


def worst(X, Y, points, lambdas):
    """The largest (P - D) / P(0) of every third point, the intercepts at their best."""
    most, null = 0.0, primal(X, Y, np.log(Y.mean(axis=0)), np.zeros((X.shape[1], Y.shape[1])), 0.0)
    for (at, B), s in list(zip(points, lambdas, strict=True))[::3]:
        at = best_intercepts(X @ B, Y, at)
        theta = Y - shares(at + X @ B)
        share = min(1.0, s / np.linalg.norm(X.T @ theta, axis=1).max())
        m = Y - share * theta
        dual = -np.sum(m * np.log(np.maximum(m, 1e-300)))
        most = max(most, (primal(X, Y, at, B, s) - dual) / null)
    return most


def best_intercepts(eta, Y, at):
    """Newton's steps from `at`."""
    for _ in range(20):
        mu = shares(at + eta)
        rest = (Y - mu).sum(axis=0)
        at = at + np.linalg.pinv(np.diag(mu.sum(axis=0)) - mu.T @ mu) @ rest
    return at


def priorfit(X, Y, lambdas, tol):
    import priorfit as pf

    prior = pf.GroupLaplace(scale=1.0, by_size=False, outputs="together")
    start = time.process_time()
    path = pf.path(X, Y, prior=prior, likelihood=pf.Multinomial(), penalties=lambdas, tol=tol)
    return time.process_time() - start, path.intercepts.T, np.moveaxis(path.coefs, -1, 0)


def adelie(X, Y, lambdas, tol):
    import adelie as ad

    start = time.process_time()
    state = ad.grpnet(
        X=ad.matrix.dense(X, method="naive", n_threads=1), glm=ad.glm.multinomial(Y),
        lmda_path=lambdas / Y.size, penalty=np.ones(X.shape[1]), early_exit=False, tol=tol,
        irls_tol=min(tol, 1e-7), max_iters=10**8, progress_bar=False,
    )  # fmt: skip
    seconds = time.process_time() - start
    return seconds, state.intercepts, state.betas.toarray().reshape(-1, X.shape[1], Y.shape[1])


def work(solver, folder, tol):
    data = np.load(folder / "data.npz")
    X = np.asfortranarray(data["X"])
    cpu, at, coefs = globals()[solver](X, data["Y"], data["lambdas"], tol)
    np.savez(folder / "out.npz", cpu=cpu, intercepts=at, coefs=coefs)


def fit(python, solver, folder, tol):
    """CPU seconds and points of one fit in a process of its own."""
    cpu, coefs = together.run(python, solver, folder, tol, script=__file__)
    return cpu, list(zip(np.load(folder / "out.npz")["intercepts"], coefs, strict=True))


def race(name, peers, repeats):
    n, p, q, rho, smallest, size = CASES[name]
    X, Y = simulated(n, p, q, rho, size)
    top = np.linalg.norm(X.T @ (Y - Y.mean(axis=0)), axis=1).max()
    lambdas, own, others = top * np.geomspace(1.0, smallest, 50), [], {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        np.savez(folder / "data.npz", X=X, Y=Y, lambdas=lambdas)
        cpu, points = fit(sys.executable, "priorfit", folder, TARGET)
        near = max(TARGET, worst(X, Y, points, lambdas))
        columns = int(np.count_nonzero(np.any(points[-1][1], axis=1)))
        for tol in TOLS:
            seconds, points = fit(peers, "adelie", folder, tol)
            others[tol] = (worst(X, Y, points, lambdas), [])
            if others[tol][0] <= near or seconds > 100 * cpu:
                break
        for _ in range(repeats):
            own.append(fit(sys.executable, "priorfit", folder, TARGET)[0])
            for used in {TOLS[0], tol}:
                others[used][1].append(fit(peers, "adelie", folder, used)[0])
    ours = median(own)
    print(f"{name} ({columns} columns) | priorfit {ours:.3f} s, gap {near:.0e}")
    for used in (TOLS[0], tol):
        gap, times = others[used]
        cpu = median(times)
        print(f"    adelie {used:.0e} | {cpu:.3f} s, gap {gap:.0e} | {cpu / ours:.2f}", flush=True)


def main():
    parser = together.arguments()
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if options.worker:
        work(options.worker[0], Path(options.worker[1]), options.tol)
        return
    for name in [c for c in CASES if any(w in c for w in options.cases)]:
        race(name, options.peers, options.repeats)


if __name__ == "__main__":
    main()
