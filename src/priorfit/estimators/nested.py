"""The settings of a prior or likelihood, reachable as ``prior__scale``."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from priorfit.priors import Prior

__all__ = ["changed", "settings"]


def settings(part: Any) -> dict[str, Any]:
    """Arguments that make ``part``, by name; those of a prior inside it as ``prior__scale``."""
    own = _arguments(part)
    inner = {k: v for k, v in own.items() if isinstance(v, Prior)}
    return own | {f"{k}__{name}": s for k, v in inner.items() for name, s in settings(v).items()}


def changed(part: Any, name: str, value: Any) -> Any:
    """A new ``part`` with another value of ``name``, one of `settings`."""
    head, _, rest = name.partition("__")
    own = _arguments(part)
    return type(part)(**own | {head: changed(own[head], rest, value) if rest else value})


def _arguments(part: Any) -> dict[str, Any]:
    if isinstance(part, Prior):
        return part.arguments()
    return {f.name: getattr(part, f.name) for f in fields(part)}
