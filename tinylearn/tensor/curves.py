"""Curves of mathematics, on nodes: inverse and hyperbolic functions, erf, each with its slope.

Made of exp, log, sin and sqrt alone, in float64, by formulas that take no equal numbers from each
other: so a float32 is right to its last digits, near zero, at the ends, and in the tails.
"""

from __future__ import annotations

import math

from tinylearn.graph.deferred import with_gradient, with_slope
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import EXP, LESS, LOG, SQRT
from tinylearn.tensor import bends
from tinylearn.tensor.bends import absolute, not_above, wide
from tinylearn.tensor.compare import equal, is_infinite, is_number

HUGE = 1e18  # float64: beyond, 1 + x and x are the same
TERMS = 13  # of the two series below: enough for all digits of a float64
STEP = 0.5  # between the points at which the integral of erfc is summed


def negative(x: Node) -> Node:
    """Where x is below zero, or the zero that is written -0."""
    zero = x.const_like(0)
    if not x.dtype.is_float:
        return LESS(x, zero)
    return LESS(equal(x, zero).where(x.recip(), x), zero)


def odd(size: Node, x: Node) -> Node:
    """A value found for |x|, with the sign of x: for functions with f(-x) = -f(x)."""
    return LESS(x, x.const_like(0)).where(-size, size)


def series(x: Node, coefficients: list[float]) -> Node:
    """c0 + c1 x + c2 x^2 + ..., from the inside (Horner)."""
    total = x.const_like(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total


# ---------------------------------------------------------------- exponentials and logarithms


def logarithm_of_more(x: Node) -> Node:
    """log(1 + x) of float64."""
    return LESS(x.const_like(HUGE), x).where(LOG(x), bends.log1p(within_huge(x)))


def within_huge(x: Node) -> Node:
    """x, but not beyond HUGE: what is added to infinity has lost everything."""
    return LESS(x.const_like(HUGE), x).where(HUGE, x)


def exponential_less_one(x: Node) -> Node:
    """exp(x) - 1 of float64."""
    u = EXP(x)
    near = LESS(x, x.const_like(40.0)).where(LESS(x.const_like(-40.0), x), False)
    lost = u * (x - LOG(near.where(u, 1.0)))
    return u - 1 + near.where(lost, 0.0)


@with_slope(lambda x: (wide(x) + 1).recip().cast(x.dtype))
def log1p(x: Node) -> Node:
    """log(1 + x), exact for small x."""
    return logarithm_of_more(wide(x)).cast(x.dtype)


@with_slope(lambda x: EXP(x))
def expm1(x: Node) -> Node:
    """exp(x) - 1, exact for small x."""
    return exponential_less_one(wide(x)).cast(x.dtype)


@with_slope(lambda x: (wide(x) * math.log(10)).recip().cast(x.dtype))
def log10(x: Node) -> Node:
    """The logarithm to base 10."""
    return (LOG(wide(x)) * (1 / math.log(10))).cast(x.dtype)


@with_slope(lambda x: (wide(x) * (1 - wide(x))).recip().cast(x.dtype))
def logit(x: Node) -> Node:
    """log(x / (1 - x)); near 1/2, where that is nearly 0, log(1 + (2 x - 1) / (1 - x))."""
    z = wide(x)
    near = logarithm_of_more((z * 2 - 1) / (1 - z))
    return LESS(z, z.const_like(0.25)).where(LOG(z) - logarithm_of_more(-z), near).cast(x.dtype)


def logaddexp_gradient(g: Node, node: Node) -> tuple[Node, Node]:
    """The sigmoid of the difference, seen from either side; equal infinities share."""
    x, y = (wide(v) for v in node.inputs)
    gap = equal(x, y).where(0.0, x - y)
    return g * bends.sigmoid(gap).cast(g.dtype), g * bends.sigmoid(-gap).cast(g.dtype)


@with_gradient(logaddexp_gradient)
def logaddexp(x: Node, y: Node) -> Node:
    """log(exp(x) + exp(y)): the larger one, and log(1 + exp(-distance))."""
    a, b = wide(x), wide(y)
    below = LESS(a, b)
    gap = equal(a, b).where(0.0, below.where(a - b, b - a))
    return (below.where(b, a) + bends.log1p(EXP(gap))).cast(x.dtype)


# ---------------------------------------------------------------- hyperbolic functions


def sinh_slope(x: Node) -> Node:
    """cosh(x)."""
    return cosh(x)


@with_slope(sinh_slope)
def sinh(x: Node) -> Node:
    """(exp(x) - exp(-x)) / 2, from exp(x) - 1, which is exact for small x."""
    z = wide(x)
    m = exponential_less_one(absolute(z))
    share = LESS(m.const_like(HUGE), m).where(1.0, m / (m + 1))
    return odd((m + share) * 0.5, z).cast(x.dtype)


@with_slope(lambda x: sinh(x))
def cosh(x: Node) -> Node:
    """(exp(x) + exp(-x)) / 2."""
    e = EXP(absolute(wide(x)))
    return ((e + e.recip()) * 0.5).cast(x.dtype)


@with_slope(lambda x: SQRT(wide(x) * wide(x) + 1).recip().cast(x.dtype))
def asinh(x: Node) -> Node:
    """log(x + sqrt(x^2 + 1)), from |x| and what the root is more than 1."""
    z = wide(x)
    size = absolute(z)
    square = size * size
    near = logarithm_of_more(size + square / (SQRT(square + 1) + 1))
    far = LESS(size.const_like(HUGE), size)
    return odd(far.where(LOG(size) + math.log(2), near), z).cast(x.dtype)


@with_slope(lambda x: SQRT((wide(x) - 1) * (wide(x) + 1)).recip().cast(x.dtype))
def acosh(x: Node) -> Node:
    """log(x + sqrt(x^2 - 1)), from x - 1; NaN below 1."""
    z = wide(x)
    more = z - 1
    near = logarithm_of_more(more + SQRT(more * (more + 2)))
    far = LESS(z.const_like(HUGE), z)
    value = far.where(LOG(z) + math.log(2), near)
    return LESS(z, z.const_like(1)).where(math.nan, value).cast(x.dtype)


@with_slope(lambda x: ((1 - wide(x)) * (wide(x) + 1)).recip().cast(x.dtype))
def atanh(x: Node) -> Node:
    """log((1 + x) / (1 - x)) / 2; NaN beyond 1."""
    z = wide(x)
    size = absolute(z)
    return odd(logarithm_of_more(size * 2 / (1 - size)) * 0.5, z).cast(x.dtype)


# ---------------------------------------------------------------- inverse trigonometric functions

ARCTANGENT = [(-1) ** k / (2 * k + 1) for k in range(TERMS)]  # z - z^3/3 + z^5/5 - ...


def arctangent(size: Node) -> Node:
    """The arctangent of float64 not below zero.

    Beyond 1 it is pi/2 - atan(1 / x). Halving the angle twice, atan(x) = 2 atan(x / (1 + sqrt(1 +
    x^2))), leaves numbers below 0.2, for which the series is short.
    """
    steep = LESS(size.const_like(1), size)
    z = steep.where(size.recip(), size)
    for _ in range(2):
        z = z / (SQRT(z * z + 1) + 1)
    angle = z * series(z * z, ARCTANGENT) * 4
    return steep.where(math.pi / 2 - angle, angle)


@with_slope(lambda x: (wide(x) * wide(x) + 1).recip().cast(x.dtype))
def atan(x: Node) -> Node:
    """The angle with this tangent."""
    z = wide(x)
    return odd(arctangent(absolute(z)), z).cast(x.dtype)


@with_slope(lambda x: SQRT((1 - wide(x)) * (wide(x) + 1)).recip().cast(x.dtype))
def asin(x: Node) -> Node:
    """The angle with this sine; NaN beyond 1."""
    z = wide(x)
    size = absolute(z)
    half = size / (SQRT((1 - size) * (size + 1)) + 1)
    return odd(arctangent(half) * 2, z).cast(x.dtype)


@with_slope(lambda x: -SQRT((1 - wide(x)) * (wide(x) + 1)).recip().cast(x.dtype))
def acos(x: Node) -> Node:
    """The angle with this cosine; NaN beyond 1."""
    z = wide(x)
    return (arctangent(SQRT((1 - z) / (z + 1))) * 2).cast(x.dtype)


def atan2_gradient(g: Node, node: Node) -> tuple[Node, Node]:
    """x / (x^2 + y^2) for y, and -y / (x^2 + y^2) for x."""
    y, x = (wide(v) for v in node.inputs)
    share = (x * x + y * y).recip()
    return g * (x * share).cast(g.dtype), g * (-y * share).cast(g.dtype)


@with_gradient(atan2_gradient)
def atan2(y: Node, x: Node) -> Node:
    """The angle of the point (x, y), from -pi to pi."""
    a, b = wide(y), wide(x)
    endless = is_infinite(a).where(is_infinite(b), False)
    up, along = (endless.where(1.0, absolute(v)) for v in (a, b))
    steep = LESS(along, up)
    most = steep.where(up, along)
    part = steep.where(along, up) / LESS(most.const_like(0), most).where(most, 1.0)
    angle = arctangent(part)
    angle = steep.where(math.pi / 2 - angle, angle)
    angle = negative(b).where(math.pi - angle, angle)
    angle = is_number(a).where(is_number(b), False).where(angle, math.nan)
    return negative(a).where(-angle, angle).cast(y.dtype)


# ---------------------------------------------------------------- the error function

ERROR = [  # erf(x) = 2 / sqrt(pi) (x - x^3 / 3 + x^5 / 10 - ...)
    (-1) ** n / (math.factorial(n) * (2 * n + 1)) * 2 / math.sqrt(math.pi) for n in range(TERMS)
]


def tail(size: Node) -> Node:
    """erfc of float64 not below zero: its integral exp(-x^2) x / pi / (t^2 + x^2), summed.

    A sum over evenly spaced points is exact here but for the pole at t = i x, whose part is known.
    Source: Matta & Reichel 1971, Math. Comp. 25
    """
    square = size * size
    total = size.const_like(0)
    for n in range(TERMS):
        t = (n + 0.5) * STEP
        total = total + (square + t * t).recip() * math.exp(-t * t)
    whole = EXP(-square) * size * total * (2 * STEP / math.pi)
    pole = (EXP(size * (2 * math.pi / STEP)) + 1).recip() * 2
    return whole + LESS(size, size.const_like(6.0)).where(pole, 0.0)


def bell(x: Node) -> Node:
    """The slope of erf: 2 / sqrt(pi) exp(-x^2)."""
    z = wide(x)
    return (EXP(-(z * z)) * (2 / math.sqrt(math.pi))).cast(x.dtype)


@with_slope(bell)
def erf(x: Node) -> Node:
    """The share of a bell curve (of spread sqrt(1/2)) between -x and x."""
    z = wide(x)
    size = not_above(absolute(z), 30.0)
    near = LESS(size, size.const_like(0.5))
    inner = near.where(size, 0.0)
    value = near.where(inner * series(inner * inner, ERROR), 1 - tail(size))
    return odd(value, z).cast(x.dtype)


@with_slope(lambda x: -bell(x))
def erfc(x: Node) -> Node:
    """1 - erf(x), exact where erf(x) is nearly 1."""
    z = wide(x)
    size = not_above(absolute(z), 30.0)
    rest = tail(size)
    return LESS(z, z.const_like(0)).where(2 - rest, rest).cast(x.dtype)
