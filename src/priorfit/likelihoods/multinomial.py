"""Several classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import xlogy

from priorfit._checks import matrix, vector
from priorfit._errors import InputError
from priorfit._typing import Array, Mask
from priorfit.likelihoods.base import Likelihood

__all__ = ["Multinomial"]

_CLASSES = 1000  # codes beyond are not meant


@dataclass(frozen=True)
class Multinomial(Likelihood):
    """``-log p(y | eta) = log sum_k exp(eta_k) - sum_k y_k eta_k``: softmax regression.

    Every class has a linear predictor of its own: weights (p, K), intercepts (K,). A number added
    to all K predictors of a row changes nothing, so intercepts are centred to mean 0, and so are
    the K weights of a column whose prior is flat.

    Arrays are (n, K). What belongs to a row is handed out to its K entries: only the sum over a row
    of `loss`, `conjugate` or `saturated` is that of the row.

    Parameters
    ----------
    reference : None: the prior holds on every class alike (symmetric). A class code: its weights
        and intercept are held at 0, and a weight is the change of log odds against that class.

    Raises
    ------
    InputError
        where ``reference`` is not a class code.

    Examples
    --------
    >>> import numpy as np
    >>> Multinomial().mean(np.log([[1.0, 2.0, 1.0]])).round(3)
    array([[0.25, 0.5 , 0.25]])

    Source: Friedman, Hastie & Tibshirani (2010), section 4.
    """

    reference: int | None = None

    name = "multinomial"
    is_classification = True
    has_outputs = True

    def __post_init__(self) -> None:
        code = self.reference
        whole = isinstance(code, int | float | np.integer) and not isinstance(code, bool)
        if whole and code == int(code or 0) and code is not None:
            object.__setattr__(self, "reference", int(code))
        if code is not None and not (whole and code >= 0 and code == int(code)):
            raise InputError(
                "`reference` must be the code of a class, or None",
                repr(code),
                "Codes count from 0; None treats all classes alike.",
            )

    @property
    def is_shift_free(self) -> bool:  # type: ignore[override]
        """Whether all classes are treated alike."""
        return self.reference is None

    def free(self, outputs: int) -> Mask:
        """All classes but the reference."""
        if self.reference is not None and self.reference >= outputs:
            raise InputError(
                f"`reference` must be one of the {outputs} classes, 0 to {outputs - 1}",
                repr(self.reference),
                "Codes count from 0.",
            )
        return np.asarray(np.arange(outputs) != (-1 if self.reference is None else self.reference))

    def response(self, y: Any, n: int) -> Array:
        """Class codes 0, 1, 2, ... (n,) as (n, K) ones and zeros; shares (n, K) as they are."""
        if np.ndim(y) == 2:
            return matrix("y", y, n)
        codes = vector("y", y, n)
        bad = (codes < 0) | (codes != np.floor(codes)) | (codes >= _CLASSES)
        if np.any(bad):
            i = int(np.flatnonzero(bad)[0])
            raise InputError(
                "the multinomial likelihood needs class codes 0, 1, 2, ... (or shares, n x K)",
                f"{codes[i]:g} in row {i}",
                "Code the classes, or use MAPClassifier, which takes any labels.",
            )
        return np.eye(int(codes.max()) + 1)[codes.astype(np.intp)]

    def check(self, y: Array) -> None:
        """Shares of every row >= 0 with sum 1; every class occurs."""
        off = np.any(y < 0, axis=1) | (np.abs(y.sum(axis=1) - 1.0) > 1e-8)
        if np.any(off):
            i = int(np.flatnonzero(off)[0])
            raise InputError(
                "the shares of the classes must be >= 0 and add up to 1 in every row",
                f"{np.array2string(y[i], precision=3)} in row {i} of those that count",
                "Divide each row by its sum.",
            )
        empty = np.flatnonzero(~np.any(y > 0, axis=0))
        if len(empty) or y.shape[1] < 2:
            got = f"none of class {empty[0]}" if len(empty) else "one class"
            raise InputError(
                "every class must occur among the rows of positive weight, and there must be two",
                f"{got} ({y.shape[1]} in all)",
                "Number the classes 0, 1, 2, ... without gaps.",
            )

    def loss(self, y: Array, eta: Array) -> Array:
        """``log sum_l exp(eta_l) / K - y_k eta_k``."""
        return np.asarray(_log_sum(eta) / eta.shape[1] - y * eta)

    def slope(self, y: Array, eta: Array) -> Array:
        """``mu - y``; where mu rounds to y = 1, the small difference is kept."""
        mu = _softmax(eta)
        return np.asarray(np.where(y == 1.0, -_rest(mu), mu - y))

    def curvature(self, y: Array, eta: Array) -> Array:  # noqa: ARG002
        """``mu (1 - mu)``: the diagonal of ``diag(mu) - mu mu'``."""
        mu = _softmax(eta)
        return np.asarray(mu * (1.0 - mu))

    def hessian(self, y: Array, eta: Array, weights: Array, v: Array) -> Array:  # noqa: ARG002
        """``w (mu v - mu (mu'v))``, row by row."""
        mu = _softmax(eta)
        if v.ndim > eta.ndim:
            mu, weights = mu[..., None], weights[:, None]
        part = mu * v
        return np.asarray(weights[:, None] * (part - mu * part.sum(axis=1, keepdims=True)))

    def conjugate(self, y: Array, slope: Array) -> Array:
        """``m log m`` with m = y + slope in the simplex, +inf outside."""
        m = y + slope
        level = np.abs(slope.sum(axis=1, keepdims=True)) <= 1e-12
        return np.where((m >= 0) & level, xlogy(np.maximum(m, 0.0), np.maximum(m, 0.0)), np.inf)

    def saturated(self, y: Array) -> Array:
        """``-y log y``: 0 for a label."""
        return np.asarray(-xlogy(y, y), dtype=np.float64)

    def constant(self, y: Array, phi: float) -> Array:  # noqa: ARG002
        """0."""
        return np.zeros_like(y)

    def mean(self, eta: Array) -> Array:
        """``exp(eta_k) / sum_l exp(eta_l)``."""
        return _softmax(eta)

    def attained(self, y: Array) -> bool:
        """Where every share lies between 0 and 1."""
        return bool(np.all((y > 0) & (y < 1)))

    def variance(self, mean: Array) -> Array:
        """``mu (1 - mu)``."""
        return mean * (1.0 - mean)

    def eta_of(self, mean_y: Any) -> Any:
        """``log mean_y``, centred to mean 0 (or less that of the reference), (K,)."""
        return self._level(np.log(mean_y))

    def _level(self, a: Array) -> Array:
        return np.asarray(a - (a.mean() if self.reference is None else a[self.reference]))

    def null_eta(self, y: Array, weights: Array, offset: Array) -> Array:
        """The intercepts (K,) that fit best alone, by Newton."""
        a = self._level(self.eta_of(weights @ y / weights.sum()) - weights @ offset / weights.sum())
        for _ in range(100 if np.any(offset) else 0):
            eta = offset + a
            slope = self.score(y, eta, weights).sum(axis=0)
            mu = weights[:, None] * self.mean(eta)
            curved = np.diag(mu.sum(axis=0)) - mu.T @ self.mean(eta)
            step = self._level(np.linalg.lstsq(curved, slope, rcond=1e-12)[0])
            a = a + np.clip(step, -1.0, 1.0)
            if np.max(np.abs(step)) <= 1e-14 * max(1.0, float(np.max(np.abs(a)))):
                break
        return a

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:  # noqa: ARG002
        """A class for each row, as ones and zeros, of the shape of ``eta``."""
        noisy = eta + rng.gumbel(size=eta.shape)
        return np.asarray(noisy == noisy.max(axis=1, keepdims=True), dtype=np.float64)


# Plain numpy: on small tables SciPy's functions of these names spend most of their time on checks.
def _softmax(eta: Array) -> Array:
    """``exp(eta_k) / sum_l exp(eta_l)``, row by row."""
    grown = np.exp(eta - eta.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


def _log_sum(eta: Array) -> Array:
    """``log sum_l exp(eta_l)``, (n, 1), of the largest and what the others add to it."""
    place = np.argmax(eta, axis=1)[:, None]
    top = np.take_along_axis(eta, place, axis=1)
    others = np.exp(eta - np.where(np.isfinite(top), top, 0.0))
    np.put_along_axis(others, place, 0.0, axis=1)
    return np.where(np.isfinite(top), top + np.log1p(others.sum(axis=1, keepdims=True)), top)


def _rest(mu: Array) -> Array:
    """1 - mu, for the largest of a row as the sum of the others."""
    top = np.argmax(mu, axis=1, keepdims=True)
    others = mu.copy()
    np.put_along_axis(others, top, 0.0, axis=1)
    rest = 1.0 - mu
    np.put_along_axis(rest, top, others.sum(axis=1, keepdims=True), axis=1)
    return rest
