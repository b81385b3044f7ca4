"""What a visitor may set on a page: every value is checked against what the page offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from priorfit._errors import InputError
from priorfit.explore.ticks import plain

__all__ = ["Choice", "Control", "Slider", "Values", "even", "read", "spread"]

Values = Mapping[str, float | str]


@dataclass(frozen=True)
class Slider:
    """One number of ``values``, which rise; ``names`` are shown in their place. ``pressed``: a
    button goes from one to the next, as where they are seeds."""

    name: str
    values: tuple[float, ...]
    default: float
    names: tuple[str, ...] = ()
    pressed: bool = False

    def read(self, text: str) -> float:
        """The nearest of the values; raises `InputError` for what is no number of their range."""
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        low, high = self.values[0], self.values[-1]
        if not low <= value <= high:
            raise InputError(
                f"`{self.name}` must be a number from {low:g} to {high:g}", repr(text[:40]),
                "Move the slider.",
            )  # fmt: skip
        return self.values[self.index(value)]

    @property
    def labels(self) -> tuple[str, ...]:
        """Each value as it is shown."""
        return self.names or tuple(map(plain, self.values))

    def index(self, value: float | str) -> int:
        """The place of the nearest of the values."""
        distances = np.abs(np.array(self.values) - float(value))
        return int(np.argmin(distances))


@dataclass(frozen=True)
class Choice:
    """One of ``options``; ``names`` are shown in place of the page's words for them."""

    name: str
    options: tuple[str, ...]
    default: str
    names: tuple[str, ...] = ()

    def read(self, text: str) -> str:
        """The option; raises `InputError` for any other text."""
        if text not in self.options:
            offered = ", ".join(self.options)
            raise InputError(
                f"`{self.name}` must be one of {offered}", repr(text[:40]), "Choose one of them."
            )
        return text


Control = Slider | Choice


def read(controls: tuple[Control, ...], given: Mapping[str, str]) -> dict[str, float | str]:
    """The value of each control: as given, or its default.

    Examples
    --------
    >>> read((Slider("z", (0.0, 0.5, 1.0), 1.0), Choice("prior", ("a", "b"), "b")), {"z": "0.4"})
    {'z': 0.5, 'prior': 'b'}
    """
    return {c.name: c.read(given.get(c.name, str(c.default))) for c in controls}


def even(low: float, high: float, steps: int) -> tuple[float, ...]:
    """Values at equal distances."""
    return tuple(round(float(v), 10) for v in np.linspace(low, high, steps))


def spread(low: float, high: float, steps: int) -> tuple[float, ...]:
    """Values at equal ratios, of two significant digits."""
    values = [float(f"{v:.2g}") for v in np.geomspace(low, high, steps)]
    return tuple(sorted(set(values)))
