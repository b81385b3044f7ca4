"""Cox regression at equal certified precision: lasso paths and ridge fits, rivals in alternation.

    python benchmarks/survival/run.py --peers .venv-peers/bin/python [--cases genomic] [--repeats 3]
        [--defaults] [--rivals priorfit adelie] [--limit 120]

For each solver the loosest of its tolerances is found at which the gap, recomputed here from its
coefficients, is at most 1e-6 at every point; ``--defaults`` takes each at its default tolerance.
Breslow's ties and none in the data, but where a case says Efron. Medians of ``--repeats`` CPU
times in alternation go to ``benchmarks/results/survival.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from scipy.special import xlogy

HERE, TARGET = Path(__file__).parent, 1e-6
RIVALS = ("priorfit", "sksurv", "adelie", "skglm")


def simulated(n, p, rho, active, seed=0, size=0.5):
    """AR(1) columns, ``active`` effects, exponential times, a third censored."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    b = np.zeros(p)
    b[rng.choice(p, active, replace=False)] = size * rng.normal(size=active)
    time, end = rng.exponential(size=n) * np.exp(-X @ b), 2 * rng.exponential(size=n)
    return X, np.minimum(time, end), time <= end


def tied(data, step):
    """Times rounded up to a grid."""
    X, time, event = data
    return X, np.ceil(time / step), event


#: name -> (data, smallest share of lambda_max, lambda of a normal prior or 0)
CASES = {
    "genomic 500 x 10,000": (lambda: simulated(500, 10_000, 0.5, 20), 0.05, 0.0),
    "200 x 1000": (lambda: simulated(200, 1000, 0.5, 10), 0.05, 0.0),
    "1000 x 2000, ratio .01": (lambda: simulated(1000, 2000, 0.6, 30), 0.01, 0.0),
    "Efron 1000 x 100": (lambda: tied(simulated(1000, 100, 0.3, 10), 0.05), 0.01, 0.0),
    "tall 20,000 x 100": (lambda: simulated(20_000, 100, 0.3, 10, size=0.2), 1e-3, 0.0),
    "ridge 20,000 x 50": (lambda: simulated(20_000, 50, 0.3, 10, size=0.2), 1.0, 10.0),
    "ridge 500 x 15": (lambda: simulated(500, 15, 0.3, 10, size=0.2), 1.0, 1.0),
}


class Judge:
    """The partial likelihood by running sums over rows sorted by time, and its duality gap."""

    def __init__(self, X, time, event, efron=False):
        order = np.lexsort((event, -time))
        self.X, self.event, time = X[order], event[order].astype(float), time[order]
        self.last = np.searchsorted(-time, -time, side="right") - 1  # where its risk set ends
        deaths = np.flatnonzero(self.event)
        group = np.unique(time[deaths], return_inverse=True)[1]
        self.rank, self.group, self.deaths = np.zeros(len(deaths)), group, deaths
        size = np.bincount(group)
        if efron:
            seen = np.zeros(len(size))
            for k, g in enumerate(group):
                self.rank[k] = seen[g] / size[g]
                seen[g] += 1
        per = size[group]
        self.least = np.log(per if not efron else per * (1 - self.rank)).sum()
        self.null = self.loss(np.zeros(len(time)))[0] - self.least

    def loss(self, eta):
        """Value and minus gradient."""
        top, at = eta.max(), self.deaths
        e = np.exp(eta - top)
        risk = np.cumsum(e)[self.last[at]]
        left = risk - self.rank * np.bincount(self.group, e[at])[self.group]
        hazard = np.cumsum(np.bincount(self.last[at], 1 / left, len(eta))[::-1])[::-1]
        score = self.event - e * hazard
        score[at] += e[at] * np.bincount(self.group, self.rank / left)[self.group]
        return (np.log(left) + top).sum() - self.event @ eta, score

    def conjugate(self, theta):
        """-L*(-theta) under Breslow's ties, in closed form: see ``cpp/risk_sets.hpp``."""
        hazard = np.maximum(self.event - theta, 0.0)
        d = np.bincount(self.last[self.deaths], minlength=len(theta))
        ends = np.flatnonzero(d)
        d, before = d[ends], np.maximum(-np.cumsum(theta)[ends], 1e-290)
        met = d @ np.log(before + d) + before @ np.log1p(d / before)
        return met - xlogy(hazard, hazard).sum()

    def gap(self, b, lam, ridge):
        """(P - D) over the null loss; D at the share s of theta that is feasible, under Efron's
        ties from L*(-s theta) <= s L*(-theta) + (1 - s) L*(0)."""
        eta = self.X @ b
        value, theta = self.loss(eta)
        pull = self.X.T @ theta
        if ridge:
            dual = value + theta @ eta - 0.5 * pull @ pull / ridge
            return (value + 0.5 * ridge * b @ b - dual) / self.null
        share = min(1.0, lam / np.abs(pull).max())
        dual = share * (value + theta @ eta) + (1 - share) * self.least
        if not np.any(self.rank):
            dual = max(dual, self.conjugate(share * theta))
        return (value + lam * np.abs(b).sum() - dual) / self.null


class Rival:
    def __init__(self, name, python, folder):
        self.name, self.folder = name, folder
        self.process = subprocess.Popen(
            [python, str(HERE / "worker.py"), name, str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.info, self.tol, self.gap, self.seconds = self._answer(), None, np.inf, []

    def _answer(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else {}

    def fit(self, tol):
        self.process.stdin.write(f"{tol}\n")
        self.process.stdin.flush()
        return self._answer().get("cpu", np.inf)

    def worst(self, judge, lambdas, ridge):
        coefs = np.load(self.folder / f"{self.name}.npz")["coefs"]
        return max(judge.gap(b, s, ridge) for b, s in zip(coefs.T, lambdas, strict=True))

    def search(self, judge, lambdas, ridge, defaults, limit):
        """The loosest tolerance that certifies, or the tightest that was affordable."""
        if not self.info or not np.isfinite(self.fit(self.info["default"])):
            return
        for tol in [self.info["default"]] if defaults else self.info["tols"]:
            seconds = self.fit(tol)
            if not np.isfinite(seconds):
                return
            self.tol, self.gap = tol, self.worst(judge, lambdas, ridge)
            print(f"{self.name} tol {tol:.0e}: {seconds:.3f} s, gap {self.gap:.1e}", flush=True)
            if self.gap <= TARGET or seconds > limit:
                return


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--cases", nargs="*", default=[""])
    parser.add_argument("--rivals", nargs="*", default=RIVALS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--defaults", action="store_true")
    parser.add_argument("--limit", type=float, default=10.0)
    options = parser.parse_args()
    out = HERE.parent / "results" / "survival.jsonl"
    out.parent.mkdir(exist_ok=True)
    for name in [c for c in CASES if any(w in c for w in options.cases)]:
        make, share, ridge = CASES[name]
        X, time, event = make()
        efron = name.startswith("Efron")
        judge = Judge(X, time, event, efron)
        top = np.abs(judge.X.T @ judge.loss(np.zeros(len(X)))[1]).max()
        lambdas = top * np.geomspace(1.0, share, 1 if ridge else 100)
        with tempfile.TemporaryDirectory() as folder:
            np.savez(Path(folder) / "data.npz", X=X, time=time, event=event, lambdas=lambdas,
                     l2=ridge, efron=efron)  # fmt: skip
            rivals = [
                Rival(r, sys.executable if r == "priorfit" else options.peers, Path(folder))
                for r in options.rivals
            ]
            for rival in rivals:
                rival.search(judge, lambdas, ridge, options.defaults, options.limit)
            for _ in range(options.repeats):
                for rival in rivals:
                    if rival.tol is not None:
                        rival.seconds.append(rival.fit(rival.tol))
            for rival in rivals:
                rival.process.kill()
                seconds = median(rival.seconds) if rival.seconds else float("nan")
                record = {"case": name, "solver": rival.name, "cpu": seconds, "gap": rival.gap,
                          "tol": rival.tol}  # fmt: skip
                print(record, flush=True)
                with out.open("a") as file:
                    file.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
