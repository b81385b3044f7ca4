"""What the columns are stored in, and the few things a solver asks of them."""

from priorfit.design.base import Design
from priorfit.design.blocks import Blocks
from priorfit.design.categorical import Categorical
from priorfit.design.changed import Changed, changed
from priorfit.design.convert import as_design
from priorfit.design.dense import Dense
from priorfit.design.formula import Formula, FormulaSchema
from priorfit.design.frame import Column, Schema, is_table
from priorfit.design.present import Present
from priorfit.design.scaled import Scaled, standardized
from priorfit.design.sparse import Sparse

__all__ = [
    "Blocks",
    "Categorical",
    "Changed",
    "Column",
    "Dense",
    "Design",
    "Formula",
    "FormulaSchema",
    "Present",
    "Scaled",
    "Schema",
    "Sparse",
    "as_design",
    "changed",
    "is_table",
    "standardized",
]
