"""scikit-learn-shaped shells: validate, make a problem, solve, show the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from priorfit._checks import matrix, of_kind, vector
from priorfit._errors import InputError
from priorfit._threads import passes_in
from priorfit._typing import Array, Mask
from priorfit.design import Design, Formula, FormulaSchema, Schema, is_table
from priorfit.estimators.given import (
    array_design,
    formula_of,
    formula_schema,
    has_names,
    number_of,
    precision_of,
    response,
    row_weights,
    same_length,
    table_schema,
)
from priorfit.estimators.sampled import Sampled
from priorfit.likelihoods import Gaussian, Likelihood
from priorfit.priors import Ball, L1Ball, Normal, Prior, for_outputs
from priorfit.problem import Problem
from priorfit.select import choose, per_sd
from priorfit.solve import Path, Solution, constrained, path_of, solve, warn_collapse
from priorfit.translate.beliefs import defaults_text
from priorfit.views import Views, collapsed, explain, views_of

__all__ = ["MAPEstimator"]

_UNITS = ("raw", "sd")


class MAPEstimator(Sampled):
    """What the regressor and the classifier share."""

    def __init__(
        self,
        prior: Prior | None = None,
        likelihood: Likelihood | None = None,
        *,
        formula: str | None = None,
        strength: float | str | None = None,
        strength_by: Any = None,
        l1_ratio: Any = None,
        constraint: Ball | None = None,
        units: str = "raw",
        standardize: bool = True,
        intercept: bool = True,
        cv: Any = 5,
        scoring: Any = None,
        rule: str = "1se",
        n_points: int = 100,
        missing: str = "error",
        tol: float = 1e-6,
        max_iter: int = 10_000,
        solver: str = "auto",
        seed: int | None = 0,
        threads: int = 1,
    ) -> None:
        self.prior = prior
        self.likelihood = likelihood
        self.formula = formula
        self.strength = strength
        self.strength_by = strength_by
        self.l1_ratio = l1_ratio
        self.constraint = constraint
        self.units = units
        self.standardize = standardize
        self.intercept = intercept
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.n_points = n_points
        self.missing = missing
        self.tol = tol
        self.max_iter = max_iter
        self.solver = solver
        self.seed = seed
        self.threads = threads

    def _default(self, name: str) -> Any:
        if name == "constraint":
            return L1Ball()
        return Normal() if name == "prior" else self._default_likelihood()

    def _default_likelihood(self) -> Likelihood:
        return Gaussian()

    def _likelihood_of(self, y: Any) -> Likelihood:  # noqa: ARG002
        """The likelihood for this response."""
        return self.likelihood or self._default_likelihood()

    def _encode(self, y: Any, likelihood: Likelihood) -> Any:  # noqa: ARG002
        return y

    def _may_be_several(self, likelihood: Likelihood) -> bool:  # noqa: ARG002
        """Whether y may have several columns."""
        return False

    # -- fitting ---------------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        offset: Any,
        progress: Callable[..., None] | None,
        groups: Any = None,
    ) -> Self:
        given = self.likelihood or self._default_likelihood()
        of_kind("likelihood", given, Likelihood, "pf.Poisson()")
        if self.units not in _UNITS:
            raise InputError(
                f"`units` must be one of {', '.join(_UNITS)}",
                repr(self.units),
                "Choose one of them.",
            )
        formula = formula_of(self.formula, X, y)
        if formula is not None and formula.response is not None:
            y = formula.values(X)
        design = self._design(X, formula)
        offset = self._known(X, offset)
        y = same_length(design, self._given(y))
        likelihood = self._likelihood_of(y)
        problem = Problem.make(
            design,
            self._encode(y, likelihood),
            prior=self.prior if self.constraint is None else self._ball().shape,
            likelihood=likelihood,
            weights=row_weights(sample_weight, design.shape[0]),
            offset=offset,
            intercept=self.intercept and (self._schema is None or self._schema.intercept),
        )
        self._asked = self._in_units(problem)
        problem, solution = self._solved(self._asked, progress, groups)
        several = problem.outputs is not None
        self.coef_: Array = solution.coef.T if several else solution.coef  # (q, p)
        self.intercept_: Any = solution.intercept
        self.solution_, self.certificate_ = solution.counted(), solution.certificate
        self.n_iter_, self.dispersion_ = solution.n_iter, solution.phi
        self.prior_ = problem.prior
        if getattr(problem.likelihood, "scale_by_noise", False):
            self.prior_ = problem.prior.widened(float(np.sqrt(solution.phi)))
        self._labels = problem.design.labels()
        self._free: Mask | None = None
        if problem.outputs is not None:
            self._free = problem.likelihood.free(problem.outputs)
        self.views_ = self._views(self.prior_, np.ones(len(solution.coef)))
        self._data_precision = precision_of(problem, solution)
        self._n_effective, self._n_rows = problem.n_effective, len(problem.y)
        self.column_sd_ = problem.design.moments(problem.weights)[1]
        self.likelihood_ = solution.likelihood or likelihood
        self._likelihood = self.likelihood_ if likelihood.known_shape is None else likelihood
        self._finish(problem)
        return self

    def _given(self, y: Any) -> Any:
        several = self._may_be_several(self.likelihood or self._default_likelihood())
        return response(self, y, several)

    def _finish(self, problem: Problem) -> None:
        """What a subclass keeps of the fitted problem."""

    def _ball(self) -> Any:
        """The constraint, checked."""
        of_kind("constraint", self.constraint, Ball, "pf.L1Ball(3.0)")
        if self.prior is not None or self.strength is not None:
            raise InputError(
                "`constraint` must stand without a prior and a strength",
                f"prior={self.prior!r}, strength={self.strength!r}",
                "A radius says which prior scale it is; give one of the three.",
            )
        return self.constraint

    def _solved(
        self, problem: Problem, progress: Callable[..., None] | None, groups: Any
    ) -> tuple[Problem, Solution]:
        """The problem with its final prior, and its solution."""
        if self.constraint is None:
            problem = self._chosen(problem, progress, groups)
            limits: Any = {"tol": self.tol, "max_iter": self.max_iter, "threads": self.threads}
            found = solve(problem, solver=self.solver, **limits)
            if problem.likelihood.known_shape is None:
                problem = replace(problem, likelihood=found.likelihood or problem.likelihood)
            return problem, found
        radius = float(self.constraint.radius) / problem.form.radius_unit
        fit = constrained(problem, radius, tol=self.tol, solver=self.solver)
        self.path_ = fit.path
        if not fit.path.identified_at(0):
            warn_collapse()
        return fit.problem, fit.solution

    def _in_units(self, problem: Problem) -> Problem:
        if self.units == "raw" or self.strength is not None:
            return problem
        scaled = per_sd(problem)
        if isinstance(problem.likelihood, Gaussian):
            problem.require_one_output("`units='sd'`")
        if not isinstance(problem.likelihood, Gaussian) or problem.likelihood.scale_by_noise:
            return scaled
        sd = np.sqrt(np.cov(problem.y, aweights=problem.weights, ddof=0))
        return replace(scaled, prior=scaled.prior.rescaled(float(sd) or 1.0))

    def _chosen(
        self, problem: Problem, progress: Callable[..., None] | None, groups: Any
    ) -> Problem:
        """The problem with the strength that the data, or the user's number, choose."""
        if not isinstance(self.strength, str):
            self._refuse_search()
        if self.strength is None:
            return problem
        if self.strength == "posterior":
            return self._average(problem)
        problem = replace(problem, prior=problem.prior.unit())
        if isinstance(self.strength, str):
            settings = self._settings(progress, groups)
            self.selection_, self.path_ = choose(problem, self.strength, **settings)
            k = self.selection_.chosen
        else:
            shaped, given = (
                per_sd(problem) if self.standardize else problem,
                number_of(self.strength),
            )
            with passes_in(self.threads):
                self.path_, k = path_of(shaped, [given], tol=self.tol, max_iter=self.max_iter), 0
        path: Path = self.path_
        if not path.identified_at(k):
            warn_collapse()
        likelihood = path.likelihood
        if likelihood.known_dispersion is None:
            likelihood = likelihood.at(path.dispersion_at(k))
        return replace(problem, prior=path.prior_at(k), likelihood=likelihood)

    def _refuse_search(self) -> None:
        """What is chosen with a strength must not be asked for without."""
        for name in ("strength_by", "l1_ratio"):
            if getattr(self, name) is not None:
                raise InputError(
                    f"`{name}` must stand with a strength that is chosen",
                    f"strength={self.strength!r}",
                    'Add strength="cv", or state it in the prior.',
                )

    def _settings(self, progress: Callable[..., None] | None, groups: Any) -> dict[str, Any]:
        """What `choose` takes for the way that `strength` names."""
        way = self.strength
        settings: dict[str, Any] = {"standardize": self.standardize, "tol": self.tol}
        settings |= {"strength_by": self.strength_by, "l1_ratio": self.l1_ratio}
        settings["max_iter"] = self.max_iter
        if way != "universal":
            settings["n_points"] = self.n_points
        if way in ("cv", "loo"):
            settings["rule"] = self.rule
        if way in ("stability", "evidence"):
            settings["seed"] = self.seed
        if way == "cv":
            settings |= {"folds": self.cv, "seed": self.seed, "threads": self.threads}
            settings |= {"progress": progress, "scoring": self.scoring, "groups": groups}
        return settings

    def _design(self, X: Any, formula: Formula | None) -> Design:
        """The design of X, remembering names and kinds of columns."""
        self._schema: Schema | FormulaSchema | None = None
        if formula is not None:
            self._schema = formula_schema(self, formula, X, self.missing)
            return self._schema.design(X)
        if has_names(X):
            self._schema = table_schema(self, X, self.missing)
            return self._schema.design(X)
        return array_design(self, X, reset=True)

    def _known(self, X: Any, offset: Any) -> Any:
        """The offset given plus those of the formula; None where there is neither."""
        own = None if self._schema is None else self._schema.offset(X)
        if own is None or offset is None:
            return offset if own is None else own
        return own + vector("offset", offset, len(own))

    def _eta(self, X: Any, offset: Any = None) -> Array:
        """Linear predictor of new rows."""
        check_is_fitted(self)
        if self._schema is not None and is_table(X):
            design = self._schema.design(X)
            offset = self._known(X, offset)
        elif isinstance(self._schema, FormulaSchema):
            raise InputError(
                "a model of a formula needs a table", type(X).__name__, "Pass a data frame."
            )
        else:
            design = array_design(self, X, reset=False)
        coef = self.coef_.ravel() if self._free is None else self.coef_.T
        if design.shape[1] != len(coef):
            raise InputError(
                f"X must have the {len(coef)} columns that the model was fitted on",
                f"{design.shape[1]}",
                "Pass a table with the same columns.",
            )
        n = design.shape[0]
        level = float(np.ravel(self.intercept_)[0]) if coef.ndim == 1 else self.intercept_
        eta: Array = design.matvec(coef) + level
        if not np.all(np.isfinite(eta)):
            design.moments(np.ones(n))  # names the first cell that is not finite
        if offset is None:
            return eta
        wide = matrix("offset", offset, n, eta.shape[1]) if eta.ndim == 2 else None
        return eta + (vector("offset", offset, n) if wide is None else wide)

    def _response(self, X: Any, y: Any) -> Any:
        """y, or the response that the formula reads from the table."""
        own = isinstance(self._schema, FormulaSchema) and y is None
        return self._schema.formula.values(X) if own else y  # type: ignore[union-attr]

    def explain(self) -> str:
        """What the belief says in words, and which columns escape it or are held by it."""
        check_is_fitted(self)
        precision = (self._data_precision.T / np.square(self._stated_unit)).T.ravel()
        likelihood, phi = self._likelihood, self.dispersion_
        elsewhere = defaults_text(likelihood.name, phi, self._n_effective)
        views = self.stated_views_
        several = self._free is not None
        form = self._belief(views.prior).lower(precision.size) if several else None
        words = explain(views, likelihood, phi, elsewhere, precision, self.weight_labels_, form)
        if self.stated_per_sd_:
            words += "\nThe belief is per standard deviation of each column."
        if self.strength is not None:
            words += f"\nStrength chosen by {self._how}; coefficients are in the units of X."
        return f"{words}\nCertificate: {self.certificate_}."

    @property
    def _how(self) -> str:
        if not isinstance(self.strength, str):
            return "the given lambda"
        found = self.averaged_ if self.strength == "posterior" else self.selection_
        return found.how

    @property
    def stated_per_sd_(self) -> bool:
        """Whether the belief was stated per standard deviation of each column."""
        return self.standardize if self.strength is not None else self.units == "sd"

    @property
    def _stated_unit(self) -> Array:
        """One unit of each column as the belief was stated, (p,)."""
        sd = self.column_sd_
        return np.where((sd > 0) & self.stated_per_sd_, sd, 1.0)

    @property
    def stated_views_(self) -> Views:
        """`views_` in the units in which the belief was stated."""
        unit = self._stated_unit
        return self._views(collapsed(self.prior_.rescaled(unit)), unit)

    def _views(self, prior: Prior, unit: Array) -> Views:
        """Of weights times ``unit``; a slack constraint keeps the radius that was given."""
        coef = (self.solution_.coef.T * unit).T.ravel()
        views = views_of(self._belief(prior), self.dispersion_, coef)._replace(prior=prior)
        if self.constraint is None or not views.constraint.slack:
            return views
        shape = self._belief(self.path_.prior.rescaled(unit))
        free = views_of(shape, 0.0, coef).constraint
        radius = float(self.constraint.radius) / shape.lower(len(coef)).radius_unit
        return views._replace(constraint=free._replace(radius=radius))

    def _belief(self, prior: Prior) -> Prior:
        """The belief about all weights that this one of the columns is."""
        if self._free is None:
            return prior
        return for_outputs(prior, len(self._labels), self._free)

    @property
    def feature_labels_(self) -> tuple[str, ...]:
        """Names of the coefficients: columns, and levels of categorical columns."""
        check_is_fitted(self)
        return tuple(self._labels)

    @property
    def weight_labels_(self) -> tuple[str, ...]:
        """Names of all weights: of the columns, with ``[output]`` where there are several."""
        names = self.feature_labels_
        if self._free is None:
            return names
        outputs = getattr(self, "classes_", np.arange(len(self._free))).tolist()
        return tuple(f"{name} [{output}]" for name in names for output in outputs)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
