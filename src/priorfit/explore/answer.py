"""What a page answers: figures, a sentence, a certificate, the code, the numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from priorfit.explore.controls import Control, Values
from priorfit.explore.figure import Figure
from priorfit.explore.texts import Say

__all__ = ["Answer", "Certified", "Page", "Table"]


@dataclass(frozen=True)
class Table:
    """The figures' main numbers as a table: texts, ready to be shown."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Certified:
    """The proof of what is shown: ``text`` for people, ``value`` <= ``bound`` for machines."""

    text: str
    value: float
    bound: float

    @property
    def ok(self) -> bool:
        """Whether the proof holds."""
        return bool(self.value <= self.bound)


@dataclass(frozen=True)
class Answer:
    """``numbers`` are what ``code`` computes under the same names, when it is run; ``spoken`` is
    said with the value of a slider where it is heard instead of seen."""

    figures: tuple[Figure, ...]
    sentence: str
    certificate: Certified
    code: str
    numbers: Mapping[str, float]
    table: Table
    spoken: str = ""


@dataclass(frozen=True)
class Page:
    """A question: its ``name`` in the address, its controls, and the pure function that answers.

    ``right`` is the index of the right option of the prompt that asks before the figure tells,
    ``face`` the figure that stands for the page among the others.
    """

    name: str
    controls: tuple[Control, ...]
    answer: Callable[[Values, Say], Answer]
    right: int = 0
    face: int = 0
