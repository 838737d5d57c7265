"""Primitives of whole axes: places in order of size, running sums, search among sorted numbers.

Each is ONE declaration, as in primitives.py. To the scheduler they are sources: a loop nest cannot
hold them, so each runs by itself, by its NumPy meaning on every device.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinylearn.graph import rules
from tinylearn.graph.dtype import DType, int64
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import Primitive, primitive

FEW = 8  # times fewer numbers wanted than there are: they are parted first, and only they sorted
SIDE = 16  # numbers that one product with a triangle of ones adds up
CHUNK = 2048 * SIDE  # numbers that stay in the cache while they are added up


# ---------------------------------------------------------------- places, by size


def ascending(x: np.ndarray, count: int) -> np.ndarray:
    """Where the smallest numbers of each row stand, in order; equal ones as they come, NaN last.

    NumPy's sort that keeps equal ones in order takes four times as long as the one that does not:
    it sorts only the rows that have equal ones, or NaN.
    """
    if 0 < count * FEW <= x.shape[-1]:
        return few_ascending(x, count)
    order = np.argsort(x, -1)
    numbers = np.take_along_axis(x, order, -1)
    tied = ~(numbers[..., :-1] < numbers[..., 1:]).all(-1)
    order[tied] = np.argsort(x[tied], -1, kind="stable")
    return order[..., :count]


def few_ascending(x: np.ndarray, count: int) -> np.ndarray:
    """The same for few of many numbers, ten times as fast: what is larger is never sorted."""
    near = np.sort(np.argpartition(x, count - 1, -1)[..., :count], -1)
    inner = ascending(np.take_along_axis(x, near, -1), count)
    order = np.take_along_axis(near, inner, -1)
    last = np.take_along_axis(x, order[..., -1:], -1)
    unsure = (x <= last).sum(-1) != count  # others are as small as the last, or it is NaN
    order[unsure] = np.argsort(x[unsure], -1, kind="stable")[..., :count]
    return order


def descending(x: np.ndarray, count: int) -> np.ndarray:
    """Where the largest numbers of each row stand, in order; equal ones as they come, NaN first."""
    strange = (x != x).any(-1)
    order = ascending(-x if x.dtype.kind == "f" else ~x, count)
    backwards = np.argsort(x[strange][..., ::-1], -1, kind="stable")[..., ::-1]
    order[strange] = (x.shape[-1] - 1 - backwards)[..., :count]
    return order


def ranked_last(x: np.ndarray, count: int) -> np.ndarray:
    """Where the last of the `count` smallest numbers of each row stands."""
    return np.argpartition(x, count - 1, -1)[..., count - 1 : count]


def largest_so_far(x: np.ndarray, count: int) -> np.ndarray:
    """At each place of a row where the largest number so far stands, the last of equals, or NaN."""
    standing = (x >= np.maximum.accumulate(x, -1)) | (x != x)
    return np.maximum.accumulate(np.where(standing, np.arange(count), 0), -1)


WAYS = {f.__name__: f for f in (ascending, descending, ranked_last, largest_so_far)}


def numpy_ranked(x: np.ndarray, arg: tuple[str, int, int]) -> np.ndarray:
    """The places of a way, along its axis."""
    way, axis, count = arg
    return np.moveaxis(WAYS[way](np.moveaxis(x, axis, -1), count), -1, axis).astype(np.int64)


def ranked_shape(op: Primitive, inputs: tuple[Node, ...], arg: tuple[str, int, int]) -> Shape:
    """As many places along the axis as are asked for."""
    (x,) = inputs
    way, axis, count = arg
    if not 0 <= axis < len(x.shape) or not 0 <= count <= x.shape[axis]:
        raise rules.refuse(op, inputs, f"needs an axis with {count} places, got axis {axis}")
    size = 1 if way == ranked_last.__name__ else count
    return x.shape[:axis] + (size,) + x.shape[axis + 1 :]


def whole_numbers(op: Primitive, inputs: tuple[Node, ...], arg: Any) -> DType:
    """Places are int64."""
    return int64


@primitive("ranked", "source", numpy=numpy_ranked, shape=ranked_shape, dtype=whole_numbers)
def RANKED(g, node):
    """Which places hold the smallest, the largest: they jump, so there is no gradient."""
    return (None,)


# ---------------------------------------------------------------- search


def searched_shape(op: Primitive, inputs: tuple[Node, ...], side: str) -> Shape:
    """A place for each number that is looked for."""
    steps, x = inputs
    if not steps.shape or (len(steps.shape) > 1 and steps.shape[:-1] != x.shape[:-1]):
        raise rules.refuse(op, inputs, "needs one sorted row, or one for each row of y")
    return x.shape


def numpy_searched(steps: np.ndarray, x: np.ndarray, side: str) -> np.ndarray:
    """Binary search, row by row."""
    if steps.ndim == 1:
        return np.searchsorted(steps, x, side)  # type: ignore[call-overload]
    rows = steps.reshape(-1, steps.shape[-1])
    flat = x.reshape(len(rows), x.shape[-1])
    found = [np.searchsorted(a, b, side) for a, b in zip(rows, flat, strict=True)]  # type: ignore[call-overload]
    return np.array(found, np.int64).reshape(x.shape)


@primitive("searched", "source", numpy=numpy_searched, shape=searched_shape, dtype=whole_numbers)
def SEARCHED(g, node):
    """Between which sorted numbers another belongs: it jumps, so there is no gradient."""
    return None, None


# ---------------------------------------------------------------- sums


def numpy_running_sum(x: np.ndarray, axes: tuple[int], out: np.ndarray | None = None) -> np.ndarray:
    """At each place the sum so far; float32 adds up as float64."""
    (axis,), out = axes, np.empty(x.shape, x.dtype) if out is None else out
    if x.dtype != np.float32:
        return np.add.accumulate(x, axis, x.dtype, out)
    if x.size == x.shape[axis] > CHUNK:
        in_chunks(x.reshape(-1), out.reshape(-1))
        if np.isfinite(out.reshape(-1)[-1]):
            return out
    out[...] = np.add.accumulate(x, axis, np.float64)
    return out


def in_chunks(x: np.ndarray, sums: np.ndarray) -> None:
    """The same for a long row of finite numbers, twice as fast: one sum waits for the one before.

    A product with a triangle of ones adds up SIDE numbers at once; what all before give is added.
    Zero times infinity is NaN: then the last sum is, too, or infinite.

    [[1 2]      [[1 1]     [[1 3]                         [[1  3]
     [3 4]]  @   [0 1]]  =  [3 7]]   + 3 in each next row = [6 10]]
    """
    triangle, total = np.triu(np.ones((SIDE, SIDE), np.float32)), 0.0
    whole = len(x) // SIDE * SIDE
    for start in range(0, whole, CHUNK):
        rows = x[start : min(start + CHUNK, whole)].reshape(-1, SIDE)
        inside = np.matmul(rows, triangle, out=sums[start : start + rows.size].reshape(-1, SIDE))
        before = np.add.accumulate(np.concatenate([[total], inside[:, -1]]), dtype=np.float64)
        inside += before[:-1, None].astype(np.float32)
        total = before[-1]
    sums[whole:] = total + np.add.accumulate(x[whole:], dtype=np.float64)


@primitive("running_sum", "source", numpy=numpy_running_sum, shape=rules.flipped)
def RUNNING_SUM(g, node):
    """Each number is part of the sums at and behind its place: the gradient runs backwards."""
    return (RUNNING_SUM(g.flip(node.arg), arg=node.arg).flip(node.arg),)
