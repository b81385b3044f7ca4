"""A path whose passes over X take two threads against the same path with one, in turn.

    python benchmarks/threads.py [--case wide] [--rounds 9] [--threads 2] [--blas 1]

Wall seconds are what threads are for; CPU seconds say what they cost: medians. The gain is the
median of the ratios of neighbouring runs' wall time, and, for a machine that is never idle, the
ratio of the shortest of each. The CPU seconds of the thread that asked, over those of the path on
one thread, say how much of a path is divided, whatever else runs. All runs of a case must give the
same bits. ``--work``: what a thread saves on single passes of growing size, from which the least
work of a thread was chosen.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

os.environ |= dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
    sys.argv[sys.argv.index("--blas") + 1] if "--blas" in sys.argv else "1",
)

import numpy as np
from scipy import sparse

import priorfit as pf
from priorfit._core import column_moments, correlate, divide_from, use_threads

Case = tuple[Any, Any, dict[str, Any]]


def _dense(n: int, p: int, order: str = "F", dtype: str = "float64") -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((p, n), dtype=dtype).T
    b = np.zeros(p)
    b[:20] = rng.normal(size=20)
    return np.asarray(X, order=order), X @ b + rng.normal(size=n)


def _wide(dtype: str = "float64") -> Case:
    X, y = _dense(2000, 50_000, dtype=dtype)
    return X, y, {"ratio": 0.1}


def _logistic() -> Case:
    X, y = _dense(2000, 50_000)
    return X, (y > 0).astype(float), {"ratio": 0.1, "likelihood": pf.Bernoulli()}


def _tall(order: str = "F") -> Case:
    return *_dense(200_000, 500, order), {}


def _tall_logistic() -> Case:
    X, y = _dense(50_000, 400)
    return X, (y > 0).astype(float), {"likelihood": pf.Bernoulli(), "n_points": 10, "ratio": 0.3}


def _sparse() -> Case:
    rng = np.random.default_rng(0)
    n, p = 100_000, 200_000
    X = sparse.random_array((n, p), density=1e-3, format="csc", rng=rng)
    b = np.zeros(p)
    b[:50] = rng.normal(size=50)
    y = X @ b
    return X, y + 0.3 * y.std() * rng.normal(size=n), {"ratio": 0.1}


def _groups() -> Case:
    X, y = _dense(1000, 40_000)
    prior = pf.GroupLaplace(np.arange(40_000) // 10)
    return X, y, {"ratio": 0.2, "prior": prior}


CASES: dict[str, Callable[[], Case]] = {
    "wide": _wide,
    "wide float32": lambda: _wide("float32"),
    "wide logistic": _logistic,
    "tall": _tall,
    "tall by rows": lambda: _tall("C"),
    "tall logistic": _tall_logistic,
    "sparse": _sparse,
    "groups": _groups,
}


def _timed(run: Callable[[], Any]) -> tuple[tuple[float, float, float], Any]:
    """Seconds of wall, of CPU, and of CPU of this thread, and what was found."""
    clocks = time.perf_counter, time.process_time, time.thread_time
    begin = [clock() for clock in clocks]
    found = run()
    wall, cpu, own = (clock() - b for clock, b in zip(clocks, begin, strict=True))
    return (wall, cpu, own), found


def race(name: str, rounds: int, threads: int) -> None:
    """Print one row of the table."""
    X, y, settings = CASES[name]()
    seconds: dict[int, list[tuple[float, float, float]]] = {1: [], threads: []}
    bits = set()
    for turn in range(rounds + 1):
        for k in (1, threads) if turn % 2 else (threads, 1):
            spent, path = _timed(lambda k=k: pf.path(X, y, threads=k, **settings))
            bits.add(path.coefs.tobytes() + path.gaps.tobytes())
            if turn:  # the first is a warm-up
                seconds[k].append(spent)
    (one, alone, _), (several, together, own) = (
        tuple(median(v) for v in zip(*seconds[k], strict=True)) for k in (1, threads)
    )
    pairs = zip(seconds[1], seconds[threads], strict=True)
    gain = median(a[0] / b[0] for a, b in pairs)
    best = min(seconds[1])[0] / min(seconds[threads])[0]
    cells = f"{one:.2f}", f"{several:.2f}", f"{gain:.2f}", f"{best:.2f}", f"{together / alone:.2f}"
    same = "yes" if len(bits) == 1 else "NO"
    print("|", " | ".join((name, *cells, f"{own / alone:.2f}", same)), "|", flush=True)


def work(rounds: int) -> None:
    """Wall time of one pass over dense columns with one thread and with two, by products."""
    rng = np.random.default_rng(0)
    divide_from(1.0)
    print("| products | product with one vector | moments |\n|---|---|---|")
    for size in (1 << k for k in range(16, 26)):
        n = 1000
        X, r = np.asfortranarray(rng.normal(size=(n, size // n))), rng.normal(size=n)
        p = X.shape[1]
        (out, more, along), ones = np.empty((3, p)), np.ones(p)

        def product(X: Any = X, r: Any = r, out: Any = out, ones: Any = ones) -> None:
            correlate(X, 0 * ones, ones, r, out)

        def moments(X: Any = X, r: Any = r, found: Any = (out, more, along)) -> None:
            column_moments(X, np.empty(0, np.int64), np.ones(len(r)), 1.0 * len(r), r, *found)

        gains = []
        for run in (product, moments):
            ratios = []
            for _ in range(20 * rounds):
                walls = []
                for k in (1, 2):
                    use_threads(k)
                    walls.append(_timed(run)[0][0])
                ratios.append(walls[0] / walls[1])
            gains.append(median(ratios))
        print(f"| {size} | {gains[0]:.2f} | {gains[1]:.2f} |", flush=True)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=CASES, nargs="+", default=list(CASES))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--blas", default="1", help="threads of BLAS")
    parser.add_argument("--work", action="store_true")
    options = parser.parse_args()
    if options.work:
        work(options.rounds)
        return
    k = options.threads
    print(
        f"| case | 1 thread, s | {k} threads, s | gain | of the shortest | CPU | own | same bits |"
    )
    print("|---" * 8 + "|")
    for name in options.case:
        race(name, options.rounds, options.threads)


if __name__ == "__main__":
    main()
