"""Sphinx settings: offline, no CDN, formulas as text.

Build with ``python -m sphinx -W -b html docs docs/_build/html``.
"""

from __future__ import annotations

from importlib.metadata import version as installed_version
from typing import Any

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
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = False
napoleon_use_ivar = True
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


def skip_noise(
    app: Any, what: str, name: str, obj: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out what tools generate: NamedTuple fields and metadata-routing setters.

    The fields are described in the docstring of their class.
    """
    generated = (getattr(obj, "__doc__", None) or "").startswith("Alias for field number")
    routing = name.startswith("set_") and name.endswith("_request")
    return True if generated or routing else None


def setup(app: Any) -> None:
    """Connect the hook above."""
    app.connect("autodoc-skip-member", skip_noise)
