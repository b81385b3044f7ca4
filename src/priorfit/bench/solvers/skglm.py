"""skglm: working sets with Anderson acceleration, in numba."""

from __future__ import annotations

from typing import Any

import numpy as np
from skglm.datafits import Logistic, Poisson, Quadratic
from skglm.penalties import L1, L1_plus_L2
from skglm.solvers import AndersonCD, ProxNewton
from skglm.utils.jit_compilation import compiled_clone

__all__ = ["DEFAULT", "TOLS", "fit"]

TOLS = [1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9]
DEFAULT = 1e-4


def fit(
    X: Any, y: Any, lambdas: Any, tol: float, likelihood: str, l1_ratio: float, group: int
) -> tuple[Any, Any]:
    """(intercepts (k,), coefs (p, k))."""
    if group > 1:
        raise NotImplementedError
    datafit = {"gaussian": Quadratic(), "bernoulli": Logistic(), "poisson": Poisson()}[likelihood]
    Solver = ProxNewton if likelihood == "poisson" else AndersonCD
    target = 2 * y - 1 if likelihood == "bernoulli" else y
    datafit = compiled_clone(datafit)
    solver = Solver(tol=tol, max_iter=1000, fit_intercept=True)
    p = X.shape[1]
    w = np.zeros(p + 1)
    coefs, intercepts = np.empty((p, len(lambdas))), np.empty(len(lambdas))
    if likelihood == "gaussian":
        w[-1] = y.mean()
    for k, lam in enumerate(lambdas):
        penalty = L1(lam) if l1_ratio == 1 else L1_plus_L2(lam, l1_ratio)
        Xw = X @ w[:p] + w[-1]
        w = solver.solve(X, target, datafit, compiled_clone(penalty), w.copy(), Xw)[0]
        coefs[:, k], intercepts[k] = w[:p], w[-1]
    return intercepts, coefs
