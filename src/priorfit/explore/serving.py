"""Start the server on this machine and open the browser."""

from __future__ import annotations

import socket
import sys
import threading
import webbrowser

import uvicorn

from priorfit._errors import InputError
from priorfit.explore.app import application
from priorfit.explore.guard import Key
from priorfit.explore.html import card
from priorfit.explore.pages import PAGES

__all__ = ["listening", "run"]


def run(port: int, *, browser: bool) -> None:
    """Serve until Ctrl-C."""
    key = Key()
    with listening(port) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/?token={key.token}"
        print(f"priorfit explore: {address}\nThe link works once. Ctrl-C ends.", file=sys.stderr)
        threading.Thread(target=lambda: [card(name) for name in PAGES], daemon=True).start()
        if browser:
            threading.Timer(0.4, webbrowser.open, (address,)).start()
        config = uvicorn.Config(
            application(key), log_level="warning", timeout_graceful_shutdown=1, server_header=False
        )
        uvicorn.Server(config).run(sockets=[listener])


def listening(port: int) -> socket.socket:
    """A socket on 127.0.0.1; raises `InputError` where the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise InputError(
            "`--port` must be a free port of this machine", f"{port}: {error}",
            "Leave it out: a free one is taken.",
        ) from None  # fmt: skip
    return listener
