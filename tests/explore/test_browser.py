"""Every page in a real browser: no errors, keyboard, widths, state, what assistive tools see."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("fastapi")

from priorfit.explore.controls import Choice, read
from priorfit.explore.pages import PAGES
from priorfit.explore.texts import say_in

pytestmark = pytest.mark.browser

EVERY = ["", *PAGES, "lecture", "glossary", "data"]


def settled(page):
    """What is shown after the last request."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(250)


@pytest.mark.parametrize("path", EVERY)
def test_a_page_opens_in_both_languages_without_an_error(visit, path):
    for language in ("en", "zh"):
        page = visit(path, language=language)
        settled(page)
        assert page.errors == []
        assert page.locator("h1").count() == 1
        assert page.evaluate("document.documentElement.lang") == (
            "en" if language == "en" else "zh-Hans"
        )


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_nothing_is_wider_than_the_window(visit, width):
    for path in EVERY:
        page = visit(path, width=width)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_every_control_works_from_the_keyboard_and_is_kept_in_the_address(visit, name):
    """Tab reaches it, an arrow changes it, the figure follows, the address restores it."""
    page = visit(name)
    for control in PAGES[name].controls:
        chosen = f'#controls [data-name="{control.name}"]'
        before = page.inner_html("#figures")
        if getattr(control, "pressed", False):
            page.locator(f'[data-next="{control.name}"]').press("Enter")
        elif isinstance(control, Choice) and len(control.options) <= 6:
            page.locator(f"{chosen}:checked").focus()
            page.keyboard.press("ArrowRight")
        else:
            page.locator(chosen).focus()
            page.keyboard.press("ArrowUp" if control.default == control.__dict__.get(
                "values", (None,))[0] else "ArrowDown")  # fmt: skip
        page.wait_for_function(
            "before => document.querySelector('#figures').innerHTML !== before", arg=before
        )
    settled(page)
    assert page.errors == []
    started = say_in("en", name), read(PAGES[name].controls, {})
    sentence, address = page.inner_text("#result .sentence"), page.url
    page.reload()
    settled(page)
    assert page.inner_text("#result .sentence") == sentence
    assert page.url == address
    assert "?" in address
    page.locator("button[type=reset]").press("Enter")
    settled(page)
    first = PAGES[name].answer(started[1], started[0]).sentence.replace("**", "")
    assert page.inner_text("#result .sentence") == first


@pytest.mark.parametrize("name", PAGES)
def test_what_is_shown_is_what_the_library_says(visit, name):
    """The sentence and the table of the page = those of the page's own function."""
    page, made = visit(name), PAGES[name]
    answer = made.answer(read(made.controls, {}), say_in("en", name))
    assert page.inner_text("#result .sentence") == answer.sentence.replace("**", "")
    cells = page.locator("#more table tbody tr").evaluate_all(
        "rows => rows.map(r => [...r.children].map(c => c.textContent))"
    )
    assert cells == [list(row) for row in answer.table.rows]


@pytest.mark.parametrize(
    ("scheme", "language", "width"), [("light", "en", 1280), ("dark", "zh", 320)]
)
@pytest.mark.parametrize("path", EVERY)
def test_axe_finds_nothing(visit, path, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    page = visit(path, scheme=scheme, language=language, width=width, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    if page.locator("[data-guess]").count():
        page.locator("[data-guess]").first.click()
    found = axe.Axe().run(page).response["violations"]
    said = [(v["id"], [n["html"][:160] for n in v["nodes"][:3]]) for v in found]
    assert said == [], json.dumps(said, indent=1)


def test_a_slider_is_heard_with_what_it_makes(visit):
    """Its value and the state in words follow the keys, in both languages."""
    for language in ("en", "zh"):
        page, name = visit("touching-shapes", language=language), "touching-shapes"
        page.locator("#c-lam").focus()
        page.keyboard.press("End")
        settled(page)
        made = PAGES[name]
        answer = made.answer(read(made.controls, {"lam": "4"}), say_in(language, name))
        assert page.get_attribute("#c-lam", "aria-valuetext") == f"λ 4, {answer.spoken}"
        assert page.get_attribute("#c-cx", "aria-valuetext") == f"2, {answer.spoken}"


def test_a_guess_is_answered(visit):
    page = visit("two-beliefs")
    assert not page.locator(".told").is_visible()
    page.locator("[data-guess]").nth(1).press("Enter")
    assert page.inner_text(".told").startswith("Yes.")
    page.locator("[data-guess]").nth(0).press("Enter")
    assert page.inner_text(".told").startswith("Look again.")


def test_the_centre_is_dragged_and_the_sliders_follow(visit):
    page = visit("touching-shapes")
    handle = page.locator(".wide .handle").bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 120, y + 40, steps=4)
    page.mouse.up()
    settled(page)
    assert float(page.inner_text("#o-cx").replace("−", "-")) < 1.2
    assert float(page.inner_text("#o-cy").replace("−", "-")) < 0.5
    assert page.errors == []


def test_moving_curves_arrive_where_they_belong(visit):
    """With motion: after the transition the figure is the one that the server sent."""
    page = visit("two-beliefs", motion="no-preference")
    page.locator("#c-z").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    settled(page)
    page.wait_for_timeout(300)
    moved = page.inner_html("#figures")
    page.reload()
    assert page.inner_html("#figures").split() == moved.split()


def test_without_scripts_figures_and_numbers_remain(visit):
    page = visit("peak-or-corner?peak=3", java_script_enabled=False)
    assert page.locator(".wide svg").count() == 3
    assert page.inner_text(".told")
    assert page.locator("pre code").is_visible()


def test_a_table_is_dropped_fitted_and_moved(visit, tmp_path):
    rows = ["a,b,c,y"] + [f"{i % 7},{(i * i) % 5},{i % 3},{2 * (i % 7) + i % 3}" for i in range(60)]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(rows))
    page = visit("data")
    page.set_input_files("#file", str(file))
    page.wait_for_url("**table=*")
    settled(page)
    assert "mine.csv" in page.inner_text(".place")
    before = page.inner_text("#result .sentence")
    page.locator("#c-point").focus()
    page.keyboard.press("PageUp")
    page.wait_for_function(
        "before => document.querySelector('#result .sentence').innerText !== before", arg=before
    )
    assert page.errors == []


def test_a_foreign_file_is_refused_in_words(visit, tmp_path):
    file = tmp_path / "mine.exe"
    file.write_bytes(b"MZ")
    page = visit("data")
    page.set_input_files("#file", str(file))
    page.wait_for_selector(".refused")
    assert "the table must be CSV" in page.inner_text(".refused")
