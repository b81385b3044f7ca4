"""The atlas as a table: one source for `atlas`, the documentation and the command."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from priorfit._frames import frame_of
from priorfit.atlas.regression import REGRESSION
from priorfit.atlas.row import Algorithm
from priorfit.atlas.structure import STRUCTURE
from priorfit.atlas.without import WITHOUT

__all__ = ["ATLAS", "atlas", "markdown", "records", "rows_with"]

ATLAS: tuple[Algorithm, ...] = (*REGRESSION, *STRUCTURE, *WITHOUT)
_HEADS = (*(f.name for f in fields(Algorithm)), "fits")


def atlas(search: str | None = None, *, backend: str | None = None) -> Any:
    """Which algorithms L1 and L2 fit: a table, one row per algorithm.

    Columns: ``name``, ``kind``, ``weights`` (what a belief is about), ``l2`` and ``l1`` (what each
    penalty means there), ``solver``, ``here`` (a call of this package, "" where there is none),
    ``elsewhere`` (libraries that have it), ``reason`` (why it does not fit) and ``fits``.

    Parameters
    ----------
    search : keep rows in which this text occurs.
    backend : "pandas", "polars", "pyarrow", or "records" for a list of dicts. None takes the first
        of them that is installed.

    Raises
    ------
    InputError
        for a backend that is not one of these, or is not installed.

    Examples
    --------
    >>> import priorfit as pf
    >>> [row["here"] for row in pf.atlas("boosted trees", backend="records")]
    ['pf.boosted_leaf(3.3, 7.0, pf.Laplace(0.5))']
    >>> [row["name"] for row in pf.atlas("Dirichlet", backend="records")]
    ['Naive Bayes', 'Hidden Markov models, discrete Bayes networks']
    """
    return frame_of(records(search), _HEADS, backend)


def records(search: str | None = None) -> list[dict[str, Any]]:
    """The rows as plain dicts."""
    return [_record(row) for row in rows_with(search)]


def rows_with(search: str | None = None) -> list[Algorithm]:
    """The rows in which a text occurs."""
    text = (search or "").lower()
    return [row for row in ATLAS if any(text in str(v).lower() for v in _record(row).values())]


def _record(row: Algorithm) -> dict[str, Any]:
    return {head: getattr(row, head) for head in _HEADS}


def markdown() -> str:
    """The table for the documentation, one section for each kind."""
    lines: list[str] = []
    for kind in dict.fromkeys(row.kind for row in ATLAS):
        lines += ["", f"### {kind[0].upper()}{kind[1:]}", ""]
        for row in (r for r in ATLAS if r.kind == kind):
            lines += [row.name, f": {_sentences(row)}", ""]
    return "\n".join(lines)


def _sentences(row: Algorithm) -> str:
    if not row.fits:
        return f"{row.reason} Elsewhere: {row.elsewhere}."
    said = f"The belief is about {row.weights}. L2: {row.l2}. L1: {row.l1}. Solved by {row.solver}."
    here = f" Here: `{row.here}`." if row.here else ""
    return f"{said}{here} Elsewhere: {row.elsewhere}."
