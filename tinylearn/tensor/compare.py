"""Comparisons made of `less`, `add` and `where`: right for NaN (less than nothing) and infinity.

All functions take and return nodes of one shape and dtype.
"""

from __future__ import annotations

import math

from tinylearn.graph.dtype import bool_
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import LESS, WHERE, const


def opposite(x: Node) -> Node:
    """Not x, for bools: x is less than true."""
    return LESS(x, x.const_like(True))


def all_true(x: Node) -> Node:
    """True everywhere, in the shape of x."""
    return const(True, x.shape, bool_, x.device)


def is_number(x: Node) -> Node:
    """Where x is not NaN: everything else is below infinity or above minus infinity."""
    if not x.dtype.is_float:
        return all_true(x)
    below = LESS(x, x.const_like(math.inf))
    return WHERE(below, below.const_like(True), LESS(x.const_like(-math.inf), x))


def equal(x: Node, y: Node) -> Node:
    """Where neither is less than the other, and both are numbers.

    x + y is NaN if one of them is; inf + -inf is NaN too, but those are not equal anyway.
    """
    below, above = LESS(x, y), LESS(y, x)
    different = WHERE(below, below.const_like(True), above)
    if not x.dtype.is_float:
        return opposite(different)
    return WHERE(different, below.const_like(False), is_number(x + y))


def not_less(x: Node, y: Node) -> Node:
    """Where x >= y."""
    below = LESS(x, y)
    if not x.dtype.is_float:
        return opposite(below)
    above = LESS(y, x)
    return WHERE(above, above.const_like(True), equal(x, y))


def is_finite(x: Node) -> Node:
    """Where x is neither infinite nor NaN."""
    if not x.dtype.is_float:
        return all_true(x)
    below = LESS(x, x.const_like(math.inf))
    return WHERE(below, LESS(x.const_like(-math.inf), x), below.const_like(False))


def is_infinite(x: Node) -> Node:
    """Where x is infinite."""
    if not x.dtype.is_float:
        return opposite(all_true(x))
    below = LESS(x, x.const_like(math.inf))
    above = LESS(x.const_like(-math.inf), x)
    return WHERE(below, opposite(above), above)


def larger(x: Node, y: Node, below: Node, above: Node) -> Node:
    """y where it wins (below), x where it wins (above). Equal floats share the gradient."""
    if not x.dtype.is_float:
        return WHERE(below, y, x)
    return WHERE(below, y, WHERE(above, x, x * 0.5 + y * 0.5))
