"""How the time of a lasso path grows with the number of columns, and with the number of rows.

    python benchmarks/growth.py [--most-columns 1000000] [--most-rows 1000000]

One thread; 100 lambdas, certified at 1e-6; median CPU seconds of three paths. Lines go to
``results/growth.jsonl``; ``benchmarks/plot.py`` draws them.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from statistics import median

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import numpy as np

import priorfit as pf

COLUMNS = (200, (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000))
ROWS = ((100, 1_000, 10_000, 100_000, 1_000_000), 50)


def draw(n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal columns, 20 of them with an effect, noise a third of the signal."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((p, n)).T
    eta = X[:, :20] @ rng.standard_normal(20)
    return X, eta / eta.std() + rng.standard_normal(n) / 3


def measure(n: int, p: int, repeats: int = 3) -> dict[str, float]:
    """CPU and wall seconds of a path, and its worst gap."""
    X, y = draw(n, p)
    runs = []
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.perf_counter()
        path = pf.path(X, y)
        runs.append((time.process_time() - cpu, time.perf_counter() - wall))
    cpu, wall = (median(run[i] for run in runs) for i in (0, 1))
    return {"n": n, "p": p, "cpu": cpu, "wall": wall, "gap": float(path.gaps.max())}


def slope(sizes: list[int], seconds: list[float]) -> float:
    """The power of the size that the time follows over the upper half of the sizes."""
    half = len(sizes) // 2
    return float(np.polyfit(np.log(sizes[half:]), np.log(seconds[half:]), 1)[0])


def main() -> None:
    """Print the table and both slopes, and append to the log."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most-columns", type=int, default=1_000_000)
    parser.add_argument("--most-rows", type=int, default=1_000_000)
    options = parser.parse_args()
    n, columns = COLUMNS[0], [p for p in COLUMNS[1] if p <= options.most_columns]
    rows, p = [n for n in ROWS[0] if n <= options.most_rows], ROWS[1]
    series = {"p": [(n, p) for p in columns], "n": [(n, p) for n in rows]}
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    with open(results / "growth.jsonl", "w", encoding="utf-8") as log:
        for grows, shapes in series.items():
            found = []
            for n, p in shapes:
                found.append(measure(n, p) | {"grows": grows})
                log.write(json.dumps(found[-1]) + "\n")
                print("{n:>9} x {p:<9} {cpu:8.3f} s  gap {gap:.0e}".format(**found[-1]), flush=True)
            power = slope([r[grows] for r in found], [r["cpu"] for r in found])
            print(f"time ~ {grows}^{power:.2f}", flush=True)


if __name__ == "__main__":
    main()
