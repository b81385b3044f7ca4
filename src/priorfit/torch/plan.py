"""When a belief acts during training: ramp, hold, cut, and refit on what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from priorfit._errors import InputError

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """A schedule over ``steps`` steps of the optimizer.

    The belief's strength rises linearly from 0 over the share ``ramp`` of its time, acts until the
    share ``until`` of all steps, then weights near 0 are cut (`Prox.snap`, or to ``target``), and
    the rest is trained without the belief, so that what is kept is not shrunk.

    Under a spike and slab with a finite slab the share of weights that are in falls to its
    inclusion by a cubic curve instead (source: Zhu & Gupta (2018), section 3).

    Parameters
    ----------
    steps : how many steps the optimizer will take.
    until : the share of steps in which the belief acts; 1 for no refit.
    ramp : the share of that time in which its strength rises; 0 for full strength at once.
    snap : weights below this share of the root mean square of the tensor's non-zeros become 0.
    target : the share of zeros that is cut to at ``until``; None for `snap`.

    Raises
    ------
    InputError
        where a share is outside its range.

    Examples
    --------
    >>> plan = Plan(steps=1000)
    >>> [round(plan.strength(k), 2) for k in (0, 150, 300, 600)]
    [0.0, 0.5, 1.0, 0.0]
    """

    steps: int
    until: float = 0.6
    ramp: float = 0.5
    snap: float = 0.02
    target: float | None = None

    def __post_init__(self) -> None:
        inside = {
            "steps": self.steps >= 1,
            "until": 0.0 < self.until <= 1.0,
            "ramp": 0.0 <= self.ramp <= 1.0,
            "snap": 0.0 <= self.snap < 1.0,
            "target": self.target is None or 0.0 <= self.target < 1.0,
        }
        for name, fits in inside.items():
            if not fits:
                raise InputError(
                    f"`{name}` of a plan must be a share of a whole (`steps` a count)",
                    repr(getattr(self, name)),
                    "Write for example Plan(steps=1000, until=0.6, ramp=0.5, target=0.95).",
                )

    @property
    def end(self) -> int:
        """The step at which the belief has done its work."""
        return max(1, round(self.until * self.steps))

    def strength(self, step: int) -> float:
        """The factor of the belief's rates after ``step`` steps."""
        if step >= self.end:
            return 0.0
        rise = self.ramp * self.end
        return 1.0 if step >= rise else step / rise

    def share(self, step: int, keep: float) -> float:
        """How many weights are in after ``step`` steps, where ``keep`` are at the end."""
        start = 0.1 * self.steps
        done = min(max((step - start) / max(self.end - start, 1.0), 0.0), 1.0)
        return keep + (1.0 - keep) * (1.0 - done) ** 3

    def as_dict(self) -> dict[str, Any]:
        """The plan as numbers that an optimizer can save."""
        return asdict(self)

    @classmethod
    def of(cls, group: Mapping[str, Any]) -> Plan | None:
        """The plan that a parameter group holds."""
        found = group.get("plan")
        return None if found is None else _made(tuple(found.items()))


@lru_cache(maxsize=256)
def _made(items: tuple[tuple[str, Any], ...]) -> Plan:
    return Plan(**dict(items))
