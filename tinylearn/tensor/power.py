"""Powers. All functions take and return nodes of one shape and dtype."""

from __future__ import annotations

import math

from tinylearn.errors import DTypeError
from tinylearn.graph.dtype import bool_, int64
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import CONST, LESS, WHERE
from tinylearn.tensor.compare import equal, is_finite, opposite
from tinylearn.tensor.whole import floor, remainder


def whole_power(x: Node, exponent: float) -> Node:
    """x to the power of a Python number.

    Whole exponents multiply, halves take a square root, all others are exp(exponent * log(x)).
    """
    if not math.isfinite(exponent):
        return power(x, x.const_like(exponent))
    if exponent == int(exponent):
        if exponent < 0 and not x.dtype.is_float:
            says = f"{x.dtype} has no power {exponent}, for 1/x is no whole number"
            raise DTypeError(f"{says}\nTry x.float()")
        y = repeated_product(x.cast(int64) if x.dtype is bool_ else x, abs(int(exponent)))
        return y.recip() if exponent < 0 else y
    if exponent > 1:  # sqrt and log have no slope at zero, these powers have
        zero = equal(x, x.const_like(0))
        return zero.where(0.0, broken_power(zero.where(1.0, x), exponent))
    return broken_power(x, exponent)


def repeated_product(x: Node, count: int) -> Node:
    """x * x * ... * x by repeated squaring."""
    y = None
    while count:
        if count % 2:
            y = x if y is None else y * x
        count //= 2
        x = x * x if count else x
    return x.const_like(1) if y is None else y


def broken_power(x: Node, exponent: float) -> Node:
    """x to a power that is not whole."""
    if exponent * 2 != int(exponent * 2):
        return (x.log() * exponent).exp()
    below = math.floor(abs(exponent))
    y = x.sqrt() * repeated_product(x, below) if below else x.sqrt()
    return y if exponent > 0 else y.recip()


def power_of_number(base: Node, x: Node) -> Node:
    """A constant to the power of a tensor."""
    if base.op is CONST and base.dtype.is_float and 0 < base.arg < math.inf:
        return (x * math.log(base.arg)).exp()
    return power(base, x)


def power(x: Node, y: Node) -> Node:
    """x to the power of y, number by number. 0 ** 0 is 1; negative x needs whole y, else NaN.

    At x = 0 no gradient is given.
    """
    if not x.dtype.is_float:
        return integer_power(x, y)
    zero, negative = equal(x, x.const_like(0)), LESS(x, x.const_like(0))
    size = negative.where(-x, x)
    result = (y * zero.where(1.0, size).log()).exp()
    whole = floor(y)
    odd = LESS(floor(whole * 0.5) * 2, whole)
    signed = odd.where(-result, result)
    result = negative.where(equal(whole, y).where(signed, math.nan), result)
    at_zero = LESS(y, y.const_like(0)).where(result.const_like(math.inf), 0.0)
    result = zero.where(at_zero, result)
    ordinary = WHERE(zero, zero.const_like(False), is_finite(x))
    empty = WHERE(ordinary, zero.const_like(False), equal(y, y.const_like(0)))
    return empty.where(1.0, result)


def integer_power(x: Node, y: Node) -> Node:
    """x to the power of y for ints, bit by bit of y; 0 where y is negative."""
    if x.dtype is bool_:
        x, y = x.cast(int64), y.cast(int64)
    zero, one = y.const_like(0), y.const_like(1)
    parity = equal(remainder(y, y.const_like(2)), one).where(one, zero)
    rest = LESS(y.const_like(63), y).where(parity + 62, y)  # more overflows, but for -1, 0 and 1
    result, bits = one, []
    for k in range(6):
        bits.append((1 << k, x))
        x = x * x
    for value, factor in reversed(bits):
        has = opposite(LESS(rest, rest.const_like(value)))
        result = has.where(result * factor, result)
        rest = has.where(rest + -value, rest)
    return LESS(y, zero).where(0, result)
