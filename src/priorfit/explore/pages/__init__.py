"""The pages, in the order of a lecture: one small module for each."""

from priorfit.explore.answer import Page
from priorfit.explore.pages import two_beliefs

__all__ = ["PAGES", "page"]

PAGES: dict[str, Page] = {p.name: p for p in (two_beliefs.PAGE,)}


def page(name: str) -> Page | None:
    """The page of a name in the address."""
    return PAGES.get(name)
