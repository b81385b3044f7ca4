"""One solver in its own process: reads a problem once, then fits on demand.

Lines on standard input are tolerances; each answer is a line of JSON with the CPU and wall seconds
of that fit, and the coefficients are left in the problem's folder.
"""

import importlib.util
import json
import resource
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from scipy import sparse


def main() -> None:
    """``worker.py SOLVER FOLDER``."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    sys.path = [p for p in sys.path if Path(p).resolve() != Path(__file__).parent.resolve()]
    where = Path(__file__).parents[2] / "src" / "priorfit" / "bench" / "solvers" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"solver_{name}", where)
    solver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(solver)
    warnings.simplefilter("ignore")
    setting = json.loads((folder / "setting.json").read_text())
    dense = folder / "X.npy"
    X = np.load(dense) if dense.exists() else sparse.load_npz(folder / "X.npz")
    y, lambdas = np.load(folder / "y.npy"), np.load(folder / "lambdas.npy")
    print(json.dumps({"tols": solver.TOLS, "default": solver.DEFAULT}), flush=True)
    for line in sys.stdin:
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            intercepts, coefs = solver.fit(X, y, lambdas, float(line), **setting)
        except NotImplementedError:
            print(json.dumps({"refused": True}), flush=True)
            continue
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        np.savez(folder / f"{name}.npz", intercepts=intercepts, coefs=coefs)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps({"cpu": cpu, "wall": wall, "peak_mb": peak}), flush=True)


if __name__ == "__main__":
    main()
