"""The pages, in the order of a lecture: one small module for each."""

from priorfit.explore.answer import Page
from priorfit.explore.pages import (
    cat_food,
    mode_or_posterior,
    peak_or_corner,
    penalty,
    touching_shapes,
    two_beliefs,
    why_shrink,
)

__all__ = ["PAGES", "page"]

PAGES: dict[str, Page] = {
    p.name: p
    for p in (
        two_beliefs.PAGE,
        why_shrink.PAGE,
        cat_food.PAGE,
        penalty.PAGE,
        peak_or_corner.PAGE,
        mode_or_posterior.PAGE,
        touching_shapes.PAGE,
    )
}


def page(name: str) -> Page | None:
    """The page of a name in the address."""
    return PAGES.get(name)
