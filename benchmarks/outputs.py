"""A multinomial lasso path against glmnet, both judged by the duality gap recomputed here.

    python benchmarks/outputs.py [n p classes]

Needs R with the package glmnet for the rival. One thread, CPU seconds, median of three in turn.
glmnet's ``thresh`` is tightened until its worst gap is at most 1e-6, or 1e-13 is reached.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy: threads that spin would be counted as work

import numpy as np
from scipy.special import logsumexp, softmax, xlogy

import priorfit as pf

RIVAL = r"""
a <- commandArgs(TRUE); suppressMessages(library(glmnet))
X <- as.matrix(read.csv(file.path(a[1], "X.csv"), header = FALSE))
y <- factor(scan(file.path(a[1], "y.csv"), quiet = TRUE))
l <- scan(file.path(a[1], "l.csv"), quiet = TRUE)
t <- proc.time()
f <- glmnet(X, y, family = "multinomial", lambda = l / nrow(X), standardize = FALSE,
            thresh = as.numeric(a[2]), maxit = 1e8)
cat((proc.time() - t)[1])
W <- sapply(seq_along(f$beta), function(k) as.matrix(rbind(f$a0[k, ], f$beta[[k]])))
write.table(W, file.path(a[1], "W.csv"), sep = ",", row.names = FALSE, col.names = FALSE)
"""


def case(n: int, p: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten columns matter for each class."""
    rng = np.random.default_rng(0)
    X, W = np.asfortranarray(rng.normal(size=(n, p))), np.zeros((p, classes))
    for k in range(classes):
        W[rng.choice(p, 10, replace=False), k] = rng.normal(size=10)
    return X, np.argmax(X @ W + rng.gumbel(size=(n, classes)), axis=1)


def gap(X: np.ndarray, y: np.ndarray, b0: np.ndarray, W: np.ndarray, lam: float) -> float:
    """(P - D) over the null model's loss, the dual point at refitted intercepts."""
    Y, eta = np.eye(len(b0))[y], X @ W + b0
    primal = np.sum(logsumexp(eta, axis=1) - np.sum(Y * eta, axis=1)) + lam * np.abs(W).sum()
    for _ in range(8):
        mu = softmax(eta, axis=1)
        curved = np.diag(mu.sum(axis=0)) - mu.T @ mu
        eta = eta + np.linalg.lstsq(curved, (Y - mu).sum(axis=0), rcond=1e-12)[0]
    theta = Y - softmax(eta, axis=1)
    share = min(1.0, lam / np.abs(X.T @ theta).max())
    m = np.maximum(Y - share * theta, 0.0)
    parts = Y.mean(axis=0)
    return float((primal + np.sum(xlogy(m, m))) / (-len(y) * np.sum(parts * np.log(parts))))


def worst(X: np.ndarray, y: np.ndarray, b0: np.ndarray, W: np.ndarray, lams: np.ndarray) -> float:
    """Over every ninth point."""
    return max(gap(X, y, b0[:, k], W[..., k], lams[k]) for k in range(0, len(lams), 9))


def rival(folder: Path, thresh: float, shape: tuple[int, int, int]) -> tuple[float, np.ndarray]:
    """glmnet's CPU seconds and its numbers (1 + p, classes, points)."""
    command = ["Rscript", "-e", RIVAL, str(folder), str(thresh)]
    cpu = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    p, classes, points = shape
    found = np.loadtxt(folder / "W.csv", delimiter=",")
    return cpu, found.reshape(points, 1 + p, classes).transpose(1, 2, 0)


def main() -> None:
    """Print a line of JSON for each solver."""
    n, p, classes = map(int, sys.argv[1:4]) if len(sys.argv) > 3 else (1000, 1000, 5)
    X, y = case(n, p, classes)
    times = []
    for _ in range(3):
        start = time.process_time()
        path = pf.path(X, y, likelihood=pf.Multinomial(), ratio=1e-2)
        times.append(time.process_time() - start)
    own = worst(X, y, path.intercepts, path.coefs, path.penalties)
    print(json.dumps({"solver": "priorfit", "cpu": median(times), "gap": own}), flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, values in (("X", X), ("y", y), ("l", path.penalties)):
            np.savetxt(folder / f"{file}.csv", values, delimiter=",")
        for thresh in (1e-7, 1e-10, 1e-13):
            cpu, W = rival(folder, thresh, (p, classes, len(path.penalties)))
            found = worst(X, y, W[0], W[1:], path.penalties)
            line = {"solver": "glmnet", "thresh": thresh, "cpu": cpu, "gap": found}
            print(json.dumps(line | {"ratio": cpu / median(times)}), flush=True)
            if found <= 1e-6:
                break


if __name__ == "__main__":
    main()
