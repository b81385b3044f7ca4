"""How sure a network is: the posterior of its last layer, the prior's scale by evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.linalg import solve_triangular
from scipy.special import softmax
from torch import Tensor, nn

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, Seed
from priorfit.likelihoods import Gaussian, Multinomial
from priorfit.priors import Normal
from priorfit.problem import Problem
from priorfit.solve import solve

__all__ = ["LastLayer", "last_layer"]


@dataclass(frozen=True)
class LastLayer:
    """The answer of `last_layer`.

    ``scale`` is that of the normal belief about the last layer's weights, the most probable of
    ``scales``, and ``log_evidence`` the largest of ``evidences``: ``log p(y)`` by Laplace's
    approximation (exact for a regression) up to one constant. ``coef`` (features + 1, outputs) is
    the mode, its last row the intercept; ``root`` the Cholesky root of the Hessian there; ``noise``
    that of a regression, else 0.
    """

    network: nn.Module
    scale: float
    log_evidence: float
    scales: Array
    evidences: Array
    coef: Array
    root: Array
    noise: float
    classes: Any

    def features(self, x: Tensor) -> Array:
        """What the last layer reads, and a column of ones."""
        return _features(self.network, x)

    def predict(self, x: Tensor) -> tuple[Array, Array]:
        """Mean and standard deviation (n,) of a new response of a regression, noise included."""
        if self.classes is not None:
            raise InputError("`predict` is of a regression", "classes", "Use `predict_proba`.")
        F = self.features(x)
        spread = solve_triangular(self.root, F.T, lower=True)
        return (F @ self.coef)[:, 0], np.sqrt(self.noise**2 + np.sum(spread**2, axis=0))

    def predict_proba(self, x: Tensor, *, draws: int = 200, seed: Seed = 0) -> Array:
        """Probabilities (n, classes), averaged over draws of the last layer's weights."""
        if self.classes is None:
            raise InputError("`predict_proba` is of classes", "a regression", "Use `predict`.")
        F, rng = self.features(x), np.random.default_rng(seed)
        away = solve_triangular(self.root.T, rng.normal(size=(len(self.root), draws)), lower=False)
        total = np.zeros((len(F), self.coef.shape[1]))
        for k in range(draws):
            total += softmax(F @ (self.coef + away[:, k].reshape(self.coef.shape)), axis=1)
        return np.asarray(total / draws)


def last_layer(
    network: nn.Module,
    x: Tensor,
    y: ArrayLike,
    *,
    noise: float | None = None,
    scales: ArrayLike | None = None,
) -> LastLayer:
    """The posterior of the last linear layer, all others held, as a normal at its mode.

    ``p(W | y) ~ N(W*, H^-1)``, W* the MAP estimate under ``Normal(scale)`` (certified, by
    `pf.solve`) and H the Hessian there. The scale is that of the largest evidence
    ``log p(y) ~ log p(y | W*) + log p(W*) + d/2 log 2 pi - log|H| / 2``.

    Parameters
    ----------
    network : any module whose output is that of its last ``nn.Linear``.
    x, y : training rows, and a label or response for each.
    noise : standard deviation of a gaussian response; None for classes.
    scales : to choose from; 13 from 0.01 to 10 by default, per unit root mean square of features.

    Raises
    ------
    InputError
        where the network has no linear layer, or y has one class.

    Examples
    --------
    >>> torch.manual_seed(0) and None
    >>> x = torch.randn(60, 2)
    >>> net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    >>> found = last_layer(net, x, x[:, 0] + 0.1 * torch.randn(60), noise=0.1)
    >>> mean, near = found.predict(torch.zeros(1, 2))
    >>> bool(found.predict(torch.full((1, 2), 9.0))[1] > near)
    True

    Source: MacKay (1992), The evidence framework applied to classification networks; Kristiadi,
    Hein & Hennig (2020) for the last layer alone.
    """
    F = _features(network, x)
    size = float(np.sqrt(np.mean(F[:, :-1] ** 2)))
    grid = np.geomspace(0.01, 10.0, 13) / size if scales is None else np.asarray(scales, float)
    classes, target = _target(y, noise)
    tried = [_approximate(F, target, float(s), noise) for s in grid]
    evidences = np.array([t[0] for t in tried])
    best = int(np.argmax(evidences))
    return LastLayer(
        network, float(grid[best]), float(evidences[best]), grid, evidences, tried[best][1],
        tried[best][2], noise or 0.0, classes,
    )  # fmt: skip


def _target(y: ArrayLike, noise: float | None) -> tuple[Any, Array]:
    values = np.asarray(y)
    if noise is not None:
        return None, values.astype(np.float64).ravel()
    classes, codes = np.unique(values, return_inverse=True)
    if len(classes) < 2:
        raise InputError("y must have two classes", f"{len(classes)}", "Or give noise=.")
    return classes, codes.astype(np.float64)


def _features(network: nn.Module, x: Tensor) -> Array:
    layers = [m for m in network.modules() if isinstance(m, nn.Linear)]
    if not layers:
        raise InputError("the network must have a linear layer", "none", "Its last one is used.")
    seen: list[Tensor] = []
    hook = layers[-1].register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    training = network.training
    with torch.no_grad():
        network.eval()(x)
    network.train(training)
    hook.remove()
    F = seen[0].double().numpy()
    return np.column_stack([F, np.ones(len(F))])


def _approximate(
    F: Array, y: Array, scale: float, noise: float | None
) -> tuple[float, Array, Array]:
    """(log evidence, mode, Cholesky root of the Hessian) at one scale."""
    gaussian = noise is not None
    problem = Problem.make(
        F[:, :-1], y, prior=Normal(scale),
        likelihood=Gaussian(noise=noise) if gaussian else Multinomial(),
    )  # fmt: skip
    found = solve(problem, tol=1e-8)
    weights = np.reshape(found.coef, (F.shape[1] - 1, -1))
    coef: Array = np.vstack([weights, np.ravel(found.intercept)])
    eta = F @ coef
    if gaussian:
        assert noise is not None
        fit = -0.5 * float(np.sum((y - eta[:, 0]) ** 2)) / noise**2
        H = F.T @ F / noise**2
    else:
        P = softmax(eta, axis=1)
        fit = float(np.sum(np.log(P[np.arange(len(y)), y.astype(int)])))
        H = _curvature(F, P)
    precision = np.full(coef.shape, 1e-8)  # of the intercepts: their common shift does nothing
    precision[:-1] = scale**-2
    H[np.diag_indices_from(H)] += precision.ravel()
    root = np.asarray(np.linalg.cholesky(H), dtype=np.float64)
    belief = -0.5 * np.sum(weights**2) / scale**2 - weights.size * np.log(scale)
    return float(fit + belief - np.sum(np.log(np.diag(root)))), coef, root


def _curvature(F: Array, P: Array) -> Array:
    """``sum_i f_i f_i' x (diag(p_i) - p_i p_i')``, in the order of ``coef.ravel()``."""
    p, K = F.shape[1], P.shape[1]
    H = np.empty((p, K, p, K))
    for a in range(K):
        for b in range(a, K):
            w = P[:, a] * ((a == b) - P[:, b])
            H[:, a, :, b] = H[:, b, :, a] = (F * w[:, None]).T @ F
    return H.reshape(p * K, p * K)
