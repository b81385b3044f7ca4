"""Precisions of noise and weights that make the data most probable."""

__all__: list[str] = []
