"""Let the data choose the strength."""

from priorfit.select.cv import cross_validate, per_sd, splits
from priorfit.select.loo import leave_one_out
from priorfit.select.selection import RULES, Selection

__all__ = ["RULES", "Selection", "cross_validate", "leave_one_out", "per_sd", "splits"]
