"""Ten-fold cross-validation of an l1 path against other libraries', one thread each, in turn.

    python benchmarks/cv.py --peers .venv-peers/bin/python [--case wide] [--repeats 3]
                            [--rivals adelie celer scikit-learn]

The cases are those of `path/cases.py`, and `MORE`.

priorfit certifies every point of every fold at 1e-6. adelie's folds carry no certificate: it runs
at the tolerance at which its path on all rows reaches that gap (``--tol``), and at its default.
glmnet (``Rscript``, dense tables) runs at its default and at a ``thresh`` of 1e-10, where its
objectives are about that near.
celer's and scikit-learn's tolerances are gaps: 5e-7 of y'y is 1e-6 of half of it; both are asked
where the likelihood is gaussian. Columns of sparse tables are left as they are.
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
from scipy import sparse

import priorfit as pf
from priorfit.bench.cases import Case, bernoulli, text
from priorfit.bench.judge import lambda_max
from priorfit.select import cross_validate

MORE = {
    "logistic, few columns": lambda: bernoulli(5000, 200, 0.6),
    "logistic, many rows": lambda: bernoulli(20_000, 100, 0.6),
    "some text": lambda: text(5000, 20_000, "gaussian", unit=False),
    "some text, logistic": lambda: text(5000, 20_000, "bernoulli", unit=False),
}
LIKELIHOODS = {"gaussian": pf.Gaussian, "bernoulli": pf.Bernoulli, "poisson": pf.Poisson}

START = """
import os, sys, time
import numpy as np
from scipy import sparse
folder, tol, ratio = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
y, kind = np.load(folder + "/y.npy"), sys.argv[4]
dense = os.path.exists(folder + "/X.npy")
X = np.asfortranarray(np.load(folder + "/X.npy")) if dense else sparse.load_npz(folder + "/X.npz")
"""
ADELIE = """
import adelie
matrix = adelie.matrix.dense if dense else adelie.matrix.sparse
matrix = matrix(X, method="naive", n_threads=1)
glm = getattr(adelie.glm, kind.replace("bernoulli", "binomial"))
start = time.process_time()
adelie.cv_grpnet(matrix, glm(y), n_folds=10, min_ratio=ratio, seed=0, tol=tol,
                 max_iters=10**8, progress_bar=False)
print(time.process_time() - start)
"""
CELER = """
import warnings
from celer import celer_path
from sklearn.model_selection import KFold
warnings.simplefilter("ignore")
top = np.abs(X.T @ (y - y.mean())).max() / len(y)
start = time.process_time()
alphas = top * np.geomspace(1, ratio, 100)
for train, test in [(np.arange(len(y)), [])] + list(KFold(10).split(X)):
    A, b = np.asfortranarray(X[train]), y[train] - y[train].mean()
    A -= A.mean(axis=0)
    coefs = celer_path(A, b, "lasso", alphas=alphas, tol=tol, max_iter=1000)[1]
    X[test] @ coefs
print(time.process_time() - start)
"""
SKLEARN = """
import warnings
from sklearn.linear_model import LassoCV
warnings.simplefilter("ignore")
start = time.process_time()
LassoCV(eps=ratio, alphas=100, cv=10, tol=tol, max_iter=10**6).fit(X, y)
print(time.process_time() - start)
"""
#: name -> (code, tolerance); None: that of ``--tol``, or ``cv.R``
RIVALS = {
    "adelie": (ADELIE, None),
    "adelie at its default": (ADELIE, 1e-7),
    "celer": (CELER, 5e-7),
    "scikit-learn": (SKLEARN, 5e-7),
    "glmnet": (None, 1e-10),
    "glmnet at its default": (None, 1e-7),
}


def by_glmnet(case: Case, folder: str, thresh: float) -> float:
    """CPU seconds of cv.glmnet."""
    np.asfortranarray(case.X).T.tofile(f"{folder}/X.raw")
    np.asarray(case.y, dtype=np.float64).tofile(f"{folder}/y.raw")
    family = case.likelihood.replace("bernoulli", "binomial")
    script = str(Path(__file__).with_suffix(".R"))
    call = ["Rscript", script, folder, *map(str, case.X.shape), str(case.ratio), family]
    done = subprocess.run([*call, str(thresh)], check=True, capture_output=True, text=True)
    return float(done.stdout)


def main() -> None:
    """Print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--case", default="wide")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tol", type=float, default=1e-15)
    parser.add_argument("--rivals", nargs="+", choices=RIVALS, default=["adelie"])
    options = parser.parse_args()
    case = (CASES | MORE)[options.case]()
    lambdas = len(case.y) * lambda_max(case) * np.geomspace(1, case.ratio, 100)
    model = {"prior": pf.Laplace(), "likelihood": LIKELIHOODS[case.likelihood]()}
    problem, dense = pf.Problem.make(case.X, case.y, **model), not sparse.issparse(case.X)

    def ours(folds: int) -> float:
        start = time.process_time()
        if folds:
            cross_validate(problem, folds=folds, penalties=lambdas, standardize=dense)
        else:
            pf.path(case.X, case.y, penalties=lambdas, **model)
        return time.process_time() - start

    with tempfile.TemporaryDirectory() as folder:
        save = np.save if dense else sparse.save_npz
        save(f"{folder}/X.npy" if dense else f"{folder}/X.npz", case.X)
        np.save(f"{folder}/y.npy", case.y)

        def theirs(name: str) -> float:
            code, tol = RIVALS[name]
            if code is None:
                return by_glmnet(case, folder, tol)
            call = [options.peers, "-c", START + code, folder, str(tol or options.tol)]
            call += [str(case.ratio), case.likelihood]
            return float(subprocess.run(call, check=True, capture_output=True, text=True).stdout)

        rounds = [(ours(0), ours(10), *map(theirs, options.rivals)) for _ in range(options.repeats)]
    path, folds, *rivals = (median(column) for column in zip(*rounds, strict=True))
    print(f"{options.case}: priorfit, one path {path:.2f} s, ten folds {folds:.2f} s")
    for name, seconds in zip(options.rivals, rivals, strict=True):
        print(f"{name}: {seconds:.2f} s, ratio {seconds / folds:.1f}")
    print(f"ten folds over one path: {folds / path:.1f}")


if __name__ == "__main__":
    main()
