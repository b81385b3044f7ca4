"""celer: working sets with dual extrapolation. Its logistic has no intercept: gaussian only."""

from __future__ import annotations

from typing import Any

import numpy as np
from celer.homotopy import celer_path

__all__ = ["DEFAULT", "TOLS", "fit"]

TOLS = [1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12]
DEFAULT = 1e-4


def fit(
    X: Any, y: Any, lambdas: Any, tol: float, likelihood: str, l1_ratio: float, group: int
) -> tuple[Any, Any]:
    """(intercepts (k,), coefs (p, k))."""
    if likelihood != "gaussian" or l1_ratio < 1 or group > 1:
        raise NotImplementedError
    mean = y.mean()
    center = np.asarray(X.mean(axis=0)).ravel()
    if isinstance(X, np.ndarray):
        X, apart = np.asfortranarray(X - center), {}
    else:
        apart = {"X_offset": center, "X_scale": np.ones(X.shape[1])}
    options = {"tol": tol, "max_iter": 1000, "max_epochs": 10**5}
    coefs = celer_path(X, y - mean, "lasso", alphas=lambdas, **options, **apart)[1]
    return mean - center @ coefs, coefs
