"""What a user waits for before anything is known: import, first fit, Ctrl-C.

    python benchmarks/latency.py

Each figure is the median over fresh processes.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

IMPORT = """
import time, numpy, scipy.linalg, scipy.special, scipy.sparse, scipy.optimize
start = time.perf_counter()
import priorfit
print(time.perf_counter() - start)
"""
FIRST_FIT = """
import time, numpy as np, priorfit as pf
estimator = pf.MAPRegressor
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 50))
y = X[:, 0] + rng.normal(size=200)
start = time.perf_counter()
estimator(prior=pf.Laplace(scale=0.1)).fit(X, y)
print(time.perf_counter() - start)
"""
LONG_FIT = """
import numpy as np, priorfit as pf
rng = np.random.default_rng(0)
base = rng.normal(size=(4000, 5))
X = base @ rng.normal(size=(5, 3000)) + 1e-3 * rng.normal(size=(4000, 3000))
y = base[:, 0] + rng.normal(size=4000)
print("started", flush=True)
while True:
    pf.path(X, y, prior=pf.Laplace(), ratio=1e-5)
"""


def printed(code: str) -> float:
    """The number a fresh interpreter prints."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(run.stdout)


def seconds_to_stop(after: float) -> float:
    """From SIGINT to the end of the process, sent ``after`` seconds into a long fit."""
    process = subprocess.Popen(
        [sys.executable, "-c", LONG_FIT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(after)
    start = time.perf_counter()
    process.send_signal(signal.SIGINT)
    process.wait()
    return time.perf_counter() - start


def main() -> None:
    """Print the three figures and append them to results/latency.jsonl."""
    row = {
        "import_over_numpy_scipy_s": median(printed(IMPORT) for _ in range(7)),
        "first_fit_200x50_s": median(printed(FIRST_FIT) for _ in range(7)),
        "ctrl_c_s": max(seconds_to_stop(t) for t in (0.5, 1.5, 3.0, 6.0)),
    }
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    with open(results / "latency.jsonl", "a", encoding="utf-8") as log:
        log.write(json.dumps(row) + "\n")
    for name, value in row.items():
        print(f"{name:<28}{value:.3f}")


if __name__ == "__main__":
    sys.exit(main())
