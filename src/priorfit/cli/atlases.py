"""The atlas on the terminal: a list of what there is, or a few rows in full."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from priorfit._errors import InputError
from priorfit.atlas import Algorithm
from priorfit.atlas.table import rows_with

__all__ = ["print_atlas"]

_FULL = 6  # rows shown in full, at most


def print_atlas(search: str | None, console: Console) -> None:
    """The rows that hold ``search``."""
    rows = rows_with(search)
    if not rows:
        raise InputError("the text must occur in the atlas", repr(search), "Leave it out.")
    if len(rows) > _FULL:
        console.print(_listed(rows))
        console.print(Text("priorfit atlas NAME shows one in full.", style="dim"))
        return
    for row in rows:
        console.print(Text.assemble((row.name, "bold"), (f" · {row.kind}", "dim")))
        console.print(Padding(_full(row), (0, 0, 1, 2)))


def _listed(rows: list[Algorithm]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("algorithm", "a belief about", "here"):
        table.add_column(name, overflow="fold")
    for kind in dict.fromkeys(row.kind for row in rows):
        table.add_row(Text(kind, style="bold"), "", "")
        for row in (r for r in rows if r.kind == kind):
            here = "[green]yes[/]" if row.here else "elsewhere" if row.fits else "no"
            table.add_row(
                Padding(row.name, (0, 0, 0, 2)), row.weights, here, style="" if row.here else "dim"
            )
    return table


def _full(row: Algorithm) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    facts: dict[str, str | Text] = {"why not": row.reason, "belief about": row.weights}
    facts |= {
        "L2": row.l2,
        "L1": row.l1,
        "solver": row.solver,
        "here": Text(row.here, style="bold"),
    }
    facts |= {"elsewhere": row.elsewhere}
    for name, value in facts.items():
        if value:
            table.add_row(name, value)
    return table
