"""scikit-learn's enet_path (Gram where n > p); centred first, as it has no intercept."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import enet_path

__all__ = ["DEFAULT", "TOLS", "fit"]

TOLS = [1e-4, 1e-5, 1e-6, 1e-7, 1e-8]
DEFAULT = 1e-4


def fit(
    X: Any, y: Any, lambdas: Any, tol: float, likelihood: str, l1_ratio: float, group: int
) -> tuple[Any, Any]:
    """(intercepts (k,), coefs (p, k))."""
    if likelihood != "gaussian" or group > 1 or not isinstance(X, np.ndarray):
        raise NotImplementedError
    mean, center = y.mean(), X.mean(axis=0)
    X = np.asfortranarray(X - center)
    coefs = enet_path(X, y - mean, l1_ratio=l1_ratio, alphas=lambdas, tol=tol, max_iter=10**6)[1]
    return mean - center @ coefs, coefs
