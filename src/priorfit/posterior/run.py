"""Chains side by side in threads: progress, interruption, and going on where they stopped."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from priorfit._errors import PriorfitWarning
from priorfit._typing import Array
from priorfit.posterior.samplers.sampler import Independent, Sampler

__all__ = ["Chain", "Chains", "run"]

Progress = Callable[[int, int], None]


class Chain(NamedTuple):
    """Where a chain stands: its state and its own generator."""

    state: Any
    rng: np.random.Generator


class Chains(NamedTuple):
    """``draws`` by name, (chains, draws, ...), and where each chain stopped."""

    draws: dict[str, Array]
    ends: tuple[Chain, ...]


@dataclass
class _Watch:
    """What the threads share: a count of sweeps, and whether to stop."""

    total: int
    progress: Progress
    done: int = 0
    stop: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def tick(self) -> None:
        with self._lock:
            self.done += 1

    def report(self) -> None:
        self.progress(self.done, self.total)


def run(
    sampler: Sampler | Independent,
    draws: int,
    chains: int,
    seed: int | None,
    *,
    threads: int = 1,
    progress: Progress | None = None,
    begin: tuple[Chain, ...] | None = None,
) -> Chains:
    """``draws`` of each of ``chains``, which differ by their generators only.

    The numbers do not depend on ``threads``. An interrupt (Ctrl-C) ends all chains at the same
    draw, keeps what there is and warns. ``begin`` goes on from the ends of an earlier run, without
    a warm-up: two runs in a row are the same numbers as one long run.
    """
    if begin is None:
        seeds = np.random.SeedSequence(seed).spawn(chains)
        begin = tuple(Chain(None, np.random.default_rng(s)) for s in seeds)
    if isinstance(sampler, Independent):
        parts = [sampler.draws(draws, one.rng) for one in begin]
        return Chains({k: np.stack([p[k] for p in parts]) for k in parts[0]}, begin)
    warm = 0 if begin[0].state is not None else sampler.warmup
    watch = _Watch(len(begin) * (draws + warm), progress or _silent)
    with threadpool_limits(1), ThreadPoolExecutor(max(1, threads)) as pool:
        jobs = [pool.submit(_one, sampler, one, draws, warm, watch) for one in begin]
        interrupted = _wait(jobs, watch)
        found = [job.result() for job in jobs]
    length = min(len(kept) for kept, _ in found)
    if interrupted:
        _warn(length, draws)
    named = {} if not length else {k: _stack(k, found, length) for k in found[0][0][0]}
    return Chains(named, tuple(end for _, end in found))


def _one(
    sampler: Sampler, chain: Chain, draws: int, warm: int, watch: _Watch
) -> tuple[list[dict[str, Any]], Chain]:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # such steps are not taken
        return _walk(sampler, chain, draws, warm, watch)


def _walk(
    sampler: Sampler, chain: Chain, draws: int, warm: int, watch: _Watch
) -> tuple[list[dict[str, Any]], Chain]:
    rng = chain.rng
    state = sampler.init(rng) if chain.state is None else chain.state
    for k in range(warm):
        if watch.stop:
            return [], Chain(None, rng)
        state = sampler.tuned(sampler.step(state, rng), (k + 1) / warm)
        watch.tick()
    kept: list[dict[str, Any]] = []
    for _ in range(draws):
        if watch.stop:
            break
        state = sampler.step(state, rng)
        kept.append(sampler.draw(state, rng))
        watch.tick()
    return kept, Chain(state, rng)


def _wait(jobs: list[Any], watch: _Watch) -> bool:
    """Wait for all; on an interrupt tell them to stop. Whether there was one."""
    interrupted = False
    while True:
        try:
            left = wait(jobs, timeout=0.1).not_done
            watch.report()
            if not left:
                return interrupted
        except KeyboardInterrupt:
            watch.stop = interrupted = True


def _stack(name: str, found: list[Any], length: int) -> Array:
    return np.array([[one[name] for one in kept[:length]] for kept, _ in found])


def _silent(done: int, total: int) -> None:
    """No one looks."""


def _warn(length: int, asked: int) -> None:
    warnings.warn(
        f"sampling was interrupted: {length} of {asked} draws of each chain are kept; "
        "`extend` goes on from them",
        PriorfitWarning,
        stacklevel=4,
    )
