"""celer: working sets with dual extrapolation. Its logistic has no intercept: gaussian only."""

from __future__ import annotations

from typing import Any

import numpy as np
from celer.homotopy import celer_path

__all__ = ["DEFAULT", "TOLS", "fit"]

TOLS = [1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9]
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
        X = X - center
        center = 0 * center
    options = {"tol": tol, "max_iter": 200, "max_epochs": 10**5}
    coefs = celer_path(X, y - mean, "lasso", alphas=lambdas, **options)[1]
    return mean - center @ coefs, coefs
