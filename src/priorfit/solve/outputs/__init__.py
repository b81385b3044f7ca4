"""Problems with several linear predictors per row: classes, or several responses."""

from priorfit.solve.outputs.restore import restore_outputs
from priorfit.solve.outputs.stacked import Stacked
from priorfit.solve.outputs.standard import OutputsStandard, standardize_outputs

__all__ = ["OutputsStandard", "Stacked", "restore_outputs", "standardize_outputs"]
