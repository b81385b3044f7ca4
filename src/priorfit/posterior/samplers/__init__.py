"""Markov chains and independent draws: one file for each sampler, and what they share."""

__all__: list[str] = []
