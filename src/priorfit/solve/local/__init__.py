"""Penalties with a concave part: local optima, and the proof that they are stationary."""

__all__: list[str] = []
