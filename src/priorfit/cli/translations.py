"""How a translation is asked for and shown on the terminal."""

from __future__ import annotations

from argparse import Namespace
from textwrap import fill
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from priorfit._errors import InputError
from priorfit.priors import Prior, describe, to_dict
from priorfit.translate import Translation, translate
from priorfit.translate.table import records

__all__ = ["as_json", "print_dictionary", "print_translation", "translated"]


def translated(options: Namespace) -> Prior | Translation:
    """What the command asks `translate`."""
    found: Prior | Translation = translate(
        options.what,
        to=options.to,
        likelihood=options.likelihood,
        n=options.n,
        noise=options.noise,
        dispersion=options.dispersion,
        x_scale=_numbers(options.x_scale),
        y_scale=options.y_scale,
        weights=options.weights,
    )
    return found


def _numbers(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(
            "--x-scale must hold numbers with commas", repr(text), "Write for example 0.9,2.1."
        ) from None


def as_json(found: Prior | Translation) -> dict[str, Any]:
    """Plain data: the prior, or the row with its settings."""
    if isinstance(found, Prior):
        return {"prior": to_dict(found)}
    settings = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in found.items()}
    return {"row": found.row.id, "settings": settings, "call": found.call}


def print_translation(found: Prior | Translation, console: Console) -> None:
    """The call in bold, its formulas, and the notes."""
    if isinstance(found, Prior):
        console.print(Text(repr(found), style="bold"))
        console.print(Text(f"{describe(found)}."))
        return
    lines = str(found).splitlines()
    call = next(k for k, line in enumerate(lines) if line.strip() == found.call)
    for k, line in enumerate(lines):
        style = "bold" if k == call else ("dim" if line.startswith("- ") else "")
        if k != call and not line.startswith(" "):
            line = fill(line, console.width, subsequent_indent="  " * line.startswith("- "))
        console.print(Text(line, style=style), soft_wrap=k == call)


def print_dictionary(text: str, likelihood: str | None, console: Console) -> None:
    """The rows that hold ``text``: name, formula, default."""
    from priorfit.translate.lookup import family_name

    rows = records(text, family_name(likelihood))
    if not rows:
        raise InputError("--list must name a library", repr(text), "Leave it out to see all.")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("row", "setting", "its default is"):
        table.add_column(name, overflow="fold")
    for row in rows:
        refused = "not translated" if row["map"] else "not a MAP"
        setting = row["setting"] or Text(refused, style="yellow")
        default = row["instead"] if row["reason"] else row["default"]
        table.add_row(row["id"], setting, default, style="dim" if row["reason"] else "")
    console.print(table)
