"""Whole numbers made of casts: trunc, floor, ceil, round, and division that rounds down.

All functions take and return nodes of one shape and dtype.
"""

from __future__ import annotations

import math

from tinylearn.graph.deferred import flat, with_gradient
from tinylearn.graph.dtype import DType, bool_, float16, float32, float64, int32, int64
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import LESS, WHERE
from tinylearn.tensor.compare import equal, is_finite, is_infinite

WHOLE_FROM = {2: 2.0**10, 4: 2.0**23, 8: 2.0**52}  # floats of so many bytes are whole beyond
DIGITS = 27  # binary digits of a quotient found at a time: times a float32 they fit a float64
QUOTIENT = {float16: 40, float32: 277}  # how many the quotient of two floats has before the point
TO_WHOLE = 1.5 * 2.0**52  # added to a float64 and taken away again, it leaves the nearest whole


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


@flat
def divided(x: Node, y: Node) -> Node:
    """x / y rounded down, as Python's //. Ints divided by zero give 0."""
    if x.dtype is bool_:
        x, y = x.cast(int64), y.cast(int64)
    if x.dtype is float16:
        return quotient_and_rest(x.cast(float32), y.cast(float32), float16)[0].cast(float16)
    if x.dtype is float32:
        return quotient_and_rest(x, y, float32)[0]
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


def quotient_and_rest(x: Node, y: Node, of: DType) -> tuple[Node, Node]:
    """x // y and x % y of float32, to the last digit: NumPy's steps, from an exact rest.

    of   float32, or float16 if they have no more digits
    """
    rest = rest_towards_zero(x, y, of)
    zero = x.const_like(0)
    exact = equal(rest, zero)
    turned = LESS(rest, zero).where(LESS(zero, y), LESS(y, zero).where(LESS(zero, rest), False))
    count = (x - rest) / y
    count = turned.where(count - 1, count)
    down = floor(count)
    down = LESS(down.const_like(0.5), count - down).where(down + 1, down)
    whole = equal(count, zero).where(x / y * 0.0, down)
    rest = turned.where(rest + y, exact.where(like_zero(y), rest))
    return equal(y, zero).where(x / y, whole), rest


def like_zero(y: Node) -> Node:
    """0 with the sign of y, which is NaN if y is."""
    return LESS(y, y.const_like(0)).where(-0.0, is_infinite(y).where(0.0, y * 0.0))


def rest_towards_zero(x: Node, y: Node, of: DType) -> Node:
    """What is left of x, with the sign of x, when it holds y as often as it can: C's fmod.

    Long division, DIGITS digits of the quotient a step. Each product and each difference fits a
    float64, so nothing is rounded.
    """
    endless = is_infinite(y)
    rest, by = x.cast(float64), endless.where(1.0, y).cast(float64)
    for k in range(-(-QUOTIENT[of] // DIGITS) - 1, -1, -1):
        step = by * 2.0 ** (DIGITS * k)
        rest = rest - ((rest / step + TO_WHOLE) - TO_WHOLE) * step
    below = LESS(by, by.const_like(0))
    size = below.where(-by, by)
    low = LESS(x, x.const_like(0))
    wrong = low.where(LESS(rest.const_like(0), rest), LESS(rest, rest.const_like(0)))
    rest = wrong.where(low.where(rest - size, rest + size), rest)
    return endless.where(is_finite(x).where(x, math.nan), rest.cast(float32))


def remainder_gradient(g: Node, node: Node) -> tuple[Node, Node]:
    """x - (x // y) y moves with x, and with y as often as y is in x."""
    x, y = node.inputs
    return g, -(g * divided(x, y))


@with_gradient(remainder_gradient)
def remainder(x: Node, y: Node) -> Node:
    """x - (x // y) * y, as Python's %: it has the sign of y. Ints modulo zero give 0."""
    if x.dtype is bool_:
        x, y = x.cast(int64), y.cast(int64)
    if x.dtype is float16:
        return quotient_and_rest(x.cast(float32), y.cast(float32), float16)[1].cast(float16)
    if x.dtype is float32:
        return quotient_and_rest(x, y, float32)[1]
    count = divided(x, y)
    if not x.dtype.is_float:
        return equal(y, y.const_like(0)).where(0, x - count * y)
    endless = LESS(count, count.const_like(0)).where(y, x + count * 0)
    rest = x - count * y
    zero = y.const_like(0)
    backwards = LESS(y, zero)
    beyond = WHERE(backwards, LESS(rest, y), LESS(y, rest))  # if x has no digits as small as y
    beyond = WHERE(beyond, beyond, WHERE(backwards, LESS(zero, rest), LESS(rest, zero)))
    rest = beyond.where(0.0, rest)
    return is_infinite(y).where(endless, rest)
