"""Matrix products: rows of one times columns of the other, as one multiplication and one sum.

    x (n, k)  ->  (n, k, 1)  repeated to  (n, k, m)
    y (k, m)  ->  (1, k, m)  repeated to  (n, k, m)      x * y, summed over k: (n, m)

Nothing of that size is ever stored: the scheduler sees a sum of products and computes it as such.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.dtype import bool_, float16, float32, int64, promote
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import MUL, SUM, buffer
from tinylearn.repairs.shapes import matmul_repair
from tinylearn.repairs.userline import operand_names
from tinylearn.tensor.data import upload
from tinylearn.tensor.indexing import Indexing
from tinylearn.tensor.operands import common_shape, different_devices, node_of
from tinylearn.tensor.state import State, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Products(Indexing):
    """Matrix products."""

    __slots__ = ()

    def __matmul__(self, other: Any) -> Tensor:
        y = other.node if isinstance(other, State) else node_of("matmul", other, self.device)
        return result(product_of("matmul", self.node, y), self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return result(product_of("matmul", node_of("matmul", other, self.device), self.node), self)

    def matmul(self, other: Any) -> Tensor:
        """x @ y: (..., n, k) @ (..., k, m) -> (..., n, m); axes in front broadcast.

        A 1-D x is a row, a 1-D y a column, and that axis is not in the result.
        NumPy, PyTorch: matmul
        """
        return self @ other

    def dot(self, other: Any) -> Tensor:
        """The same as matmul. (NumPy's dot differs for three axes and more.)"""
        return self @ other

    def outer(self, other: Any) -> Tensor:
        """(n,) and (m,) -> (n, m): each number times each. NumPy, PyTorch: outer"""
        return self.reshape(-1, 1) * other.reshape(1, -1)

    def linear(self, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """x @ weight.T + bias: (..., in), (out, in), (out,) -> (..., out). PyTorch: linear"""
        y = self @ weight.transpose()
        return y if bias is None else y + bias


def product_of(op: str, x: Node, y: Node) -> Node:
    """The matrix product of two nodes."""
    if x.device != y.device:
        raise different_devices(op, x, y)
    if not x.shape or not y.shape or x.shape[-1] != y.shape[-2:][0]:
        raise not_multipliable(op, x, y)
    dtype = promote(x.dtype, y.dtype)
    # float16 multiplies and adds up as float32: a sum of products has more digits than it can hold
    exact = {float16: float32, bool_: int64}.get(dtype, dtype)
    x, y = x.cast(exact), y.cast(exact)
    if len(x.shape) <= 2 >= len(y.shape):
        front: tuple[int, ...] = ()
    else:
        both = common_shape(x.shape[:-2], y.shape[:-2])
        if both is None:
            raise not_multipliable(op, x, y)
        front = both
    n, k, m = x.shape[-2:-1], x.shape[-1:], y.shape[-1:] if len(y.shape) > 1 else ()
    rank = len(front)
    ones_x = (1,) * (rank - max(len(x.shape) - 2, 0))
    ones_y = (1,) * (rank - max(len(y.shape) - 2, 0))
    whole = front + n + k + m
    left = x.reshape(ones_x + x.shape + (1,) * len(m))
    right = y.reshape(ones_y + y.shape[:-2] + (1,) * len(n) + k + m)
    products = MUL(left.expand(whole), right.expand(whole))
    sums = SUM(products, arg=(rank + len(n),)).reshape(front + n + m)
    return sums.cast(int64 if dtype is bool_ else dtype)


def mixed(x: Node, axis: int, shares: np.ndarray) -> Node:
    """An axis of floats multiplied by a matrix (new size, size): each row mixes a new number."""
    size, n = x.shape[axis], len(x.shape)
    rows = x.permute((*(a for a in range(n) if a != axis), axis))
    flat = rows.reshape((math.prod(rows.shape[:-1]), size))
    weights = buffer(upload(np.ascontiguousarray(shares.T, x.dtype.numpy), x.device))
    new = product_of("matmul", flat, weights).reshape((*rows.shape[:-1], len(shares)))
    return new.permute((*range(axis), n - 1, *range(axis, n - 1)))


def not_multipliable(op: str, x: Node, y: Node) -> Exception:
    """The error for shapes that have no matrix product."""
    left, right, _ = operand_names(op)
    if not x.shape or not y.shape:
        says = f"{op} needs at least one axis on both sides"
    elif x.shape[-1] != y.shape[-2:][0]:
        axis = f"axis {max(len(y.shape) - 2, 0)} of {right}"
        says = (
            f"{op}: the last axis of {left} ({x.shape[-1]}) and {axis} ({y.shape[-2:][0]}) differ"
        )
    else:
        says = f"{op}: the axes in front do not broadcast"
    repair = matmul_repair(left, right, x.shape, y.shape)
    return describe(ShapeError, says, [(left, x), (right, y)], repair)
