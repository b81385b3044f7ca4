"""Likelihoods whose rows are coupled: their Hessian is a diagonal less a few squares."""

__all__: list[str] = []
