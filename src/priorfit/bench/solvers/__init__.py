"""One file per solver: ``TOLS`` from loose to tight, its ``DEFAULT``, and ``fit`` of a whole path.

``fit(X, y, lambdas, tol, likelihood, l1_ratio)`` minimises ``mean loss + lambda (l1_ratio |b|_1 +
(1 - l1_ratio) |b|_2^2 / 2)`` with a free intercept at each lambda, strongest first, and gives
(intercepts (k,), coefs (p, k)); it raises NotImplementedError for what it cannot do.
"""

__all__: list[str] = []
