"""One file per solver: ``TOLS`` from loose to tight, its ``DEFAULT``, and ``fit`` of a whole path.

``fit(X, y, lambdas, tol, likelihood, l1_ratio, group)`` minimises ``mean loss + lambda (l1_ratio
|b|_1 + (1 - l1_ratio) |b|_2^2 / 2)`` with a free intercept at each lambda, strongest first; for
groups of d columns the sum of sqrt(d) |b_g|_2 stands in the place of |b|_1. It gives
(intercepts (k,), coefs (p, k)) and raises NotImplementedError for what it cannot do.
"""

__all__: list[str] = []
