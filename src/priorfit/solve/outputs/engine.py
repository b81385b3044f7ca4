"""The engine of several outputs: native where it can be, proximal Newton for the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from priorfit._typing import Array
from priorfit.solve.certificate import Certificates, certify, joined
from priorfit.solve.newton import Newton
from priorfit.solve.outputs.classes import Classes
from priorfit.solve.outputs.kept import SoftmaxQuasi
from priorfit.solve.outputs.responses import OneByOne, Together
from priorfit.solve.outputs.softmax import SoftmaxPath, repays
from priorfit.solve.outputs.standard import OutputsStandard
from priorfit.solve.standard import Standard

__all__ = ["Outputs"]


class Outputs:
    """An engine; ``make(standard, tol)`` gives that of one response."""

    def __init__(
        self,
        standard: OutputsStandard,
        tol: float,
        max_iter: int,
        make: Callable[[Standard, float], Any],
    ) -> None:
        self.standard, self.tol, self.max_iter, self.rounds = standard, tol, max_iter, 0
        self.native = SoftmaxPath(standard, tol) if SoftmaxPath.applies(standard) else None
        self.quasi = SoftmaxQuasi(standard, tol) if SoftmaxQuasi.applies(standard) else None
        self.responses: OneByOne | Together | Classes | None = None
        if OneByOne.applies(standard):
            self.responses = OneByOne(standard, tol, make)
        elif Together.applies(standard):
            self.responses = Together(standard, tol, max_iter)
        elif Classes.applies(standard):
            self.responses = Classes(standard, tol, max_iter)

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates, each warm from the last."""
        if self.responses is not None:
            found_all = self.responses(strengths, warm)
            self.rounds = max(self.rounds, self.responses.rounds)
            return found_all
        if self.quasi is not None and self.quasi.suits(len(strengths)):
            solutions = self.quasi(strengths, warm)
            found = certify(self.standard, solutions, strengths)
            if np.all(found.gap <= self.tol):
                self.rounds = max(self.rounds, self.quasi.rounds)
                return solutions, found
        if self.native is None or not repays(self.standard, len(strengths)):
            return self._newton(strengths, warm)
        solutions, found = self.native(strengths, warm)
        done = solutions.shape[1]
        self.rounds = max(self.rounds, done)
        if done < len(strengths):
            rest, more = self._newton(strengths[done:], solutions[:, -1] if done else warm)
            solutions = np.hstack([solutions, rest])
            found = joined([found, more._replace(slopes=np.empty((0, len(more.gap))))])
        for k in np.flatnonzero(found.gap > self.tol):
            again, better = self._newton(strengths[k : k + 1], solutions[:, k])
            if better.gap[0] < found.gap[k]:
                solutions[:, k] = again[:, 0]
                found.gap[k], found.kkt[k] = better.gap[0], better.kkt[0]
        return solutions, found

    def _newton(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        newton = Newton(self.standard, self.tol, min(self.max_iter, 200))
        found = newton(strengths, warm)
        self.rounds = max(self.rounds, newton.rounds)
        return found
