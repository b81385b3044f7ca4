"""What is believed about a precision itself."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Rates"]


class Rates(NamedTuple):
    """Gamma beliefs: shape and rate of the noise's precision, shape and rate of the weights'."""

    noise_shape: float = 0.0
    noise_rate: float = 0.0
    weight_shape: float = 0.0
    weight_rate: float = 0.0
