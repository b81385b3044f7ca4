"""Other libraries' settings as beliefs, and beliefs as their settings."""

from priorfit.translate.api import translate
from priorfit.translate.explaining import explain
from priorfit.translate.explanation import Explanation
from priorfit.translate.table import dictionary
from priorfit.translate.translation import Translation

__all__ = ["Explanation", "Translation", "dictionary", "explain", "translate"]
