"""Start the server and open the browser."""

from __future__ import annotations

import ipaddress
import re
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from priorfit._errors import InputError
from priorfit.explore.app import application
from priorfit.explore.guard import Key, in_links
from priorfit.explore.html import card
from priorfit.explore.pages import PAGES

__all__ = ["background", "door", "listening", "run"]

_SHORTEST = 12  # characters of a token that somebody chose


def run(port: int, *, host: str = "", token: str = "", browser: bool) -> None:
    """Serve until Ctrl-C."""
    key, only = door(host, token)
    with listening(port, only or "127.0.0.1") as listener:
        place = f"{in_links(only or '127.0.0.1')}:{listener.getsockname()[1]}"
        address = f"http://{place}/?token={key.token}"
        works = f"Everybody who has the link and reaches {only} sees it." if only else (
            "The link works once."
        )  # fmt: skip
        print(f"priorfit explore: {address}\n{works} Ctrl-C ends.", file=sys.stderr)
        threading.Thread(target=lambda: [card(name) for name in PAGES], daemon=True).start()
        if browser:
            threading.Timer(0.4, webbrowser.open, (address,)).start()
        config = uvicorn.Config(
            application(key, only), log_level="warning", timeout_graceful_shutdown=1,
            server_header=False,
        )  # fmt: skip
        uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def background() -> Iterator[tuple[str, Key]]:
    """Address and pass of a server in a thread of its own, on this machine, until the block ends:
    for tests and measurements."""
    key = Key()
    with listening(0) as listener:
        config = uvicorn.Config(application(key), log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", key
        server.should_exit = True
        thread.join(timeout=5)


def door(host: str, token: str) -> tuple[Key, str | None]:
    """What opens the server, and the one address it answers to (None: this machine's names).

    Raises `InputError` for an address without a token or a token without an address, for an address
    that stands for all, and for a token that is short or would change in a link.
    """
    if not host and not token:
        return Key(), None
    if not host or not token:
        raise InputError(
            "`--host` and `--token` must be given together",
            f"only --{'host' if host else 'token'}",
            "Leave both out: only this machine is answered, with a link that works once.",
        )  # fmt: skip
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or address.is_unspecified or address.is_multicast:
        raise InputError(
            "`--host` must be one IP address of this machine", repr(host),
            "Give the address that the others reach, such as 192.168.1.5.",
        )  # fmt: skip
    if not re.fullmatch(rf"[A-Za-z0-9_.~-]{{{_SHORTEST},200}}", token):
        raise InputError(
            f"`--token` must be {_SHORTEST} to 200 letters, digits or -._~",
            f"{len(token)} characters", "Take a longer word that nobody guesses.",
        )  # fmt: skip
    return Key(token=token, lasting=True), str(address)


def listening(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A socket on one address; raises `InputError` where the port is taken or the address is not
    of this machine."""
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(kind, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise InputError(
            "`--port` must be a free port of this machine, and `--host` an address of it",
            f"{port} at {host}: {error}", "Leave them out: a free port is taken.",
        ) from None  # fmt: skip
    return listener
