"""The figures in a notebook: the same function behind them, the same picture."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from priorfit._errors import InputError
from priorfit.explore.controls import read
from priorfit.explore.html import Site, parts_of, render, shell
from priorfit.explore.pages import PAGES
from priorfit.explore.texts import say_in

__all__ = ["widget"]


def widget(name: str, language: str = "en", **values: Any) -> Any:
    """A page's figures and controls as a widget of Jupyter, Marimo or Colab.

    Parameters
    ----------
    name : of the page, as in its address: ``"peak-or-corner"``.
    language : "en" or "zh".
    values : of its controls at the start.

    Returns
    -------
    anywidget.AnyWidget
        ``at`` are the values of the controls, ``numbers`` what is shown, ``code`` the same in
        Python; setting ``at`` moves the figure.

    Raises
    ------
    InputError
        without anywidget, for an unknown page, or a value that it does not offer.

    Examples
    --------
    >>> import pytest; anywidget = pytest.importorskip("anywidget")
    >>> shown = widget("peak-or-corner", peak=0.1)
    >>> shown.at["rounding"], shown.numbers["zeros"] > 0
    (0.0, True)
    """
    if name not in PAGES:
        raise InputError("`name` must be a page", repr(name), f"It is one of {', '.join(PAGES)}.")
    page = PAGES[name]
    unknown = values.keys() - {c.name for c in page.controls}
    if unknown:
        offered = ", ".join(c.name for c in page.controls)
        raise InputError(f"values must be of {offered}", str(unknown), "Leave it out.")
    say_in(language, name)
    at = read(page.controls, {k: str(v) for k, v in values.items()})
    return _kind()(name=name, language=language, at=at, first=_controls(name, language, at))


def _kind() -> Any:
    """The class, made when it is first needed: anywidget is not."""
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise InputError(
            "a widget needs anywidget", f"no {error.name}",
            'Install it with: pip install "priorfit[notebook]"',
        ) from None  # fmt: skip

    class Figures(anywidget.AnyWidget):  # type: ignore[misc,unused-ignore]
        """A page of the explorer."""

        _esm = _static("widget.js")
        _css = _css()
        name = traitlets.Unicode().tag(sync=True)
        language = traitlets.Unicode().tag(sync=True)
        first = traitlets.Unicode().tag(sync=True)
        at = traitlets.Dict().tag(sync=True)
        parts = traitlets.Dict().tag(sync=True)
        numbers = traitlets.Dict()
        code = traitlets.Unicode()

        @traitlets.validate("at")
        def _checked(self, proposal: Any) -> dict[str, float | str]:
            return read(PAGES[self.name].controls, {k: str(v) for k, v in proposal.value.items()})

        @traitlets.observe("at")
        def _moved(self, _: Any) -> None:
            page = PAGES[self.name]
            found = parts_of(page, self.language, self.at, Site())
            answer = page.answer(self.at, say_in(self.language, self.name))
            self.numbers, self.code = found["numbers"], answer.code
            self.parts = {k: found[k] for k in ("figures", "result", "spoken")}

    return Figures


def _static(name: str) -> str:
    return (files("priorfit.explore") / "static" / name).read_text(encoding="utf-8")


def _css() -> str:
    """The pages' style, kept inside of the widget."""
    base = "font: var(--text)/1.55 var(--sans); color: var(--ink); background: var(--paper);"
    inside = _static("style.css").replace(":root", "&")
    base += " padding: 16px; font-variant-numeric: tabular-nums;"
    return f".priorfit-explore {{ {inside} {base} }}"


def _controls(name: str, language: str, at: dict[str, float | str]) -> str:
    page = PAGES[name]
    view = shell(Site(), language, name) | {
        "say": say_in(language, name), "controls": page.controls, "at": at, "spoken": "",
    }  # fmt: skip
    return render("controls.html.j2", view)
