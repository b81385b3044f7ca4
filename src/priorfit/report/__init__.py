"""Finished fits for people to read: terminal, HTML, and a model file."""

from priorfit.report.facts import Facts, facts_of
from priorfit.report.html import html_report
from priorfit.report.intervals import print_posterior
from priorfit.report.model import Model, load_model, model_of, save_model
from priorfit.report.terminal import print_fit

__all__ = [
    "Facts",
    "Model",
    "facts_of",
    "html_report",
    "load_model",
    "model_of",
    "print_fit",
    "print_posterior",
    "save_model",
]
