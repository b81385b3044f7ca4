"""Exact leave-one-out of ridge along the path, without a refit."""

from __future__ import annotations

from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit.problem import Problem
from priorfit.solve.api import check_settings
from priorfit.solve.grid import grid_of
from priorfit.solve.least_squares import LeastSquares, is_quadratic
from priorfit.solve.path import Path
from priorfit.solve.paths import solved_path
from priorfit.solve.standard import standardize

__all__ = ["LeaveOneOut"]


class LeaveOneOut:
    """``mean_i w_i (r_i / (1 - h_i))^2`` at every lambda, h the leverages of the ridge fit.

    Each row is left out with all its repeats; the prior and the intercept's fit are those of the
    rows that stay. One factorization gives these errors and the path.

    ``penalties`` (k,) strongest first; ``error`` (k,) in squared units of y; ``standard_error``
    (k,) of that mean over the rows.

    Source: Allen, The relationship between variable selection and data augmentation (1974).

    Raises
    ------
    InputError
        where the likelihood is not gaussian, a weight has a prior that is not normal, or one row
        is all there is.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> problem = pf.Problem.make([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0], prior=pf.Normal())
    >>> LeaveOneOut(problem, [1e-9, 1.0]).error.round(3)
    array([0.667, 0.   ])
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
        problem.require_one_output("exact leave-one-out")
        self._problem, self._tol = problem, tol
        self._standard = standard = standardize(problem)
        if not (standard.gaussian and is_quadratic(standard)):
            raise _not_ridge()
        if len(standard.y) < 2:
            raise InputError(
                "leave-one-out must have at least two rows",
                "n_samples = 1",
                "Add rows, or give the prior a scale.",
            )
        self._engine = LeastSquares(standard, tol)
        if len(self._engine.flat) > int(standard.Z.intercept):
            raise _not_ridge()
        self.penalties = grid_of(problem, standard, penalties, n_points, ratio)
        unit = standard.y_unit**2
        mean, spread = self._engine.ridge.leave_one_out(self.penalties * unit)
        self.error, self.standard_error = mean / unit, spread / unit

    @staticmethod
    def applies(problem: Problem) -> bool:
        """Whether a problem is of this kind."""
        standard = standardize(problem)
        free = standard.form.flat[int(standard.Z.intercept) :]
        return standard.gaussian and is_quadratic(standard) and not np.any(free)

    @property
    def best(self) -> int:
        """Index of the smallest error."""
        return int(np.argmin(self.error))

    def path(self, *points: int) -> Path:
        """The certified path, at all penalties or at these points."""
        lambdas = self.penalties[list(points)] if points else self.penalties
        return solved_path(self._problem, self._standard, self._engine, lambdas, self._tol)


def _not_ridge() -> InputError:
    return InputError(
        "leave-one-out must have a gaussian likelihood and a normal prior on every weight",
        "another likelihood or prior",
        "Choose the strength by cross-validation.",
    )
