"""Drop-ins for LinearSVC and RidgeClassifier."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn import linear_model, svm
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight

from priorfit._checks import check_weights
from priorfit._typing import Array
from priorfit.likelihoods import SquaredHinge
from priorfit.sklearn._shared import checked, penalty_prior, problem_of, solved
from priorfit.sklearn.linear import fit_each

__all__ = ["LinearSVC", "RidgeClassifier"]


class LinearSVC(svm.LinearSVC):  # type: ignore[misc]
    """``C sum_i w_i max(0, 1 - s_i eta_i)^2 + ||v||_2^2 / 2`` (or ``||v||_1``), certified.

    As there, the intercept is ``intercept_scaling`` times one more weight of v, and is shrunk with
    it: a large ``intercept_scaling`` frees it. Parameters and attributes are those of
    `sklearn.svm.LinearSVC`; ``dual`` and ``random_state`` change nothing, the solver is exact.
    ``certificate_`` is added, one per class where there are more than two. scikit-learn itself
    solves ``loss="hinge"`` and ``multi_class="crammer_singer"``.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = LinearSVC().fit(X, [0, 0, 1, 1])
    >>> model.coef_.round(3), model.intercept_.round(3)
    (array([[0.634]]), array([-0.829]))
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; y (n,) labels of any kind."""
        unsupported = self.penalty == "l1" and self.dual is True  # refused there
        if self.loss != "squared_hinge" or self.multi_class != "ovr" or unsupported:
            fitted: Self = super().fit(X, y, sample_weight)
            return fitted
        X, y = checked(self, X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data "
                f"contains only one class: {self.classes_[0]!r}"
            )
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        check_weights(weights)
        each = compute_class_weight(
            self.class_weight, classes=self.classes_, y=y, sample_weight=weights
        )
        Z = self._with_intercept(X)
        ones = range(1, 2) if len(self.classes_) == 2 else range(len(self.classes_))
        found = [self._one_class(Z, codes, k, weights, each) for k in ones]
        coef = np.array([s.coef for s in found])
        self.coef_, self.intercept_ = coef, 0.0
        if self.fit_intercept:
            self.coef_, self.intercept_ = coef[:, :-1], self.intercept_scaling * coef[:, -1]
        proofs = [s.certificate for s in found]
        self.certificate_ = proofs[0] if len(proofs) == 1 else proofs
        self.n_iter_ = max(s.n_iter for s in found)
        return self

    def _one_class(self, Z: Any, codes: Any, k: int, weights: Array, each: Array) -> Any:
        """Class k against the rest; with several, liblinear weighs the class, not the rest."""
        positive = codes == k
        rest = each[0] if len(each) == 2 else 1.0
        rows = weights * np.where(positive, each[k], rest)
        l1, l2 = (1.0, 0.0) if self.penalty == "l1" else (0.0, 1.0)
        prior = penalty_prior(l1 / self.C, l2 / self.C)
        problem = problem_of(Z, positive.astype(np.float64), prior, SquaredHinge(), rows, False)
        return solved(problem, self.tol, self.max_iter)

    def _with_intercept(self, X: Any) -> Any:
        if not self.fit_intercept:
            return X
        if self.intercept_scaling <= 0:
            raise ValueError(
                f"Intercept scaling is {self.intercept_scaling!r} but needs to be greater than 0. "
                "To disable fitting an intercept, set fit_intercept=False."
            )
        last = np.full((X.shape[0], 1), float(self.intercept_scaling))
        if sparse.issparse(X):
            parts: Any = [X, sparse.csr_array(last)]
            return sparse.csc_array(sparse.hstack(parts))
        return np.asfortranarray(np.hstack([X, last]))


class RidgeClassifier(linear_model.RidgeClassifier):  # type: ignore[misc]
    """``sum_i w_i (t_i - eta_i)^2 + alpha ||w||_2^2`` with t = 1 for the class, -1 for the rest.

    Parameters and attributes are those of `sklearn.linear_model.RidgeClassifier`; ``solver``,
    ``max_iter`` and ``random_state`` change nothing, the solver is exact. ``certificate_`` has an
    entry for each class, or a single one for two classes.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> RidgeClassifier(alpha=1.0).fit(X, ["a", "a", "b", "b"]).coef_.round(3)
    array([0.667])
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; y (n,) labels, or (n, labels) of 0 and 1."""
        self._validate_params()
        X, y, weights, targets = self._prepare_data(X, y, sample_weight, "auto")
        weights = np.asarray(weights, dtype=np.float64)
        check_weights(weights)
        targets = np.asarray(targets, dtype=np.float64)
        prior = penalty_prior(0.0, float(self.alpha), self.positive)
        solutions = fit_each(self, X, targets, weights, [prior] * targets.shape[1])
        if len(solutions) == 1:
            self.coef_, self.certificate_ = solutions[0].coef, solutions[0].certificate
        self.n_iter_ = np.array([s.n_iter for s in solutions], dtype=np.int32)
        self.solver_ = "priorfit"
        return self
