"""Draw the pictures of docs/posterior.md.

python docs/images/posterior.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

import priorfit as pf
from priorfit.plots import STYLE


def main(form: str = "svg", folder: Path = Path(__file__).parent) -> None:
    """Write the pictures, beside this file by default."""
    meta = {"Date": None} if form == "svg" else {}
    data = pf.datasets.load_diabetes()
    table = data.frame()
    with matplotlib.rc_context({"svg.hashsalt": "priorfit", **STYLE}):
        figure = Figure(figsize=(10.0, 4.0), layout="constrained", facecolor="white")
        left, right = figure.subplots(1, 2)
        pf.plots.plot_one_weight(pf.one_weight(pf.Laplace(1.0), 0.8), ax=left)
        spike = pf.SpikeSlab.from_inclusion(0.2, scale=2.0)
        pf.plots.plot_one_weight(pf.one_weight(spike, 0.8), ax=right)
        figure.savefig(folder / f"one-weight.{form}", metadata=meta, dpi=80)
        model = pf.MAPRegressor(prior=pf.Laplace(), strength="posterior", seed=1).fit(
            table, data.target_name
        )
        figure = Figure(figsize=(7.8, 4.2), layout="constrained", facecolor="white")
        pf.plots.plot_posterior(model.posterior(), ax=figure.subplots())
        figure.savefig(folder / f"posterior.{form}", metadata=meta, dpi=80)
        figure = Figure(figsize=(11.0, 4.2), layout="constrained", facecolor="white")
        left, right = figure.subplots(1, 2)
        pf.plots.plot_posterior_shrinkage(model.posterior(), ax=left)
        pf.plots.plot_posterior_predictive(model.posterior(), ax=right)
        figure.savefig(folder / f"posterior-checks.{form}", metadata=meta, dpi=80)


if __name__ == "__main__":
    main()
