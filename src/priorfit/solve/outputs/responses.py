"""Gaussian responses that share a noise: together where the prior ties them, else one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from priorfit._typing import Array
from priorfit.solve.certificate import Certificates
from priorfit.solve.chosen import Solver
from priorfit.solve.columns import readable, stored_or_copied
from priorfit.solve.grouped import MOST, Grouped
from priorfit.solve.outputs.standard import OutputsStandard
from priorfit.solve.standard import Standard

__all__ = ["OneByOne", "Together"]


class Together(Grouped):
    """Groups that hold weights of several responses: their columns stacked, see
    ``cpp/stacked.hpp``."""

    step = 0.35

    def __init__(self, standard: OutputsStandard, tol: float, max_iter: int) -> None:
        super().__init__(standard, tol, max_iter)
        self.outputs = standard.outputs
        self.few = self.most = min(MOST, self.most)

    @staticmethod
    def applies(standard: OutputsStandard) -> bool:
        """Whether native code can read the columns, and all responses have the same units."""
        scale = standard.Z.scale.reshape(-1, standard.outputs)
        return (
            standard.gaussian
            and not OneByOne.applies(standard)
            and bool(np.all(scale == scale[:, :1]))
            and readable(standard.Z.base)
            and not np.any(standard.form.flat[standard.first :])
        )

    def _way(self) -> Solver:
        return self._path

    def _columns(self, base: Array) -> tuple[Any, ...]:
        Z, q, y = self.standard.Z, self.outputs, self._beyond(base)
        root = np.sqrt(self.standard.weights[::q])
        rows = np.ascontiguousarray((root[:, None] * y.reshape(-1, q)).T).ravel()
        return (
            *(stored_or_copied(Z.base) or ()),
            Z.center,
            np.ascontiguousarray(Z.scale[::q]),
            root,
            rows,
        )


class OneByOne:
    """Responses that nothing ties: each is a problem of its own, at the same strengths."""

    def __init__(
        self, standard: OutputsStandard, tol: float, make: Callable[[Standard, float], Any]
    ) -> None:
        self.standard, self.rounds = standard, 0
        self.parts = standard.parts
        self.engines = [make(part, tol) for part in self.parts]

    @staticmethod
    def applies(standard: OutputsStandard) -> bool:
        """Whether every group holds weights of one response only."""
        groups = standard.form.groups
        if groups is None or not standard.gaussian:
            return standard.gaussian
        output = groups.order % standard.outputs
        start = np.cumsum(groups.sizes) - groups.sizes
        return bool(np.all(output == np.repeat(output[start], groups.sizes)))

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates, each warm from the last."""
        standard, q = self.standard, self.standard.outputs
        solutions = np.empty((standard.size, len(strengths)))
        gap, kkt = np.zeros((2, len(strengths)))
        for k, (part, run) in enumerate(zip(self.parts, self.engines, strict=True)):
            mine = part.start if warm is standard.start else warm[k::q]
            solutions[k::q], found = run(strengths, mine)
            gap += found.gap * (part.reference / standard.reference)
            share = part.null_correlation / standard.null_correlation
            kkt = np.maximum(kkt, found.kkt * share)
            self.rounds = max(self.rounds, run.rounds)
        return solutions, Certificates(gap, kkt, np.empty((0, len(strengths))))
