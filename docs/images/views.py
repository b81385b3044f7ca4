"""Draw the pictures of docs/views.md.

python docs/images/views.py
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import priorfit as pf
from priorfit.plots import STYLE


def two_columns() -> tuple[np.ndarray, np.ndarray]:
    """A table whose two columns are correlated."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(60, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
    return X, X @ [1.6, 0.5] + rng.normal(size=60)


def contours(prior: pf.Prior) -> Callable[[Axes], Axes]:
    """A ball of radius 0.9 against the loss."""
    path = pf.path(*two_columns(), prior=prior, ratio=1e-4, likelihood=pf.Gaussian(noise=1.0))
    return lambda ax: pf.plots.plot_contours(path, path.within(0.9), ax=ax)


def pictures() -> dict[str, tuple[tuple[float, float], Callable[[Axes], Axes]]]:
    """Name -> (size in inches, what draws it)."""
    laplace = pf.Normal(1.0).compare(pf.Laplace()).other
    beliefs = (pf.Normal(1.0), laplace, pf.ElasticNet.from_variance(1.0))
    path = pf.path(
        *two_columns(), prior=pf.Laplace(), ratio=1e-3, likelihood=pf.Gaussian(noise=1.0)
    )
    curves = (
        pf.Normal(1.0),
        pf.Laplace(1.0),
        (pf.Laplace(1.0), "mean"),
        pf.ElasticNet(1.0, 1.5),
        pf.Truncated(pf.Laplace(0.6), lower=0),
        pf.Normal(0.4),
    )
    X = np.random.default_rng(0).normal(size=(40, 20))
    wide = pf.prior_predictive(X, pf.Normal(2.5), pf.Bernoulli(), seed=0)
    return {
        "densities": ((7.2, 3.6), lambda ax: pf.plots.plot_prior(*beliefs, ax=ax)),
        "penalties": ((7.6, 3.6), lambda ax: pf.plots.plot_prior(*beliefs, ax=ax, penalty=True)),
        "shrinkage": ((7.8, 5.2), lambda ax: pf.plots.plot_shrinkage(*curves, ax=ax)),
        "diamond": ((5.6, 5.4), contours(pf.Laplace())),
        "circle": ((5.6, 5.4), contours(pf.Normal())),
        "price": ((6.4, 4.2), lambda ax: pf.plots.plot_price(path, path.within(1.0), ax=ax)),
        "dial": ((7.6, 3.4), lambda ax: pf.plots.plot_views(path, mark=45, ax=ax)),
        "expected": ((6.4, 3.6), lambda ax: pf.plots.plot_prior_predictive(wide, ax=ax)),
    }


def main(form: str = "svg", folder: Path = Path(__file__).parent) -> None:
    """Write one file for each picture, beside this one by default."""
    with matplotlib.rc_context({"svg.hashsalt": "priorfit", **STYLE}):
        for name, (size, draw) in pictures().items():
            figure = Figure(figsize=size, layout="constrained", facecolor="white")
            draw(figure.subplots())
            meta = {"Date": None} if form == "svg" else {}
            figure.savefig(folder / f"views_{name}.{form}", metadata=meta, dpi=80)


if __name__ == "__main__":
    main()
