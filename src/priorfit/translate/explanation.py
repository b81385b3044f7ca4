"""What `explain` returns."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from textwrap import fill

import numpy as np

from priorfit.priors import Prior

__all__ = ["Explanation"]


@dataclass(frozen=True, eq=False)
class Explanation:
    """The belief behind a fitted model or an optimizer. ``print`` shows it in words.

    Attributes
    ----------
    title : what was explained.
    belief : the prior in words, or as a formula where n or the noise is not known.
    prior : the prior in the units of X as given; None where it is not known or there is none.
    per_sd : the prior of the weights per standard deviation of each column; None likewise.
    penalty : the same as a penalty on the sum scale.
    noise : what is known of the noise, and from where.
    intercept : what holds the intercept, or the biases.
    free, frozen : columns that keep more than 99.9 % or less than 1 % of what the data alone say.
    mistakes : what is probably not meant.
    missing : what has to be passed to say more.
    notes : what to look out for.
    """

    title: str
    belief: str
    prior: Prior | None = None
    per_sd: Prior | None = None
    penalty: str = ""
    noise: str = ""
    intercept: str = ""
    free: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Label and text of everything there is to say, in order."""
        spread = "" if self.per_sd is None else _scales(self.per_sd)
        pairs = (
            ("Belief", self.belief),
            ("Per SD", spread),
            ("Penalty", self.penalty),
            ("Noise", self.noise),
            ("Intercept", self.intercept),
            ("Free", _listing(self.free)),
            ("Frozen", _listing(self.frozen)),
            *(("Mistake", text) for text in self.mistakes),
            *(("Missing", text) for text in self.missing),
            *(("Note", text) for text in self.notes),
        )
        return tuple((label, text) for label, text in pairs if text)

    def __str__(self) -> str:
        lines = [self.title, ""]
        for label, text in self.facts:
            first = f"  {label:<10} "
            lines.append(fill(text, 96, initial_indent=first, subsequent_indent=" " * len(first)))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left;vertical-align:top;"
            f"{_COLOUR if label == 'Mistake' else ''}'>{label}</th>"
            f"<td style='text-align:left;white-space:normal'>{escape(text)}</td></tr>"
            for label, text in self.facts
        )
        return f"<div><p><code>{escape(self.title)}</code></p><table>{rows}</table></div>"


_COLOUR = "color:#C44E00"


def _listing(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown


def _scales(prior: Prior) -> str:
    """The scales of the weights per standard deviation, as a range."""
    words = {"scale": "scale", "l1_scale": "l1_scale", "l2_scale": "l2_scale"}
    inner = getattr(prior, "prior", prior)
    parts = []
    for key, value in inner.arguments().items():
        if key in words:
            low, high = float(np.min(value)), float(np.max(value))
            same = high - low <= 1e-9 * abs(high)
            parts.append(f"{key} {high:.4g}" if same else f"{key} {low:.4g} to {high:.4g}")
    return f"{inner.word}, {', '.join(parts)}, per standard deviation of the column" * bool(parts)
