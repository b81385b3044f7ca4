"""Pictures of finished results: Axes in, Axes out."""

from priorfit.plots.after import plot_posterior_predictive, plot_posterior_shrinkage
from priorfit.plots.coefficients import plot_coefficients
from priorfit.plots.curves import plot_curves
from priorfit.plots.path import plot_path
from priorfit.plots.posterior import plot_chains, plot_one_weight, plot_posterior
from priorfit.plots.predictive import plot_prior_predictive
from priorfit.plots.prior import plot_prior
from priorfit.plots.selection import plot_criteria, plot_selection
from priorfit.plots.shrinkage import plot_shrinkage
from priorfit.plots.style import STYLE
from priorfit.plots.surface import plot_surface
from priorfit.plots.views import plot_contours, plot_price, plot_views
from priorfit.plots.walks import plot_walks

__all__ = [
    "STYLE",
    "plot_chains",
    "plot_coefficients",
    "plot_contours",
    "plot_criteria",
    "plot_curves",
    "plot_one_weight",
    "plot_path",
    "plot_posterior",
    "plot_posterior_predictive",
    "plot_posterior_shrinkage",
    "plot_price",
    "plot_prior",
    "plot_prior_predictive",
    "plot_selection",
    "plot_shrinkage",
    "plot_surface",
    "plot_views",
    "plot_walks",
]
