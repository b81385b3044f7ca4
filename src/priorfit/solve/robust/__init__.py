"""Losses that are not convex: descent from several starts to the lowest local optimum."""

__all__: list[str] = []
