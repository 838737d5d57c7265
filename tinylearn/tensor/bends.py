"""Functions that bend, on nodes: the exponential's and the sine's kin, each with its slope.

What is composed of rounded numbers can lose all of a small result: log(1 + x) is 0 where 1 + x
is 1. So each function chooses a formula that never takes equal numbers from each other, on either
side of zero, and says its slope by one as good; most compute as float64 in between.
"""

from __future__ import annotations

import math

from tinylearn.graph.deferred import composite, flat, with_gradient, with_slope
from tinylearn.graph.dtype import bool_, float16, float32, float64
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import DETACH, EXP, LESS, LOG, MUL, SIN, SQRT, WHERE
from tinylearn.tensor.whole import ceil, floor, rounded, trunc

SMALLEST = {float16: 2.0**-24, float32: 2.0**-149, float64: 2.0**-1074}  # above zero
NOTHING = 1000.0  # exp(-1000) is 0 as float64
SQRT_2_PI = math.sqrt(2 / math.pi)


def wide(x: Node) -> Node:
    """x as float64."""
    return x.cast(float64)


def single(x: Node) -> Node:
    """x as numbers that can be computed with: float16 as float32."""
    return x.cast(float32) if x.dtype is float16 else x


def within(x: Node, bound: float) -> Node:
    """x, but never beyond `bound` on either side."""
    low = WHERE(LESS(x, x.const_like(-bound)), x.const_like(-bound), x)
    return WHERE(LESS(x.const_like(bound), x), x.const_like(bound), low)


def not_below(x: Node, bound: float) -> Node:
    """x, but never below `bound`."""
    return WHERE(LESS(x, x.const_like(bound)), x.const_like(bound), x)


def not_above(x: Node, bound: float) -> Node:
    """x, but never above `bound`."""
    return WHERE(LESS(x.const_like(bound), x), x.const_like(bound), x)


def decay(x: Node) -> tuple[Node, Node]:
    """Where x is below zero, and exp(-|x|): never above 1, so nothing becomes infinite."""
    below = LESS(x, x.const_like(0))
    return below, EXP(WHERE(below, x, -x))


def log1p(x: Node) -> Node:
    """log(1 + x): what the sum 1 + x has lost of x is added afterwards."""
    u = x + 1
    lost = (x - (u - 1)) / u
    return LOG(u) + DETACH(LESS(u.const_like(0), u).where(lost, 0.0))


def log1p_single(x: Node) -> Node:
    """log(1 + x) of float64, to the digits of float32."""
    return LESS(x, x.const_like(1e-8)).where(x, LOG(x + 1))


def expm1(x: Node) -> Node:
    """exp(x) - 1 for x up to 0: what exp(x) has lost of x is found by the logarithm."""
    u = EXP(x)
    far = LESS(x, x.const_like(-40.0))
    lost = u * (x - LOG(far.where(1.0, u)))
    return u - 1 + DETACH(far.where(0.0, lost))


# ---------------------------------------------------------------- jumps: flat elsewhere


def sign(x: Node) -> Node:
    """-1, 0, 1 or NaN, as a constant for gradients."""
    if x.dtype is bool_:
        return x
    zero = x.const_like(0)
    return LESS(x, zero).where(-1, LESS(zero, x).where(1, DETACH(x)))


def absolute(x: Node) -> Node:
    """The distance from zero."""
    return x if x.dtype is bool_ else MUL(x, DETACH(sign(x)))


SIGN, FLOOR, CEIL, TRUNC, ROUNDED = (flat(f) for f in (sign, floor, ceil, trunc, rounded))


@flat
def rounded_to(x: Node, scale: float) -> Node:
    """The nearest number of so many decimals; scale is 10 to that power."""
    digits = wide(x)
    nearest = rounded(digits * scale) / scale if scale > 1 else rounded(digits / (1 / scale))
    return (nearest if scale > 1 else nearest * (1 / scale)).cast(x.dtype)


# ---------------------------------------------------------------- mathematics


@with_slope(lambda x: -SIN(x))
def cos(x: Node) -> Node:
    """The sine a quarter turn ahead."""
    return x.cos()


def tan_slope(x: Node) -> Node:
    """1 / cos(x)^2."""
    c = wide(x).cos()
    return (c * c).recip().cast(x.dtype)


@with_slope(tan_slope)
def tan(x: Node) -> Node:
    """sin(x) / cos(x)."""
    return (SIN(wide(x)) / wide(x).cos()).cast(x.dtype)


def rsqrt_slope(x: Node) -> Node:
    """-1 / (2 x sqrt(x))."""
    z = wide(x)
    return (z * SQRT(z) * -2).recip().cast(x.dtype)


@with_slope(rsqrt_slope)
def rsqrt(x: Node) -> Node:
    """One divided by the square root."""
    return SQRT(wide(x)).recip().cast(x.dtype)


@with_slope(lambda x: (wide(x) * math.log(2)).recip().cast(x.dtype))
def log2(x: Node) -> Node:
    """The logarithm to base 2."""
    return (LOG(wide(x)) * (1 / math.log(2))).cast(x.dtype)


@with_slope(lambda x: (EXP(wide(x) * math.log(2)) * math.log(2)).cast(x.dtype))
def exp2(x: Node) -> Node:
    """2 to the power of x."""
    return EXP(wide(x) * math.log(2)).cast(x.dtype)


# ---------------------------------------------------------------- bends


@composite
def relu(x: Node) -> Node:
    """x, or 0 where x is not above zero."""
    smallest = SMALLEST[x.dtype] if x.dtype.kind == 2 else 1
    return WHERE(LESS(x, x.const_like(smallest)), x.const_like(0), x)


def sigmoid_slope(x: Node) -> Node:
    """e / (1 + e)^2 for e = exp(-|x|): right in both tails."""
    _, e = decay(single(x))
    d = e + 1
    return (e / (d * d)).cast(x.dtype)


@with_slope(sigmoid_slope)
def sigmoid(x: Node) -> Node:
    """1 / (1 + exp(-x)); below zero exp(x) / (1 + exp(x)), which keeps its digits."""
    below, e = decay(single(x))
    near = below.where(e, 1.0)
    return (near - near * (e / (e + 1))).cast(x.dtype)  # e / (1 + e) alone is rounded twice


def tanh_slope(x: Node) -> Node:
    """4 e / (1 + e)^2 for e = exp(-2 |x|)."""
    _, e = decay(single(x) * 2)
    d = e + 1
    return (e * 4 / (d * d)).cast(x.dtype)


@with_slope(tanh_slope)
def tanh(x: Node) -> Node:
    """(e - 1) / (e + 1) for e = exp(2 x); what is so near zero that e - 1 loses it stays x."""
    if x.dtype is float64:
        below = LESS(x, x.const_like(0))
        lost = expm1(WHERE(below, x, -x) * 2)
        share = -lost / (lost + 2)
        return below.where(-share, share)
    z = wide(x)
    e = EXP(not_above(z, 20.0) * 2)  # tanh(20) is 1 to 16 digits
    straight = LESS(z * z, z.const_like(1e-8))
    return straight.where(z, (e - 1) / (e + 1)).cast(x.dtype)


def silu_slope(x: Node) -> Node:
    """sigmoid(x) + x times its slope."""
    z = within(wide(x), NOTHING)
    below, e = decay(z)
    d = e + 1
    return ((below.where(e, 1.0) + z * e / d) / d).cast(x.dtype)


@with_slope(silu_slope)
def silu(x: Node) -> Node:
    """x sigmoid(x)."""
    z = wide(x)
    below, e = decay(z)
    return (not_below(z, -NOTHING) * below.where(e, 1.0) / (e + 1)).cast(x.dtype)


def gelu_parts(z: Node) -> tuple[Node, Node]:
    """exp(-u) and u' for u = 2 sqrt(2/pi) (z + 0.044715 z^3)."""
    square = z * z
    half = square * (0.044715 * 2 * SQRT_2_PI) + 2 * SQRT_2_PI
    return EXP(-(half * z)), square * (3 * 0.044715 * 2 * SQRT_2_PI) + 2 * SQRT_2_PI


def gelu_slope(x: Node) -> Node:
    """s + x u' s (1 - s) for s = 1 / (1 + exp(-u))."""
    z = wide(within(x, 20.0))  # beyond it is 0 or 1, and powers become infinite
    e, slope = gelu_parts(z)
    s = (e + 1).recip()
    return ((z * slope * e * s + 1) * s).cast(x.dtype)


@with_slope(gelu_slope)
def gelu(x: Node) -> Node:
    """x (1 + tanh(u / 2)) / 2, and that is x / (1 + exp(-u))."""
    z = wide(not_below(x, -50.0))  # from there on it is 0
    return (z / (gelu_parts(z)[0] + 1)).cast(x.dtype)


@with_slope(sigmoid)
def softplus(x: Node) -> Node:
    """max(x, 0) + log(1 + exp(-|x|)): exp never sees a number above zero."""
    z = wide(x)
    below, e = decay(z)
    return (below.where(0.0, z) + log1p(e)).cast(x.dtype)


def mish_parts(x: Node) -> tuple[Node, Node, Node, Node, Node]:
    """below, e, n, d, q: tanh(softplus(x)) is n / d, and 1 minus its square q (d + n) / d^2."""
    below, e = decay(x)
    n = below.where(e * (e + 2), e * 2 + 1)
    q = below.where(2.0, e * e * 2)
    return below, e, n, n + q, q


def mish_slope(x: Node) -> Node:
    """t + x sigmoid(x) (1 - t^2) for t = tanh(softplus(x))."""
    z = within(wide(x), NOTHING)
    below, e, n, d, q = mish_parts(z)
    share = below.where(e, 1.0) / (e + 1)
    return ((n + z * share * q * (d + n) / d) / d).cast(x.dtype)


@with_slope(mish_slope)
def mish(x: Node) -> Node:
    """x tanh(softplus(x)), and that is x ((1 + exp(x))^2 - 1) / ((1 + exp(x))^2 + 1)."""
    z = wide(x)
    _, _, n, d, _ = mish_parts(z)
    return (not_below(z, -NOTHING) * n / d).cast(x.dtype)


def elu_gradient(g: Node, node: Node) -> tuple[Node, Node]:
    """1 above zero, alpha exp(x) below; alpha gets exp(x) - 1."""
    x, alpha = node.inputs
    above, low, steep = elu_parts(x, alpha)
    slope = above.where(1.0, steep * EXP(low)).cast(x.dtype)
    return g * slope, g * expm1(low).cast(x.dtype)


def elu_parts(x: Node, alpha: Node) -> tuple[Node, Node, Node]:
    """Where x is above zero, what is below, and alpha."""
    above = LESS(x.const_like(0), x)
    return above, above.where(0.0, wide(x)), wide(alpha)


@with_gradient(elu_gradient)
def elu(x: Node, alpha: Node) -> Node:
    """x above zero, alpha (exp(x) - 1) below."""
    above, low, steep = elu_parts(x, alpha)
    return WHERE(above, x, (steep * expm1(low)).cast(x.dtype))
