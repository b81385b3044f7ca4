"""The log evidence of a normal belief along the path: exact, from one factorization."""

from __future__ import annotations

from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.priors import NormalForm
from priorfit.problem import Problem
from priorfit.solve.api import check_settings
from priorfit.solve.evidence.common import Common
from priorfit.solve.grid import grid_of
from priorfit.solve.least_squares import LeastSquares, quadratic_form
from priorfit.solve.path import Path
from priorfit.solve.paths import path_of, solved_path
from priorfit.solve.standard import Standard, standardize

__all__ = ["NormalEvidence"]

_LARGEST = 20_000  # directions: their Gram matrix then takes 3 GB


class NormalEvidence:
    """``log p(y) = log N(y; offset, sigma^2 (I + XX' / lambda))`` at every lambda.

    Columns are in units of their prior's relative scales. An unknown sigma is the one that makes
    the data most probable at this lambda: ``sigma^2 = q / m``, q the smallest penalized RSS. A free
    intercept is integrated out with its flat prior, which leaves m = n - 1 of n rows: the density
    is that of n - 1 orthonormal contrasts of the rows. Weights are repeats, so n is their sum.

    ``penalties`` (k,) strongest first, the best of all lambdas among them unless they were given;
    ``values`` (k,) log evidence; ``sigmas`` (k,) the noise at each; ``settled``: whether the best
    lies inside the grid.

    Source: MacKay, Bayesian interpolation (1992), section 4.

    Raises
    ------
    InputError
        where the likelihood is not gaussian, or a weight has no proper normal prior.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> from scipy.stats import multivariate_normal
    >>> X, y = np.array([[0.0], [1.0], [3.0]]), np.array([0.1, 0.9, 3.2])
    >>> problem = pf.Problem.make(X, y, prior=pf.Normal(), intercept=False)
    >>> found = NormalEvidence(problem, [0.5])
    >>> cov = found.sigmas[0] ** 2 * (np.eye(3) + X @ X.T / 0.5)
    >>> bool(np.isclose(found.values[0], multivariate_normal(cov=cov).logpdf(y)))
    True
    """

    def __init__(
        self,
        problem: Problem,
        penalties: Any = None,
        *,
        n_points: int = 100,
        ratio: float | None = None,
        tol: float = 1e-6,
    ) -> None:
        check_settings(tol, 1)
        problem.require_one_output("the evidence of a normal belief")
        self._problem, self._tol = problem, tol
        self._standard = standard = standardize(problem.changed)
        if not (standard.gaussian and _is_normal(standard)):
            raise InputError(
                "this evidence must have a gaussian likelihood and proper normal priors",
                "another likelihood or prior",
                "Choose the strength by cross-validation.",
            )
        if min(standard.Z.shape) > _LARGEST:
            raise InputError(
                f"the exact evidence must have at most {_LARGEST} rows or columns to factorize",
                f"{standard.Z.shape[0]} rows and {problem.n_weights} columns",
                "Choose the strength by cross-validation.",
            )
        self._engine = LeastSquares(standard, tol)
        grid = grid_of(problem.changed, standard, penalties, n_points, ratio)
        self._unit = standard.y_unit**2
        self.rows = problem.n_effective - float(problem.intercept)
        self.common = self._common(float(grid.min()) * self._unit)
        self.settled = True
        if penalties is None:
            grid = self._with_best(grid)
        self.penalties = grid
        self._ratios = np.maximum(grid * self._unit, 1e-300)
        self._noises, values = self.common.along_ratios(self._ratios)
        self.sigmas = 1.0 / np.sqrt(self._noises * self._unit)
        self.values = values + 0.5 * self.rows * np.log(self._unit)

    @staticmethod
    def applies(problem: Problem) -> bool:
        """Whether a problem is of this kind."""
        if problem.outputs is not None or problem.likelihood.name != "gaussian":
            return False
        changed = problem.changed
        known = changed.form.concave is None and _all_normal(changed.form, 0)
        return known or _is_normal(standardize(changed))

    @property
    def best(self) -> int:
        """Index of the largest log evidence."""
        return int(np.argmax(self.values))

    def gradient(self, k: int) -> float:
        """The larger slope by log sigma^2 and log lambda at point ``k``, over half the rows."""
        a, rho = float(self._noises[k]), float(self._ratios[k])
        return self.common.gradient(a, rho * a)

    def path(self) -> Path:
        """The certified path at all penalties."""
        if self._problem.change is not None:
            return path_of(self._problem, self.penalties, tol=self._tol)
        found = solved_path(self._problem, self._standard, self._engine, self.penalties, self._tol)
        found._known_variances.update(enumerate(self._variances()))
        return found

    def _common(self, least: float) -> Common:
        known = self._problem.likelihood.known_dispersion
        precision = None if known is None else 1.0 / (known * self._unit)
        if not len(self._standard.normal):
            rest = float(self._standard.weights @ np.square(self._standard.y))
            return Common.along(np.zeros(0), np.zeros(0), rest, self.rows, precision)
        return Common.along(*self._engine.ridge.directions(least), self.rows, precision)

    def _variances(self) -> Array:
        """`noise_variance` of every point, from the directions."""
        total = self.common.d[:, None] + self._ratios
        lost = np.square(self.common.c) @ np.square(self._ratios / total) + self.common.outside
        left = self.rows - (self.common.d[:, None] / total).sum(axis=0)
        return np.where(left > 1e-8, lost / np.maximum(left, 1e-300), np.inf)

    def _with_best(self, grid: Array) -> Array:
        best = self.common.best()
        penalty = best.weight / best.noise / self._unit
        self.settled = bool(grid.min() < penalty < grid.max())
        return np.sort(np.append(grid, penalty))[::-1].copy() if self.settled else grid


def _is_normal(standard: Standard) -> bool:
    """Whether every weight that may move has a proper normal prior."""
    return standard.gaussian and _all_normal(standard.form, standard.first)


def _all_normal(form: NormalForm, first: int) -> bool:
    """The same of the penalty, whose first entries are of intercepts."""
    free = form.flat[first:] & ~form.fixed[first:]
    return quadratic_form(form) and not np.any(free)
