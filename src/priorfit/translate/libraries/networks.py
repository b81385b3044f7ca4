"""Weight decay and penalties of deep-learning libraries."""

from __future__ import annotations

from typing import Any

from priorfit.translate.factors import HALF_ROWS, ROWS, SUM, TWICE_ROWS, Factor
from priorfit.translate.row import Row
from priorfit.translate.shapes import Pair, Single

__all__ = ["ROWS_OF_NETWORKS"]

_BIASES = (
    "Biases and norm gains are decayed too unless they have a parameter group with weight_decay=0."
)
_LOSSES: dict[str, tuple[str, str, Factor]] = {
    "mse": ("gaussian", "(1/n) Σ (y − η)²", TWICE_ROWS),
    "cross_entropy": ("bernoulli", "(1/n) Σ cross-entropy", ROWS),
    "sum": ("bernoulli", "Σ cross-entropy", SUM),
}
_CLASSES: dict[str, Any] = {"bernoulli": {}, "multinomial": {}}


def _decay(
    prefix: str, library: str, call: str, loss: str, source: str, notes: tuple[str, ...] = (),
    checked: str = "",
) -> Row:  # fmt: skip
    family, objective, factor = _LOSSES[loss]
    return Row(
        id=f"{prefix}.{loss}",
        library=library,
        call=call,
        objective=f"{objective} + weight_decay/2 ‖w‖²",
        families={family: {}} if family == "gaussian" else _CLASSES,
        source=source,
        shape=Single("weight_decay", "l2"),
        factor2=factor,
        scale="sum" if loss == "sum" else "mean",
        intercept="penalised",
        weights="none",
        defaults={"weight_decay": 0.0},
        notes=(*notes, _BIASES),
        checked=checked,
    )


_TORCH = "docs.pytorch.org/docs/stable/generated/torch.optim."
_TORCH_LOSS = {
    "mse": "With MSELoss(), a mean without ½.",
    "cross_entropy": "With CrossEntropyLoss() or BCEWithLogitsLoss(), a mean.",
    "sum": 'With a loss of reduction="sum".',
}


def _torch(name: str, loss: str) -> Row:
    found = {"SGD": "fitted, 1e-13", "Adam": "fitted, 1e-10"}[name]
    more = () if name == "SGD" else ("The same minimum as SGD's, reached by another way.",)
    return _decay(
        f"torch.{name}", "PyTorch", f"torch.optim.{name}(params, {{settings}})", loss,
        f"{_TORCH}{name}.html", (_TORCH_LOSS[loss], *more), found,
    )  # fmt: skip


def _optax(loss: str) -> Row:
    half = loss == "squared"
    return Row(
        id=f"optax.{loss}",
        library="optax",
        call="optax.chain(optax.add_decayed_weights({settings}), optax.sgd(lr))",
        objective=f"(1/n) Σ {'½ (y − η)²' if half else 'cross-entropy'} + weight_decay/2 ‖w‖²",
        families={"gaussian": {}} if half else _CLASSES,
        source="optax.readthedocs.io/en/latest/api/transformations.html",
        shape=Single("weight_decay", "l2"),
        factor2=ROWS,
        scale="mean",
        intercept="penalised",
        weights="none",
        defaults={"weight_decay": 0.0},
        notes=(
            *(("With optax.l2_loss, which has the ½; optax.squared_error has not.",) * half),
            "Biases are decayed too unless mask= leaves them out.",
        ),
        checked="fitted, 1e-13",
    )


def _keras_penalty(loss: str) -> Row:
    half, one = (ROWS, TWICE_ROWS) if loss == "mse" else (HALF_ROWS, ROWS)
    family, objective, _ = _LOSSES[loss]
    return Row(
        id=f"keras.L1L2.{loss}",
        library="Keras",
        call="keras.regularizers.L1L2({settings})",
        objective=f"{objective} + l1 Σ|w| + l2 Σ w²",
        families={family: {}} if family == "gaussian" else _CLASSES,
        source="keras.io/api/layers/regularizers/",
        shape=Pair("l1", "l2"),
        factor1=one,
        factor2=half,
        scale="mean",
        weights="none",
        defaults={"l1": 0.0, "l2": 0.0},
        notes=(
            "No ½ in front of the l2 term. Holds for the kernel only, unless bias_regularizer.",
            "Gradient steps give no exact zeros.",
        ),
        checked="fitted: the value of the penalty, 1e-6",
    )


ROWS_OF_NETWORKS: tuple[Row, ...] = (
    *(_torch(name, loss) for name in ("SGD", "Adam") for loss in _LOSSES),
    _optax("squared"),
    _optax("cross_entropy"),
    _keras_penalty("mse"),
    _keras_penalty("cross_entropy"),
    *(
        _decay(
            "keras.SGD",
            "Keras",
            "keras.optimizers.SGD({settings})",
            loss,
            "keras.io/api/optimizers/sgd/",
            ("Decoupled, w ← w (1 − lr·weight_decay): under plain SGD the same as an L2 term.",),
            "documented",
        )
        for loss in ("mse", "cross_entropy")
    ),
    Row(
        id="playground",
        library="TensorFlow Playground",
        call="regularization = L2, regularization rate {settings}",
        objective="(1/n) Σ ½ (y − η)² + rate/2 ‖w‖²",
        families={"gaussian": {}},
        source="github.com/tensorflow/playground (nn.ts)",
        shape=Single("rate", "l2"),
        factor2=ROWS,
        scale="mean",
        weights="none",
        match={"regularization": "L2"},
        defaults={"rate": 0.0},
        notes=("Labels are ±1 fitted as numbers. Biases are free.",),
        checked="documented",
        style="flags",
    ),
    Row(
        id="playground.L1",
        library="TensorFlow Playground",
        call="regularization = L1, regularization rate {settings}",
        objective="(1/n) Σ ½ (y − η)² + rate ‖w‖₁",
        families={"gaussian": {}},
        source="github.com/tensorflow/playground (nn.ts; #55)",
        shape=Single("rate", "l1"),
        factor1=ROWS,
        scale="mean",
        weights="none",
        match={"regularization": "L1"},
        defaults={"rate": 0.0},
        notes=("A weight that changes its sign is set to 0 for ever (playground#55).",),
        checked="documented",
        style="flags",
    ),
)
