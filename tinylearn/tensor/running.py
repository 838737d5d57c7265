"""Running results: at each place of an axis the sum, the product or the largest of all so far.

Sums and places of the largest are primitives (graph/order.py). For products an axis is cut into
blocks. Within a block every place is compared with every other; what all blocks before give, found
in the same way from one number for each block, is joined to it. That costs n times the size of a
block, and not n times n.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinylearn.graph.dtype import int32, int64
from tinylearn.graph.node import Node
from tinylearn.graph.order import RANKED, RUNNING_SUM
from tinylearn.graph.primitives import DETACH, LESS, MUL
from tinylearn.tensor.along import places, product
from tinylearn.tensor.axes import needed_axis, rows_of
from tinylearn.tensor.compare import is_finite
from tinylearn.tensor.curves import logaddexp
from tinylearn.tensor.extremes import Found, turned
from tinylearn.tensor.moves import part_of, surrounded
from tinylearn.tensor.operands import floating
from tinylearn.tensor.ordering import found
from tinylearn.tensor.reduce import cast_to, log_of_sum, widened
from tinylearn.tensor.state import State, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

BLOCK = 32  # numbers that are compared with each other at once


class Running(State):
    """Running results along an axis, which may be left out where there is one alone."""

    __slots__ = ()

    def cumsum(self, axis: int | None = None, dtype: Any = None) -> Tensor:
        """At each place, the sum of all numbers so far along an axis. NumPy, PyTorch: cumsum"""
        x, a = running_axis("cumsum", cast_to(self.node, dtype), axis)
        sums = RUNNING_SUM(widened(x), arg=(a,)).cast(x.dtype)
        return result(sums.reshape(self.shape), self)

    def cumprod(self, axis: int | None = None, dtype: Any = None) -> Tensor:
        """At each place, the product of all numbers so far. NumPy, PyTorch: cumprod"""
        return result(running("cumprod", cast_to(self.node, dtype), axis, PRODUCT), self)

    def logcumsumexp(self, axis: int | None = None) -> Tensor:
        """At each place, log(sum(exp(x))) of all numbers so far. PyTorch: logcumsumexp"""
        return result(running("logcumsumexp", floating(self.node), axis, LOGARITHM), self)

    def cummax(self, axis: int | None = None) -> Found:
        """At each place, the largest number so far, and its place, the last of several.

        PyTorch: cummax
        """
        return largest_so_far("cummax", self, self.node, axis)

    def cummin(self, axis: int | None = None) -> Found:
        """At each place, the smallest number so far, and its place. PyTorch: cummin"""
        return largest_so_far("cummin", self, turned(self.node), axis)


# ---------------------------------------------------------------- what runs


@dataclass(frozen=True)
class Fold:
    """How numbers are put together.

    neutral   the number that changes nothing, for a dtype
    along     (node, axis) -> all numbers of an axis put together; the axis is kept
    pair      (node, node) -> two numbers put together
    """

    neutral: Callable[[Node], float]
    along: Callable[[Node, int], Node]
    pair: Callable[[Node, Node], Node]


def lowest(x: Node) -> float:
    """What is below all other numbers of a dtype."""
    if x.dtype.is_float:
        return -math.inf
    return -(1 << 31) if x.dtype is int32 else -(1 << 63)


def exponential_sum(x: Node, axis: int) -> Node:
    """log(sum(exp(x))) along an axis; -inf where all are."""
    peak = DETACH(x.max((axis,)))
    shift = is_finite(peak).where(peak, 0.0)
    logs = log_of_sum(x - shift.expand(x.shape), arg=((axis,),))
    return is_finite(peak).where(logs + peak, peak)


PRODUCT = Fold(lambda x: 1, product, lambda x, y: MUL(x, y))
LOGARITHM = Fold(lowest, exponential_sum, lambda x, y: logaddexp(x, y))


# ---------------------------------------------------------------- on nodes


def running_axis(op: str, x: Node, axis: int | None) -> tuple[Node, int]:
    """x as what is added up or multiplied, ints and bools as int64, and an axis of it."""
    x = x if x.dtype.is_float else x.cast(int64)
    return rows_of(op, x, needed_axis(op, x, axis, ""))


def running(op: str, x: Node, axis: int | None, fold: Fold) -> Node:
    """A running result in x's dtype; of ints and bools in int64."""
    rows, a = running_axis(op, x, axis)
    return so_far(widened(rows), a, fold).cast(rows.dtype).reshape(x.shape)


def so_far(x: Node, axis: int, fold: Fold) -> Node:
    """At each place the result so far: within blocks, joined with that of the blocks before."""
    n = x.shape[axis]
    if n <= BLOCK:
        return within_block(x, axis, fold)
    blocks = -(-n // BLOCK)
    widths = tuple((0, blocks * BLOCK - n) if a == axis else (0, 0) for a in range(len(x.shape)))
    shape = x.shape[:axis] + (blocks, BLOCK) + x.shape[axis + 1 :]
    neutral = fold.neutral(x)
    inside = within_block(surrounded(x, widths, neutral).reshape(shape), axis + 1, fold)
    totals = part_of(inside, axis + 1, BLOCK - 1, BLOCK)
    before = tuple((1, 0) if a == axis else (0, 0) for a in range(len(shape)))
    earlier = surrounded(so_far(totals, axis, fold), before, neutral)
    whole = fold.pair(inside, part_of(earlier, axis, 0, blocks).expand(shape))
    flat = x.shape[:axis] + (blocks * BLOCK,) + x.shape[axis + 1 :]
    return part_of(whole.reshape(flat), axis, 0, n)


def within_block(x: Node, axis: int, fold: Fold) -> Node:
    """The same, by comparing every place with every other: for short axes."""
    n = x.shape[axis]
    if not n:
        return x
    pairs = x.shape[:axis] + (n, n) + x.shape[axis + 1 :]
    from_all = x.reshape(x.shape[:axis] + (1, n) + x.shape[axis + 1 :]).expand(pairs)
    later = LESS(places(pairs, axis, x.device), places(pairs, axis + 1, x.device))
    return fold.along(later.where(fold.neutral(x), from_all), axis + 1).reshape(x.shape)


def largest_so_far(op: str, tensor: State, order: Node, axis: int | None) -> Found:
    """The numbers that are the largest so far by an order, and their places."""
    order, a = rows_of(op, order, needed_axis(op, order, axis, ""))
    where = RANKED(DETACH(order), arg=("largest_so_far", a, order.shape[a]))
    return found(tensor, tensor.node.reshape(order.shape), where, a)
