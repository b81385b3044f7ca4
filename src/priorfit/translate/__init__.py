"""Other libraries' settings as beliefs, and beliefs as their settings."""

from priorfit.translate.api import translate
from priorfit.translate.table import dictionary
from priorfit.translate.translation import Translation

__all__ = ["Translation", "dictionary", "translate"]
