"""Draw explorer.png: one page of the explorer, as Chromium shows it.

Needs playwright and chromium: ``python docs/images/explorer.py``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from priorfit.explore.html import page_html
from priorfit.explore.pages import PAGES

STYLE = Path(__file__).parents[2] / "src" / "priorfit" / "explore" / "static" / "style.css"


def main() -> None:
    """Write the picture beside this file."""
    html = page_html(PAGES["peak-or-corner"], "en", {})
    html = html.replace("</head>", f"<style>{STYLE.read_text(encoding='utf-8')}</style></head>")
    html = html.replace('<html lang="en">', '<html lang="en" class="js">')
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1180, "height": 1130})
        page.set_content(html)
        page.screenshot(path=str(Path(__file__).with_suffix(".png")))
        browser.close()


if __name__ == "__main__":
    main()
