"""Whole numbers made of casts: trunc, floor, ceil, round, and division that rounds down.

All functions take and return nodes of one shape and dtype. None but `remainder` has a gradient to
speak of, since a cast to an integer has none.
"""

from __future__ import annotations

import math

from tinylearn.graph.dtype import bool_, float64, int32, int64
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import DETACH, LESS, WHERE
from tinylearn.tensor.compare import equal, is_finite, is_infinite

WHOLE_FROM = {2: 2.0**10, 4: 2.0**23, 8: 2.0**52}  # floats of so many bytes are whole beyond


def trunc(x: Node) -> Node:
    """x without what is behind the point."""
    if not x.dtype.is_float:
        return x
    limit = WHOLE_FROM[x.dtype.itemsize]
    below, above = LESS(x, x.const_like(limit)), LESS(x.const_like(-limit), x)
    small = WHERE(below, above, below.const_like(False))
    cut = small.where(x, 0.0).cast(int64).cast(x.dtype)  # a cast of NaN or infinity is undefined
    return small.where(cut, x)


def floor(x: Node) -> Node:
    """The next whole number below or equal."""
    if not x.dtype.is_float:
        return x
    t = trunc(x)
    return LESS(x, t).where(t - 1, t)


def ceil(x: Node) -> Node:
    """The next whole number above or equal."""
    if not x.dtype.is_float:
        return x
    t = trunc(x)
    return LESS(t, x).where(t + 1, t)


def rounded(x: Node) -> Node:
    """The nearest whole number; from the middle between two, the even one."""
    if not x.dtype.is_float:
        return x
    down = floor(x)
    rest = x - down
    odd = LESS(floor(down * 0.5) * 2, down)
    up_from_middle = odd.where(down + 1, down)
    nearest = LESS(rest, rest.const_like(0.5)).where(down, up_from_middle)
    return LESS(rest.const_like(0.5), rest).where(down + 1, nearest)


def divided(x: Node, y: Node) -> Node:
    """x / y rounded down, as Python's //. Ints divided by zero give 0."""
    if x.dtype is bool_:
        x, y = x.cast(int64), y.cast(int64)
    zero = x.const_like(0)
    if x.dtype.is_float:
        guess = trunc(x * y.recip())  # not floor: what is left of a small x must not be lost in y
        rest = x - is_infinite(y).where(0, guess * y)
    else:
        nothing = equal(y, zero)
        y = nothing.where(1, y)
        guess = near_quotient(x, y)
        rest = x - guess * y
    backwards = LESS(y, zero)  # dividing by a negative number: the rest is not above zero
    below = backwards.where(LESS(zero, rest), LESS(rest, zero))
    inside = backwards.where(LESS(y, rest), LESS(rest, y))
    result = below.where(guess - 1, inside.where(guess, guess + 1))
    if x.dtype.is_float:  # by 0 a number is infinite; an infinite number has no rest
        return equal(y, zero).where(guess, is_finite(x).where(result, math.nan))
    return nothing.where(0, result)


def near_quotient(x: Node, y: Node) -> Node:
    """x / y for ints, wrong by less than one: divided as float64, and what that leaves again."""
    total = x.const_like(0)
    for _ in range(1 if x.dtype is int32 else 3):
        guess = x.cast(float64) * y.cast(float64).recip()
        limit = guess.const_like(2.0**62)
        guess = LESS(limit, guess).where(2.0**62, LESS(guess, -limit).where(-(2.0**62), guess))
        step = guess.cast(x.dtype)
        total, x = total + step, x - step * y
    return total


def remainder(x: Node, y: Node) -> Node:
    """x - (x // y) * y, as Python's %: it has the sign of y. Ints modulo zero give 0."""
    if x.dtype is bool_:
        x, y = x.cast(int64), y.cast(int64)
    count = DETACH(divided(x, y))
    if not x.dtype.is_float:
        return equal(y, y.const_like(0)).where(0, x - count * y)
    endless = LESS(count, count.const_like(0)).where(y, x + count * 0)
    return is_infinite(y).where(endless, x - count * y)
