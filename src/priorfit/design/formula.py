"""A target, and columns, by name."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from priorfit._errors import InputError
from priorfit.design.frame import is_table

__all__ = ["split_target"]


def split_target(X: Any, y: Any) -> tuple[Any, Any]:
    """(columns to use, target) where ``y`` is "target", "target ~ ." or "target ~ a + b".

    Anything but text is returned as it came. Raises `InputError` for a name the table lacks.
    """
    if not isinstance(y, str):
        return X, y
    if not is_table(X):
        raise InputError(
            "a target given by name needs a table",
            type(X).__name__,
            "Pass a data frame, or y itself.",
        )
    frame = nw.from_native(X, eager_only=True)
    target, _, right = (part.strip() for part in y.partition("~"))
    others = [c for c in frame.columns if c != target]
    wanted = others if right in ("", ".") else [part.strip() for part in right.split("+")]
    for name in (target, *wanted):
        if name not in frame.columns:
            raise InputError(
                "a formula must name columns of the table",
                repr(name),
                f"The table has {', '.join(map(repr, frame.columns[:8]))}.",
            )
    if target in wanted:
        raise InputError(
            "a formula must not explain the target by itself",
            repr(target),
            "Leave it out on the right.",
        )
    return frame.select(wanted).to_native(), frame[target].to_numpy()
