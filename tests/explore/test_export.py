"""Pages as files: every answer that the page can ask for is there."""

from __future__ import annotations

import functools
import gzip
import http.server
import json
import threading

import pytest

pytest.importorskip("fastapi")

from priorfit._errors import InputError
from priorfit.explore.controls import read
from priorfit.explore.export import coarser, export
from priorfit.explore.html import Site, parts_of
from priorfit.explore.pages import PAGES


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "new"
    assert export(folder, ("ratio",)) > 60
    return folder


def test_the_answers_are_those_of_the_page(site):
    """Each state's pieces together = the parts that the function gives for it."""
    grid = json.loads(gzip.decompress((site / "grids" / "ratio.zh.grid").read_bytes()))
    page = PAGES["ratio"]
    names = [c.name for c in page.controls]
    for key in list(grid["states"])[::17]:
        figures, result, more, spoken = grid["states"][key]
        at = read(page.controls, dict(zip(names, key.split("|"), strict=True)))
        parts = parts_of(page, "zh", at, Site("../", ".html", static=True))
        told = "".join(grid["pieces"][k] for k in figures)
        assert told.strip() == parts["figures"].strip()
        assert grid["pieces"][result] == parts["result"]
        assert grid["pieces"][more] == parts["more"]
        assert grid["pieces"][spoken] == parts["spoken"]


def test_every_position_of_the_controls_has_an_answer():
    """The number of states of each page is bounded, and holds both ends and the default."""
    for page in PAGES.values():
        states = 1
        for control, few in zip(page.controls, coarser(page.controls), strict=True):
            states *= len(getattr(few, "values", None) or few.options)
            if hasattr(few, "values"):
                start = control.values[control.index(control.default)]
                assert {few.values[0], few.values[-1], start} <= set(control.values)
                assert start in few.values
        assert states <= 200, page.name


def test_nothing_is_written_over(site):
    with pytest.raises(InputError, match="new or empty folder"):
        export(site)


@pytest.mark.browser
def test_files_move_like_the_server(site, chromium):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        page = chromium.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{running.server_address[1]}/en/ratio.html")
        before = page.inner_text("#result .sentence")
        page.locator("#c-noise").focus()
        page.keyboard.press("End")
        page.wait_for_function(
            "b => document.querySelector('#result .sentence').innerText !== b", arg=before
        )
        moved = page.inner_text("#result .sentence")
        page.reload()
        page.wait_for_function(
            "m => document.querySelector('#result .sentence').innerText === m", arg=moved
        )
        assert errors == []
        page.close()
        running.shutdown()
