"""The server, and a browser where there is one."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture(scope="session")
def server():
    """Address and pass of a running explorer."""
    pytest.importorskip("uvicorn")
    pytest.importorskip("fastapi")
    from priorfit.explore.serving import background

    with background() as found:
        yield found


@pytest.fixture(scope="session")
def chromium():
    """Debian's chromium under Playwright."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, server):
    """Opens a page of the explorer; what the console says of errors is kept in ``page.errors``."""
    address, key = server
    contexts = []

    def opened(path, *, width=1280, scheme="light", language="en", **more):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme,
            reduced_motion=more.pop("motion", "reduce"), **more,
        )  # fmt: skip
        context.add_cookies([{"name": "priorfit_explore", "value": key.pass_, "url": address}])
        contexts.append(context)
        page = context.new_page()
        page.errors = []
        page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(f"{address}/{language}/{path}")
        return page

    yield opened
    for context in contexts:
        context.close()
