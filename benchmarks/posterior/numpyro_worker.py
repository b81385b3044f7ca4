"""Draws of NumPyro's NUTS for one case, in its own environment.

python numpyro_worker.py A out.npz
"""

from __future__ import annotations

import sys
import time

import numpy as np
from cases import CASES


def main(name: str, out: str) -> None:
    """Write weights, log strength and CPU seconds without the compilation."""
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS

    numpyro.enable_x64()
    case = CASES[name]()
    spread = float(case["y"].std())
    X, y = jnp.asarray(case["X"]), jnp.asarray(case["y"])

    def model() -> None:
        level = numpyro.sample("intercept", dist.ImproperUniform(dist.constraints.real, (), ()))
        if case["prior"] == "laplace":
            scale = numpyro.sample("scale", dist.HalfCauchy(1.0))
            coef = numpyro.sample("coef", dist.Laplace(0.0, scale).expand([X.shape[1]]))
        else:
            coef = numpyro.sample("coef", dist.Normal(0.0, 1.0).expand([X.shape[1]]))
        eta = level + X @ coef
        if case["likelihood"] == "gaussian":
            noise = numpyro.sample(
                "noise",
                dist.TruncatedDistribution(dist.StudentT(3.0, 0.0, spread), low=0.0),
            )
            numpyro.sample("y", dist.Normal(eta, noise), obs=y)
        elif case["likelihood"] == "bernoulli":
            numpyro.sample("y", dist.Bernoulli(logits=eta), obs=y)
        else:
            numpyro.sample("y", dist.Poisson(jnp.exp(eta)), obs=y)

    mcmc = MCMC(
        NUTS(model), num_warmup=500, num_samples=1000, num_chains=4, chain_method="sequential",
        progress_bar=False,
    )  # fmt: skip
    mcmc.run(jax.random.PRNGKey(0))  # compiles
    begun = time.process_time()
    mcmc.run(jax.random.PRNGKey(1))
    found = mcmc.get_samples(group_by_chain=True)
    jax.block_until_ready(found)
    spent = time.process_time() - begun
    parts = [np.asarray(found["coef"])]
    if "scale" in found:
        parts.append(np.log(np.asarray(found["scale"]))[:, :, None])
    np.savez(out, draws=np.concatenate(parts, axis=2), spent=spent)


if __name__ == "__main__":
    main(*sys.argv[1:])
