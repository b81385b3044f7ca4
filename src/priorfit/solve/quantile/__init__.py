"""Quantile regression: a loss with a kink, solved through its dual."""

__all__: list[str] = []
