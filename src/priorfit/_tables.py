"""Tables from files: CSV, TSV, Parquet, Arrow; compressed too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet

from priorfit._errors import InputError

__all__ = ["read_table", "stem"]

_COMPRESSED = (".gz", ".bz2", ".zst", ".lz4")
_TEXT = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": "\t"}
_NULLS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "#N/A"]


def read_table(name: str) -> pa.Table:
    """The table in a file, by its extension; raises `InputError` where it cannot be read."""
    path = Path(name)
    if not path.is_file():
        raise InputError("the table must be a file", f"no file {name!r}", "Check the path.")
    suffix = kind(path)
    try:
        if suffix in _TEXT:
            table = _read_text(path, _TEXT[suffix])
            _check_text(path, table)
        elif suffix in (".parquet", ".pq"):
            table = pyarrow.parquet.read_table(path)
        elif suffix in (".arrow", ".feather", ".ipc"):
            table = pyarrow.feather.read_table(path)
        else:
            raise InputError(
                "the table must be CSV, TSV, Parquet or Arrow",
                f"extension {suffix or 'none'!r}",
                "Rename or convert the file (.csv, .tsv, .parquet, .arrow; .gz, .bz2, .zst too).",
            )
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{path.name} must be a readable table", first, "Check the file."
        ) from None
    if table.num_rows == 0 or table.num_columns == 0:
        shape = f"{table.num_rows} rows and {table.num_columns} columns"
        raise InputError(f"{path.name} must hold rows and columns", shape, "Check the file.")
    return table


def _check_text(path: Path, table: pa.Table) -> None:
    """Refuse text in another encoding, and a header that was not split."""
    names = table.column_names  # raises UnicodeDecodeError
    foreign = [k for k, t in zip(names, table.schema.types, strict=True) if pa.types.is_binary(t)]
    if foreign:
        raise InputError(
            f"{path.name} must be UTF-8 text",
            f"other bytes in column {foreign[0]!r}",
            "Convert it.",
        )
    other = next((c for c in ";\t|," if c in names[0]), None)
    if len(names) == 1 and other:
        raise InputError(
            f"{path.name} must have columns that are apart by its extension's character "
            "(.csv a comma, .tsv a tab)",
            f"one column {names[0]!r}",
            f"It seems to use {other!r}: save it with commas.",
        )


def kind(path: Path) -> str:
    """The extension that says the format, a compression suffix set aside."""
    suffixes = [s.lower() for s in path.suffixes]
    while suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def stem(name: str) -> str:
    """The file's name for titles."""
    return Path(name).name


def _read_text(path: Path, delimiter: str) -> Any:
    options = pyarrow.csv.ConvertOptions(null_values=_NULLS, strings_can_be_null=True)
    parsing = pyarrow.csv.ParseOptions(delimiter=delimiter)
    compression = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}
    with pa.OSFile(str(path)) as raw:
        stream = raw
        packed = compression.get(path.suffix.lower())
        if packed:
            stream = pa.CompressedInputStream(raw, packed)
        return pyarrow.csv.read_csv(stream, parse_options=parsing, convert_options=options)
