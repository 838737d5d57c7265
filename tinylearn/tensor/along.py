"""Along one axis: counting places, and products. Nodes in, nodes out."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tinylearn.graph.dtype import int64
from tinylearn.graph.lookup import GATHER
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import LESS, MUL, buffer
from tinylearn.tensor.data import fits, upload
from tinylearn.tensor.moves import part_of, surrounded

FACTORS = 8  # numbers that are multiplied in one kernel


@lru_cache(maxsize=256)
def counted(n: int, device: str) -> Node:
    """0, 1, ... n - 1 as int64."""
    fits((n,), int64)
    return buffer(upload(np.arange(n), device))


@lru_cache(maxsize=256)
def places(shape: Shape, axis: int, device: str) -> Node:
    """In each place of a shape the place's number along an axis."""
    return laid_along(counted(shape[axis], device), shape, axis)


def laid_along(numbers: Node, shape: Shape, axis: int) -> Node:
    """One number for each place along an axis, repeated to a shape."""
    flat = tuple(n if a == axis else 1 for a, n in enumerate(shape))
    return numbers.reshape(flat).expand(shape)


def indices_along(index: Node, axis: int) -> list[Node]:
    """For each axis the index at which a place reads: its own number, but along one axis `index`.

    They broadcast to the shape of the index.
    """
    ndim = len(index.shape)
    found = []
    for a, n in enumerate(index.shape):
        flat = tuple(n if b == a else 1 for b in range(ndim))
        found.append(index if a == axis else counted(n, index.device).reshape(flat))
    return found


def picked_along(x: Node, index: Node, axis: int) -> Node:
    """x of shape (..., n, ...) and an index (..., m, ...) along that axis: (..., m, ...)."""
    return GATHER(x, *indices_along(index, axis))


def product(x: Node, axis: int) -> Node:
    """The product along an axis, which is kept: blocks are multiplied, then their products.

    Unlike exp(sum(log(x))) this is right for zeros, and so is its gradient.
    """
    n = x.shape[axis]
    if n == 0:
        return x.sum((axis,)) + 1
    while n > FACTORS:
        blocks = -(-n // FACTORS)
        ones = tuple(
            (0, blocks * FACTORS - n) if a == axis else (0, 0) for a in range(len(x.shape))
        )
        folded = x.shape[:axis] + (FACTORS, blocks) + x.shape[axis + 1 :]
        products = halved(surrounded(x, ones, 1).reshape(folded), axis)
        x = stored(products.reshape(x.shape[:axis] + (blocks,) + x.shape[axis + 1 :]))
        n = blocks
    return halved(x, axis)


def stored(x: Node) -> Node:
    """x as the sum of x and 0. A kernel ends at a sum, and so does one of its gradient.

    Otherwise one kernel would write out all factors of a long product.
    """
    pairs = x.shape + (2,)
    place = places(pairs, len(x.shape), x.device)
    twice = x.reshape(x.shape + (1,)).expand(pairs)
    first = LESS(place, place.const_like(1))
    return first.where(twice, 0).sum((len(x.shape),)).reshape(x.shape)


def halved(x: Node, axis: int) -> Node:
    """The product along a short axis, which is kept: halves are multiplied until one is left."""
    n, y = x.shape[axis], None
    while n > 1:
        half = n // 2
        if n % 2:
            rest = part_of(x, axis, n - 1, n)
            y = rest if y is None else MUL(y, rest)
        x = MUL(part_of(x, axis, 0, half), part_of(x, axis, half, 2 * half))
        n = half
    return x if y is None else MUL(x, y)
