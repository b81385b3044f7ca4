"""One row of the atlas: an algorithm, and what a belief about its weights would be."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Algorithm"]


@dataclass(frozen=True)
class Algorithm:
    """An algorithm fits a prior where it has real weights for which 0 means "no effect", and a loss
    that reads as a negative log likelihood (or as a pseudo one).

    ``weights`` is the vector that the belief is about, ``l2`` and ``l1`` what the two penalties
    mean for it, ``solver`` what computes it, ``here`` a call of this package, ``elsewhere``
    libraries that have it, ``reason`` why it does not fit; the last three may be "".
    """

    name: str
    kind: str
    weights: str
    l2: str = "normal"
    l1: str = "Laplace"
    solver: str = ""
    here: str = ""
    elsewhere: str = ""
    reason: str = ""

    @property
    def fits(self) -> bool:
        """Whether there are weights that a prior can speak of."""
        return not self.reason
