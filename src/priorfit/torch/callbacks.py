"""`attach` in training loops that others write: Lightning, and the Trainer of transformers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from priorfit._errors import InputError
from priorfit.torch.attach import attach
from priorfit.torch.plan import Plan

__all__ = ["lightning_callback", "trainer_callback"]


def lightning_callback(
    *, plan: Callable[[int], Plan] | None = None, snap: float = 0.02, **options: Any
) -> Any:
    """A Lightning ``Callback`` that attaches to every optimizer and snaps at the end.

    ``configure_optimizers`` makes the groups (`prior_groups`); ``plan=Plan`` makes the plan of the
    number of steps that the trainer expects. ``options`` are those of `attach`; the handles are
    ``callback.handles``.
    """
    base = _class("lightning.pytorch", "Callback", "lightning")

    class Attach(base):  # type: ignore[misc, valid-type]
        def on_train_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
            steps = plan and plan(int(trainer.estimated_stepping_batches))
            self.handles = [attach(_bare(o), plan=steps, **options) for o in trainer.optimizers]

        def on_train_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
            for handle in self.handles:
                handle.snap(snap)

    return Attach()


def trainer_callback(
    *, plan: Callable[[int], Plan] | None = None, snap: float = 0.02, **options: Any
) -> Any:
    """A ``TrainerCallback`` of transformers: attach when training begins, snap when it ends.

    Give the Trainer its optimizer: ``Trainer(..., optimizers=(AdamW(prior_groups(...)), None))``.
    """
    base = _class("transformers", "TrainerCallback", "transformers")

    class Attach(base):  # type: ignore[misc, valid-type]
        def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:  # noqa: ARG002
            steps = plan and plan(int(state.max_steps))
            self.handles = [attach(_bare(given["optimizer"]), plan=steps, **options)]

        def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:  # noqa: ARG002
            for handle in self.handles:
                handle.snap(snap)

    return Attach()


def _bare(optimizer: Any) -> Any:
    """The torch optimizer inside a wrapper of accelerate or Lightning."""
    while hasattr(optimizer, "optimizer"):
        optimizer = optimizer.optimizer
    return optimizer


def _class(module: str, name: str, package: str) -> Any:
    from importlib import import_module

    try:
        return getattr(import_module(module), name)
    except ImportError as missing:
        raise InputError(
            f"this callback needs {package}", "none installed", f"pip install {package}."
        ) from missing
