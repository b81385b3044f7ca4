"""A visitor's own table: read, fitted, moved along its path."""

from priorfit.explore.tables.store import BUNDLED, Store
from priorfit.explore.tables.study import FAMILIES, LIKELIHOODS, Study, study_of

__all__ = ["BUNDLED", "FAMILIES", "LIKELIHOODS", "Store", "Study", "study_of"]
