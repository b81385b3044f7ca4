"""The server: who may ask, and what is refused."""

from __future__ import annotations

import json
import sys
import warnings

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # newer ones of its parts prefer another name of httpx
    from fastapi.testclient import TestClient

from priorfit._errors import InputError
from priorfit.explore import guard
from priorfit.explore.app import application
from priorfit.explore.guard import COOKIE, Key
from priorfit.explore.pages import PAGES
from priorfit.explore.serving import door, listening
from priorfit.explore.ticks import plain, said

HERE = "http://127.0.0.1:8000"


def opens_once(key):
    client = TestClient(application(key), base_url=HERE, follow_redirects=False)
    assert client.get("/en/").status_code == 403
    assert client.get("/?token=guess").status_code == 403
    opened = client.get(f"/?token={key.token}")
    assert opened.status_code == 303
    assert COOKIE in opened.cookies
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    other = TestClient(application(key), base_url=HERE, follow_redirects=False)
    assert other.get(f"/?token={key.token}").status_code == 403


@pytest.fixture
def key():
    return Key()


@pytest.fixture
def client(key):
    made = TestClient(application(key), base_url=HERE, follow_redirects=False)
    made.cookies.set(COOKIE, key.pass_)
    return made


def test_the_token_opens_once(key):
    opens_once(key)


def refuses_foreign_hosts(client):
    assert client.get("/en/").status_code == 200
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example:8000", ""):
        assert client.get("/en/", headers={"host": host}).status_code == 421
    for origin in ("http://evil.example", "null", "https://127.0.0.1:8000", "http://127.0.0.1:1"):
        assert client.get("/en/", headers={"origin": origin}).status_code == 403
    assert client.get("/en/", headers={"origin": HERE}).status_code == 200


def test_foreign_hosts_and_origins_are_refused(client):
    refuses_foreign_hosts(client)


THERE = "192.168.1.5"
WORD = "a-long-word-of-ours"


def answers_there_only(key_and_host):
    key, host = key_and_host
    base = f"http://{THERE}:8000"
    made = TestClient(application(key, host), base_url=base, follow_redirects=False)
    for _ in range(2):  # a lasting word
        made.cookies.clear()
        assert made.get(f"/?token={WORD}").status_code == 303
    assert made.get("/en/").status_code == 200
    for name in ("127.0.0.1:8000", "localhost", "192.168.1.55:8000", "evil.example"):
        assert made.get("/en/", headers={"host": name}).status_code == 421
    for origin in (HERE, "http://evil.example", f"https://{THERE}:8000"):
        assert made.get("/en/", headers={"origin": origin}).status_code == 403
    assert made.get("/en/", headers={"origin": base}).status_code == 200
    made.cookies.clear()
    assert made.get("/en/").status_code == 403
    assert made.get("/?token=another-long-word").status_code == 403


def test_an_address_with_a_word_is_the_only_one_answered():
    """Mutants: this machine's names still work; the word works once."""
    answers_there_only(door(THERE, WORD))
    for wrong in ((door(THERE, WORD)[0], None), (Key(token=WORD), THERE)):
        with pytest.raises(AssertionError):
            answers_there_only(wrong)


def test_an_address_needs_a_word_and_a_word_an_address():
    assert door("", "")[1] is None
    for host, token in ((THERE, ""), ("", WORD)):
        with pytest.raises(InputError, match="must be given together"):
            door(host, token)
    for host in ("0.0.0.0", "::", "example.org", "192.168.1.5:80", "224.0.0.1"):
        with pytest.raises(InputError, match="must be one IP address"):
            door(host, WORD)
    for token in ("short", "with a space in it", "ünïcödé-längër-wörd"):
        with pytest.raises(InputError, match="`--token` must be 12"):
            door(THERE, token)
    assert door("0:0:0:0:0:0:0:1", WORD)[1] == "::1"


def test_a_foreign_address_or_a_taken_port_is_refused():
    with listening(0) as taken:
        taken.listen()
        with pytest.raises(InputError, match="must be a free port"):
            listening(taken.getsockname()[1])
    with pytest.raises(InputError, match="`--host` an address of it"):
        listening(0, "203.0.113.7")


def test_open_doors_are_seen(client, key, monkeypatch):
    """Mutants: a host too many, an origin that is not looked at, a token that never ends."""
    mutants = (
        (guard, "_NAMES", (*guard._NAMES, "evil.example"), refuses_foreign_hosts, client),
        (guard.Guard, "_refusal", lambda *_: None, refuses_foreign_hosts, client),
        (Key, "takes", lambda self, token: token == self.token, opens_once, key),
    )
    for where, name, mutant, law, subject in mutants:
        with monkeypatch.context() as patch:
            patch.setattr(where, name, mutant)
            with pytest.raises(AssertionError):
                law(subject)


def test_a_wrong_pass_is_refused(client):
    client.cookies.set(COOKIE, "wrong")
    assert client.get("/static/style.css").status_code == 403
    assert client.get("/en/", headers={"cookie": "===;;,\x80".encode("latin-1")}).status_code == 403


def test_large_bodies_are_refused(client):
    said = client.post("/en/", headers={"content-length": str(10**9)}, content=b"")
    assert said.status_code == 413
    assert client.post("/en/", headers={"content-length": "-5"}, content=b"").status_code == 413


def test_pages_load_nothing_from_elsewhere(client):
    for path in ("/en/", "/zh/", *(f"/en/{name}" for name in PAGES)):
        reply = client.get(path)
        assert reply.status_code == 200
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        text = reply.text.replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text
        assert "https://" not in text
        assert "style=" not in text


def test_unknown_pages_and_values_are_refused(client):
    for path in ("/en/nothing", "/fr/", "/fr/two-beliefs", "/static/%2e%2e/app.py", "/api/nothing"):
        assert client.get(path).status_code == 404
    for query in ("z=99", "z=nan", "z=x", "lang=fr"):
        assert client.get(f"/api/two-beliefs?{query}").status_code == 422
    refused = client.get("/en/two-beliefs?z=99")
    assert refused.status_code == 422
    assert "must be a number from" in refused.json()["detail"]


@pytest.mark.parametrize("name", PAGES)
def test_endpoints_answer_json_csv_and_svg(client, name):
    found = client.get(f"/api/{name}?lang=zh")
    assert found.status_code == 200
    assert json.loads(found.text)["certified"] is True
    data = client.get(f"/api/{name}/data.csv")
    assert data.text.startswith("series,x,y")
    assert data.text.count("\n") > 3
    picture = client.get(f"/api/{name}/figure-0.svg")
    assert picture.text.startswith("<svg")
    assert "<style>" in picture.text
    assert client.get(f"/api/{name}/figure-9.svg").status_code == 404


def test_the_state_is_in_the_address(client):
    """The document at an address shows the figure that the endpoint gives for it."""
    query = "z=2.5&width=0.5"
    parts = client.get(f"/api/two-beliefs?{query}").json()
    page = client.get(f"/en/two-beliefs?{query}").text
    assert parts["figures"].strip() in page
    assert parts["figures"].strip() not in client.get("/en/two-beliefs").text


def hears_what_is_shown(client):
    """The state in words is with every slider, and says what the numbers say."""
    for lam, zeros in (("0.05", 0), ("4", 2)):
        query = f"lam={lam}&cx=1&cy=0.5"
        parts = client.get(f"/api/touching-shapes?{query}").json()
        sd = 2**0.5 / float(lam)  # of a Laplace with scale 1 / lambda
        assert parts["spoken"] == f"prior sd {said(sd)}, {zeros} of 2 weights zero"
        assert (parts["numbers"]["first"] == 0) + (parts["numbers"]["second"] == 0) == zeros
        page = client.get(f"/en/touching-shapes?{query}").text
        assert f'aria-valuetext="λ {plain(float(lam))}, {parts["spoken"]}"' in page


def test_a_slider_says_the_state(client):
    hears_what_is_shown(client)


def test_a_slider_that_says_something_else_is_heard(client, monkeypatch):
    """Mutant: the belief of another strength."""
    from priorfit.explore.pages import touching_shapes

    right = touching_shapes._sd
    monkeypatch.setattr(touching_shapes, "_sd", lambda ball, lam: right(ball, 2 * lam))
    with pytest.raises(AssertionError):
        hears_what_is_shown(client)


@pytest.mark.parametrize("hidden", ["fastapi", "uvicorn", "jinja2", "python_multipart"])
def test_without_its_packages_the_explorer_says_what_to_install(hidden, monkeypatch):
    from priorfit.explore import serve

    monkeypatch.setitem(sys.modules, hidden, None)
    with pytest.raises(InputError, match=r"priorfit\[explore\]"):
        serve()
