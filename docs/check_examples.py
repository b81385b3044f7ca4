"""Run the fenced ``python`` blocks of README.md and docs/*.md.

    python docs/check_examples.py [page.md ...]

The blocks of one page share a namespace and run in order, in a fresh temporary directory, with
warnings as errors. Blocks in any other language (``console``, ``text``, ...) are not run. The
exit code is 1 where a block fails; each failure is reported as ``page:line: error``.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
import textwrap
import traceback
import warnings
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>.*?)[ \t]*$")


class Block(NamedTuple):
    """A fenced block: the number of its first code line (from 1), its language and its code."""

    line: int
    language: str
    code: str


class PageError(Exception):
    """A page that cannot be read as intended, or a block that fails: (line, message)."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks in order; a fence inside a longer fence is text, as in CommonMark."""
    found: list[Block] = []
    opened: re.Match[str] | None = None
    start, held = 0, []
    for number, line in enumerate(text.splitlines(), start=1):
        fence = FENCE.match(line)
        if opened is None:
            if fence:
                opened, start, held = fence, number, []
        elif fence and not fence["info"] and fence["mark"].startswith(opened["mark"]):
            language = (opened["info"].split() or [""])[0]
            found.append(Block(start + 1, language, textwrap.dedent("\n".join(held))))
            opened = None
        else:
            held.append(line)
    if opened is not None:
        raise PageError(start, "this fence is never closed")
    return found


def run_block(page: Path, block: Block, namespace: dict[str, Any]) -> None:
    """Execute one block; raise `PageError` with the page's line where it fails."""
    printed = io.StringIO()
    source = "\n" * (block.line - 1) + block.code  # so that tracebacks count the page's lines
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(source, str(page), "exec"), namespace)
    except (Exception, SystemExit) as error:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__)
                 if f.filename == str(page) and f.lineno]  # fmt: skip
        if isinstance(error, SyntaxError) and error.filename == str(page):
            lines.append(error.lineno or block.line)
        said = f"\n    printed before: {printed.getvalue().strip()}" if printed.getvalue() else ""
        raise PageError(
            lines[-1] if lines else block.line, f"{type(error).__name__}: {error}{said}"
        ) from error


def check(page: Path) -> int:
    """Run a page; return how many blocks ran."""
    blocks = [b for b in blocks_of(page.read_text("utf-8")) if b.language == "python"]
    namespace: dict[str, Any] = {"__name__": "__main__"}
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("error")
        os.chdir(scratch)
        try:
            for block in blocks:
                run_block(page, block, namespace)
        finally:
            os.chdir(home)
    return len(blocks)


def main(arguments: list[str]) -> int:
    """Check the given pages, or README.md and docs/*.md."""
    os.environ["MPLBACKEND"] = "Agg"  # no windows
    given = [Path(a).resolve() for a in arguments]
    pages = given or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    failures = 0
    for page in pages:
        name = page.relative_to(ROOT) if page.is_relative_to(ROOT) else page
        try:
            print(f"{name}: {check(page)} blocks ran")
        except PageError as error:
            failures += 1
            print(f"{name}:{error.line}: {error}", file=sys.stderr)
        except OSError as error:
            failures += 1
            print(f"{name}:1: {error}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
