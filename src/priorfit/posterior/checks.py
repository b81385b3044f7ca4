"""What is wrong with draws, in words, with the parameter and the remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from priorfit._typing import Array
from priorfit.posterior.diagnostics import ebfmi, ess_bulk, ess_tail, mcse_mean, rhat

if TYPE_CHECKING:
    from priorfit.posterior.model import Model

__all__ = ["Health", "health"]

RHAT, ESS, BFMI = 1.01, 400.0, 0.3
_COLLAPSED = 0.1  # of the response's variance: less noise than that is suspicious where p >= n


@dataclass(frozen=True, eq=False)
class Health:
    """For each parameter (k,): ``rhat``, ``bulk`` and ``tail`` effective sample sizes, ``mcse`` of
    the mean. ``warnings``: sentences; none where all is well."""

    names: tuple[str, ...]
    rhat: Array
    bulk: Array
    tail: Array
    mcse: Array
    warnings: tuple[str, ...]

    @property
    def converged(self) -> bool:
        """Whether nothing is to be warned of."""
        return not self.warnings


def health(columns: dict[str, Array], stats: dict[str, Array], model: Model, exact: bool) -> Health:
    """The diagnosis of draws (chains, draws) by name."""
    names, table = tuple(columns), np.stack(list(columns.values()), axis=2)
    constant = table.max(axis=(0, 1)) == table.min(axis=(0, 1))
    found = Health(names, rhat(table), ess_bulk(table), ess_tail(table), mcse_mean(table), ())
    said = [] if exact else _mixing(found, ~constant)
    if "energy" in stats and np.any(ebfmi(stats["energy"]) < BFMI):
        worst = float(ebfmi(stats["energy"]).min())
        said.append(
            f"E-BFMI {worst:.2f} < {BFMI}: the energy moves too little to reach the tails; "
            "sample for longer, or state a narrower prior"
        )
    said += _collapse(columns, model)
    return Health(names, found.rhat, found.bulk, found.tail, found.mcse, tuple(said))


def _mixing(found: Health, varies: Array) -> list[str]:
    said = []
    worst = int(np.argmax(np.where(varies, np.nan_to_num(found.rhat, nan=1.0), 0.0)))
    if found.rhat[worst] > RHAT:
        said.append(
            f"R-hat {found.rhat[worst]:.3f} > {RHAT} for {found.names[worst]!r}: chains disagree; "
            "take more draws (`extend`), or state a narrower belief about it"
        )
    size = np.where(varies, np.fmin(found.bulk, found.tail), np.inf)
    least = int(np.argmin(np.nan_to_num(size, nan=np.inf)))
    if size[least] < ESS:
        said.append(
            f"effective sample size {size[least]:.0f} < {ESS:.0f} for {found.names[least]!r}: its "
            f"quantiles are uncertain; take about {ESS / max(size[least], 1.0):.1f} times the draws"
        )
    return said


def _collapse(columns: dict[str, Array], model: Model) -> list[str]:
    """The noise of a gaussian with p >= n that has no belief to hold it up."""
    problem, noise = model.problem, columns.get("noise")
    gaussian = problem.likelihood.name == "gaussian" and problem.outputs is None
    if noise is None or not gaussian or problem.design.shape[1] < problem.n_effective:
        return []
    if "horseshoe" in problem.belief.word:
        return []
    w = problem.weights
    spread = float(w @ (problem.y - w @ problem.y / w.sum()) ** 2 / w.sum())
    middle = float(np.median(noise)) ** 2
    if middle >= _COLLAPSED * spread:
        return []
    return [
        f"the noise variance has collapsed to {middle / spread:.1%} of that of y with p >= n: this "
        "belief does not tell noise from many small weights; state the noise "
        "(noise=pf.HalfNormal(...)), or believe in few large weights (pf.Horseshoe)"
    ]
