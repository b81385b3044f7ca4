"""A posterior on the terminal."""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.posterior import Posterior
from priorfit.report.numbers import number

__all__ = ["print_posterior"]

_WIDTH = 25  # characters of the axis of an interval


def print_posterior(
    posterior: Posterior, console: Console, *, prob: float = 0.95, max_rows: int = 20
) -> None:
    """Mode, mean and interval of each weight, the intervals drawn on one axis per standard
    deviation of the columns; then the strength and the noise, and whether to trust the draws."""
    draws = posterior.flat.reshape(len(posterior.flat), -1)
    sd = posterior.model.problem.design.moments(posterior.model.problem.weights)[1]
    unit = np.repeat(sd, draws.shape[1] // len(sd))
    ends = np.quantile(draws, [0.5 - prob / 2, 0.5 + prob / 2], axis=0)
    mean, away = draws.mean(axis=0), np.where(draws.std(axis=0) > 0, draws.std(axis=0), 1.0)
    order = np.argsort(-np.abs(mean) / away, kind="stable")[:max_rows]
    wide = console.width >= _WIDTH + 55
    table = _headed(prob, wide)
    reach = float(np.abs(ends * unit)[:, order].max(initial=0.0)) or 1.0
    modes = _modes(posterior)
    for j in order:
        clear = ends[0, j] > 0 or ends[1, j] < 0
        mode = "none" if modes is None else number(float(modes[j]))
        table.add_row(
            Text(str(posterior.labels[j])),
            mode,
            *(number(float(v)) for v in (mean[j], ends[0, j], ends[1, j])),
            *(
                [_drawn(np.array([ends[0, j], mean[j], ends[1, j]]) * unit[j] / reach)]
                if wide
                else []
            ),
            style="" if clear else "dim",
        )
    console.print()
    console.print(table)
    if draws.shape[1] > max_rows:
        console.print(Text(f"  … and {draws.shape[1] - max_rows} nearer to zero", style="dim"))
    console.print()
    for sentence in _sentences(posterior, int(np.sum((ends[0] > 0) | (ends[1] < 0))), prob):
        console.print(Text(sentence))
    health = posterior.health
    if health.converged:
        console.print(Text(_trust(posterior), style="green"))
    for warning in health.warnings:
        console.print(Text(f"Note: {warning}.", style="yellow"))


def _headed(prob: float, wide: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("column", overflow="ellipsis", min_width=8, max_width=32)
    for name in ("MAP", "mean", f"{50 * (1 - prob):g} %", f"{50 * (1 + prob):g} %"):
        table.add_column(name, justify="right", no_wrap=True)
    if wide:
        table.add_column(f"{prob:.0%} per SD, zero at │", no_wrap=True)
    return table


def _modes(posterior: Posterior) -> Array | None:
    try:
        return posterior.mode.ravel()
    except InputError:
        return None


def _drawn(shares: Array) -> Text:
    """``──●──`` from the first to the last of (low, mean, high), on an axis from -1 to 1."""
    places = [round((v + 1.0) * 0.5 * (_WIDTH - 1)) for v in (*shares, 0.0)]
    first, middle, last, zero = places
    cells = [" "] * _WIDTH
    cells[first : last + 1] = "─" * (last + 1 - first)
    cells[zero] = "┼" if first <= zero <= last else "│"
    cells[middle] = "●"
    color = "#0072B2" if shares[1] > 0 else "#C44E00"
    return Text("".join(cells).rstrip(), style=color)


def _sentences(posterior: Posterior, clear: int, prob: float) -> list[str]:
    total = posterior.flat.reshape(len(posterior.flat), -1).shape[1]
    said = [f"{clear} of {total} weights have a sign with {prob:.0%} probability."]
    words = {"scale": "The factor of all prior scales", "noise": "The noise"}
    for name, word in words.items():
        if name in posterior.draws:
            shares = [0.5 - prob / 2, 0.5, 0.5 + prob / 2]
            low, middle, high = map(float, np.quantile(posterior.draws[name], shares))
            said.append(f"{word} is {number(middle)} ({number(low)} to {number(high)}).")
    return said


def _trust(posterior: Posterior) -> str:
    health = posterior.health
    chains, draws = posterior.coef.shape[:2]
    least = float(np.nanmin(np.fmin(health.bulk, health.tail)))
    return (
        f"{chains} chains of {draws} draws ({posterior.model.sampler.name}): R-hat at most "
        f"{np.nanmax(health.rhat):.3f}, worth {least:.0f} independent draws at least."
    )
