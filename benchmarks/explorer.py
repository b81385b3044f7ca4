"""The explorer under the hand: from a key to the next paint, and to the figure that follows.

    python benchmarks/explorer.py [--slower 4]

Chromium's own event timing (the measure "interaction to next paint"), on every page: ten presses of
an arrow on each slider, the processor of the page slowed down. Needs playwright and chromium.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
from typing import Any

from playwright.sync_api import sync_playwright

from priorfit.explore.controls import Slider
from priorfit.explore.guard import COOKIE
from priorfit.explore.pages import PAGES
from priorfit.explore.serving import background

PRESSES = 10
WATCH = """() => {
  window.paints = []; window.redraws = []; let since = 0;
  new PerformanceObserver((list) => {
    for (const e of list.getEntries()) if (e.interactionId) paints.push(e.duration);
  }).observe({ type: "event", durationThreshold: 16, buffered: false });
  addEventListener("input", () => { since = performance.now(); }, true);
  new MutationObserver(() => requestAnimationFrame(() => {
    if (since) redraws.push(performance.now() - since);
    since = 0;
  })).observe(document.getElementById("figures"), { childList: true });
}"""


def measured(page: Any, name: str) -> tuple[list[float], list[float]]:
    """Milliseconds to the next paint and to the new figure, of each press."""
    page.evaluate(WATCH)
    for control in PAGES[name].controls:
        if not isinstance(control, Slider) or control.pressed:
            continue
        page.locator(f"#c-{control.name}").focus()
        for k in range(PRESSES):
            page.keyboard.press("ArrowLeft" if k < PRESSES // 2 else "ArrowRight")
            page.wait_for_timeout(150)
    return page.evaluate("[paints, redraws]")


def main() -> None:
    """Print a row for each page, and the 75 and 95 % points of all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--slower", type=float, default=4.0, help="times; of the page's processor")
    slower = parser.parse_args().slower
    paints: list[float] = []
    redraws: list[float] = []
    print(f"{'page':20} {'paint, ms':>10} {'figure, ms':>10}   (medians, {slower:g} x slower)")
    with background() as (address, key), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        context = browser.new_context(viewport={"width": 412, "height": 900})
        context.add_cookies([{"name": COOKIE, "value": key.pass_, "url": address}])
        for name in PAGES:
            page = context.new_page()
            page.goto(f"{address}/en/{name}")
            page.wait_for_load_state("networkidle")
            session = context.new_cdp_session(page)
            session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
            mine = measured(page, name)
            page.close()
            paints, redraws = paints + mine[0], redraws + mine[1]
            middle = [statistics.median(m) if m else float("nan") for m in mine]
            print(f"{name:20} {middle[0]:10.0f} {middle[1]:10.0f}", flush=True)
        browser.close()
    for what, all_of in (("paint", paints), ("figure", redraws)):
        parts = statistics.quantiles(all_of, n=20)
        print(f"{what}: {len(all_of)} presses, 75 %: {parts[14]:.0f} ms, 95 %: {parts[18]:.0f} ms")


if __name__ == "__main__":
    main()
