"""One solver in its own process: `worker.py SOLVER FOLDER`; a tolerance a line in, CPU seconds out.

The folder holds ``data.npz``: X (n, p), time, event, lambdas (sum scale, strongest first), l2 (a
normal prior's lambda for single fits, else 0). Coefficients (p, k) are written to SOLVER.npz.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

import numpy as np

warnings.simplefilter("ignore")


def priorfit(X, y, event, lambdas, ridge, ties):
    import priorfit as pf

    response = pf.survival(y, event)

    def fit(tol):
        if ridge:
            problem = pf.Problem.make(
                X, response, prior=pf.Normal(ridge**-0.5), likelihood=pf.Cox(ties)
            )
            return pf.solve(problem, tol=tol).coef[:, None]
        options = {"prior": pf.Laplace(), "likelihood": pf.Cox(ties), "penalties": lambdas}
        return pf.path(X, response, tol=tol, **options).coefs

    return fit, 1e-6, [1e-6]


def sksurv(X, y, event, lambdas, ridge, ties):
    from sksurv.linear_model import CoxnetSurvivalAnalysis, CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    if ties == "efron" and not ridge:
        raise NotImplementedError
    response, n = Surv.from_arrays(event, y), len(y)

    def fit(tol):
        if ridge:
            model = CoxPHSurvivalAnalysis(alpha=ridge, ties=ties, tol=tol, n_iter=1000)
            return model.fit(X, response).coef_[:, None]
        model = CoxnetSurvivalAnalysis(l1_ratio=1.0, alphas=lambdas / n, tol=tol, max_iter=10**7)
        found = model.fit(X, response).coef_
        missing = len(lambdas) - found.shape[1]
        return np.column_stack([found, np.repeat(found[:, -1:], missing, axis=1)])

    return fit, (1e-9 if ridge else 1e-7), [1e-7, 1e-9, 1e-11, 1e-13, 1e-15]


def adelie(X, y, event, lambdas, ridge, ties):
    import adelie as ad

    n = len(y)
    glm = ad.glm.cox(start=np.full(n, -1.0), stop=y, status=event * 1.0, tie_method=ties)

    def fit(tol):
        state = ad.grpnet(
            X=ad.matrix.dense(X, method="naive", n_threads=1), glm=glm, lmda_path=lambdas / unit,
            early_exit=False, intercept=False, tol=tol, irls_tol=tol, irls_max_iters=10**6,
            max_iters=10**8, progress_bar=False,
        )  # fmt: skip
        return state.betas.toarray().T

    unit = float(n)  # its weights sum to 1
    if ridge:
        raise NotImplementedError
    return fit, 1e-7, [1e-7, 1e-9, 1e-11, 1e-13, 1e-15]


def skglm(X, y, event, lambdas, ridge, ties):
    from skglm.datafits import Cox
    from skglm.penalties import L1, L2
    from skglm.solvers import LBFGS, ProxNewton
    from skglm.utils.jit_compilation import compiled_clone

    n, response = len(y), np.column_stack([y, event * 1.0])

    def fit(tol):
        datafit, w = compiled_clone(Cox(use_efron=ties == "efron")), np.zeros(X.shape[1])
        datafit.initialize(X, response)
        if ridge:
            solver = LBFGS(tol=tol, max_iter=10**5)
            return solver.solve(X, response, datafit, compiled_clone(L2(ridge / n)))[0][:, None]
        out = np.empty((X.shape[1], len(lambdas)))
        solver = ProxNewton(fit_intercept=False, tol=tol, max_iter=200)
        for k, s in enumerate(lambdas):
            penalty = compiled_clone(L1(s / n))
            out[:, k] = w = solver.solve(X, response, datafit, penalty, w_init=w, Xw_init=X @ w)[0]
        return out

    return fit, 1e-4, [1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10]


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    data = np.load(folder / "data.npz")
    X = np.asfortranarray(data["X"])
    fit, default, tols = globals()[name](
        X, data["time"], data["event"], data["lambdas"], float(data["l2"]),
        "efron" if data["efron"] else "breslow",
    )  # fmt: skip
    print(json.dumps({"default": default, "tols": tols}), flush=True)
    for line in sys.stdin:
        start = time.process_time()
        coefs = fit(float(line))
        seconds = time.process_time() - start
        np.savez(folder / f"{name}.npz", coefs=coefs)
        print(json.dumps({"cpu": seconds}), flush=True)


if __name__ == "__main__":
    main()
