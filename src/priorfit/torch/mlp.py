"""Small networks as estimators, with a belief for each layer, a path, and compaction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Self, TypeAlias

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
from torch import Tensor, nn

from priorfit._errors import InputError
from priorfit._typing import Array, Mask
from priorfit.priors import Normal, Prior
from priorfit.torch.attach import Prox, attach
from priorfit.torch.compact import compact
from priorfit.torch.groups import prior_groups
from priorfit.torch.path import NetworkPath, network_path
from priorfit.torch.training import perceptron, train

__all__ = ["MAPMLPClassifier", "MAPMLPRegressor"]

_Rows: TypeAlias = tuple[Tensor, Tensor]


class _MAPMLP(BaseEstimator):  # type: ignore[misc]
    """What both estimators do; see `MAPMLPClassifier`."""

    def __init__(
        self,
        prior: Prior | Mapping[Any, Prior] | None = None,
        inputs: Prior | None = None,
        *,
        hidden: tuple[int, ...] = (64,),
        strength: float | str = 1.0,
        n_features: int | None = None,
        activation: str = "relu",
        noise: float = 1.0,
        epochs: int = 100,
        path_epochs: int | None = None,
        batch: int = 64,
        lr: float = 0.01,
        validation: float = 0.2,
        seed: int = 0,
    ) -> None:
        self.prior = prior
        self.inputs = inputs
        self.hidden = hidden
        self.strength = strength
        self.n_features = n_features
        self.activation = activation
        self.noise = noise
        self.epochs = epochs
        self.path_epochs = path_epochs
        self.batch = batch
        self.lr = lr
        self.validation = validation
        self.seed = seed

    # -- what the two differ in -----------------------------------------------------------------

    def _target(self, y: Any) -> tuple[Tensor, int]:
        raise NotImplementedError

    def _loss(self, out: Tensor, y: Tensor) -> Tensor:
        raise NotImplementedError

    def _score(self, out: Tensor, y: Tensor) -> Tensor:
        raise NotImplementedError

    # -- fitting ----------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to X (n, p), an array or a data frame, and y (n,)."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=4)
        if self.strength != "path" and not isinstance(self.strength, int | float):
            raise InputError("`strength` must be a number or path", repr(self.strength), "Say 1.0.")
        target, outputs = self._target(column_or_1d(y))
        self.center_, spread = X.mean(0), X.std(0)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        x = self._scaled(X)
        torch_state = torch.get_rng_state()
        torch.manual_seed(self.seed)
        model = perceptron(x.shape[1], tuple(self.hidden), outputs, self.activation)
        torch.set_rng_state(torch_state)
        rng = torch.Generator().manual_seed(self.seed)
        self.path_: NetworkPath | None = None
        if self.strength == "path":
            self._fit_path(model, x, target, rng)
        else:
            self._fit_once(model, x, target, rng)
        first: Any = model[0]
        self.selected_: Mask = (first.weight.detach() != 0).any(0).numpy()
        self.network_ = compact(model, x[:256])
        weights = [p for p in model.parameters() if p.ndim > 1]
        zeros, total = sum(int((w == 0).sum()) for w in weights), sum(w.numel() for w in weights)
        self.sparsity_ = zeros / total
        self.n_parameters_ = sum(p.numel() for p in self.network_.parameters())
        return self

    def _fit_once(self, model: nn.Module, x: Tensor, y: Tensor, rng: torch.Generator) -> None:
        optimizer, prox = self._optimizer(model, len(x), float(self.strength))
        options: Any = {"batch": self.batch, "rng": rng, "lr": self.lr}
        ours, rest = math.ceil(0.7 * self.epochs), self.epochs - math.ceil(0.7 * self.epochs)
        train(model, optimizer, self._loss, x, y, epochs=ours, cosine=False, **options)
        train(model, optimizer, self._loss, x, y, epochs=rest, cosine=True, **options)
        prox.snap()

    def _fit_path(self, model: nn.Sequential, x: Tensor, y: Tensor, rng: torch.Generator) -> None:
        """Dense first, then ever stronger until no input or weight is left; the choice is refitted
        on all rows with its zeros held."""
        order = torch.randperm(len(x), generator=rng)
        held = max(2, round(self.validation * len(x)))
        out, into = order[:held], order[held:]
        optimizer, prox = self._optimizer(model, len(into), 1.0)
        options: Any = {"batch": self.batch, "rng": rng, "lr": self.lr}
        prox.strength = 1e-12
        train(model, optimizer, self._loss, x[into], y[into], epochs=self.epochs, **options)
        lengths = self._lengths(model)
        x = x * lengths
        self.path_ = self._walk(model, prox, (x[into], y[into]), (x[out], y[out]), options)
        self._settle(model)
        prox.remove()
        self._refit(model, x, y, self.epochs // 2, options)
        self._rescale(model, lengths)

    def _walk(
        self, model: nn.Sequential, prox: Prox, rows: _Rows, judges: _Rows, options: Any
    ) -> NetworkPath:
        short = self.path_epochs or max(2, math.ceil(25 * self.batch / len(rows[0])))
        scores: dict[bytes, Tensor] = {}

        def run() -> None:
            train(model, prox.optimizer, self._loss, *rows, epochs=short, **options)

        def judge() -> Tensor:
            key = self._support(model).tobytes()
            if key not in scores:
                scores[key] = self._refitted(model, rows, judges, 10 * short, options)
            return scores[key]

        def until() -> bool:
            few = self._used(model) <= (self.n_features or 0)
            return few or prox.sparsity() >= 0.999

        grid = self._strengths(prox)
        return network_path(model, prox, strengths=grid, run=run, judge=judge, until=until)

    def _lengths(self, model: nn.Sequential) -> Tensor:
        """Adaptive scales: an input whose weights are long in the dense network has a wider belief.

        Inputs times these lengths, and weights over them, are the same network.
        """
        first: Any = model[0]
        if self.inputs is None:
            return torch.ones(first.in_features)
        size = first.weight.detach().norm(dim=0)
        lengths: Tensor = (size / size.mean()).clamp(min=1e-3)
        self._rescale(model, 1.0 / lengths)
        return lengths

    @staticmethod
    def _rescale(model: nn.Sequential, factor: Tensor) -> None:
        first: Any = model[0]
        with torch.no_grad():
            first.weight.mul_(factor)

    def _settle(self, model: nn.Sequential) -> None:
        """Give the network the weights of the point that is chosen."""
        assert self.path_ is not None
        points = self.path_.points
        if self.n_features is None:
            self.path_.restore(model)
            if not self._used(model):  # nothing predicts as well as something: say so by no zeros
                self.path_.restore(model, self.path_.best)
            return
        counts = [int((p.state["0.weight"] != 0).any(0).sum()) for p in points]
        enough = [k for k, count in enumerate(counts) if count >= self.n_features]
        self.path_.restore(model, enough[-1] if enough else 0)
        first: Any = model[0]
        with torch.no_grad():  # where several inputs go at once, the longest columns stay
            weight = first.weight
            order = weight.norm(dim=0).argsort(descending=True)
            weight[:, order[self.n_features :]] = 0.0

    @staticmethod
    def _used(model: nn.Sequential) -> int:
        first: Any = model[0]
        return int((first.weight.detach() != 0).any(0).sum())

    def _refit(self, model: nn.Module, x: Tensor, y: Tensor, epochs: int, options: Any) -> None:
        """Train with all zeros held, and no belief but that of the other layers."""
        optimizer, prox = self._optimizer(model, len(x), 1.0)
        prox.freeze()
        train(model, optimizer, self._loss, x, y, epochs=epochs, cosine=True, **options)
        prox.remove()

    def _refitted(
        self, model: nn.Module, rows: _Rows, judges: _Rows, epochs: int, options: Any
    ) -> Tensor:
        """Scores of held-out rows after a refit of a copy: shrinkage is no fault of a support."""
        copy = deepcopy(model)
        self._refit(copy, *rows, epochs, options)
        with torch.no_grad():
            return self._score(copy(judges[0]), judges[1])

    def _support(self, model: nn.Module) -> Mask:
        """What the path removes: inputs, or weights where no belief is about inputs."""
        first: Any = model[0]  # type: ignore[index]
        if self.inputs is not None:
            return np.asarray((first.weight.detach() != 0).any(0).numpy())
        found = [(p.detach() != 0).flatten() for p in model.parameters() if p.ndim > 1]
        return np.asarray(torch.cat(found).numpy())

    def _strengths(self, prox: Prox) -> list[float]:
        """100 strengths whose rates rise from 3e-4 to 10 per unit of the loss."""
        groups = prox.optimizer.param_groups
        rates = [max(g["prior"]["l1"], g["prior"]["group"]) for g in groups if "prior" in g]
        return [float(s / max(rates)) for s in np.geomspace(3e-4, 10.0, 100)]

    def _optimizer(
        self, model: nn.Module, n: int, strength: float
    ) -> tuple[torch.optim.Optimizer, Prox]:
        table, by = self._beliefs()
        groups = prior_groups(
            model, table, n=n, by=by, strength=strength, noise=self._noise_of_loss()
        )
        optimizer = torch.optim.Adam(groups, lr=self.lr)
        return optimizer, attach(optimizer)

    def _noise_of_loss(self) -> float | None:
        return None

    def _beliefs(self) -> tuple[dict[str, Prior], dict[str, str]]:
        """Beliefs by name of the parameter: of the inputs, of layers by number, of all others."""
        given = self.prior if isinstance(self.prior, Mapping) else {"*": self.prior or Normal()}
        table: dict[str, Prior] = {}
        if self.inputs is not None:
            table["0.weight"] = self.inputs
        for key, belief in given.items():
            table.setdefault("*" if key == "*" else f"{2 * int(key)}.weight", belief)
        if set(table) == {"0.weight", "*"} and not self.hidden:
            del table["*"]
        return table, {"0.weight": "columns"} if self.inputs is not None else {}

    # -- prediction -------------------------------------------------------------------------------

    def _scaled(self, X: Array) -> Tensor:
        return torch.as_tensor((X - self.center_) / self.spread_, dtype=torch.float32)

    def _out(self, X: Any) -> Tensor:
        check_is_fitted(self, "network_")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        with torch.no_grad():
            out: Tensor = self.network_.eval()(self._scaled(X))
        return out.double()


class MAPMLPClassifier(ClassifierMixin, _MAPMLP):  # type: ignore[misc]
    """The MAP estimate of a small network of classes: a perceptron whose layers have beliefs.

    ``minimize sum_i -log p(y_i | network(x_i)) - log p(weights)``, biases free, by minibatches of
    Adam with a proximal step, so that weights, units and inputs can be exactly 0. Columns are
    standardized: the network sees mean 0 and standard deviation 1, and scales are in these units.
    With ``inputs=GroupLaplace()`` an input matters for all hidden units or for none.

    Parameters
    ----------
    prior : of all weights, or by number of the layer, ``{1: Laplace(0.1), "*": Normal()}``; None
        is ``Normal(1)``. Groups are rows: all that enters a unit.
    inputs : of the first layer by columns, in place of ``prior``; groups are inputs. Later layers
        then need a belief too, else they grow while the first shrinks.
    hidden : units of each hidden layer.
    strength : beliefs to this power; or "path": from a dense network to ever stronger beliefs,
        the strongest within one standard error of the best on held-out rows, refitted with its
        zeros held. Beliefs about inputs are then adaptive: as wide as an input's weights in the
        dense network are long (source: Zou (2006)). With ``n_features`` so many inputs; where
        several go at once, the longest columns stay.
    activation : "relu", "tanh", "gelu" or "silu".
    noise : of a regression, the noise in standard deviations of y.
    epochs, path_epochs, batch, lr : minibatch training; epochs at each point of the path, None for
        two and at least 25 steps.
    validation : the share of rows that judges the path.
    seed : start, order of rows and the held-out rows.

    Attributes
    ----------
    network_ : the compacted torch network of standardized inputs.
    selected_ : mask (p,) of the inputs it uses.
    path_ : `NetworkPath`, or None.
    sparsity_ : the share of zeros before compaction.
    n_parameters_ : how many numbers are left after it.

    Raises
    ------
    InputError
        where a belief has no step in a network, or strength is no number.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 8))
    >>> y = X[:, 0] * X[:, 3] > 0
    >>> m = pf.torch.MAPMLPClassifier(inputs=pf.GroupLaplace(), strength="path", epochs=30)
    >>> m.fit(X, y).selected_.nonzero()[0]
    array([0, 3])
    """

    def _target(self, y: Any) -> tuple[Tensor, int]:
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(
                "y must have two classes", f"{len(self.classes_)}", "Check the labels."
            )
        return torch.as_tensor(codes), len(self.classes_)

    def _loss(self, out: Tensor, y: Tensor) -> Tensor:
        return nn.functional.cross_entropy(out, y)

    def _score(self, out: Tensor, y: Tensor) -> Tensor:
        return -nn.functional.cross_entropy(out, y, reduction="none")

    def predict_proba(self, X: Any) -> Array:
        """Probabilities (n, classes)."""
        return np.asarray(self._out(X).softmax(1).numpy())

    def predict(self, X: Any) -> Any:
        """The most probable class of each row."""
        return self.classes_[self._out(X).argmax(1).numpy()]


class MAPMLPRegressor(RegressorMixin, _MAPMLP):  # type: ignore[misc]
    """The MAP estimate of a small network of one response with gaussian noise.

    As `MAPMLPClassifier`; y is standardized too, and ``noise`` is in its standard deviations.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 6))
    >>> y = np.abs(X[:, 1]) + 0.1 * rng.normal(size=400)
    >>> m = pf.torch.MAPMLPRegressor(inputs=pf.GroupLaplace(), strength="path", epochs=30)
    >>> m.fit(X, y).selected_.nonzero()[0]
    array([1])
    """

    def _target(self, y: Any) -> tuple[Tensor, int]:
        y = np.asarray(y, dtype=np.float64)
        self.y_center_, self.y_spread_ = float(y.mean()), float(y.std()) or 1.0
        scaled = (y - self.y_center_) / self.y_spread_
        return torch.as_tensor(scaled, dtype=torch.float32)[:, None], 1

    def _loss(self, out: Tensor, y: Tensor) -> Tensor:
        return nn.functional.mse_loss(out, y)

    def _score(self, out: Tensor, y: Tensor) -> Tensor:
        return -(out - y).square()[:, 0]

    def _noise_of_loss(self) -> float | None:
        return float(self.noise)

    def predict(self, X: Any) -> Array:
        """The expected response (n,)."""
        return np.asarray(self.y_center_ + self.y_spread_ * self._out(X).numpy()[:, 0])
