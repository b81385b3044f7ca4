"""Every page: what it shows is what the library says, for every control."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest

pytest.importorskip("fastapi")

from priorfit._errors import InputError
from priorfit.explore import svg as drawing
from priorfit.explore.controls import Choice, Slider, read
from priorfit.explore.html import answer_parts, page_html
from priorfit.explore.pages import PAGES
from priorfit.explore.pages.front import PAGE as FRONT
from priorfit.explore.svg import NARROW, svg
from priorfit.explore.texts import LANGUAGES, coloured, say_in, texts

ALL = {"front": FRONT, **PAGES}


def settings(page):
    """The start, and each control at its ends and other options."""
    start = read(page.controls, {})
    yield start
    for control in page.controls:
        some = (
            control.options
            if isinstance(control, Choice)
            else control.values[:: max(len(control.values) - 1, 1)]
        )
        for value in some:
            if value != start[control.name]:
                yield {**start, control.name: value}


def code_agrees(answer):
    """numbers of the answer = names of the code after it ran, to 1e-9."""
    space: dict[str, object] = {"print": lambda *_: None}
    exec(compile(answer.code, "shown", "exec"), space)
    assert answer.numbers
    for key, value in answer.numbers.items():
        np.testing.assert_allclose(float(space[key]), value, rtol=1e-9, atol=1e-12, err_msg=key)


@pytest.mark.parametrize("name", ALL)
def test_code_computes_what_is_shown(name):
    page = ALL[name]
    for at in (read(page.controls, {}), list(settings(page))[-1]):
        code_agrees(page.answer(at, say_in("en", name)))


def test_code_of_another_setting_is_seen():
    """Mutants: code that has another z, and numbers that are off by 1e-6."""
    page = ALL["two-beliefs"]
    answer = page.answer(read(page.controls, {"z": "2"}), say_in("en", page.name))
    with pytest.raises(AssertionError):
        code_agrees(replace(answer, code=answer.code.replace("= 2,", "= 2.1,")))
    with pytest.raises(AssertionError):
        code_agrees(replace(answer, numbers={k: v + 1e-6 for k, v in answer.numbers.items()}))


@pytest.mark.parametrize("name", ALL)
def test_every_setting_is_answered_and_certified(name):
    page = ALL[name]
    for at in settings(page):
        for language in LANGUAGES:
            answer = page.answer(at, say_in(language, name))
            assert answer.certificate.ok, (at, answer.certificate)
            assert "{" not in answer.sentence
        parts = json.loads(json.dumps(answer_parts(page, "en", at)))
        drawn = parts["figures"]
        assert not re.search(r"[\s\"ML-](nan|inf)[\s\"]", drawn), at


@pytest.mark.parametrize("name", ALL)
def test_every_control_changes_its_figure(name):
    """No control is without effect."""
    page = ALL[name]
    start = read(page.controls, {})
    drawn = answer_parts(page, "en", start)["figures"]
    for control in page.controls:
        others = [at for at in settings(page) if at[control.name] != start[control.name]]
        assert any(answer_parts(page, "en", at)["figures"] != drawn for at in others), control.name


@pytest.mark.parametrize("name", ["shell", *ALL])
def test_both_languages_say_the_same_things(name):
    """The keys, the gaps and the number of paragraphs are the same."""
    said = texts(name)
    assert said["en"].keys() == said["zh"].keys()
    for key, text in said["en"].items():
        other = said["zh"][key]
        assert type(text) is type(other)
        if isinstance(text, list):
            assert len(text) == len(other), key
        else:
            gaps = [set(re.findall(r"{(\w+)", t)) for t in (text, other)]
            assert gaps[0] == gaps[1], key
            assert (
                re.search(r"[\u4e00-\u9fff]", other)
                or not re.search(r"[a-z]{6}", text)
                or (key in ("name", "title"))
            ), key


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_complete_without_scripts(name):
    """Figures, sentence, table and code are in the document itself; the prompt has its answer."""
    page = PAGES[name]
    html = page_html(page, "zh", {})
    assert html.count("<svg") >= 3
    assert 'class="sentence"' in html
    assert "<table>" in html
    assert 0 <= page.right < len(texts(name)["en"]["options"])
    assert len([c for c in page.controls if _counts(c)]) <= 3


def labels_stay_on_the_paper(page, language, width):
    """No text of a figure leaves it to the left or right, by a guess of its width."""
    for figure in page.answer(read(page.controls, {}), say_in(language, page.name)).figures:
        for x, anchor, text in re.findall(
            r'<text class="label[^>]* x="([-.\d]+)"[^>]* text-anchor="(\w+)">([^<]*)<',
            svg(figure, width),
        ):
            long = sum(13.0 if ord(c) > 0x2E80 else 7.5 for c in unescape(text))
            left = float(x) - long * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
            assert left >= -4, text
            assert left + long <= width + 4, text


@pytest.mark.parametrize("name", ALL)
def test_labels_stay_on_the_paper(name):
    for language in LANGUAGES:
        for width in (NARROW, 720 if name != "front" else 352):
            labels_stay_on_the_paper(ALL[name], language, width)


def test_a_label_that_leaves_the_paper_is_seen(monkeypatch):
    """Mutant: labels at the ends of lines in their whole length."""
    monkeypatch.setattr(drawing, "_shortened", lambda text, room: text)
    with pytest.raises(AssertionError):
        labels_stay_on_the_paper(ALL["weight-decay"], "en", NARROW)


def _counts(control):
    """Not: a point that is moved in the figure, a button for new numbers."""
    return control.name not in ("cx", "cy") and not getattr(control, "pressed", False)


@pytest.mark.parametrize("name", ALL)
def test_colours_leave_the_code_as_it_is(name):
    """Without its tags the marked code is the code: what is copied can be run."""
    page = ALL[name]
    code = page.answer(read(page.controls, {}), say_in("en", name)).code
    assert coloured(code).striptags() == " ".join(code.split())
    assert unescape(re.sub(r"</?span[^>]*>", "", str(coloured(code)))) == code


def test_a_value_outside_its_range_is_refused():
    slider = Slider("z", (0.0, 1.0), 0.0)
    for text in ("2", "-1", "nan", "one", "inf"):
        with pytest.raises(InputError, match="must be a number from 0 to 1"):
            slider.read(text)
    with pytest.raises(InputError, match="must be one of"):
        Choice("c", ("a",), "a").read("<b>")


def test_names_in_the_address_are_unique():
    for page in ALL.values():
        names = [c.name for c in page.controls]
        assert len(set(names)) == len(names)
        assert not {"lang", "k", "token"} & set(names)
    assert len(list(itertools.chain(PAGES))) == len(PAGES)


@pytest.mark.parametrize("name", ALL)
def test_no_page_takes_a_word_of_the_shell(name):
    """The shell and the controls of a page would otherwise speak with each other's words."""
    assert not texts("shell")["en"].keys() & texts(name)["en"].keys()
