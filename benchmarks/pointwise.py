"""Gamma, Poisson, squared hinge and Huber: single fits and paths against the best peers.

    python benchmarks/pointwise.py [CASE ...]

One thread, in alternation, medians of 3 of CPU time. Every answer is judged by the same objective,
computed here in float64: its excess over the lowest that anyone found, relative to the null model.
priorfit stops at a certified gap of 1e-6. Peers have no gap to ask for: each is given the loosest
of its tolerances 1e-2, 1e-3, ... whose excess is at most 1e-6 too, found before the clock runs; a
peer that never gets there is left out. The ratio is peer / priorfit: above 1 priorfit is faster.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy: threads that spin would be counted as work

import numpy as np
from glum import GeneralizedLinearRegressor
from sklearn import linear_model, svm

import priorfit as pf
from priorfit import sklearn as ours

TOLERANCES = [10.0**-k for k in range(2, 13)]
Fit = Callable[[float], tuple[np.ndarray, np.ndarray]]


def table(n, p, seed=0):
    """Correlated columns, ten effects."""
    rng = np.random.default_rng(seed)
    X = 0.7 * rng.normal(size=(n, 1)) + rng.normal(size=(n, p))
    b = np.zeros(p)
    b[:: max(1, p // 10)] = 0.3 * rng.choice([-1, 1], size=len(b[:: max(1, p // 10)]))
    return np.asfortranarray(X), X @ b / np.sqrt(1 + 0.49), rng


def glm_case(name, n, p, l1_ratio, alphas):
    """sum of half deviances / n + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 w'w)."""
    X, eta, rng = table(n, p)
    mu = np.exp(eta)
    y = rng.poisson(mu).astype(float) if name == "poisson" else rng.gamma(2.0, mu / 2)
    kind = pf.Poisson() if name == "poisson" else pf.Gamma(dispersion=1.0)

    def value(b0, b):
        loss = kind.loss(y[:, None], b0 + X @ b).mean(axis=0)
        size = l1_ratio * np.abs(b).sum(axis=0) + (1 - l1_ratio) / 2 * np.square(b).sum(axis=0)
        return loss + alphas * size

    def priorfit(tol):  # noqa: ARG001
        if l1_ratio == 0 and len(alphas) == 1:
            Shell = ours.PoissonRegressor if name == "poisson" else ours.GammaRegressor
            m = Shell(alpha=alphas[0]).fit(X, y)
            return np.array([m.intercept_]), m.coef_[:, None]
        prior = pf.Laplace() if l1_ratio == 1 else pf.Normal()
        path = pf.path(X, y, prior=prior, likelihood=kind, penalties=alphas * n)
        return path.intercepts, path.coefs

    def glum(tol):
        m = GeneralizedLinearRegressor(
            family=name, link="log", l1_ratio=l1_ratio, gradient_tol=tol, max_iter=1000,
            alpha_search=len(alphas) > 1, alpha=list(alphas) if len(alphas) > 1 else alphas[0],
        ).fit(X, y)  # fmt: skip
        if len(alphas) == 1:
            return np.array([m.intercept_]), m.coef_[:, None]
        return m.intercept_path_, m.coef_path_.T

    peers: dict[str, Fit] = {"priorfit": priorfit, "glum": glum}
    if l1_ratio == 0 and len(alphas) == 1:
        Their = linear_model.PoissonRegressor if name == "poisson" else linear_model.GammaRegressor
        for solver in ("lbfgs", "newton-cholesky"):

            def sk(tol, solver=solver):
                m = Their(alpha=alphas[0], tol=tol, solver=solver, max_iter=10_000).fit(X, y)
                return np.array([m.intercept_]), m.coef_[:, None]

            peers[f"sklearn {solver}"] = sk
    return peers, value, float(value(np.log(y.mean()), np.zeros((p, 1)))[0])


def svc_case(n, p, penalty, Cs):
    """C sum max(0, 1 - s eta)^2 + |v|_1 or v'v/2, the intercept shrunk too."""
    X, eta, rng = table(n, p)
    y = (rng.uniform(size=n) < 1 / (1 + np.exp(-2 * eta))).astype(int)
    s = 2.0 * y - 1

    def value(b0, b):
        miss = np.square(np.maximum(0, 1 - s[:, None] * (b0 + X @ b))).sum(axis=0)
        v = np.vstack([b0, b])
        size = np.abs(v).sum(axis=0) if penalty == "l1" else np.square(v).sum(axis=0) / 2
        return miss + size / Cs

    def each(Shell, **options):
        def fit(tol):
            found = [
                Shell(C=C, penalty=penalty, dual=False, tol=tol, max_iter=100_000, **options).fit(
                    X, y
                )
                for C in Cs
            ]
            return np.array([m.intercept_[0] for m in found]), np.array(
                [m.coef_[0] for m in found]
            ).T

        return fit

    peers = {"priorfit": each(ours.LinearSVC), "liblinear": each(svm.LinearSVC, random_state=0)}
    return peers, value, float(n)


def huber_case(n, p, alpha):
    """sum (s + s H(r / s)) + alpha w'w over weights and s."""
    X, eta, rng = table(n, p)
    y = eta + rng.standard_t(2, size=n)
    scales: dict[str, float] = {}

    def value(b0, b):
        r = np.abs(y[:, None] - b0 - X @ b)[:, 0]
        best = min(scales.values(), key=lambda s: total(r, s))
        return np.array([total(r, best) + alpha * np.square(b).sum()])

    def total(r, s):
        z = r / s
        return s * np.sum(1 + np.where(z <= 1.35, z**2, 2.7 * z - 1.35**2))

    def each(who, Shell):
        def fit(tol):
            m = Shell(alpha=alpha, tol=tol, max_iter=100_000).fit(X, y)
            scales[who] = m.scale_
            return np.array([m.intercept_]), m.coef_[:, None]

        return fit

    peers = {
        "priorfit": each("us", ours.HuberRegressor),
        "sklearn": each("them", linear_model.HuberRegressor),
    }
    return peers, value, float(np.abs(y - np.median(y)).sum())


CASES = {
    "gamma, ridge, 5000 x 50": lambda: glm_case("gamma", 5000, 50, 0, np.array([1e-2])),
    "poisson, ridge, 5000 x 50": lambda: glm_case("poisson", 5000, 50, 0, np.array([1e-2])),
    "gamma, lasso path of 30, 1000 x 500": lambda: glm_case(
        "gamma", 1000, 500, 1, np.geomspace(0.3, 0.006, 30)
    ),
    "poisson, lasso path of 30, 1000 x 500": lambda: glm_case(
        "poisson", 1000, 500, 1, np.geomspace(0.3, 0.006, 30)
    ),
    "squared hinge, l2, 5000 x 50": lambda: svc_case(5000, 50, "l2", np.array([0.1])),
    "squared hinge, l1, 1000 x 500": lambda: svc_case(1000, 500, "l1", np.array([0.05])),
    "squared hinge, l1, 30 of C, 1000 x 500": lambda: svc_case(
        1000, 500, "l1", np.geomspace(0.002, 0.1, 30)
    ),
    "huber, 2000 x 20": lambda: huber_case(2000, 20, 1e-4),
    "huber, 5000 x 100": lambda: huber_case(5000, 100, 1.0),
}


def seconds(fit, tol):
    """(CPU seconds, answer) of one fit."""
    start = time.process_time()
    answer = fit(tol)
    return time.process_time() - start, answer


def loosest(fit, value, best, unit):
    """The loosest tolerance whose worst excess is at most 1e-6, or None."""
    for tol in TOLERANCES:
        if np.max(value(*fit(tol)) - best) <= 1e-6 * unit:
            return tol
    return None


def main() -> None:
    """Print one line per peer and case and append it to results/pointwise.jsonl."""
    warnings.simplefilter("ignore")
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    chosen = [c for c in CASES if not sys.argv[1:] or any(a in c for a in sys.argv[1:])]
    with open(results / "pointwise.jsonl", "a", encoding="utf-8") as log:
        for case in chosen:
            peers, value, null = CASES[case]()
            best = value(*peers["priorfit"](1e-12))
            unit = max(abs(null - float(np.min(best))), 1e-12)
            tols = {who: loosest(fit, value, best, unit) for who, fit in peers.items()}
            runs: dict[str, list[float]] = {who: [] for who in peers}
            for _ in range(3):
                for who, fit in peers.items():
                    if tols[who] is not None:
                        runs[who].append(seconds(fit, tols[who])[0])
            mine = median(runs["priorfit"])
            for who, times in runs.items():
                t = median(times) if times else float("nan")
                print(f"{case:<42}{who:<24}{1e3 * t:>10.1f} ms {t / mine:>8.2f}", flush=True)
                row = {"case": case, "solver": who, "ms": 1e3 * t, "ratio": t / mine}
                log.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    sys.exit(main())
