"""How a race is shown on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from priorfit.bench import Record

__all__ = ["race_heading", "race_table"]


def race_heading(solvers: Sequence[str]) -> str:
    """What is compared, and how."""
    return (
        f"{', '.join(solvers)}: 100 lambdas, one thread, each at its loosest tolerance whose "
        "duality gap, recomputed from its coefficients, is at most 1e-6. A pass is one X'r; "
        "times above 1 x are slower than priorfit. The last two columns: the "
        "loosest tolerance at which a peer's answers are truly within 1e-6, which it cannot know."
    )


def race_table(case: str, records: Sequence[Record]) -> Table:
    """One row per solver, against priorfit."""
    table = Table(title=case, title_justify="left", box=None, pad_edge=False)
    table.add_column("solver")
    for name in ("CPU s", "wall s", "passes", "gap", "tol", "times", "true tol", "times"):
        table.add_column(name, justify="right")
    ours = next((r.cpu for r in records if r.solver == "priorfit"), float("nan"))
    for r in records:
        gap = f"{r.gap:.0e}" + ("" if r.certified else " missed")
        cells = (f"{r.cpu:.3g}", f"{r.wall:.3g}", f"{r.passes:.0f}", gap, f"{r.tol:.0e}")
        true = (f"{r.true_tol:.0e}", f"{r.true_cpu / ours:.1f} x")
        table.add_row(r.solver, *cells, f"{r.cpu / ours:.1f} x", *true)
    return table
