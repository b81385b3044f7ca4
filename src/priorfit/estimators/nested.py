"""The settings of a prior or likelihood, reachable as ``prior__scale``."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, Self

from sklearn.base import BaseEstimator

from priorfit._errors import InputError
from priorfit.priors import Prior

__all__ = ["Nested", "changed", "settings"]


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


class Nested(BaseEstimator):  # type: ignore[misc]
    """An estimator whose parts' fields are parameters too, as ``prior__scale``."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name; ``deep`` adds those of prior, likelihood and constraint."""
        params: dict[str, Any] = super().get_params(deep=False)
        if deep:
            for name, part in [
                (k, v) for k, v in params.items() if k in ("prior", "likelihood", "constraint")
            ]:
                if is_dataclass(part):
                    params |= {f"{name}__{k}": v for k, v in settings(part).items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``prior__scale=0.2`` replaces the prior by one with that scale."""
        own = {k: v for k, v in params.items() if "__" not in k}
        super().set_params(**own)
        for key, value in params.items():
            if key in own:
                continue
            name, _, rest = key.partition("__")
            part = getattr(self, name, None)
            part = self._default(name) if part is None else part
            if not is_dataclass(part) or rest not in settings(part):
                raise InputError(
                    f"a parameter must be one of {sorted(self.get_params())}",
                    repr(key),
                    "Correct the name.",
                )
            setattr(self, name, changed(part, rest, value))
        return self

    def _default(self, name: str) -> Any:
        """The part that a parameter of value None stands for."""
        raise NotImplementedError
