"""Which algorithms a belief about weights fits, and how each is called."""

from priorfit.atlas.row import Algorithm
from priorfit.atlas.table import atlas

__all__ = ["Algorithm", "atlas"]
