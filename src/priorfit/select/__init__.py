"""Let the data choose the strength."""

from priorfit.select.cv import cross_validate, per_sd, splits
from priorfit.select.selection import RULES, Selection

__all__ = ["RULES", "Selection", "cross_validate", "per_sd", "splits"]
