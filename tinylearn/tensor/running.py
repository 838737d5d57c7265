"""Running results: at each place of an axis the sum, the product or the largest of all so far.

An axis is cut into blocks. Within a block every place is compared with every other; what all blocks
before give, found in the same way from one number for each block, is joined to it. That costs n
times the size of a block, and not n times n.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinylearn.graph.dtype import bool_, int32, int64
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import ADD, DETACH, LESS, MUL
from tinylearn.tensor.along import places, product
from tinylearn.tensor.axes import needed_axis, one_axis
from tinylearn.tensor.compare import is_finite, is_number, larger, opposite
from tinylearn.tensor.curves import logaddexp
from tinylearn.tensor.extremes import Extreme, turned
from tinylearn.tensor.moves import part_of, surrounded
from tinylearn.tensor.operands import floating
from tinylearn.tensor.reduce import cast_to, log_of_sum, widened
from tinylearn.tensor.state import State, made, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

BLOCK = 32  # numbers that are compared with each other at once


class Running(State):
    """Running results along an axis, which may be left out where there is one alone."""

    __slots__ = ()

    def cumsum(self, axis: int | None = None, dtype: Any = None) -> Tensor:
        """At each place, the sum of all numbers so far along an axis. NumPy, PyTorch: cumsum"""
        return result(running("cumsum", cast_to(self.node, dtype), axis, SUM), self)

    def cumprod(self, axis: int | None = None, dtype: Any = None) -> Tensor:
        """At each place, the product of all numbers so far. NumPy, PyTorch: cumprod"""
        return result(running("cumprod", cast_to(self.node, dtype), axis, PRODUCT), self)

    def logcumsumexp(self, axis: int | None = None) -> Tensor:
        """At each place, log(sum(exp(x))) of all numbers so far. PyTorch: logcumsumexp"""
        return result(running("logcumsumexp", floating(self.node), axis, LOGARITHM), self)

    def cummax(self, axis: int | None = None) -> Extreme:
        """At each place, the largest number so far, and its place, the last of several.

        PyTorch: cummax
        """
        return largest_so_far("cummax", self, self.node, axis)

    def cummin(self, axis: int | None = None) -> Extreme:
        """At each place, the smallest number so far, and its place. PyTorch: cummin"""
        found = largest_so_far("cummin", self, turned(self.node), axis)
        return Extreme(result(turned(found.values.node), self), found.indices)


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


SUM = Fold(lambda x: 0, lambda x, axis: x.sum((axis,)), lambda x, y: ADD(x, y))
PRODUCT = Fold(lambda x: 1, product, lambda x, y: MUL(x, y))
LOGARITHM = Fold(lowest, exponential_sum, lambda x, y: logaddexp(x, y))
LARGEST = Fold(
    lowest, lambda x, axis: x.max((axis,)), lambda x, y: larger(x, y, LESS(x, y), LESS(y, x))
)


# ---------------------------------------------------------------- on nodes


def running(op: str, x: Node, axis: int | None, fold: Fold) -> Node:
    """A running result in x's dtype; sums and products of ints and bools in int64."""
    a = one_axis(op, x, needed_axis(op, x, axis))
    if not x.dtype.is_float:
        return so_far(x.cast(int64), a, fold)
    return so_far(widened(x), a, fold).cast(x.dtype)


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


def largest_so_far(op: str, tensor: State, x: Node, axis: int | None) -> Extreme:
    """The largest number of x so far, and its place; NaN is larger than all."""
    a, dtype = one_axis(op, x, needed_axis(op, x, axis)), x.dtype
    x = x.cast(int64) if dtype is bool_ else x
    peak = so_far(x, a, LARGEST)
    chosen = opposite(LESS(x, peak))
    if x.dtype.is_float:
        chosen = is_number(peak).where(chosen, opposite(is_number(x)))
    place = so_far(chosen.where(places(x.shape, a, x.device), 0), a, LARGEST)
    return Extreme(result(peak.cast(dtype), tensor), made(place, False))
