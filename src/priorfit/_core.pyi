from typing import Any

import numpy as np
from numpy.typing import NDArray

_F = NDArray[np.float64]
_I = NDArray[np.int32]

def solve_quadratic(
    gram: _F,
    q: _F,
    l1: _F,
    l2: _F,
    loc: _F,
    lower: _F,
    upper: _F,
    strengths: _F,
    coefs: _F,
    status: _I,
    rounds: _I,
    tol: float,
    max_rounds: int,
) -> Any: ...
def solve_glm(
    loss: str,
    Z: _F,
    y: _F,
    weights: _F,
    offset: _F,
    l1: _F,
    l2: _F,
    loc: _F,
    lower: _F,
    upper: _F,
    strengths: _F,
    coefs: _F,
    rounds: _I,
    tol: float,
) -> None: ...
def solve_group_quadratic(
    gram: _F,
    q: _F,
    first: NDArray[np.int64],
    l1: _F,
    rate: _F,
    s: float,
    b: _F,
    tol: float,
    max_rounds: int,
) -> tuple[int, int]: ...
def solve_sorted(
    gram: _F,
    q: _F,
    ranked: NDArray[np.uint8],
    rates: _F,
    size: float,
    strengths: _F,
    x: _F,
    room: float,
    max_rounds: int,
) -> int: ...
def total_variation(h: _F, q: _F, rates: _F, b: _F) -> None: ...
def inverse_diagonal(factor: _F, out: _F) -> None: ...
def solve_local_quadratic(
    gram: _F,
    q: _F,
    l1: _F,
    l2: _F,
    loc: _F,
    lower: _F,
    upper: _F,
    size: _F,
    kind: int,
    parameter: float,
    b: _F,
    tol: float,
    max_rounds: int,
) -> tuple[int, int]: ...
def solve_glm_group_path(*arguments: Any) -> tuple[int, int]: ...
def solve_group_path(*arguments: Any) -> tuple[int, int]: ...
def solve_softmax_group_path(*arguments: Any) -> tuple[int, int]: ...
def solve_softmax_path(*arguments: Any) -> tuple[int, int]: ...

class SharedDouble:
    def __init__(self, X: _F, center: _F, scale: _F, root: _F) -> None: ...

class SharedSingle:
    def __init__(self, X: NDArray[np.float32], center: _F, scale: _F, root: _F) -> None: ...

class RiskSets:
    @staticmethod
    def make(
        row: NDArray[np.int64],
        log_weight: _F,
        fresh: NDArray[np.int64],
        events: _F,
        own: _F,
        last: NDArray[np.int64],
        first: NDArray[np.int64],
        mean_weight: _F,
        tied_place: NDArray[np.int64],
        rank: _F,
        least: float,
    ) -> RiskSets: ...
    def evaluate(self, eta: _F, theta: _F, v: _F) -> float: ...

def solve_path(*arguments: Any) -> tuple[int, int]: ...
def column_moments(*arguments: Any) -> None: ...
def correlate(*arguments: Any) -> None: ...
def rises(start: NDArray[Any], place: NDArray[Any]) -> bool: ...
def put_in_order(
    start: NDArray[Any],
    place: NDArray[Any],
    value: NDArray[Any],
    places: NDArray[Any],
    values: NDArray[Any],
) -> bool: ...
def add_square(X: _F, out: _F) -> None: ...
def mirror(out: _F) -> None: ...
def use_threads(count: int) -> int: ...
def threads_in_use() -> int: ...
def divide_from(products: float) -> float: ...
def draw_polya_gamma(counts: _F, z: _F, seed: int, omega: _F) -> None: ...
def horseshoe_sweep(
    gram: _F, along: _F, scale: _F, still: _F, seed: int, b: _F, precision: _F
) -> None: ...
def losses_at(
    loss: str, X: _F, y: _F, weights: _F, offset: _F, intercept: bool, x: _F, slope: _F
) -> float: ...
def leapfrog(
    loss: str,
    X: _F,
    y: _F,
    weights: _F,
    offset: _F,
    intercept: bool,
    phi: float,
    precision: _F,
    loc: _F,
    root: _F,
    size: float,
    steps: int,
    x: _F,
    slope: _F,
    v: _F,
) -> float: ...
def draw_log_scale(
    order: float,
    linear: float,
    square: float,
    family: int,
    a: float,
    b: float,
    shares: _F,
    counts: _F,
    start: float,
    width: float,
    seed: int,
) -> float: ...
def draw_log_scale_of_locals(
    precision: _F,
    family: int,
    a: float,
    b: float,
    shares: _F,
    counts: _F,
    start: float,
    width: float,
    seed: int,
) -> float: ...
def draw_log_scale_of_rows(
    loss: str,
    y: _F,
    weights: _F,
    eta: _F,
    along: _F,
    phi: float,
    inside: float,
    family: int,
    a: float,
    b: float,
    shares: _F,
    counts: _F,
    start: float,
    width: float,
    seed: int,
) -> float: ...
def evaluate_rows(loss: str, y: _F, weights: _F, eta: _F, theta: _F, h: _F) -> float: ...
def conjugate_rows(loss: str, y: _F, weights: _F, theta: _F) -> float: ...
def fit_small(
    X: _F,
    y: _F,
    weights: _F,
    l1: _F,
    l2: _F,
    loc: _F,
    lower: _F,
    upper: _F,
    intercept: bool,
    phi: float,
    coef: _F,
) -> tuple[bool, float, float, float, float, float, int]: ...
def shrink(
    w: NDArray[Any],
    square: NDArray[Any],
    scale: float,
    factor: float,
    eps: float,
    l1: float,
    l2: float,
    width: float,
) -> None: ...
def shrink_rows(
    w: NDArray[Any],
    rows: int,
    square: NDArray[Any],
    scale: float,
    factor: float,
    eps: float,
    rate: float,
) -> None: ...
