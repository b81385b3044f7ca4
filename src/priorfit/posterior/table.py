"""A posterior as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array

if TYPE_CHECKING:
    from priorfit.posterior.result import Posterior

__all__ = ["text"]

_MOST = 24  # weights that are shown, the largest first
_OTHERS = ("scale", "noise", "inclusion_rate")


def text(posterior: Posterior, prob: float) -> str:
    """One line for each parameter: the strength and noise first, then the weights."""
    health, columns = posterior.health, posterior._columns
    others = [n for n in columns if n in _OTHERS or n.startswith(("intercept", "thresholds"))]
    weights = [n for n in columns if n not in others]
    size = {n: float(np.abs(columns[n].mean())) for n in weights}
    shown = weights
    if len(weights) > _MOST:
        largest = set(sorted(weights, key=lambda n: -size[n])[:_MOST])
        shown = [n for n in weights if n in largest]
    head = _head(posterior)
    rows = [_row(posterior, n, prob) for n in others + shown]
    title = ("", "MAP", "mean", "sd", *_ends(prob), "P(0)", "R-hat", "ESS bulk", "tail")
    lines = _aligned([title, *rows])
    left = len(weights) - len(shown)
    if left:
        lines.append(f"... and {left} smaller weights")
    lines += [f"! {sentence}." for sentence in health.warnings]
    return "\n".join([head, *lines])


def _head(posterior: Posterior) -> str:
    chains, draws = posterior.coef.shape[:2]
    problem = posterior.model.problem
    strength = "sampled" if "scale" in posterior.draws else "as stated"
    return (
        f"Posterior: {problem.likelihood.name} likelihood, {problem.belief.word} belief, its scale "
        f"{strength}; {chains} chains of {draws} draws ({posterior.model.sampler.name})"
    )


def _ends(prob: float) -> tuple[str, str]:
    return f"{50 * (1 - prob):g} %", f"{50 * (1 + prob):g} %"


def _row(posterior: Posterior, name: str, prob: float) -> tuple[str, ...]:
    health = posterior.health
    k = health.names.index(name)
    draws = posterior._columns[name].ravel()
    low, high = np.quantile(draws, [0.5 * (1 - prob), 0.5 * (1 + prob)])
    mode = zero = ""
    labels = list(posterior.labels)
    if name in labels and name not in _OTHERS:
        j = labels.index(name)
        mode, zero = _mode(posterior, j), f"{posterior.prob_zero.ravel()[j]:.3g}"
    numbers = [_short(v) for v in (draws.mean(), draws.std(ddof=1), low, high)]
    trust = [f"{health.rhat[k]:.3f}", f"{health.bulk[k]:.0f}", f"{health.tail[k]:.0f}"]
    return (name, mode, *numbers, zero, *trust)


def _mode(posterior: Posterior, j: int) -> str:
    try:
        modes: Array = posterior.mode.ravel()
    except InputError:
        return "none"
    return _short(float(modes[j]))


def _short(value: float) -> str:
    return "0" if value == 0 else f"{value:.4g}"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(w) if k == 0 else cell.rjust(w)
            for k, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
