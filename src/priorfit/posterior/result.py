"""What sampling returns: draws, and the answers that they give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Seed
from priorfit.design import as_design
from priorfit.likelihoods import Ordinal
from priorfit.posterior.checks import Health, health
from priorfit.posterior.intervals import eti, hdi
from priorfit.posterior.leave_one_out import PsisLoo, psis_loo
from priorfit.posterior.model import Model
from priorfit.posterior.ordered import class_draws, class_logs, class_shares
from priorfit.posterior.run import Chain, Progress, run
from priorfit.posterior.samplers.sampler import Independent
from priorfit.posterior.sensitivity import Sensitivity, power_scaling
from priorfit.posterior.table import text
from priorfit.problem import neg_log_belief
from priorfit.solve import Solution, solve_quietly

__all__ = ["Posterior"]

_INTERVALS = {"eti": eti, "hdi": hdi}
_BLOCK = 1 << 22  # numbers of a table at a time


@dataclass(frozen=True, eq=False, repr=False)
class Posterior:
    """Draws of every unknown, given the data: (chains, draws, ...) arrays by name in `draws`.

    ``coef`` (chains, draws, p) in units of the weights as the data have them, ``intercept``,
    ``noise`` (the root of the dispersion) where it was unknown, ``scale`` (the factor of all prior
    scales) where the strength was sampled, ``thresholds`` (chains, draws, K - 1) for the cut-points
    of ordered classes, ``included`` under a spike. For several outputs coef is (chains, draws, p,
    q).

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> problem = pf.Problem.make([[1.0]], [0.8], prior=pf.Laplace(1.0),
    ...                           likelihood=pf.Gaussian(noise=1.0), intercept=False)
    >>> posterior = pf.sample(problem, draws=2000, seed=0)
    >>> bool(posterior.mode == 0.0), bool(abs(posterior.mean - 0.3945) < 0.05)
    (True, True)
    """

    draws: dict[str, Array]
    stats: dict[str, Array]
    model: Model
    seed: int | None
    threads: int = 1
    ends: tuple[Chain, ...] = field(default=(), repr=False)
    fitted: Solution | None = None

    # -- the weights -----------------------------------------------------------------------------

    @property
    def coef(self) -> Array:
        """Draws of the weights, (chains, draws, p) or (chains, draws, p, q)."""
        return self.draws["coef"]

    @property
    def flat(self) -> Array:
        """Draws of the weights, all chains in a row: (draws, p) or (draws, p, q)."""
        return self.coef.reshape(-1, *self.coef.shape[2:])

    @property
    def mean(self) -> Array:
        """Posterior mean of each weight."""
        return np.asarray(self.flat.mean(axis=0))

    @property
    def median(self) -> Array:
        """Posterior median of each weight."""
        return np.asarray(np.median(self.flat, axis=0))

    @property
    def sd(self) -> Array:
        """Posterior standard deviation of each weight."""
        return np.asarray(self.flat.std(axis=0, ddof=1))

    @cached_property
    def mode(self) -> Array:
        """The MAP estimate: the most probable weights together, of the same belief.

        Where the strength was sampled, at its posterior median; where the noise was, at the noise
        that the fit implies. Raises `InputError` where the belief has no mode (the horseshoe).
        """
        if self.fitted is not None:
            return self.fitted.coef
        problem = self.model.problem
        if "scale" in self.draws:
            factor = float(np.median(self.draws["scale"]))
            problem = replace(problem, prior=problem.prior.widened(factor))
        return solve_quietly(problem).coef

    def interval(self, prob: float = 0.95, kind: str = "eti") -> Array:
        """An interval for each weight that holds ``prob`` of its posterior, (2, p).

        ``kind``: "eti" cuts equal tails off, "hdi" is the shortest.
        """
        if kind not in _INTERVALS:
            raise InputError("`kind` must be eti or hdi", repr(kind), "Choose one of them.")
        return np.moveaxis(_INTERVALS[kind](np.moveaxis(self.flat, 0, -1), prob), -1, 0)

    @property
    def prob_zero(self) -> Array:
        """``P(b_j = 0 | y)``: exactly 0.0 under every continuous belief, whatever the MAP estimate;
        under a spike and slab the share of draws in the spike (weights that the belief fixes at
        zero are zero for certain)."""
        return np.asarray((self.flat == 0.0).mean(axis=0))

    @property
    def inclusion(self) -> Array:
        """``P(b_j != loc_j | y)``; raises `InputError` where no weight can be left out."""
        if "included" not in self.draws:
            raise InputError(
                "an inclusion probability needs a belief with a spike",
                self.model.problem.belief.word,
                "Use pf.SpikeSlab, or ask for P(|b| < eps) by `prob_within`.",
            )
        included = self.draws["included"]
        return np.asarray(included.reshape(-1, *included.shape[2:]).mean(axis=0))

    def prob_within(self, eps: float | Array) -> Array:
        """``P(|b_j| < eps | y)`` of each weight: how probable it is that it does not matter."""
        return np.asarray((np.abs(self.flat) < eps).mean(axis=0))

    # -- the response ----------------------------------------------------------------------------

    def eta(self, X: Any = None, offset: Any = None, thin: int = 1) -> Array:
        """Draws of the linear predictor of new rows, or of the rows that were fitted: (draws, n)
        or (draws, n, q); every ``thin``-th draw of each chain."""
        problem = self.model.problem
        design = problem.design if X is None else as_design(X)
        n = design.shape[0]
        if X is None:
            known: Any = problem.offset if offset is None else offset
        else:
            known = np.zeros(n) if offset is None else np.asarray(offset, dtype=np.float64)
        coef = self.coef[:, ::thin].reshape(-1, *self.coef.shape[2:])
        level = self._levels[:, ::thin].reshape(-1, *self._levels.shape[2:])
        if coef.ndim == 2:
            return np.asarray(design.matvec(coef.T).T + level[:, None] + known)
        products = [design.matvec(one) + a for one, a in zip(coef, level, strict=True)]
        return np.stack(products) + (known if np.ndim(known) == 2 else np.zeros(1))

    @property
    def _levels(self) -> Array:
        shape = self.coef.shape[:2] + self.coef.shape[3:]
        return self.draws.get("intercept", np.zeros(shape))

    def mu(self, X: Any = None, offset: Any = None, thin: int = 1) -> Array:
        """Draws of the expected response, (draws, n) or (draws, n, q); of ordered classes the
        probability of each, (draws, n, K)."""
        eta = self.eta(X, offset, thin)
        likelihood = self.model.problem.likelihood
        if isinstance(likelihood, Ordinal):
            return class_shares(likelihood, eta, self._cuts(thin))
        if eta.ndim == 3:
            return np.stack([likelihood.mean(one) for one in eta])
        return likelihood.mean(eta)

    def _cuts(self, thin: int = 1) -> Array:
        """Draws of the cut-points between ordered classes, (draws, K - 1)."""
        cuts = self.draws["thresholds"][:, ::thin]
        return cuts.reshape(-1, cuts.shape[2])

    def predictive(
        self, X: Any = None, offset: Any = None, thin: int = 1, seed: Seed = None
    ) -> Array:
        """Draws of the response itself: what new data would be, (draws, n)."""
        likelihood, rng = self.model.problem.likelihood, np.random.default_rng(seed)
        eta = self.eta(X, offset, thin)
        if isinstance(likelihood, Ordinal):
            return class_draws(likelihood, eta, self._cuts(thin), rng)
        phi = self._dispersions[:, ::thin].ravel()
        return np.stack([likelihood.draw(e, float(f), rng) for e, f in zip(eta, phi, strict=True)])

    @property
    def _dispersions(self) -> Array:
        known = self.model.problem.likelihood.known_dispersion
        if "noise" in self.draws:
            return np.square(self.draws["noise"])
        return np.full(self.coef.shape[:2], 1.0 if known is None else known)

    def log_likelihood(self) -> Array:
        """``log p(y_i | draw)`` times the row's weight, (chains, draws, n).

        Raises `InputError` where rows have no likelihood of their own (Cox).
        """
        problem = self.model.problem
        if isinstance(problem.likelihood, Ordinal):
            y, w = problem.y, problem.weights
            logs = w * class_logs(problem.likelihood, y, w, self.eta(), self._cuts())
            return logs.reshape(*self.coef.shape[:2], -1)
        if problem.likelihood.coupled:
            raise InputError(
                "a pointwise likelihood needs rows that are independent",
                problem.likelihood.name,
                "Compare by cross-validation.",
            )
        eta, phi = self.eta(), self._dispersions.ravel()
        out = np.empty(eta.shape[:2])
        for k, (one, f) in enumerate(zip(eta, phi, strict=True)):
            lost = problem.likelihood.loss(problem.y, one) / f
            lost = lost + problem.likelihood.constant(problem.y, float(f))
            out[k] = -(lost.sum(axis=1) if lost.ndim == 2 else lost) * problem.weights
        return out.reshape(*self.coef.shape[:2], -1)

    def loo(self) -> PsisLoo:
        """Leave-one-out from the draws; see `priorfit.compare` for models side by side."""
        return psis_loo(self.log_likelihood())

    # -- trust -----------------------------------------------------------------------------------

    @cached_property
    def health(self) -> Health:
        """R-hat, effective sample sizes and errors of every parameter, and what they warn of."""
        exact = isinstance(self.model.sampler, Independent)
        return health(self._columns, self.stats, self.model, exact)

    @property
    def _columns(self) -> dict[str, Array]:
        """Each scalar parameter by name, (chains, draws)."""
        coef = self.coef.reshape(*self.coef.shape[:2], -1)
        out = {name: coef[:, :, j] for j, name in enumerate(self.labels)}
        for name in ("intercept", "thresholds", "noise", "scale", "inclusion_rate"):
            if name not in self.draws:
                continue
            values = self.draws[name]
            if values.ndim == 2:
                out[name] = values
            else:
                out |= {f"{name} [{k}]": values[:, :, k] for k in range(values.shape[2])}
        return out

    @property
    def labels(self) -> Sequence[str]:
        """Names of the weights."""
        return self.model.problem.weight_labels

    def sensitivity(self) -> Sensitivity:
        """Whether the prior or the data, or both, would move each parameter if they counted more.

        Source: Kallioinen et al. (2024); see `priorfit.posterior.sensitivity`.
        """
        columns = self._columns
        values = np.stack(list(columns.values()), axis=2)
        problem, flat = self.model.problem, self.flat.reshape(values.shape[0] * values.shape[1], -1)
        scales = self.draws.get("scale", np.ones(self.coef.shape[:2])).ravel()
        belief = problem.belief
        if "scale" in self.draws:
            logs = np.array(
                [-neg_log_belief(belief.widened(k), b) for k, b in zip(scales, flat, strict=True)]
            )
        else:
            logs = np.array([-neg_log_belief(belief, b) for b in flat])
        data = self.log_likelihood().sum(axis=2)
        found = power_scaling(values, logs.reshape(data.shape), data)
        return replace(found, names=tuple(columns))

    def extend(self, draws: int, progress: Progress | None = None) -> Self:
        """More draws of the same chains: the same numbers as one longer run from the start."""
        more = run(
            self.model.sampler, draws, len(self.ends), self.seed,
            threads=self.threads, progress=progress, begin=self.ends,
        )  # fmt: skip
        known, stats = arranged(more.draws, self.model)
        both = {k: np.concatenate([v, known[k]], axis=1) for k, v in self.draws.items()}
        told = {k: np.concatenate([v, stats[k]], axis=1) for k, v in self.stats.items()}
        return replace(self, draws=both, stats=told, ends=more.ends)

    def to_arviz(self) -> Any:
        """As ArviZ knows it: a DataTree (arviz-base) or InferenceData (ArviZ 0.x), with posterior,
        sample statistics, pointwise log likelihood and the data."""
        from priorfit.posterior.arviz import to_arviz

        return to_arviz(self)

    def plot(self, ax: Any = None, prob: float = 0.9) -> Any:
        """The weights with their intervals; see `priorfit.plots.plot_posterior`."""
        from importlib import import_module

        return import_module("priorfit.plots").plot_posterior(self, ax, prob=prob)

    def summary(self, prob: float = 0.95) -> str:
        """A table: mode, mean, sd, interval, P(b = 0), R-hat and effective sample sizes."""
        return text(self, prob)

    def __repr__(self) -> str:
        return text(self, 0.95)


def arranged(draws: dict[str, Array], model: Model) -> tuple[dict[str, Array], dict[str, Array]]:
    """What was sampled, as the problem has it; and statistics of the steps."""
    problem = model.problem
    coef = model.back(draws["coef"])
    if problem.outputs is not None:
        coef = coef.reshape(*coef.shape[:2], -1, problem.outputs)
    out, stats = {"coef": coef}, {}
    for name, values in draws.items():
        if name in ("energy", "accepted"):
            stats[name] = values
        elif name == "intercept" and isinstance(problem.likelihood, Ordinal):
            out["thresholds"] = values
        elif name == "included":
            out[name] = values.reshape(coef.shape)
        elif name == "intercept" and problem.intercept:
            one = values.ndim == 3 and problem.outputs is None
            out[name] = values[:, :, 0] if one else values
        elif name not in ("coef", "intercept") and model.samples(name):
            out[name] = values
    return out, stats
