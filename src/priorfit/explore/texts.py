"""Words of the pages, from files: one for each page, English and Chinese side by side."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup, escape

from priorfit._errors import InputError

__all__ = ["LANGUAGES", "Say", "coloured", "say_in", "strong", "texts"]

LANGUAGES = {"en": "English", "zh": "中文"}

#: the text of a key, its gaps filled
Say = Callable[..., str]


@cache
def texts(page: str) -> dict[str, dict[str, Any]]:
    """The file of a page: language -> key -> text."""
    file = files("priorfit.explore") / "texts" / f"{page}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def say_in(language: str, page: str) -> Say:
    """The words of a page in one language, those of the shell beside them."""
    if language not in LANGUAGES:
        raise InputError("`lang` must be one of en, zh", repr(language[:20]), "Choose one of them.")
    found = texts("shell")[language] | texts(page)[language]

    def say(key: str, **gaps: Any) -> str:
        text = str(found[key])
        return text.format(**gaps) if gaps else text

    return say


def strong(text: str) -> Markup:
    """Text as HTML: ``**x**`` is strong, ``*x*`` emphasised, `` `x` `` code, all else escaped."""
    safe = str(escape(text))
    safe = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", safe)
    safe = re.sub(r"\*([^*\n]+?)\*", r"<em>\1</em>", safe)
    safe = re.sub(r"`(.+?)`", r"<code>\1</code>", safe)
    return Markup(safe)


_PYTHON = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<string>\"{3}.*?\"{3}|"[^"\n]*"|'[^'\n]*')"""
    r"|(?P<word>\b(?:import|from|as|for|in|def|return|if|else|while|lambda|True|False|None)\b)",
    re.DOTALL,
)


def coloured(code: str) -> Markup:
    """Python as HTML: comments, texts and key words marked, nothing left out or added.

    Examples
    --------
    >>> print(coloured("return 1 < 2  # so"))
    <span class="word">return</span> 1 &lt; 2  <span class="comment"># so</span>
    """
    parts, at = [], 0
    for found in _PYTHON.finditer(code):
        parts += [escape(code[at : found.start()]), _SPAN.format(found.lastgroup, found.group())]
        at = found.end()
    return Markup("").join([*parts, escape(code[at:])])


_SPAN = Markup('<span class="{}">{}</span>')
