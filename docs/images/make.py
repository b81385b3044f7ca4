"""Draw the pictures of the README.

python docs/images/make.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

import priorfit as pf
from priorfit.plots import STYLE


def main() -> None:
    """Write path.svg beside this file."""
    data = pf.datasets.load("diabetes")
    table = data.frame().drop(columns=data.target_name)
    problem = pf.Problem.make(table, data.y, prior=pf.Laplace())
    selection, path = pf.cross_validate(problem)
    with matplotlib.rc_context({"svg.hashsalt": "priorfit", **STYLE}):
        figure = Figure(figsize=(9.0, 4.6), layout="constrained", facecolor="white")
        pf.plots.plot_path(path, ax=figure.subplots(), mark=selection.chosen)
        figure.savefig(Path(__file__).with_name("path.svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
