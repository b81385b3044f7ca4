"""The pages, in the order of a lecture: one small module for each."""

from priorfit.explore.answer import Page
from priorfit.explore.pages import (
    atlas,
    cat_food,
    mode_or_posterior,
    myth_lab,
    networks,
    peak_or_corner,
    penalty,
    ratio,
    reach_zero,
    touching_shapes,
    twins,
    two_beliefs,
    weight_decay,
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
        ratio.PAGE,
        twins.PAGE,
        reach_zero.PAGE,
        weight_decay.PAGE,
        networks.PAGE,
        atlas.PAGE,
        myth_lab.PAGE,
    )
}


def page(name: str) -> Page | None:
    """The page of a name in the address."""
    return PAGES.get(name)
