"""Bits of whole numbers: & | ^ << >>, made of comparisons, sums and products.

There is no operation for bits: a number's bits are found from the highest down, each by asking
whether what is left is still as large as the bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinylearn.errors import DTypeError
from tinylearn.graph.deferred import composite
from tinylearn.graph.dtype import bool_, int32
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import LESS, WHERE
from tinylearn.tensor.compare import opposite
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


@composite
def both(x: Node, y: Node) -> Node:
    """The bits that are in x and in y."""
    if x.dtype is bool_:
        return WHERE(x, y, y.const_like(False))
    total = x.const_like(0)
    for value, in_x, in_y in bits(x, y):
        total = in_x.where(in_y.where(total + value, total), total)
    return total


def either(x: Node, y: Node) -> Node:
    """The bits that are in x, in y, or in both."""
    return WHERE(x, y.const_like(True), y) if x.dtype is bool_ else x - both(x, y) + y


def one_alone(x: Node, y: Node) -> Node:
    """The bits that are in one of x and y alone."""
    if x.dtype is bool_:
        return WHERE(x, opposite(y), y)
    shared = both(x, y)
    return x - shared + (y - shared)


def bits(x: Node, y: Node) -> list[tuple[int, Node, Node]]:
    """For each bit its value and whether it is in x and in y, from the highest down.

    A number below zero has the highest bit, which counts -2^31 or -2^63.
    """
    size = 31 if x.dtype is int32 else 63
    zero = x.const_like(0)
    signs = [LESS(v, zero) for v in (x, y)]
    found = [(-(1 << size), signs[0], signs[1])]
    half = 1 << (size - 1)  # taken twice: what the highest bit counts has no opposite
    rest = [sign.where(v + half + half, v) for sign, v in zip(signs, (x, y))]
    for k in range(size - 1, -1, -1):
        value = 1 << k
        has = [opposite(LESS(r, zero.const_like(value))) for r in rest]
        found.append((value, has[0], has[1]))
        rest = [h.where(r - value, r) for h, r in zip(has, rest)]
    return found


@composite
def power_of_two(y: Node) -> Node:
    """2 to the power of y, bit by bit of y; 0 where that is beyond all bits."""
    size = 32 if y.dtype is int32 else 64
    total, rest = y.const_like(1), y
    for k in range(5, -1, -1):
        has = opposite(LESS(rest, rest.const_like(1 << k)))
        if 1 << k < size:
            total = has.where(total * (1 << (1 << k)), total)
        rest = has.where(rest - (1 << k), rest)
    inside = LESS(y, y.const_like(size)).where(LESS(y.const_like(-1), y), False)
    return inside.where(total, 0)


def shifted_left(x: Node, y: Node) -> Node:
    """x times 2 to the power of y."""
    return x * power_of_two(y)


def shifted_right(x: Node, y: Node) -> Node:
    """x divided by 2 to the power of y, rounded down."""
    last = (31 if x.dtype is int32 else 63) - 1
    inside = LESS(y, y.const_like(last + 1))
    quotient = divided(x, power_of_two(inside.where(y, last)))
    return inside.where(quotient, LESS(x, x.const_like(0)).where(-1, x.const_like(0)))
