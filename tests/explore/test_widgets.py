"""The widget: the same answers, moved from Python and from the page."""

from __future__ import annotations

import json
import warnings

import pytest

pytest.importorskip("fastapi")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("anywidget")

from priorfit._errors import InputError
from priorfit.explore import widget
from priorfit.explore.controls import read
from priorfit.explore.html import answer_parts
from priorfit.explore.pages import PAGES

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_a_widget_shows_the_page():
    shown = widget("twins", "zh", mix=0)
    page = PAGES["twins"]
    parts = answer_parts(page, "zh", read(page.controls, {"mix": "0"}))
    assert shown.parts == {k: parts[k] for k in ("figures", "result", "spoken")}
    assert shown.numbers == parts["numbers"]
    shown.at = {**shown.at, "mix": 1.0}
    assert shown.numbers != parts["numbers"]
    assert "pf.Laplace()" in shown.code


def test_what_a_page_does_not_offer_is_refused():
    with pytest.raises(InputError, match="must be a page"):
        widget("nothing")
    with pytest.raises(InputError, match="values must be of"):
        widget("twins", nonsense=1)
    with pytest.raises(InputError, match="must be a number"):
        widget("twins", rho=7)
    shown = widget("twins")
    with pytest.raises(InputError, match="must be a number"):
        shown.at = {"rho": 7}


@pytest.mark.browser
def test_a_widget_moves_in_the_browser(chromium):
    """A slider sends its value; a new answer is drawn."""
    shown = widget("ratio")
    state = {k: getattr(shown, k) for k in ("name", "language", "first", "at", "parts")}
    moved = widget("ratio", noise=shown.at["noise"], n=10000.0).parts
    page = chromium.new_page()
    page.set_content(f"<style>{shown._css}</style><div id=here></div>")
    script = str(shown._esm).replace("export default { render };", "window.render = render;")
    page.add_script_tag(content=script)
    page.evaluate(
        """([state, moved]) => {
          window.sent = []; const told = {};
          const model = { get: k => state[k], set: (k, v) => { state[k] = v; },
            on: (k, f) => { told[k] = f; },
            save_changes: () => { sent.push(state.at); state.parts = moved;
              told["change:parts"](); } };
          render({ model, el: document.getElementById("here") }); }""",
        [json.loads(json.dumps(state)), moved],
    )
    before = page.inner_text(".sentence")
    page.locator("[data-name=n]").focus()
    page.keyboard.press("End")
    assert page.evaluate("sent.at(-1).n") == 10000
    assert page.inner_text(".sentence") != before
    page.close()
