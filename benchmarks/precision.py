"""What ten digits cost: paths at a gap of 1e-10 against the same paths at 1e-6, one thread.

    python benchmarks/precision.py [--cases wide tall] [--repeats 5]

Both in turn in one process, median CPU seconds; gaps are recomputed from the coefficients
(`priorfit.bench.judge`). Lines go to ``benchmarks/results/precision.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from statistics import median

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import numpy as np

from priorfit.bench.cases import Case
from priorfit.bench.judge import judge, lambda_max
from priorfit.bench.solvers.priorfit import fit

sys.path.append(str(Path(__file__).parent / "path"))

from cases import CASES

LOOSE, TIGHT = 1e-6, 1e-10
GAUSSIAN = ("small", "wide", "wide, correlated", "tall", "elastic net", "text")


def timed(case: Case, lambdas: np.ndarray, tol: float) -> tuple[float, float]:
    """(CPU seconds, worst gap) of one path."""
    start = time.process_time()
    kind = {"likelihood": case.likelihood, "l1_ratio": case.l1_ratio, "group": case.group}
    intercepts, coefs = fit(case.X, case.y, lambdas, tol, **kind)
    cpu = time.process_time() - start
    return cpu, float(np.max(judge(case, lambdas, intercepts, coefs)[0]))


def compared(name: str, repeats: int) -> dict:
    """Medians of both, after a warm-up."""
    case = CASES[name]()
    lambdas = lambda_max(case) * np.geomspace(1, case.ratio, 100)
    timed(case, lambdas, LOOSE)
    rounds = [[timed(case, lambdas, tol) for tol in (LOOSE, TIGHT)] for _ in range(repeats)]
    loose, tight = (median(r[i][0] for r in rounds) for i in (0, 1))
    gaps = [max(r[i][1] for r in rounds) for i in (0, 1)]
    return {"case": name, "loose_cpu": loose, "tight_cpu": tight, "gaps": gaps}


def main() -> None:
    """Print one line per case and append it to the log."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="*", default=list(GAUSSIAN), choices=list(CASES))
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    for name in options.cases:
        row = compared(name, options.repeats)
        ratio, (loose, tight) = row["tight_cpu"] / row["loose_cpu"], row["gaps"]
        print(
            f"{name:<26}1e-6 {row['loose_cpu']:.3f} s (gap {loose:.0e})  1e-10 "
            f"{row['tight_cpu']:.3f} s (gap {tight:.0e})  {ratio:.2f} times",
            flush=True,
        )
        with open(results / "precision.jsonl", "a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
