"""What every sampler is: a way to begin, a step, and what a state says about the model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from priorfit._typing import Array

__all__ = ["Draw", "Sampler"]

#: what is kept of one state, by name: numbers or arrays
Draw = dict[str, Any]


class Sampler(ABC):
    """A Markov chain: ``init`` makes a state, ``step`` moves it and leaves the posterior as it is.

    Samplers hold what is given and never change; all randomness comes from the generator.
    """

    #: what users read
    name: str
    #: sweeps before the first draw is kept
    warmup: int = 0

    @abstractmethod
    def init(self, rng: np.random.Generator) -> Any:
        """A state to begin with, dispersed over the posterior."""

    @abstractmethod
    def step(self, state: Any, rng: np.random.Generator) -> Any:
        """The next state."""

    def tuned(self, state: Any, done: float) -> Any:  # noqa: ARG002
        """The state with its step sizes adapted, within the warm-up (``done`` in [0, 1])."""
        return state

    @abstractmethod
    def draw(self, state: Any, rng: np.random.Generator) -> Draw:
        """``coef``, ``intercept``, and the parameters that are sampled: ``noise``, ``scale``..."""


class Independent(ABC):
    """A sampler whose draws are independent: no chain, no warm-up, nothing to converge."""

    name: str

    @abstractmethod
    def draws(self, size: int, rng: np.random.Generator) -> dict[str, Array]:
        """``size`` draws of every parameter, the draws first."""
