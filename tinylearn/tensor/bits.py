"""Bits of whole numbers: & | ^ << >>, made of comparisons, sums and products.

There is no operation for bits: each is looked for along an axis of 32 or 64 places.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.errors import DTypeError
from tinylearn.graph.dtype import DType, bool_, int32
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import LESS, MUL, WHERE, buffer
from tinylearn.tensor.along import places
from tinylearn.tensor.compare import equal, opposite
from tinylearn.tensor.data import upload
from tinylearn.tensor.operands import pair
from tinylearn.tensor.state import State, made
from tinylearn.tensor.whole import divided

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Bits(State):
    """Bits of ints; of bools these are and, or and xor."""

    __slots__ = ()

    def __and__(self, other: Any) -> Tensor:
        x, y = whole_pair("and", self, other)
        return made(both(x, y), False)

    def __or__(self, other: Any) -> Tensor:
        x, y = whole_pair("or", self, other)
        return made(either(x, y), False)

    def __xor__(self, other: Any) -> Tensor:
        x, y = whole_pair("xor", self, other)
        return made(one_alone(x, y), False)

    def __lshift__(self, other: Any) -> Tensor:
        x, y = whole_pair("lshift", self, other)
        return made(shifted_left(x, y), False)

    def __rlshift__(self, other: Any) -> Tensor:
        x, y = whole_pair("lshift", self, other)
        return made(shifted_left(y, x), False)

    def __rshift__(self, other: Any) -> Tensor:
        x, y = whole_pair("rshift", self, other)
        return made(shifted_right(x, y), False)

    def __rrshift__(self, other: Any) -> Tensor:
        x, y = whole_pair("rshift", self, other)
        return made(shifted_right(y, x), False)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    # The operators under the names they have in NumPy and PyTorch.
    bitwise_and, bitwise_or, bitwise_xor = __and__, __or__, __xor__
    bitwise_left_shift, bitwise_right_shift = __lshift__, __rshift__

    def logical_and(self, other: Any) -> Tensor:
        """Where both are true (or not zero). NumPy, PyTorch: logical_and"""
        x, y = pair("logical_and", self, other)
        return made(both(x.cast(bool_), y.cast(bool_)), False)

    def logical_or(self, other: Any) -> Tensor:
        """Where one of both is true (or not zero). NumPy, PyTorch: logical_or"""
        x, y = pair("logical_or", self, other)
        return made(either(x.cast(bool_), y.cast(bool_)), False)

    def logical_xor(self, other: Any) -> Tensor:
        """Where one alone is true (or not zero). NumPy, PyTorch: logical_xor"""
        x, y = pair("logical_xor", self, other)
        return made(one_alone(x.cast(bool_), y.cast(bool_)), False)


# ---------------------------------------------------------------- on nodes


def whole_pair(op: str, x: State, other: Any) -> tuple[Node, Node]:
    """Operands of one shape and dtype, which are bools or ints."""
    a, b = pair(op, x, other)
    if a.dtype.is_float:
        raise DTypeError(f"{op} combines bools or ints, not {a.dtype}\nTry (x != 0)")
    return a, b


def both(x: Node, y: Node) -> Node:
    """The bits that are in x and in y."""
    if x.dtype is bool_:
        return WHERE(x, y, y.const_like(False))
    values, of_x, of_y = bits(x, y)
    return of_x.where(of_y.where(values, 0), 0).sum((len(x.shape),)).reshape(x.shape)


def either(x: Node, y: Node) -> Node:
    """The bits that are in x, in y, or in both."""
    return WHERE(x, y.const_like(True), y) if x.dtype is bool_ else x - both(x, y) + y


def one_alone(x: Node, y: Node) -> Node:
    """The bits that are in one of x and y alone."""
    if x.dtype is bool_:
        return WHERE(x, opposite(y), y)
    shared = both(x, y)
    return x - shared + (y - shared)


@lru_cache(maxsize=8)
def bit_values(dtype: DType, device: str) -> Node:
    """What each bit counts: 1, 2, 4, ... and the last one, that of the sign, -2^31 or -2^63."""
    size = dtype.itemsize * 8
    last = -(1 << (size - 1))
    return buffer(upload(np.array([*(1 << k for k in range(size - 1)), last], dtype.numpy), device))


def bits(*numbers: Node) -> tuple[Node, ...]:
    """What the bits count, then for each of the numbers whether it has them, along a new last axis.

    Multiplied by 2^63, 2^62, ... 1 a number has its bits 0, 1, ... 63 at the end, one after the
    other: there a bit makes it less than 0. What overflows is lost.
    """
    x = numbers[0]
    values = bit_values(x.dtype, x.device)
    pairs = x.shape + values.shape
    around = (1,) * len(x.shape) + values.shape
    to_the_end = values.flip((0,)).reshape(around).expand(pairs)
    moved = [MUL(n.reshape(x.shape + (1,)).expand(pairs), to_the_end) for n in numbers]
    has = [LESS(n, n.const_like(0)) for n in moved]
    return values.reshape(around).expand(pairs), *has


def power_of_two(y: Node) -> Node:
    """2 to the power of y; 0 where that is beyond all bits."""
    values = bit_values(y.dtype, y.device)
    pairs = y.shape + values.shape
    place = places(pairs, len(y.shape), y.device).cast(y.dtype)
    wanted = equal(place, y.reshape(y.shape + (1,)).expand(pairs))
    whole = values.reshape((1,) * len(y.shape) + values.shape).expand(pairs)
    return wanted.where(whole, 0).sum((len(y.shape),)).reshape(y.shape)


def shifted_left(x: Node, y: Node) -> Node:
    """x times 2 to the power of y."""
    return x * power_of_two(y)


def shifted_right(x: Node, y: Node) -> Node:
    """x divided by 2 to the power of y, rounded down."""
    last = (31 if x.dtype is int32 else 63) - 1
    inside = LESS(y, y.const_like(last + 1))
    quotient = divided(x, power_of_two(inside.where(y, last)))
    return inside.where(quotient, LESS(x, x.const_like(0)).where(-1, x.const_like(0)))
