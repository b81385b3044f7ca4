"""Records as the data frame that the user has."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import narwhals as nw

from priorfit._errors import InputError

__all__ = ["frame_of"]

_BACKENDS = ("pandas", "polars", "pyarrow")


def frame_of(rows: Sequence[dict[str, Any]], heads: Sequence[str], backend: str | None) -> Any:
    """A data frame of "pandas", "polars" or "pyarrow", or "records" for a list of dicts.

    None takes the first that is installed. Raises `InputError` for one that is not.
    """
    installed = [name for name in _BACKENDS if find_spec(name) is not None]
    chosen = backend or (installed[0] if installed else "records")
    if chosen == "records":
        return list(rows)
    if chosen not in installed:
        raise InputError(
            f"`backend` must be one of {', '.join([*installed, 'records'])}",
            repr(backend),
            "Install it, or leave `backend` out.",
        )
    columns = {key: [row[key] for row in rows] for key in heads}
    return nw.from_dict(columns, backend=chosen).to_native()  # type: ignore[arg-type]
