"""Where a search for local optima begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from priorfit._typing import Array
from priorfit.priors import NormalForm
from priorfit.solve.standard import Standard

__all__ = ["Starts"]

#: solve the problem with this convex form at one strength
Convex = Callable[[NormalForm, float], Array]
#: one local optimum at a strength, from a start
Descend = Callable[[float, Array, float | None], Array]

_CONTINUED = (8.0, 3.0)  # widths of the concave part on the way from the convex problem
_STRONGER = 8  # strengths on the way down from the null model


@dataclass(frozen=True)
class Starts:
    """The warm start; all weights at their prior mean; the convex problem near 0 (lasso, ridge);
    the way down from the null model; random supports."""

    standard: Standard
    convex: Convex
    seed: int = 0
    n_random: int = 2

    def of(self, strength: float, warm: Array, descend: Descend) -> Iterator[Array]:
        """The starts at a strength; each is made when it is asked for."""
        standard = self.standard
        yield standard.start
        if not np.array_equal(warm, standard.start):
            yield warm
        plain = self._plain(strength)
        yield plain
        yield self._down(strength, descend)
        rng = np.random.default_rng(self.seed)
        for _ in range(self.n_random):
            yield self._random(plain, rng)

    def _plain(self, strength: float) -> Array:
        """The convex problem that the penalty looks like near 0; for a jump the lasso whose
        threshold is where a weight of a column by itself is worth its price."""
        standard, form = self.standard, self.standard.form
        assert form.concave is not None
        l1 = form.l1
        if form.concave.jumps:
            total = float(standard.weights.sum())
            l1 = np.sqrt(2.0 * total * form.concave.at(strength)) / strength
        return self.convex(replace(form, l1=l1, concave=None), strength)

    def _down(self, strength: float, descend: Descend) -> Array:
        """From the null model through weaker and weaker penalties."""
        g, previous = self.standard.start, None
        for times in np.geomspace(200.0, 1.0, _STRONGER + 1)[:-1]:
            g = descend(strength * float(times), g, previous)
            previous = strength * float(times)
        return g

    def _random(self, plain: Array, rng: np.random.Generator) -> Array:
        """Half of the weights of the convex problem, at up to twice their size."""
        form = self.standard.form
        t = (plain - form.loc) * (rng.uniform(size=plain.shape) < 0.5)
        return np.clip(form.loc + t * rng.uniform(0.5, 2.0, size=t.shape), form.lower, form.upper)
