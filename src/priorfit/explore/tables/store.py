"""Tables of this visit: those that ship with the library, and those that were dropped."""

from __future__ import annotations

import secrets
import tempfile
from collections import OrderedDict
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from priorfit._errors import InputError
from priorfit._tables import kind, read_table
from priorfit.datasets import load

__all__ = ["BUNDLED", "Store", "bundled"]

BUNDLED = ("diabetes", "breast_cancer", "khan", "nci60")
_KINDS = (".csv", ".tsv", ".tab", ".txt", ".parquet", ".pq", ".arrow", ".feather", ".ipc")
_KEPT, _CELLS = 4, 8_000_000


class Store:
    """The last few tables that were dropped, in memory only, under names that cannot be guessed."""

    def __init__(self) -> None:
        self._tables: OrderedDict[str, tuple[str, Any]] = OrderedDict()

    def put(self, name: str, content: bytes) -> str:
        """Read a file that was dropped; its name says the format and is a title, never a path.

        Raises `InputError` for another format, an unreadable or too large table.
        """
        title = PurePosixPath(name.replace("\\", "/")).name[:80] or "table"
        suffix = kind(PurePosixPath(title))  # type: ignore[arg-type]
        if suffix not in _KINDS:
            raise InputError(
                "the table must be CSV, TSV, Parquet or Arrow",
                f"extension {suffix or 'none'!r}",
                "Save it as CSV or Parquet.",
            )
        with tempfile.NamedTemporaryFile(suffix=suffix) as file:
            file.write(content)
            file.flush()
            table = _read(file.name, title)
        if table.num_rows * table.num_columns > _CELLS:
            shape = f"{table.num_rows} × {table.num_columns}"
            raise InputError(
                "a table here must hold at most 8 million cells", shape,
                "Take fewer rows, or fit it with priorfit fit.",
            )  # fmt: skip
        key = secrets.token_urlsafe(9)
        self._tables[key] = (title, table)
        while len(self._tables) > _KEPT:
            self._tables.popitem(last=False)
        return key

    def get(self, key: str) -> tuple[str, Any]:
        """Title and table; raises `InputError` for a table that is not (or no longer) here."""
        if key in BUNDLED:
            return key, bundled(key)
        if key not in self._tables:
            raise InputError(
                "`table` must be one that is here", repr(key[:20]),
                "Drop the file again: tables are kept while the server runs.",
            )  # fmt: skip
        return self._tables[key]


def _read(path: str, title: str) -> Any:
    """The table, its messages in the visitor's name for it."""
    try:
        return read_table(path)
    except InputError as error:
        said = str(error).replace(path, title).replace(path.rpartition("/")[2], title)
        raise _Told(said) from None


class _Told(InputError):
    """A message that is already complete."""

    def __init__(self, said: str) -> None:
        must, _, rest = said.partition("; got ")
        got, _, do = rest.partition(". ")
        super().__init__(must, got, do)


@cache
def bundled(name: str) -> Any:
    """A table of the library, as one table of Arrow."""
    import pyarrow as pa

    return pa.Table.from_pandas(load(name).frame(), preserve_index=False)
