"""The explorer: a local page whose figures are computed by this library.

``priorfit explore`` opens it. Nothing leaves the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from priorfit._errors import InputError

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["application", "export", "serve", "widget"]


def application() -> FastAPI:
    """The explorer as an ASGI application; raises `InputError` without the extra ``explore``."""
    _require()
    from priorfit.explore.app import application as made

    return made()


def serve(port: int = 0, *, host: str = "", token: str = "", browser: bool = True) -> None:
    """Serve the explorer on 127.0.0.1 until Ctrl-C, and open it in the browser.

    Parameters
    ----------
    port : 0 takes a free one.
    host, token : both, to be seen from elsewhere: an address of this machine, the only one that
        is answered then, and a word of 12 characters or more that opens the pages.
    browser : whether to open one; the link is printed in any case and works once (with ``token``:
        as often as asked).

    Raises `InputError` without the extra ``explore``, for one of ``host`` and ``token`` without the
    other, or where the port is taken.
    """
    _require()
    from priorfit.explore.serving import run

    run(port, host=host, token=token, browser=browser)


def export(folder: str) -> int:
    """Write the pages as files, with the answers of a coarser grid of their controls; the number of
    these answers. The pages need a web server, any one, and no Python.

    Raises `InputError` without the extra ``explore``, or where the folder holds something.
    """
    _require()
    from priorfit.explore.export import export as written

    return written(folder)


def widget(name: str, language: str = "en", **values: Any) -> Any:
    """A page's figures and controls in a notebook: see `priorfit.explore.widgets.widget`."""
    from priorfit.explore.widgets import widget as made

    return made(name, language, **values)


def _require() -> None:
    try:
        import fastapi  # noqa: F401
        import jinja2  # noqa: F401
        import python_multipart  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise InputError(
            "the explorer needs its own packages", f"no {error.name}",
            'Install them with: pip install "priorfit[explore]"',
        ) from None  # fmt: skip
