"""Pictures of finished results: Axes in, Axes out."""

from priorfit.plots.coefficients import plot_coefficients
from priorfit.plots.path import plot_path
from priorfit.plots.prior import plot_prior
from priorfit.plots.selection import plot_selection
from priorfit.plots.style import STYLE

__all__ = ["STYLE", "plot_coefficients", "plot_path", "plot_prior", "plot_selection"]
