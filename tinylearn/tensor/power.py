"""Powers, value and gradient as PyTorch's. Nodes of one shape and dtype in, such a node out.

x^y is exp(y log|x|) as float64, with its sign; whole powers of few factors are products.
"""

from __future__ import annotations

import math

from tinylearn.errors import DTypeError
from tinylearn.graph.deferred import flat, with_gradient
from tinylearn.graph.dtype import bool_, float64, int64
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import CONST, LESS, WHERE, const
from tinylearn.tensor.bends import rsqrt
from tinylearn.tensor.compare import all_true, equal, is_finite, is_number, not_less, opposite
from tinylearn.tensor.whole import floor, remainder

FACTORS = 3  # so many float32 are multiplied as they are, each product a little wrong
PRODUCT = 64  # so many as float64; more are left to the logarithm


def whole_power(x: Node, exponent: float) -> Node:
    """x to the power of a Python number."""
    whole = math.isfinite(exponent) and exponent == int(exponent)
    if not x.dtype.is_float:
        if not whole:
            return power(x, x.const_like(exponent))
        if exponent < 0:
            says = f"{x.dtype} has no power {exponent}, for 1/x is no whole number"
            raise DTypeError(f"{says}\nTry x.float()")
        return repeated_product(x.cast(int64) if x.dtype is bool_ else x, int(exponent))
    if exponent == 0:
        return ones(x)
    if exponent == -1:
        return x.recip()
    if abs(exponent) == 0.5:
        return x.sqrt() if exponent > 0 else rsqrt(x)
    if whole and 0 < exponent <= FACTORS:
        return repeated_product(x, int(exponent))
    if whole and abs(exponent) <= PRODUCT:
        return product_power(x, arg=(int(exponent),))
    return real_power(x, const(exponent, x.shape, float64, x.device))


@flat
def ones(x: Node) -> Node:
    """x to the power of 0."""
    return x.const_like(1)


def repeated_product(x: Node, count: int) -> Node:
    """x * x * ... * x by repeated squaring."""
    y = None
    while count:
        if count % 2:
            y = x if y is None else y * x
        count //= 2
        x = x * x if count else x
    return x.const_like(1) if y is None else y


def product_gradient(g: Node, node: Node) -> tuple[Node]:
    """n x^(n - 1)."""
    (x,), (n,) = node.inputs, node.arg
    slope = product_power(x.cast(float64), arg=(n - 1,)) * n
    return (g * slope.cast(x.dtype),)


@with_gradient(product_gradient)
def product_power(x: Node, exponent: int) -> Node:
    """x to a whole power, as a product."""
    y = repeated_product(x.cast(float64), abs(exponent))
    return (y.recip() if exponent < 0 else y).cast(x.dtype)


def power_gradient(g: Node, node: Node) -> tuple[Node, Node]:
    """y x^(y - 1) for x, and x^y log(x) for y, which is 0 where x is 0 and y is not below it."""
    x, y = (v.cast(float64) for v in node.inputs)
    zero = x.const_like(0)
    along = equal(y, zero).where(0.0, y * real_power(x, y - 1))
    settled = WHERE(equal(x, zero), not_less(y, zero), opposite(all_true(x)))
    up = settled.where(0.0, real_power(x, y) * settled.where(1.0, x).log())
    y_dtype = node.inputs[1].dtype
    return g * along.cast(g.dtype), g.cast(y_dtype) * up.cast(y_dtype)


@with_gradient(power_gradient)
def real_power(x: Node, y: Node) -> Node:
    """x to the power of y for floats; 1 if y is 0 or x is 1, NaN if x < 0 and y is not whole."""
    dtype = min(x.dtype, y.dtype, key=lambda d: d.itemsize)  # a number is a float64 here
    x, y = x.cast(float64), y.cast(float64)
    zero, one, no = x.const_like(0), x.const_like(1), opposite(all_true(x))
    nothing = equal(x, zero)
    negative = LESS(nothing.where(x.recip(), x), zero)  # -0.0 too, whose reciprocal is -inf
    size = negative.where(-x, x)
    result = (y * size.log()).exp()
    result = equal(size, one).where(is_number(y).where(1.0, y), result)
    whole = floor(y)
    odd = LESS(floor(whole * 0.5) * 2, whole)
    result = WHERE(WHERE(negative, equal(whole, y), no), odd, no).where(-result, result)
    broken = WHERE(LESS(x, zero), WHERE(is_finite(x), is_finite(y), no), no)
    result = WHERE(broken, opposite(equal(whole, y)), no).where(math.nan, result)
    always = WHERE(equal(y, zero), equal(y, zero), equal(x, one))
    return always.where(1.0, result).cast(dtype)


def power(x: Node, y: Node) -> Node:
    """x to the power of y, number by number."""
    if x.op is CONST and x.dtype.is_float:
        x = const(x.arg, x.shape, float64, x.device)
    return real_power(x, y) if x.dtype.is_float else integer_power(x, y)


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
