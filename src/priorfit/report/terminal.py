"""A fit on the terminal."""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from priorfit.report.facts import Facts
from priorfit.report.numbers import number

__all__ = ["print_fit"]

_BAR = 14


def print_fit(facts: Facts, console: Console, max_rows: int = 20) -> None:
    """Title, coefficients with bars, certificate, and what the belief did."""
    console.print()
    console.print(Text(facts.title, style="bold"))
    console.print(Text(f"A weight is the change of the {facts.response}.", style="dim"))
    console.print()
    console.print(_table(facts, max_rows))
    hidden = int(np.count_nonzero(facts.coef)) - max_rows
    if hidden > 0:
        console.print(Text(f"  … and {hidden} smaller ones", style="dim"))
    console.print()
    console.print(Text(facts.zeros))
    console.print(Text(f"Belief: {facts.belief}"))
    console.print(Text(f"Strength: {facts.strength}."))
    if facts.scatter:
        console.print(Text(facts.scatter))
    if facts.quality:
        console.print(Text(facts.quality))
    certificate = facts.model.certificate_
    style = "green" if certificate.certified else "bold red"
    console.print(Text(str(certificate), style=style))
    for warning in facts.warnings:
        console.print(Text(f"Note: {warning}", style="yellow"))


def _table(facts: Facts, max_rows: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("column", overflow="ellipsis", max_width=32)
    table.add_column("weight", justify="right", no_wrap=True)
    table.add_column("per SD", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    effects, order = facts.effects, facts.order
    largest = float(np.max(np.abs(effects), initial=0.0)) or 1.0
    shown = [j for j in order if facts.coef[j] != 0][:max_rows]
    if len(facts.coef) <= max_rows:
        shown = list(order)
    for j in shown:
        style = "dim" if facts.coef[j] == 0 else ""
        table.add_row(
            Text(facts.names[j]),
            number(float(facts.coef[j])),
            number(float(effects[j])),
            _bar(float(effects[j]) / largest),
            style=style,
        )
    if facts.model.intercept and facts.model._likelihood.has_intercept:
        for name, value in facts.intercepts:
            table.add_row(Text(name, style="italic"), number(value), "", "")
    return table


def _bar(share: float) -> Text:
    if share == 0:
        return Text("")
    length = max(1, round(abs(share) * _BAR))
    return Text(("█" if share > 0 else "▒") * length, style="#0072B2" if share > 0 else "#C44E00")
