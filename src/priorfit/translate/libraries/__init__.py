"""The table: one row for each call of another library."""

from __future__ import annotations

from priorfit.translate.libraries.clusters import ROWS_OF_CLUSTERS
from priorfit.translate.libraries.glmnet import ROWS_OF_GLMNET
from priorfit.translate.libraries.liblinear import ROWS_OF_LIBLINEAR
from priorfit.translate.libraries.linear import ROWS_OF_LINEAR
from priorfit.translate.libraries.networks import ROWS_OF_NETWORKS
from priorfit.translate.libraries.not_a_map import ROWS_WITHOUT_MAP
from priorfit.translate.libraries.sklearn import ROWS_OF_SKLEARN
from priorfit.translate.libraries.statsmodels import ROWS_OF_STATSMODELS
from priorfit.translate.libraries.survival import ROWS_OF_SURVIVAL
from priorfit.translate.libraries.trees import ROWS_OF_TREES
from priorfit.translate.row import Row

__all__ = ["TABLE"]

#: of several rows of one call, the first is meant where nothing else is said
TABLE: tuple[Row, ...] = (
    *ROWS_OF_SKLEARN,
    *ROWS_OF_GLMNET,
    *ROWS_OF_STATSMODELS,
    *ROWS_OF_LINEAR,
    *ROWS_OF_LIBLINEAR,
    *ROWS_OF_TREES,
    *ROWS_OF_NETWORKS,
    *ROWS_OF_CLUSTERS,
    *ROWS_OF_SURVIVAL,
    *ROWS_WITHOUT_MAP,
)
