"""adelie: pathwise coordinate descent in C++."""

from __future__ import annotations

from typing import Any

import adelie as ad
import numpy as np
from scipy import sparse

__all__ = ["DEFAULT", "TOLS", "fit"]

TOLS = [1e-7, 1e-9, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15, 1e-16]
DEFAULT = 1e-7
GLM = {"gaussian": ad.glm.gaussian, "bernoulli": ad.glm.binomial, "poisson": ad.glm.poisson}


def fit(
    X: Any, y: Any, lambdas: Any, tol: float, likelihood: str, l1_ratio: float, group: int
) -> tuple[Any, Any]:
    """(intercepts (k,), coefs (p, k))."""
    if sparse.issparse(X):
        matrix = ad.matrix.sparse(X, method="naive", n_threads=1)
    else:
        matrix = ad.matrix.dense(X, method="naive", n_threads=1)
    options = {} if likelihood == "gaussian" else {"irls_tol": tol, "irls_max_iters": 10**6}
    state = ad.grpnet(
        X=matrix,
        glm=GLM[likelihood](y),
        groups=np.arange(0, X.shape[1], group),
        alpha=l1_ratio,
        lmda_path=lambdas,
        early_exit=False,
        intercept=True,
        tol=tol,
        max_iters=10**8,
        progress_bar=False,
        **options,
    )
    return np.asarray(state.intercepts), state.betas.toarray().T
