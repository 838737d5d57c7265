"""What the look-up pair does on memory that NumPy can look at.

read    rows of numbers are copied, those at the looked-up places
add     rows of numbers are added at the looked-up places, one after the other: always in the
        same order, so that the same sum comes out each time
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tinylearn.errors import describe
from tinylearn.graph.node import Node, Shape
from tinylearn.loops.machine import LONG_ROW


def read(node: Node, new: np.ndarray, x: np.ndarray, *indices: np.ndarray) -> None:
    """Put x[i, j, ...] into new."""
    sizes, rest = x.shape[: len(indices)], x.shape[len(indices) :]
    place = places(node, indices, sizes)
    if not x.flags.c_contiguous:  # NumPy would copy all of it to take some
        new[...] = x[indices]
        return
    row = (math.prod(rest),) if rest else ()
    rows, into = x.reshape(math.prod(sizes), *row), new.reshape(place.shape + row)
    np.take(rows, place, 0, out=into, mode="clip")  # the places are checked already


def add(node: Node, new: np.ndarray, x: np.ndarray, *indices: np.ndarray) -> None:
    """Put zeros into new, and add x at [i, j, ...]."""
    place = places(node, indices, node.arg).reshape(-1)
    exact = np.zeros(new.shape, np.float32) if new.dtype == np.float16 else new
    exact[...] = 0
    row = math.prod(node.shape[len(indices) :])
    if row >= LONG_ROW:
        rows = exact.reshape(-1, row)
        for k, more in zip(place.tolist(), x.reshape(-1, row), strict=True):
            total = rows[k]
            np.add(total, more, out=total)
    else:
        if row != 1:
            place = (place[:, None] * row + np.arange(row)).reshape(-1)
        np.add.at(exact.reshape(-1), place, x.reshape(-1))
    if exact is not new:
        new[...] = exact


def places(node: Node, indices: Sequence[np.ndarray], sizes: Shape) -> np.ndarray:
    """Indices into axes of these sizes as one, which counts through all of them in order."""
    found = inside(node, 0, indices[0], sizes[0])
    for k in range(1, len(indices)):
        found = found * sizes[k] + inside(node, k, indices[k], sizes[k])
    return found


def inside(node: Node, axis: int, index: np.ndarray, size: int) -> np.ndarray:
    """An index counted from 0; raises IndexError for a place that is not there.

    One look is enough where none is below 0: without their sign such numbers are larger than all.
    """
    index = index.astype(np.int64, copy=False)
    if not index.size or np.maximum.reduce(index.view(np.uint64), None) < size:
        return index
    wrong = index[(index < -size) | (index >= size)]
    if wrong.size:
        raise not_there(node, axis, int(wrong.flat[0]), size)
    return np.where(index < 0, index + size, index)


def not_there(node: Node, axis: int, place: int, size: int) -> Exception:
    """The error for a place that an axis does not have."""
    x, *indices = node.inputs
    at = f" at {node.origin}" if node.origin else ""
    says = f"{node.op.name}{at}: there is no place {place} on axis {axis}, which has size {size}"
    repair = f"index.clip(0, {size - 1})" if size else ""
    return describe(IndexError, says, [("x", x), ("index", indices[axis])], repair)
