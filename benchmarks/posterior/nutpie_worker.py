"""Draws of nutpie's NUTS, on a PyMC model, for one case, in its own environment.

python nutpie_worker.py C out.npz
"""

from __future__ import annotations

import sys
import time

import numpy as np
from cases import CASES


def main(name: str, out: str) -> None:
    """Write weights, log strength and CPU seconds without the compilation."""
    import nutpie

    compiled = nutpie.compile_pymc_model(_model(CASES[name]()))
    begun = time.process_time()
    found = nutpie.sample(
        compiled, draws=1000, tune=500, chains=4, cores=1, seed=1, progress_bar=False,
        target_accept=0.9 if name == "C" else 0.8,
    )  # fmt: skip
    spent = time.process_time() - begun
    parts = [np.asarray(found.posterior["coef"])]
    if "scale" in found.posterior:
        parts.append(np.log(np.asarray(found.posterior["scale"]))[:, :, None])
    np.savez(out, draws=np.concatenate(parts, axis=2), spent=spent)


def _model(case: dict):
    import pymc as pm
    import pytensor.tensor as pt

    X, y = case["X"], case["y"]
    with pm.Model() as model:
        level = pm.Flat("intercept")
        if case["prior"] == "laplace":
            scale = pm.HalfCauchy("scale", 1.0)
            coef = pm.Deterministic("coef", scale * pm.Laplace("unit", 0.0, 1.0, shape=X.shape[1]))
        elif case["prior"] == "horseshoe":
            coef = _horseshoe(pm, pt, case, X.shape[1])
        else:
            coef = pm.Normal("coef", 0.0, 1.0, shape=X.shape[1])
        eta = level + pt.dot(X, coef)
        if case["likelihood"] == "gaussian":
            noise = pm.HalfStudentT("noise", nu=3.0, sigma=float(y.std()))
            pm.Normal("y", eta, noise, observed=y)
        elif case["likelihood"] == "bernoulli":
            pm.Bernoulli("y", logit_p=eta, observed=y)
        else:
            pm.Poisson("y", pt.exp(eta), observed=y)
    return model


def _horseshoe(pm, pt, case: dict, p: int):
    """The horseshoe times normal(0, slab^2), each with its constant; not centred."""
    scale = pm.HalfCauchy("scale", 1.0)
    local = pm.HalfCauchy("local", 1.0, shape=p)
    share = scale * case["scale"] / case["slab"]
    inside = 1.0 + (share * local) ** 2
    wide = scale * case["scale"] * local / pt.sqrt(inside)
    below, above = (
        pt.sqrt(pt.maximum(1 - share**2, 1e-12)),
        pt.sqrt(pt.maximum(share**2 - 1, 1e-12)),
    )
    ratio = pt.switch(share < 1, pt.arcsin(below) / below, pt.arcsinh(above) / above)
    pm.Potential("slab", -0.5 * pt.log(inside).sum() - p * pt.log(2 / np.pi * ratio))
    return pm.Deterministic("coef", wide * pm.Normal("unit", 0.0, 1.0, shape=p))


if __name__ == "__main__":
    main(*sys.argv[1:])
