"""The development set: every kind of path that must be fast."""

from __future__ import annotations

from real import leukemia, tweets

from priorfit.bench.cases import bernoulli, gaussian, grouped, poisson, text

CASES = {
    "small": lambda: gaussian(200, 1000, 0.6),
    "wide": lambda: gaussian(1000, 10_000, 0.6),
    "wide, correlated": lambda: gaussian(1000, 10_000, 0.95),
    "tall": lambda: gaussian(20_000, 500, 0.6, ratio=1e-3),
    "elastic net": lambda: gaussian(500, 20_000, 0.6, l1_ratio=0.5),
    "logistic": lambda: bernoulli(1000, 5000, 0.6),
    "poisson": lambda: poisson(2000, 2000, 0.6),
    "groups": lambda: grouped(500, 5000, 0.6, 10),
    "groups, correlated": lambda: grouped(500, 5000, 0.9, 10),
    "groups of 2": lambda: grouped(200, 2000, 0.6, 2),
    "groups of 50": lambda: grouped(1000, 4000, 0.6, 50),
    "groups, many rows": lambda: grouped(2000, 1500, 0.6, 10),
    "groups, logistic": lambda: grouped(500, 2000, 0.6, 10, likelihood="bernoulli"),
    "groups, logistic, few": lambda: grouped(500, 200, 0.6, 5, likelihood="bernoulli"),
    "groups, logistic, wide": lambda: grouped(300, 1000, 0.6, 10, likelihood="bernoulli"),
    "groups, logistic, large": lambda: grouped(1000, 5000, 0.6, 5, likelihood="bernoulli"),
    "text": lambda: text(20_000, 100_000, "gaussian", unit=False),
    "text, unit norm": lambda: text(20_000, 100_000, "gaussian", unit=True),
    "text, logistic": lambda: text(20_000, 100_000, "bernoulli", unit=False),
    "text, logistic, unit norm": lambda: text(20_000, 100_000, "bernoulli", unit=True),
    "leukemia": leukemia,
    "tweets": tweets,
}
