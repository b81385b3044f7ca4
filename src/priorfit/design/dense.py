"""Dense arrays: any dtype of numbers, any strides, read-only or memory-mapped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from priorfit._core import add_square, mirror
from priorfit._errors import InputError
from priorfit._threads import in_turn
from priorfit._typing import Array, Index
from priorfit.design.base import Design

__all__ = ["Dense"]

_BLOCK = 1 << 18  # numbers per block where a float64 copy of rows is needed: 2 MB
_PARTS = 4  # of the rows of a tall table, summed by themselves
_HELD = 1 << 23  # numbers in their sums that are held at any rate: 67 MB


@dataclass(frozen=True, eq=False)
class Dense(Design):
    """``values`` of shape (n, p), float32 or float64, used where it lies.

    float32 columns stay float32; every sum over them is accumulated in float64.
    """

    values: Any
    names: tuple[str, ...] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        n, p = self.values.shape
        return n, p

    def matvec(self, b: Array) -> Array:
        if self._is_double():
            return np.asarray(self.values @ b)
        out = np.empty(self.shape[:1] + b.shape[1:])
        for rows, block in self._blocks():
            out[rows] = block @ b
        return out

    def rmatvec(self, r: Array) -> Array:
        if self._is_double():
            return np.asarray(self.values.T @ r)
        out = np.zeros(self.shape[1:] + r.shape[1:])
        for rows, block in self._blocks():
            out += block.T @ r[rows]
        return out

    def take_rows(self, rows: Index | slice) -> Dense:
        values = self.values
        if isinstance(rows, slice) or values.strides[0] >= values.strides[1]:
            return Dense(values[rows], self.names)
        return Dense(np.take(values.T, rows, axis=1).T, self.names)  # columns stay in one piece

    def moments(self, weights: Array) -> tuple[Array, Array]:
        total = weights.sum()
        with np.errstate(over="ignore", invalid="ignore"):
            mean = self.rmatvec(weights) / total
            mean, variance = self._pivoted(weights, mean, np.ones(len(mean)))
        extreme = ~np.isfinite(variance) | (variance < 1e-280)
        if not np.any(extreme):
            return mean, np.sqrt(variance)
        largest = self._largest()
        scale = np.where(
            extreme & (largest > 0), 2.0 ** np.frexp(largest)[1].clip(-1000, 1000), 1.0
        )
        if np.any(extreme & (largest > 0)):
            mean = np.zeros_like(mean)
            for rows, block in self._blocks():
                mean += weights[rows] @ (block / scale)
            mean, variance = self._pivoted(weights, mean / total * scale, scale)
        return mean, scale * np.sqrt(variance)

    def columns(self, cols: Index, center: Array) -> tuple[Array, Array]:
        if len(cols) == self.shape[1] and np.array_equal(cols, np.arange(len(cols))):
            return self.values - center, np.zeros(len(cols))  # all: no copy before the centring
        return self.comparable(cols, center, np.ones(self.shape[1]))

    def comparable(self, cols: Index, center: Array, scale: Array) -> tuple[Array, Array]:
        """See `Design.comparable`; by blocks of rows, so that nothing is held but the columns."""
        out = np.empty((self.shape[0], len(cols)), order="F")
        start, step = 0, max(64, _BLOCK // max(1, len(cols)))
        for block in self._comparable_rows(cols, step, None, center, scale):
            out[start : start + len(block)] = block
            start += len(block)
        return out, np.zeros(len(cols))

    def gram(self, rows: Index, cols: Index, weights: Array, center: Array, scale: Array) -> Array:
        """See `Design.gram`; by blocks of rows that stay in cache, so that X is read once."""
        root = None if np.all(weights == 1.0) else np.sqrt(weights)
        tame = bool(np.all((scale > 1e-60) & (scale < 1e60)))  # squares neither over- nor underflow
        unit = np.ones_like(scale) if tame else scale
        step = max(256, _BLOCK // max(1, len(cols)))
        if rows is cols:
            out = self._square(cols, step, root, center, unit)
        else:
            left = self._comparable_rows(rows, step, root, center, unit)
            right = self._comparable_rows(cols, step, root, center, unit)
            out = np.zeros((len(rows), len(cols)))
            for a, b in zip(left, right, strict=True):
                out += a.T @ b
        if tame:
            out /= scale[rows, None]
            out /= scale[cols]
        return out

    def normal_equations(
        self, weights: Array, y: Array, center: Array, scale: Array
    ) -> tuple[Array, Array, Array]:
        """``Z' W Z`` (p, p), ``Z' w`` and ``Z' W y`` (p,) for Z = (X - center) / scale, of the
        same blocks in cache; float64 alone."""
        root, every = np.sqrt(weights), np.arange(self.shape[1])
        step = max(256, _BLOCK // max(1, len(every)))
        out = np.zeros((len(every), len(every)))
        sums, products, start = np.zeros(len(every)), np.zeros(len(every)), 0
        plain = None if np.all(weights == 1.0) else root
        for block in self._comparable_rows(every, step, plain, center, np.ones_like(scale)):
            r = root[start : start + step]
            add_square(block, out)
            sums += block.T @ r
            products += block.T @ (r * y[start : start + step])
            start += step
        mirror(out)
        out /= scale[:, None]
        out /= scale
        return out, sums / scale, products / scale

    def kernel(self, cols: Index, center: Array, scale: Array) -> Array:
        """``Z_C Z_C'`` (n, n) for Z = (X - center) / scale, by blocks of columns."""
        n = self.shape[0]
        out = np.zeros((n, n))
        step = max(64, _BLOCK // n)
        buffer = np.empty((n, step), order="F")
        together = len(cols) == cols[-1] - cols[0] + 1 and bool(np.all(np.diff(cols) == 1))
        for i in range(0, len(cols), step):
            part = cols[i : i + step]
            picked = slice(part[0], part[-1] + 1) if together else part  # a view, not a copy
            block = np.subtract(self.values[:, picked], center[part], out=buffer[:, : len(part)])
            np.multiply(block, 1.0 / scale[part], out=block)
            add_square(block.T, out)
        mirror(out)
        return out

    def _square(
        self, cols: Index, step: int, root: Array | None, center: Array, scale: Array
    ) -> Array:
        """The square of `_comparable_rows`: the sum over parts of the rows, which depend on the
        shape alone."""
        n, m = self.shape[0], len(cols)
        held = max(_HELD, n * m // 8) // max(1, m * m)  # sums beside a large table
        parts = max(1, min(_PARTS, held, n // (4 * step)))
        blocks = -(-n // step)
        ends = [step * (blocks * k // parts) for k in range(parts + 1)]

        def add(k: int) -> Array:
            rows = slice(ends[k], ends[k + 1])
            part = Dense(self.values[rows], self.names)
            own = None if root is None else root[rows]
            out = np.zeros((m, m))
            for block in part._comparable_rows(cols, step, own, center, scale):
                add_square(block, out)
            return out

        sums = in_turn(add, range(parts))
        out = next(sums)
        for more in sums:
            out += more
        mirror(out)
        return out

    def _comparable_rows(
        self, cols: Index, step: int, root: Array | None, center: Array, scale: Array
    ) -> Iterator[Array]:
        """``root (X - center) / scale`` of some columns, ``step`` rows at a time.

        Each block (<= step, cols) is overwritten by the next.
        """
        every = len(cols) == self.shape[1] and np.array_equal(cols, np.arange(len(cols)))
        center, unit = center[cols], 1.0 / scale[cols]
        plain = bool(np.all(unit == 1.0))
        order: Literal["C", "F"] = "F" if self.values.strides[0] < self.values.strides[1] else "C"
        buffer = np.empty(min(step, self.shape[0]) * len(cols))
        for start in range(0, self.shape[0], step):
            values = self.values[start : start + step]
            shape = len(values), len(cols)
            block = buffer[: shape[0] * shape[1]].reshape(shape, order=order)  # in one piece
            np.subtract(values if every else values[:, cols], center, out=block)
            if not plain:
                np.multiply(block, unit, out=block)
            if root is not None:
                np.multiply(block, root[start : start + step, None], out=block)
            yield block

    def _is_double(self) -> bool:
        return bool(self.values.dtype == np.float64)

    def _blocks(self) -> Iterator[tuple[slice, Array]]:
        n, p = self.shape
        step = max(1, _BLOCK // max(1, p))
        for start in range(0, n, step):
            part = slice(start, start + step)
            yield part, np.asarray(self.values[part], dtype=np.float64)

    def _pivoted(self, weights: Array, mean: Array, scale: Array) -> tuple[Array, Array]:
        """Mean corrected and variance computed around a first guess of the mean, over scale."""
        first, second = np.zeros_like(mean), np.zeros_like(mean)
        step, start = max(1, _BLOCK // len(mean)), 0
        for away in self._comparable_rows(np.arange(len(mean)), step, None, mean, scale):
            w = weights[start : start + step]
            first += w @ away
            second += w @ np.square(away, out=away)
            start += step
        shift = first / weights.sum()
        return mean + shift * scale, np.maximum(second / weights.sum() - shift**2, 0.0)

    def _largest(self) -> Array:
        """max |x| of each column; raises where a cell is not finite."""
        largest = np.zeros(self.shape[1])
        for rows, block in self._blocks():
            if not np.all(np.isfinite(block)):
                i, j = np.argwhere(~np.isfinite(block))[0]
                raise InputError(
                    "X must hold finite numbers (no NaN, no infinity)",
                    f"{block[i, j]} in row {rows.start + i}, column {self.label(j)}",
                    "Drop or fill the missing values, for example with SimpleImputer.",
                )
            np.maximum(largest, np.abs(block).max(axis=0, initial=0.0), out=largest)
        return largest
