"""One form of error everywhere: what must hold; what was got; what to do."""

from __future__ import annotations

__all__ = ["ConvergenceWarning", "InputError", "NotConvergedError", "PriorfitWarning"]


class InputError(ValueError):
    """Input that cannot be used as given.

    The message is ``f"{must}; got {got}. {do}"``.

    Examples
    --------
    >>> raise InputError("`scale` must be >= 0", "-1.0", "Use a positive number.")
    Traceback (most recent call last):
    ...
    priorfit._errors.InputError: `scale` must be >= 0; got -1.0. Use a positive number.
    """

    def __init__(self, must: str, got: str, do: str) -> None:
        super().__init__(must, got, do)  # kept apart, so that a pickled error can be made again

    def __str__(self) -> str:
        return "{}; got {}. {}".format(*self.args)


class NotConvergedError(RuntimeError):
    """A fit whose result is not finite; nothing is returned."""


class PriorfitWarning(UserWarning):
    """Something the user should know about a result that is returned."""


class ConvergenceWarning(PriorfitWarning):
    """The result misses the tolerance that was asked for."""
