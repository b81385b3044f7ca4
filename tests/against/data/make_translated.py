"""Fit libraries that are too heavy for every test run, at translated settings, and store it.

    python tests/against/data/make_translated.py [glmnet] [spark] [h2o] [vw] [adelie]

Needs R with glmnet, pyspark and h2o (both with Java), vowpalwabbit, adelie: those that are named.
Writes `translated.json` beside it: the settings that `pf.translate` gave and the weights that came
back (intercept first). `test_translated_stored.py` holds both against the present code.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import priorfit as pf  # noqa: E402
from reference import EVENT, PRIORS, RESPONSE, TIME, W, X, known  # noqa: E402

THREE = ("normal", "laplace", "elastic net")
FITS = {
    "glmnet": {
        "glmnet.gaussian": (*THREE, "laplace per sd", "normal per sd", "laplace, one free"),
        "glmnet.gaussian_object": ("normal",),
        "glmnet.glm": (*THREE, "laplace per sd"),
        "glmnet.cox": THREE,
    },
    "spark": {
        "spark.LinearRegression.normal": (*THREE, "laplace per sd", "normal per sd"),
        "spark.LinearRegression.lbfgs": (*THREE, "laplace per sd", "normal per sd"),
        "spark.LogisticRegression": (*THREE, "normal per sd"),
        "spark.GLR.gaussian": ("normal per sd",),
    },
    "h2o": {
        "h2o.gaussian": (*THREE, "normal per sd"),
        "h2o.glm": ("normal", "elastic net"),
    },
    "vw": {"vw.bfgs.squared": ("normal",), "vw.bfgs.logistic": ("normal",)},
    "adelie": {"adelie": (*THREE, "laplace, one free")},
}


def cases(library: str):
    """(row, family, prior, weighted, settings)."""
    from priorfit.translate.libraries import TABLE

    rows = {row.id: row for row in TABLE}
    for name, kinds in FITS[library].items():
        for family in rows[name].families:
            for kind in kinds:
                for weighted in (False, True):
                    if weighted and not (library == "glmnet" and kind in THREE and family != "cox"):
                        continue
                    translated = pf.translate(
                        PRIORS[kind], to=name, **known(family, W if weighted else None)
                    )
                    yield name, family, kind, weighted, dict(translated)


def in_r(name, family, settings, weighted) -> list[float]:
    """glmnet, to its last digit."""

    def word(v):
        if isinstance(v, bool):
            return str(v).upper()
        if isinstance(v, str):
            return v if v.endswith("()") else f'"{v}"'
        return f"c({','.join(repr(float(x)) for x in v)})" if np.ndim(v) else repr(float(v))

    with tempfile.TemporaryDirectory() as folder:
        y = np.c_[TIME, EVENT] if family == "cox" else RESPONSE[family]
        np.savetxt(f"{folder}/x.csv", X, delimiter=",", fmt="%.17g")
        np.savetxt(f"{folder}/y.csv", y, delimiter=",", fmt="%.17g")
        np.savetxt(f"{folder}/w.csv", W, fmt="%.17g")
        options = ", ".join(f"{k}={word(v)}" for k, v in settings.items())
        code = f"""
        suppressMessages(library(glmnet)); suppressMessages(library(survival))
        glmnet.control(fdev=0, devmax=1)
        x <- as.matrix(read.csv("{folder}/x.csv", header=FALSE))
        y <- as.matrix(read.csv("{folder}/y.csv", header=FALSE))
        w <- scan("{folder}/w.csv", quiet=TRUE)
        y <- if (ncol(y) == 2) Surv(y[,1], y[,2]) else y[,1]
        fit <- glmnet(x, y, {options}, {"weights=w," if weighted else ""} thresh=1e-20, maxit=1e7)
        cat(sprintf("%.17g", as.numeric(coef(fit))))
        """
        said = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True)
    numbers = [float(v) for v in said.stdout.split()]
    return numbers if len(numbers) == 6 else [0.0, *numbers]


def in_spark(name, family, settings, weighted) -> list[float]:
    """pyspark in local mode."""
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.linalg import Vectors
    from pyspark.ml.regression import GeneralizedLinearRegression, LinearRegression
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = session.config("spark.sql.shuffle.partitions", "1").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    rows = [(float(v), Vectors.dense(x)) for v, x in zip(RESPONSE[family], X, strict=True)]
    frame = session.createDataFrame(rows, ["label", "features"])
    classes = {"LinearRegression": LinearRegression, "LogisticRegression": LogisticRegression,
               "GLR": GeneralizedLinearRegression}  # fmt: skip
    model = classes[name.split(".")[1]](**settings, maxIter=5000, tol=1e-14).fit(frame)
    return [model.intercept, *model.coefficients.toArray().tolist()]


def in_h2o(name, family, settings, weighted) -> list[float]:
    """h2o's generalized linear model."""
    import h2o
    import pandas as pd
    from h2o.estimators import H2OGeneralizedLinearEstimator

    h2o.init(nthreads=1, max_mem_size="1g")
    h2o.no_progress()
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(5)])
    frame["y"] = RESPONSE[family]
    table = h2o.H2OFrame(frame)
    if family == "bernoulli":
        table["y"] = table["y"].asfactor()
    exact = {"objective_epsilon": 1e-14, "beta_epsilon": 1e-14, "gradient_epsilon": 1e-14,
             "max_iterations": 10_000}  # fmt: skip
    model = H2OGeneralizedLinearEstimator(**settings, **exact)
    model.train(y="y", training_frame=table)
    found = model.coef()
    return [found["Intercept"], *(found[f"x{j}"] for j in range(5))]


def in_vw(name, family, settings, weighted) -> list[float]:
    """Vowpal Wabbit from a file, many passes."""
    from vowpalwabbit import pyvw

    y = RESPONSE[family] if family == "gaussian" else 2 * RESPONSE[family] - 1
    with tempfile.TemporaryDirectory() as folder:
        lines = [
            f"{v:.9g} | " + " ".join(f"{j}:{x:.9g}" for j, x in enumerate(row))
            for v, row in zip(y, X, strict=True)
        ]
        Path(f"{folder}/data").write_text("\n".join(lines) + "\n")
        flags = " ".join(
            f"--{k}" if v is True else f"--{k} {v}" for k, v in settings.items() if v is not False
        )
        model = pyvw.Workspace(
            f"{flags} -d {folder}/data --cache_file {folder}/cache -k --passes 200 --quiet "
            "--holdout_off --termination 0 -b 18"
        )
        found = [model.get_weight(11650396 % 2**18)]  # the hash of the constant
        found += [model.get_weight_from_name(str(j)) for j in range(5)]
        model.finish()
    return found


def in_adelie(name, family, settings, weighted) -> list[float]:
    """adelie's group elastic net with groups of one."""
    import adelie as ad

    glm = {"gaussian": ad.glm.gaussian, "bernoulli": ad.glm.binomial, "poisson": ad.glm.poisson}
    options = {**settings, "lmda_path": np.array([settings["lmda_path"]])}
    options.setdefault("penalty", np.ones(5))
    state = ad.grpnet(np.asfortranarray(X), glm[family](RESPONSE[family]), **options, tol=1e-16,
                      irls_tol=1e-14, progress_bar=False)  # fmt: skip
    return [float(state.intercepts[-1]), *np.ravel(state.betas[-1].toarray()).tolist()]


RUN = {"glmnet": in_r, "spark": in_spark, "h2o": in_h2o, "vw": in_vw, "adelie": in_adelie}


def plain(settings: dict) -> dict:
    """Numbers and words that JSON knows."""
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in settings.items()}


#: penalty factors that do not sum to p, as a user may write them
FACTORS = {"lambda": 0.1, "penalty.factor": [1.0, 0.5, 3.0, 0.0, 2.0], "standardize": False,
           "family": "gaussian"}  # fmt: skip


def store_factors() -> None:
    """What glmnet makes of factors that it has to rescale."""
    coef = in_r("glmnet.gaussian", "gaussian", FACTORS, False)
    (HERE / "factors.json").write_text(json.dumps({"settings": FACTORS, "coef": coef}) + "\n")


def main(names: list[str]) -> None:
    """Run the libraries named, keep what is stored of the others."""
    if not names or "glmnet" in names:
        store_factors()
    file = HERE / "translated.json"
    stored = json.loads(file.read_text()) if file.exists() else []
    for library in names or list(RUN):
        rows = set(FITS[library])
        stored = [record for record in stored if record["row"] not in rows]
        for name, family, kind, weighted, settings in cases(library):
            coef = RUN[library](name, family, settings, weighted)
            stored.append({"row": name, "family": family, "prior": kind, "weighted": weighted,
                           "settings": plain(settings), "coef": coef})  # fmt: skip
            print(name, family, kind, "weighted" * weighted, coef)
    lines = ",\n".join(json.dumps(record) for record in stored)
    file.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main(sys.argv[1:])
