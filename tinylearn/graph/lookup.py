"""The look-up pair: reading at places that are numbers themselves, and adding up at such places.

    gather(x, i, j)              x[i, j]: the indices broadcast, behind them come x's other axes
    scatter(y, i, j, arg=sizes)  zeros with axes of these sizes in front, and y added at [i, j]

Each is the other's gradient. What else looks numbers up is composed of them in `Tensor`. Nobody
knows such places before they are computed: one that is not there is found when the kernel runs,
and is an IndexError on every device. A place below 0 counts from the end of its axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinylearn.errors import DTypeError
from tinylearn.graph.dtype import DType
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import Primitive, primitive
from tinylearn.graph.rules import refuse

# ---------------------------------------------------------------- their rules


def ints_behind(op: Primitive, inputs: tuple[Node, ...], arg: Any) -> DType:
    """That of the numbers; the indices are ints."""
    x, *indices = inputs
    for index in indices:
        if index.dtype.kind != 1:
            raise DTypeError(f"{op.name} needs ints as places, got {index.dtype}\nTry y.long()")
    return x.dtype


def places_shape(op: Primitive, inputs: tuple[Node, ...]) -> Shape:
    """The shape to which the indices broadcast."""
    try:
        return np.broadcast_shapes(*(index.shape for index in inputs[1:]))
    except ValueError:
        raise refuse(op, inputs, "needs indices that broadcast to one shape") from None


def gathered_shape(op: Primitive, inputs: tuple[Node, ...], arg: None) -> Shape:
    """The indices' shape, then the axes of x that no index speaks of."""
    x, *indices = inputs
    if not 0 < len(indices) <= len(x.shape):
        raise refuse(op, inputs, "needs an index for each of the first axes that it looks up")
    return places_shape(op, inputs) + x.shape[len(indices) :]


def scattered_shape(op: Primitive, inputs: tuple[Node, ...], sizes: Shape) -> Shape:
    """An axis of the given size for each index, then the axes of x behind those of the indices."""
    x, *indices = inputs
    places = places_shape(op, inputs)
    if not 0 < len(indices) == len(sizes) or x.shape[: len(places)] != places:
        says = f"needs a size for each index, got {sizes}, and numbers whose first axes are those"
        raise refuse(op, inputs, f"{says} of the indices together, {places}")
    return sizes + x.shape[len(places) :]


def numpy_gather(x: np.ndarray, *indices: np.ndarray) -> np.ndarray:
    """x[i, j, ...]"""
    return x[indices]


def numpy_scatter(x: np.ndarray, *more: Any) -> np.ndarray:
    """Zeros, with x added at the places; more: the indices, then the sizes of their axes."""
    *indices, sizes = more
    rest = x.shape[np.broadcast(*indices).ndim :]
    exact = np.dtype(np.float32) if x.dtype == np.float16 else x.dtype  # it counts beyond 2048
    result = np.zeros(sizes + rest, exact)
    np.add.at(result, tuple(indices), x.astype(exact, copy=False))
    return result.astype(x.dtype, copy=False)


# ---------------------------------------------------------------- the pair


@primitive("gather", "lookup", numpy=numpy_gather, shape=gathered_shape, dtype=ints_behind)
def GATHER(g, node):
    """Read where the indices say; what is read twice gets both gradients, added up by a scatter."""
    x, *indices = node.inputs
    return SCATTER(g, *indices, arg=x.shape[: len(indices)]), *[None] * len(indices)


@primitive("scatter", "lookup", numpy=numpy_scatter, shape=scattered_shape, dtype=ints_behind)
def SCATTER(g, node):
    """Add up where the indices say; each summand gets the g of its place, read by a gather."""
    _, *indices = node.inputs
    return GATHER(g, *indices), *[None] * len(indices)
