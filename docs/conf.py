"""Sphinx settings: offline, no CDN, formulas as text.

Build with ``python -m sphinx -W -b html docs docs/_build/html``.
"""

from __future__ import annotations

import re
from importlib.metadata import version as installed_version
from typing import Any

from priorfit.atlas.table import markdown as atlas
from priorfit.translate.table import markdown as dictionary

project = "priorfit"
author = "The priorfit developers"
copyright = "2026, The priorfit developers"
release = installed_version("priorfit")
version = ".".join(release.split(".")[:2])

# Neither mathjax (a CDN) nor intersphinx (a download) is here on purpose: see adr/0004.
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# A single backtick in a docstring names an object; it becomes a link where the object is known.
default_role = "py:obj"
autosummary_generate = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_type_aliases = {
    name: name for name in ("Array", "ArrayLike", "Index", "Mask", "PerColumn", "Seed")
}
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = False
napoleon_use_param = False  # keeps "tol, max_iter : ..." one entry
napoleon_use_ivar = True
napoleon_custom_sections = ["Fitted attributes"]
# scikit-learn's estimators bring long default signatures; one parameter per line stays readable.
maximum_signature_line_length = 88
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "priorfit"
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0072B2",
        "color-brand-content": "#0072B2",
        "color-brand-visited": "#0072B2",
    },
    "dark_css_variables": {
        "color-brand-primary": "#56B4E9",
        "color-brand-content": "#56B4E9",
        "color-brand-visited": "#56B4E9",
    },
}

# Copy what a reader types, not the prompt nor the answer.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True


def skip_noise(*event: Any) -> bool | None:
    """Leave out what tools generate: NamedTuple fields and metadata-routing setters.

    The fields are described in the docstring of their class.
    """
    _, _, name, obj, _, _ = event
    generated = (getattr(obj, "__doc__", None) or "").startswith("Alias for field number")
    routing = name.startswith("set_") and name.endswith("_request")
    return True if generated or routing else None


_ENTRY = re.compile(r"(\S.*?) : (.+)")  # "name : description"


def house_form(*event: Any) -> None:
    """Make entries ``name : description`` and attributes listed in prose readable to napoleon."""
    lines: list[str] = event[-1]
    section, prose, out = "", False, list[str]()
    for line, after in zip(lines, [*lines[1:], ""], strict=False):
        if line and set(after) == {"-"}:
            section, prose = line, False
        entry = _ENTRY.match(line) if section in ("Parameters", "Attributes") else None
        if entry:
            out += [entry[1], f"    {entry[2]}"]
        elif section == "Attributes" and set(line) == {"-"} and not _ENTRY.match(after):
            prose = True
            out[-1:] = ["Fitted attributes", line]
        else:
            prose = prose and bool(line)
            out.append(re.sub(r"(\w+_)(?!\w)", r"``\1``", line) if prose else line)
    lines[:] = out


# literals, roles and doctest lines, which are left alone, or else a bar
_BAR = re.compile(r"(^[ ]*(?:>>>|\.\.\.).*?$|``.*?``|`[^`]*`)|\|", re.DOTALL | re.MULTILINE)


def keep_bars(*event: Any) -> None:
    """In running text ``|b|`` is an absolute value, never a substitution of docutils."""
    lines: list[str] = event[-1]
    lines[:] = _BAR.sub(lambda m: m[1] or r"\|", "\n".join(lines)).split("\n")


def put_in_tables(app: Any, page: str, source: list[str]) -> None:
    """`priorfit.dictionary` and `priorfit.atlas` in their pages, from the same data."""
    for name, mark, table in (
        ("translate", "<!-- the dictionary -->", dictionary),
        ("atlas", "<!-- the atlas -->", atlas),
    ):
        if page == name:
            app.env.note_reread()  # the data may have changed though the page has not
            source[0] = source[0].replace(mark, table())


def setup(app: Any) -> None:
    """Connect the hooks above."""
    app.connect("source-read", put_in_tables)
    app.connect("autodoc-skip-member", skip_noise)
    app.connect("autodoc-process-docstring", house_form, priority=400)  # before napoleon's
    app.connect("autodoc-process-docstring", keep_bars)
