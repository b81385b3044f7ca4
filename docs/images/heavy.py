"""Draw the picture of docs/heavy.md.

python docs/images/heavy.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

import priorfit as pf
from priorfit.plots import STYLE


def main(form: str = "svg", folder: Path = Path(__file__).parent) -> None:
    """Write the picture, beside this file by default."""
    curves = (
        pf.Laplace(1.0),
        pf.LogLaplace(1.0, 1.0),
        pf.Cauchy(0.7),
        pf.MCP(1.0, 3.0),
        pf.SpikeSlab(1.0),
    )
    with matplotlib.rc_context({"svg.hashsalt": "priorfit", **STYLE}):
        figure = Figure(figsize=(7.8, 5.2), layout="constrained", facecolor="white")
        pf.plots.plot_shrinkage(*curves, reach=6.0, ax=figure.subplots())
        meta = {"Date": None} if form == "svg" else {}
        figure.savefig(folder / f"heavy_shrinkage.{form}", metadata=meta, dpi=80)


if __name__ == "__main__":
    main()
