"""Let the data choose the strength."""

from priorfit.select.choose import WAYS, choose
from priorfit.select.criteria import CRITERIA, by_criterion
from priorfit.select.cv import cross_validate, per_sd, splits
from priorfit.select.evidence import by_evidence
from priorfit.select.loo import leave_one_out
from priorfit.select.selection import RULES, Selection
from priorfit.select.stability import Stability, stability
from priorfit.select.surface import Surface
from priorfit.select.universal import universal

__all__ = [
    "CRITERIA",
    "RULES",
    "WAYS",
    "Selection",
    "Stability",
    "Surface",
    "by_criterion",
    "by_evidence",
    "choose",
    "cross_validate",
    "leave_one_out",
    "per_sd",
    "splits",
    "stability",
    "universal",
]
