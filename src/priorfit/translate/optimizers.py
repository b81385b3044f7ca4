"""torch optimizers in `explain`: weight decay as a prior, or as what it is."""

from __future__ import annotations

from typing import Any

from priorfit.priors import Normal, Prior, describe
from priorfit.translate.beliefs import belief_text
from priorfit.translate.explanation import Explanation
from priorfit.translate.lookup import row_named
from priorfit.translate.middle import case_of, prior_of
from priorfit.translate.row import Row

__all__ = ["explain_optimizer", "is_optimizer"]

#: optimizers whose decay is a term of the gradient, unless they say that it is decoupled
_COUPLED = ("SGD", "Adam", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta", "Adamax", "ASGD",
            "Rprop", "LBFGS")  # fmt: skip


def is_optimizer(model: Any) -> bool:
    """Whether it is a torch optimizer."""
    return hasattr(model, "param_groups") and hasattr(model, "zero_grad")


def explain_optimizer(
    optimizer: Any, *, n: float | None, noise: float | None, family: str | None
) -> Explanation:
    """The prior of each weight decay; decoupled decay is said as a time, not as a prior."""
    kind, groups = type(optimizer).__name__, optimizer.param_groups
    decays = [float(g.get("weight_decay", 0.0)) for g in groups]
    shown = ", ".join(f"{d:g}" for d in dict.fromkeys(decays))
    title = f"torch.optim.{kind}(weight_decay={shown})"
    mistakes = _decayed_vectors(groups, decays)
    held = "decayed too" if mistakes else "biases and norm gains are free"
    largest = max(decays, default=0.0)
    if largest == 0:
        return Explanation(title, "flat: nothing is penalised", intercept=held)
    if _decoupled(optimizer, kind):
        row = row_named("torch.AdamW", "gaussian")
        return Explanation(title, f"no prior: {row.reason}.", intercept=held, mistakes=mistakes,
                           notes=(_time(groups, decays), "Under Adam or SGD it is a prior."),
                           )  # fmt: skip
    row = row_named("torch.SGD" if kind == "SGD" else "torch.Adam", family or "bernoulli")
    prior, missing = _prior(row, largest, n, noise, family)
    said = belief_text(row, {"weight_decay": largest}, family or "bernoulli")
    belief = f"{said} (loss: {'MSELoss' if family == 'gaussian' else 'mean cross-entropy'})"
    if prior is not None:
        belief = f"{describe(prior)}."
    return Explanation(
        title, belief, prior, penalty=f"loss + {largest:g}/2 × Σw²", intercept=held,
        mistakes=mistakes, missing=missing, notes=_notes(kind, family),
    )  # fmt: skip


def _prior(
    row: Row, decay: float, n: float | None, noise: float | None, family: str | None
) -> tuple[Prior | None, tuple[str, ...]]:
    if n is None:
        return None, ("Pass n=, the number of rows of the training data, to say it in numbers.",)
    if family == "gaussian" and noise is None:
        return None, ("Pass noise=, the standard deviation of the gaussian noise.",)
    case = case_of(n=n, weights=None, noise=noise, dispersion=None, x_scale=None, y_scale=None)
    phi = float(case.phi) if family == "gaussian" and case.phi is not None else 1.0
    prior = prior_of(row.from_({"weight_decay": decay}, case), phi)
    assert isinstance(prior, Normal)
    return prior, ()


def _decoupled(optimizer: Any, kind: str) -> bool:
    said = optimizer.defaults.get("decoupled_weight_decay")
    return bool(said) if said is not None else kind not in _COUPLED


def _decayed_vectors(groups: list[Any], decays: list[float]) -> tuple[str, ...]:
    """Parameters of one dimension that are decayed: biases and gains."""
    names: list[str] = []
    for group, decay in zip(groups, decays, strict=True):
        labels = group.get("param_names") or [f"tensor {k}" for k in range(len(group["params"]))]
        several = len(group["params"]) > 1
        for label, parameter in zip(labels, group["params"], strict=True):
            vector = parameter.ndim <= 1 and (several or parameter.numel() == 1)
            if decay > 0 and vector:
                names.append(str(label))
    if not names:
        return ()
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return (
        f"Of the parameters of one dimension (biases, norm gains) {len(names)} are decayed: "
        f"{shown}. "
        "Put them into a group with weight_decay=0.",
    )


def _time(groups: list[Any], decays: list[float]) -> str:
    rates = [float(g["lr"]) * d for g, d in zip(groups, decays, strict=True) if d > 0]
    steps = sorted({1.0 / rate for rate in rates if rate > 0})
    if not steps:
        return "With lr = 0 nothing decays."
    span = f"{steps[0]:,.0f}" + (f" to {steps[-1]:,.0f}" if len(steps) > 1 else "")
    return (
        f"At this lr a weight without gradient falls by 1/e in {span} steps, 1/(lr·weight_decay)."
    )


def _notes(kind: str, family: str | None) -> tuple[str, ...]:
    notes = []
    if family is None:
        notes.append("With MSELoss pass likelihood='gaussian': it has no ½ and knows the noise.")
    if kind != "SGD":
        notes.append("The decay is scaled with the gradient: the minimum is SGD's, the way is not.")
    return tuple(notes)
