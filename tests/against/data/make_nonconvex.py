"""Make nonconvex.json anew: MCP and SCAD fits by skglm (BSD-3-Clause) at a tolerance of 1e-13.

    .venv-peers/bin/python tests/against/data/make_nonconvex.py

The table is drawn here, so that nothing but the coefficients is stored.
"""

import json
from pathlib import Path

import numpy as np
import skglm
from skglm.datafits import Quadratic
from skglm.penalties import SCAD, MCPenalty
from skglm.solvers import AndersonCD
from skglm.utils.jit_compilation import compiled_clone


def table() -> tuple:
    """50 rows, 12 standardized columns, numbers that any NumPy draws alike."""
    i, j = np.arange(1, 51)[:, None], np.arange(1, 13)
    X = np.sin(1.7 * i * j) + 0.8 * np.cos(0.9 * i + j) + np.sin(0.31 * i * i + j)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = X[:, :3] @ [3.0, -2.0, 1.0] + np.sin(5.0 * i[:, 0] ** 2)
    return np.asfortranarray(X), y


def main() -> None:
    X, y = table()
    rows = []
    losses = {"gaussian": compiled_clone(Quadratic())}
    for name, make in (("mcp", MCPenalty), ("scad", SCAD)):
        penalty = compiled_clone(make(1.0, 3.0))
        for shape in (3.0, 30.0):
            for alpha in (0.8, 0.3, 0.1, 0.03):
                for family, datafit in losses.items():
                    solver = AndersonCD(tol=1e-13, max_iter=1000, fit_intercept=True)
                    w = np.zeros(13)
                    w[-1] = y.mean()
                    penalty.alpha, penalty.gamma = alpha, shape
                    w, _, stop = solver.solve(X, y, datafit, penalty, w, np.full(50, w[-1]))
                    rows.append({"penalty": name, "shape": shape, "alpha": alpha,
                                 "family": family, "coef": w[:-1].tolist(),
                                 "intercept": float(w[-1]), "stop": float(stop)})  # fmt: skip
    text = json.dumps({"skglm": skglm.__version__, "fits": rows}, indent=1)
    Path(__file__).with_name("nonconvex.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
