"""``nonconvex_worker.py SOLVER FOLDER``: a tolerance comes in, CPU seconds of a fit go out."""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

TOLS = {"priorfit": [1e-6], "skglm": [1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10]}


def priorfit(X, y, lams, tol, kind, shape):
    """A path, or one point of it: without the other starts, as the peer."""
    import priorfit as pf

    prior = pf.MCP(gamma=shape) if kind == "mcp" else pf.SCAD(a=shape)
    n = len(y)
    top = 1.001 * np.abs(X.T @ (y - y.mean())).max()
    penalties = lams * n if len(lams) > 1 else [top, lams[0] * n]
    path = pf.path(X, y, prior=prior, penalties=penalties, tol=tol)
    return path.intercepts[-len(lams) :], path.coefs[:, -len(lams) :]


def skglm(X, y, lams, tol, kind, shape):
    """Warm from point to point, as its own path does."""
    from skglm.datafits import Quadratic
    from skglm.penalties import SCAD, MCPenalty
    from skglm.solvers import AndersonCD
    from skglm.utils.jit_compilation import compiled_clone

    p = X.shape[1]
    datafit = compiled_clone(Quadratic())
    solver = AndersonCD(tol=tol, max_iter=1000, fit_intercept=True)
    w = np.zeros(p + 1)
    w[-1] = y.mean()
    coefs, intercepts = np.empty((p, len(lams))), np.empty(len(lams))
    penalty = compiled_clone(MCPenalty(1.0, shape) if kind == "mcp" else SCAD(1.0, shape))
    for k, lam in enumerate(lams):
        penalty.alpha = lam
        Xw = X @ w[:p] + w[-1]
        w = solver.solve(X, y, datafit, penalty, w.copy(), Xw)[0]
        coefs[:, k], intercepts[k] = w[:p], w[-1]
    return intercepts, coefs


def main() -> None:
    """Compiled code is warmed up before the first tolerance."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    fit = {"priorfit": priorfit, "skglm": skglm}[name]
    warnings.simplefilter("ignore")
    setting = json.loads((folder / "setting.json").read_text())
    X, y, lams = (np.load(folder / f"{k}.npy") for k in ("X", "y", "lams"))
    X = np.asfortranarray(X)
    few = np.asfortranarray(X[:50, :20])
    top = np.abs(few.T @ (y[:50] - y[:50].mean())).max() / 50
    fit(few, y[:50], top * np.array([0.5, 0.3]), 1e-4, **setting)
    print(json.dumps(TOLS[name]), flush=True)
    for line in sys.stdin:
        cpu = time.process_time()
        intercepts, coefs = fit(X, y, lams, float(line), **setting)
        cpu = time.process_time() - cpu
        np.savez(folder / f"{name}.npz", intercepts=intercepts, coefs=coefs)
        print(cpu, flush=True)


if __name__ == "__main__":
    main()
