"""A regularization path, certified at every point."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Intercept, Mask
from priorfit.likelihoods import Likelihood
from priorfit.priors import Prior, Truncated
from priorfit.problem import Problem
from priorfit.solve.engines import engine
from priorfit.solve.grid import TWO_RATES, is_squared
from priorfit.solve.leverage import left_out
from priorfit.solve.noise import degrees_of_freedom, noise_variance, squares
from priorfit.solve.radius import AtRadius, at_radius
from priorfit.solve.relaxed import Relaxed, relaxed
from priorfit.solve.restore import restore
from priorfit.solve.result import Certificate
from priorfit.solve.standard import Standard

__all__ = ["Path"]


@dataclass(frozen=True, eq=False, repr=False)
class Path:
    """MAP estimates along a sequence of penalties, strongest first.

    ``coefs`` (p, k), ``intercepts`` (k,), of q outputs (p, q, k) and (q, k); ``penalties`` (k,):
    lambda on the sum scale,
    ``gaps`` and ``kkts`` (k,): the certificate of each point, ``prior``: the unit-rate shape that
    each lambda multiplies, ``tol``: the gap asked for. ``likelihood``: that of every
    point, an unknown theta or scale of Huber's as it is held.
    """

    coefs: Array
    intercepts: Array
    penalties: Array
    gaps: Array
    kkts: Array
    prior: Prior
    problem: Problem
    tol: float
    _standard: Standard = field(repr=False)
    #: the same path in the coordinates of `Problem.change`, where there are such
    _inner: Path | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        count, ends = self.n_nonzero, self.penalties[[0, -1]]
        judged = "local optima" if self.local else f"largest gap {self.gaps.max():.2g}"
        return (
            f"<Path of {len(self.penalties)} penalties, {ends[0]:.4g} to {ends[1]:.4g}: "
            f"{count[0]} to {count[-1]} non-zero of {len(self.flat_coefs)}, {judged}>"
        )

    @property
    def likelihood(self) -> Likelihood:
        """That of every point; a theta or scale that was not given is the pilot's."""
        return self.problem.likelihood

    @property
    def n_nonzero(self) -> Array:
        """Number of weights that are not exactly 0, (k,)."""
        return np.asarray(np.count_nonzero(self.flat_coefs, axis=0))

    @property
    def flat_coefs(self) -> Array:
        """All weights in the order of `Problem.belief`, (p, k) or (p q, k)."""
        return self.coefs.reshape(-1, self.coefs.shape[-1])

    @property
    def norms(self) -> Array:
        """The radius of the constraint that each point solves (`NormalForm.radius`), (k,)."""
        if self._inner is not None:
            return self._inner.norms
        form = self.problem.form
        return np.asarray(form.radius(self.flat_coefs - form.loc[:, None]))

    @cached_property
    def losses(self) -> Array:
        """``sum_i w_i loss(y_i, eta_i)`` of each point, (k,): half the RSS for the gaussian."""
        problem = self.problem
        eta = problem.etas(self.intercepts, self.coefs)
        return problem.likelihood.total(problem.y, eta, problem.weights)

    @cached_property
    def df(self) -> Array:
        """Degrees of freedom of each point, the intercept's among them, (k,)."""
        unit = self._standard.y_unit**2
        strengths = self.penalties * unit
        points = range(len(strengths))
        return np.array(
            [degrees_of_freedom(self._standard, self._unknowns(k), strengths[k]) for k in points]
        )

    def left_out(self, k: int) -> Array:
        """Linear predictor (n,) of each row at point ``k`` as the fit without this row gives it.

        To first order; exact for a gaussian with a normal prior. See `priorfit.solve.leverage`.
        """
        standard, problem = self._standard, self.problem
        strength = float(self.penalties[k]) * standard.y_unit**2
        self.problem.require_one_output("leave-one-out")
        eta = left_out(standard, self._unknowns(k), strength)
        if standard.gaussian:
            return problem.offset + standard.y_center + eta / standard.y_unit
        return eta

    @property
    def shadow_prices(self) -> Array:
        """``-dV/dt`` at each point, (k,): how fast the smallest loss V(t) falls with the radius t.

        Lambda for a Laplace prior; lambda times the radius for a normal one, because the radius is
        the length and the penalty half its square.
        """
        form = self.problem.changed.form
        return np.asarray(self.penalties * form.slope(self.norms))

    @cached_property
    def dispersions(self) -> Array:
        """phi at each point, (k,): known, or RSS / (n - df), X^2 / (n - df), of that point.

        Where no rows are left to estimate it from (see `identified`) it is that of the last point
        that had some, or of the model without columns; 1 for a constant response.
        """
        return np.array([self.dispersion_at(k) for k in range(len(self.penalties))])

    def dispersion_at(self, k: int) -> float:
        """phi at point ``k``."""
        standard = self._standard
        known = (self._variance(i) for i in range(k, -1, -1))
        found = next((v for v in known if np.isfinite(v)), None)
        if found is None:
            found = squares(standard, standard.start) / max(self.problem.n_effective - 1.0, 1.0)
        return (found if found > 0 else 1.0) / standard.y_unit**2

    @property
    def identified(self) -> Mask:
        """Whether the data say how large the noise is at each point, (k,)."""
        return np.array([self.identified_at(k) for k in range(len(self.penalties))])

    def identified_at(self, k: int) -> bool:
        """Whether the data say how large the noise is at point ``k``."""
        return bool(np.isfinite(self._variance(k)))

    @cached_property
    def _known_variances(self) -> dict[int, float]:
        return {}

    def _variance(self, k: int) -> float:
        """phi in units of ``y_unit``, infinite where no degrees of freedom are left."""
        unit, known = self._standard.y_unit**2, self.problem.likelihood.known_dispersion
        if known is not None:
            return known * unit
        if k not in self._known_variances:
            strength = float(self.penalties[k]) * unit
            found = noise_variance(self._standard, self._unknowns(k), strength)
            self._known_variances[k] = found
        return self._known_variances[k]

    @property
    def scales(self) -> Array:
        """The prior scale that each penalty means, phi / lambda (Laplace; the l1 scale of an
        elastic net) or sqrt(phi / lambda) (normal); a multiple of the scales given per column.

        Of a prior by column phi / lambda: what each part's rates are divided by.
        """
        with np.errstate(divide="ignore"):
            ratio = self.dispersions / self.penalties
        base = self.prior.prior if isinstance(self.prior, Truncated) else self.prior
        if isinstance(base, TWO_RATES) and np.ndim(base.l1_scale) == 0:
            return np.asarray(ratio * float(base.l1_scale))
        return np.sqrt(ratio) if is_squared(base) else ratio

    @property
    def local(self) -> bool:
        """Whether loss or penalty is not convex: gaps are infinite then, and kkts are the proof
        (not so for a best subset of few columns, where every subset was looked at)."""
        convex = self.problem.likelihood.convex and self._standard.form.concave is None
        return not convex and bool(np.any(np.isinf(self.gaps)))

    @property
    def _proofs(self) -> Array:
        return self.kkts if self.local else self.gaps

    @property
    def certified(self) -> bool:
        """Whether every point is within the tolerance (of kkt, where the path is `local`)."""
        return bool(np.all(self._proofs <= self.tol))

    def certificate(self, k: int) -> Certificate:
        """The proof of point ``k``."""
        return Certificate(float(self.gaps[k]), float(self.kkts[k]), self.tol, self.local)

    def prior_at(self, k: int) -> Prior:
        """The belief that point ``k`` is the MAP estimate of."""
        penalty, phi = float(self.penalties[k]), self.dispersion_at(k)
        return self.prior.member(penalty, phi, self.problem.n_effective)

    def at(self, penalty: float) -> tuple[Intercept, Array]:
        """(intercept, coef) at any lambda >= 0, solved and certified anew."""
        if self._inner is not None and self.problem.change is not None:
            intercept, u = self._inner.at(penalty)
            return intercept, self.problem.change.back(u)
        unit = self._standard.y_unit**2
        warm = self._unknowns(int(np.argmin(np.abs(self.penalties - penalty))))
        run = engine(self._standard, solver="auto", tol=self.tol, max_iter=10_000)
        g, _ = run(np.array([penalty * unit]), warm)
        intercepts, coefs = restore(self._standard, g, self.problem)
        return intercepts[..., 0], coefs[..., 0]

    def _unknowns(self, k: int) -> Array:
        if self._inner is not None:
            return self._inner._unknowns(k)
        return self._standard.enter(self.intercepts[..., k], self.coefs[..., k])

    def at_norm(self, radius: float) -> tuple[Intercept, Array]:
        """(intercept, coef) of the constrained problem: the best fit with norm <= ``radius``.

        The norm is that of `norms`. Beyond the norm of the fit without a penalty the constraint is
        slack and that fit is returned. Raises `InputError` where the radius is below the strongest
        point of the path. `within` also gives the multiplier and the certificate.
        """
        if self._standard.form.concave is None and radius == self.norms[0]:
            return self.intercepts[..., 0], self.coefs[..., 0]
        found = self.within(radius)
        return found.intercept, found.coef

    def within(self, radius: float) -> AtRadius:
        """The constrained problem at any radius from the path's first norm on; see `at_norm`.

        Examples
        --------
        >>> import numpy as np, priorfit as pf
        >>> few = pf.path(np.diag([1.0, 2.0]), [3.0, 2.0], intercept=False)
        >>> found = few.within(2.0)
        >>> found.coef.round(3), round(found.penalty, 3)
        (array([1.4, 0.6]), 1.6)
        """
        if self._inner is not None and self.problem.change is not None:
            found = self._inner.within(radius)
            return found._replace(coef=self.problem.change.back(found.coef))
        if self._standard.form.concave is not None:
            raise InputError(
                "the constraint view needs a convex penalty: a radius then says which lambda",
                self.prior.word,
                "Read the path at a lambda instead: path.at(penalty).",
            )
        norms = self.norms
        if not norms[0] <= radius < np.inf:
            raise InputError(
                "`radius` must be a finite number, and no smaller than the path's first norm",
                f"{radius:g}, where the path begins at {norms[0]:.4g}",
                "Give a larger radius, or begin the path at a stronger penalty.",
            )
        k = max(0, int(np.argmax(norms > radius)) - 1 if np.any(norms > radius) else len(norms) - 1)
        start = float(self.penalties[k])
        return at_radius(
            self.problem, self._standard, radius, start, self._unknowns(k), tol=self.tol
        )

    def relaxed(self, gamma: float = 0.0) -> Relaxed:
        """The relaxed lasso: ``gamma b + (1 - gamma) r``, r the refit of b's columns without a
        penalty (bounds are kept).

        Parameters
        ----------
        gamma : 1 is the path itself, 0 the refit.

        Raises `InputError` where gamma is outside [0, 1]. Refits that miss the path's ``tol``, as
        where more columns are in than rows can tell apart, are counted in a `ConvergenceWarning`.

        Examples
        --------
        >>> import numpy as np, priorfit as pf
        >>> few = pf.path(np.diag([1.0, 2.0]), [3.0, 2.0], penalties=[1.5], intercept=False)
        >>> few.coefs[:, 0].round(3), few.relaxed(0.5).coefs[:, 0].round(3)
        (array([1.5  , 0.625]), array([2.25 , 0.812]))

        Source: Meinshausen (2007); Hastie, Tibshirani & Tibshirani (2020), section 2.
        """
        return relaxed(self, gamma)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the path; see `priorfit.plots.plot_path`."""
        return import_module("priorfit.plots").plot_path(self, ax=ax, **options)
