"""What every likelihood can do: it sees only y and the linear predictor eta."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from priorfit._checks import vector
from priorfit._typing import Array, Mask

__all__ = ["Likelihood"]


class Likelihood(ABC):
    """``-log p(y | eta; phi) = loss(y, eta) / phi + constant(y, phi)``, row by row.

    All methods are elementwise; ``eta`` may have trailing axes that ``y`` is broadcast against
    (``y[:, None]``). ``phi`` is the dispersion: 1 but for the gaussian, where it is the variance
    of the noise. Where the loss is convex, every fit has a duality gap.
    """

    #: the name used on the command line and in model files
    name: str
    #: whether phi is a parameter that may be unknown
    has_dispersion: bool = False
    #: whether the response is a class label
    is_classification: bool = False
    #: whether a y (n, q) holds q outputs, each with a linear predictor of its own
    has_outputs: bool = False
    #: whether adding one number to all outputs of a row changes nothing
    is_shift_free: bool = False
    #: whether the loss has a derivative everywhere; where not, `slope` is one of its slopes
    smooth: bool = True
    #: whether the loss is convex; where not, an optimum is a local one
    convex: bool = True
    #: whether the model has an intercept; where not, asking for one changes nothing
    has_intercept: bool = True
    #: whether a row's loss depends on other rows: the solver then asks `Coupled.rows`
    coupled: bool = False
    #: whether exp(-loss) is a probability of y; False for a pseudo-likelihood
    is_probability: bool = True

    @abstractmethod
    def check(self, y: Array) -> None:
        """Raise `InputError` where a value of ``y`` is outside the likelihood's domain."""

    @abstractmethod
    def loss(self, y: Array, eta: Array) -> Array:
        """The part of the negative log likelihood that depends on eta, at phi = 1."""

    @abstractmethod
    def slope(self, y: Array, eta: Array) -> Array:
        """``d loss / d eta``; ``mean(eta) - y`` for the canonical links here."""

    @abstractmethod
    def curvature(self, y: Array, eta: Array) -> Array:
        """``d^2 loss / d eta^2 >= 0``."""

    @abstractmethod
    def conjugate(self, y: Array, slope: Array) -> Array:
        """``sup_eta slope * eta - loss(y, eta)``, +inf outside its domain."""

    @abstractmethod
    def saturated(self, y: Array) -> Array:
        """``inf_eta loss(y, eta)``."""

    @abstractmethod
    def constant(self, y: Array, phi: float) -> Array:
        """What ``loss / phi`` leaves out of the negative log likelihood."""

    @abstractmethod
    def mean(self, eta: Array) -> Array:
        """The expected response ``mu`` at ``eta``."""

    @abstractmethod
    def eta_of(self, mean_y: float) -> float:
        """The linear predictor at which the expected response is ``mean_y``: the link."""

    @abstractmethod
    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:
        """Random responses at ``eta``, of its shape."""

    def variance(self, mean: Array) -> Array:
        """The variance function V: y of mean mu has variance ``phi V(mu)``; 1 by default."""
        return np.ones_like(mean)

    def pearson(self, y: Array, eta: Array) -> Array:
        """Squared Pearson residuals ``(y - mu)^2 / V(mu)``: their mean, by degrees of freedom,
        estimates phi."""
        mean = self.mean(eta)
        return np.asarray(np.square(y - mean) / self.variance(mean))

    def complement(self, eta: Array) -> Array:
        """``1 - mean``, without cancellation where the likelihood can: P(y = 0) of two classes."""
        return 1.0 - self.mean(eta)

    @property
    def predictor(self) -> str:
        """What eta is of the response, in words."""
        return "linear predictor"

    def in_words(self, phi: float) -> str:  # noqa: ARG002
        """The scatter at dispersion ``phi`` as a sentence; empty where nothing is to be said."""
        return ""

    def width(self, phi: float) -> tuple[str, float]:
        """How wide the scatter is: what is measured, and how much."""
        return "dispersion", phi

    def attained(self, y: Array) -> bool:  # noqa: ARG002
        """Whether the loss of every row reaches its infimum at a finite eta."""
        return True

    def at(self, phi: float) -> Likelihood:  # noqa: ARG002
        """This likelihood with the dispersion known to be ``phi``."""
        return self

    @property
    def known_shape(self) -> float | None:
        """A parameter of the loss itself, None where it is to be estimated; 1 where none is."""
        return 1.0

    def profile(self, y: Array, eta: Array, weights: Array) -> Likelihood:  # noqa: ARG002
        """This likelihood with its unknown shape at the maximum, eta held."""
        return self

    # -- sums over the rows: what solvers and certificates use. A likelihood whose rows are not
    #    independent given eta overrides these; y is as `response` returns it, eta (n,) or (n, k);
    #    of several outputs y is (n, q) and eta (n, q) or (n, q, k)

    def response(self, y: Any, n: int) -> Array:
        """``y`` as an array of n rows of finite numbers; raises `InputError`."""
        return vector("y", y, n)

    def total(self, y: Array, eta: Array, weights: Array) -> Array:
        """``sum_i w_i loss(y_i, eta_i)``, a number or (k,)."""
        return _summed(weights, self.loss(_beside(y, eta), eta), y)

    def least(self, y: Array, weights: Array) -> float:
        """``inf_eta total(eta)``: what a saturated model loses."""
        return float(weights @ self.saturated(y))

    def score(self, y: Array, eta: Array, weights: Array) -> Array:
        """``- d total / d eta``, shape of eta."""
        return -_beside(weights, eta) * self.slope(_beside(y, eta), eta)

    def curvatures(self, y: Array, eta: Array, weights: Array) -> Array:
        """The diagonal of ``d^2 total / d eta^2``, shape of eta."""
        return _beside(weights, eta) * self.curvature(_beside(y, eta), eta)

    def majorants(self, y: Array, eta: Array, weights: Array) -> Array:
        """Curvatures of a quadratic above the total that touches it at eta, (n,): used where too
        few rows curve for Newton's model; the curvatures where no such quadratic is known."""
        return self.curvatures(y, eta, weights)

    def information(self, y: Array, eta: Array, weights: Array) -> Array:
        """How sharply each row knows its eta, times phi, (n,): the curvatures, or what is expected
        of them where those are not a measure of it."""
        return self.curvatures(y, eta, weights)

    def hessian(self, y: Array, eta: Array, weights: Array, v: Array) -> Array:
        """``(d^2 total / d eta^2) v`` at one ``eta``, of v with as many axes or one more; where it
        would leave the dual's domain, a multiple of each row (`dual_weights`)."""
        return _beside(self.dual_weights(y, eta, weights), v) * v

    def dual_weights(self, y: Array, eta: Array, weights: Array) -> Array:
        """How far each theta may be moved, relative to the others, and stay in the dual's domain:
        shape of eta. The curvatures, where they vanish no slower than the distance to its edge."""
        return self.curvatures(y, eta, weights)

    def dual(self, y: Array, theta: Array, weights: Array) -> Array:
        """``sup_eta -theta' eta - total(eta)`` (k,) of theta (n, k), or a bound from above."""
        w = _beside(weights, theta)
        return _summed(weights, self.conjugate(_beside(y, theta), -theta / w), y)

    def null_eta(self, y: Array, weights: Array, offset: Array) -> Any:
        """The intercept that fits best alone: ``argmin_a total(y, offset + a)``."""
        total = weights.sum()
        a = self.eta_of(float(weights @ y / total)) - float(weights @ offset / total)
        if not np.any(offset):
            return a
        for _ in range(100):  # a convex function of one number: Newton, halved where it overshoots
            eta = offset + a
            slope = -float(self.score(y, eta, weights).sum())
            step = slope / max(float(self.curvatures(y, eta, weights).sum()), 1e-300)
            a -= float(np.clip(step, -1.0, 1.0))
            if abs(step) <= 4 * np.finfo(np.float64).eps * max(1.0, abs(a)):
                break
        return a

    def free(self, outputs: int) -> Mask:
        """Mask (outputs,): those that have weights of their own."""
        return np.ones(outputs, dtype=bool)

    @property
    def known_dispersion(self) -> float | None:
        """phi where it is known, None where it is to be estimated."""
        return 1.0


def _beside(rows: Array, eta: Array) -> Array:
    """Numbers of the rows, shaped to broadcast against ``eta``."""
    return rows.reshape(rows.shape + (1,) * (eta.ndim - rows.ndim))


def _summed(weights: Array, values: Array, y: Array) -> Array:
    """``sum_i w_i values_i``, and over the outputs where there are several."""
    total = np.tensordot(weights, values, 1)
    return np.asarray(total.sum(axis=0) if y.ndim == 2 else total)
