"""Ten-fold cross-validation of a lasso path against adelie's, one thread each, rivals in turn.

    python benchmarks/cv.py --peers .venv-peers/bin/python [--case wide] [--repeats 3]

priorfit certifies every point of every fold at 1e-6. adelie's folds carry no certificate: it runs at
the tolerance at which its path on all rows reaches that gap (``--tol``), and at its default.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).parent / "path"))

import numpy as np
from cases import CASES

import priorfit as pf
from priorfit.bench.judge import lambda_max
from priorfit.select import cross_validate

PEER = """
import sys, time
import adelie, numpy as np
folder, tol, ratio = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
X, y = np.load(folder + "/X.npy"), np.load(folder + "/y.npy")
matrix = adelie.matrix.dense(X, method="naive", n_threads=1)
start = time.process_time()
adelie.cv_grpnet(matrix, adelie.glm.gaussian(y), n_folds=10, min_ratio=ratio, seed=0, tol=tol,
                 max_iters=10**8, progress_bar=False)
print(time.process_time() - start)
"""


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--case", default="wide")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tol", type=float, default=1e-15)
    options = parser.parse_args()
    case = CASES[options.case]()
    lambdas = len(case.y) * lambda_max(case) * np.geomspace(1, case.ratio, 100)
    problem = pf.Problem.make(case.X, case.y, prior=pf.Laplace())

    def ours(folds: int) -> float:
        start = time.process_time()
        if folds:
            cross_validate(problem, folds=folds, penalties=lambdas)
        else:
            pf.path(case.X, case.y, prior=pf.Laplace(), penalties=lambdas)
        return time.process_time() - start

    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/X.npy", case.X)
        np.save(f"{folder}/y.npy", case.y)

        def theirs(tol: float) -> float:
            call = [options.peers, "-c", PEER, folder, str(tol), str(case.ratio)]
            return float(subprocess.run(call, check=True, capture_output=True, text=True).stdout)

        rounds = [
            (ours(0), ours(10), theirs(options.tol), theirs(1e-7)) for _ in range(options.repeats)
        ]
    path, folds, adelie, loose = (median(column) for column in zip(*rounds, strict=True))
    print(f"{options.case}: priorfit, one path {path:.2f} s, ten folds {folds:.2f} s")
    print(f"adelie at {options.tol:g}: {adelie:.2f} s, ratio {adelie / folds:.1f}")
    print(f"adelie at its default: {loose:.2f} s, ratio {loose / folds:.1f}")
    print(f"ten folds over one path: {folds / path:.1f}")


if __name__ == "__main__":
    main()
