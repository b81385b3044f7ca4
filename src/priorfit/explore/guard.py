"""Who may speak to the server: the person who started it, from this machine, and nobody else."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["COOKIE", "Guard", "Key", "in_links"]

COOKIE = "priorfit_explore"
_NAMES = ("127.0.0.1", "localhost", "[::1]")
_HEADERS = {
    b"content-security-policy": b"default-src 'none'; script-src 'self'; style-src 'self'; "
    b"img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}


@dataclass
class Key:
    """``token`` opens the door once, or as often as asked where it is ``lasting``; from then on
    the browser shows the ``pass_`` as a cookie."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    pass_: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    used: bool = False
    lasting: bool = False

    def takes(self, token: str) -> bool:
        """Whether this token opens the door, which it does once unless it is lasting."""
        fresh = self.lasting or not self.used
        right = fresh and secrets.compare_digest(token.encode(), self.token.encode())
        self.used = self.used or right
        return right


class Guard:
    """Refuses foreign hosts (DNS rebinding), foreign origins (forged requests), requests without
    the pass, and bodies of more than ``largest`` bytes, before anything reads them.

    ``host``: the one address that is answered to; by default the names of this machine.
    """

    def __init__(self, app: ASGIApp, key: Key, largest: int, host: str | None = None) -> None:
        self.app, self.key, self.largest = app, key, largest
        self.names = _NAMES if host is None else (in_links(host),)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the server's own start and end; no websockets here
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self.app(scope, _bounded(receive, self.largest), _with_headers(send))

    def _refusal(
        self, scope: Scope, headers: dict[str, str]
    ) -> PlainTextResponse | RedirectResponse | None:
        host = headers.get("host", "")
        if host.rpartition(":")[0] not in self.names and host not in self.names:
            return PlainTextResponse(f"This server answers to {self.names[0]} only.", 421)
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return PlainTextResponse("This page may not use the server.", 403)
        if headers.get("sec-fetch-site", "none") == "cross-site" and scope["method"] != "GET":
            return PlainTextResponse("This page may not use the server.", 403)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self.largest:
            return PlainTextResponse(f"A body must be at most {self.largest >> 20} MB.", 413)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if given and scope["path"] == "/" and self.key.takes(given):
            welcome = RedirectResponse("/", 303)
            welcome.set_cookie(COOKIE, self.key.pass_, httponly=True, samesite="strict")
            return welcome
        if not secrets.compare_digest(_shown(headers).encode(), self.key.pass_.encode()):
            return PlainTextResponse(
                "This address opens with the link that `priorfit explore` printed"
                + ("." if self.key.lasting else ", once.\nStart it again for a new link."), 403,
            )  # fmt: skip
        return None


def in_links(host: str) -> str:
    """An address as it stands in links and in the header ``Host``.

    >>> in_links("::1"), in_links("192.168.1.5")
    ('[::1]', '192.168.1.5')
    """
    return f"[{host}]" if ":" in host else host


def _shown(headers: dict[str, str]) -> str:
    """The pass among the cookies; "" where there is none."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _bounded(receive: Receive, largest: int) -> Receive:
    """A body without a stated length is counted as it comes, and ends where it is too long."""
    seen = [0]

    async def bounded() -> Message:
        message = await receive()
        seen[0] += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen[0] > largest else message

    return bounded


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {k.lower() for k, _ in message["headers"]}
            more = [(k, v) for k, v in _HEADERS.items() if k not in present]
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return sending
