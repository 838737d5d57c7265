"""The share of normal numbers below x, to the last digits in both tails, and GELU made of it.

The share below -z sqrt(2) is erfc(z) / 2, and erfc(z) = t exp(-z^2 + p(t)) for t = 2 / (2 + z),
where p is so smooth that a sum of a few Chebyshev polynomials gives all digits.
Source: Press et al. 2007, Numerical Recipes, section 6.2.2
"""

from __future__ import annotations

import math

from tinylearn.graph.deferred import with_slope
from tinylearn.graph.dtype import float64
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import EXP, LESS
from tinylearn.tensor.bends import wide, within

TERMS = (
    -6.513268598908547e-1, 6.4196979235649026e-1, 1.9476473204185836e-2, -9.561514786808631e-3,
    -9.46595344482036e-4, 3.66839497852761e-4, 4.2523324806907e-5, -2.0278578112534e-5,
    -1.624290004647e-6, 1.303655835580e-6, 1.5626441722e-8, -8.5238095915e-8, 6.529054439e-9,
    5.059343495e-9, -9.91364156e-10, -2.27365122e-10, 9.6467911e-11, 2.394038e-12, -6.886027e-12,
    8.94487e-13, 3.13092e-13, -1.12708e-13,
)  # fmt: skip
FEW = 14  # terms are enough for the digits of float32
FAR = 40.0  # standard deviations from the middle there is nothing, also as float64


def tail(z: Node, terms: int) -> Node:
    """erfc(z) / 2 of float64 from 0 up, by Clenshaw's recurrence."""
    t = (z * 0.5 + 1).recip()
    twice = t * 4 - 2
    one, two = z.const_like(TERMS[terms - 1]), z.const_like(0)
    for term in TERMS[terms - 2 : 0 : -1]:
        one, two = twice * one - two + term, one
    return t * EXP(twice * one * 0.5 - two + TERMS[0] - z * z) * 0.5


def bell(x: Node) -> Node:
    """How dense normal numbers are at x."""
    return EXP(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))


def share(x: Node, terms: int) -> Node:
    """The share of normal numbers below x of float64."""
    below = LESS(x, x.const_like(0))
    out = tail(below.where(-x, x) * math.sqrt(0.5), terms)
    return below.where(out, 1 - out)


def digits(x: Node) -> int:
    """How many terms the digits of a dtype need."""
    return len(TERMS) if x.dtype is float64 else FEW


@with_slope(lambda x: bell(within(wide(x), FAR)).cast(x.dtype))
def normal_share(x: Node) -> Node:
    """The share of normal numbers below x."""
    return share(within(wide(x), FAR), digits(x)).cast(x.dtype)


def gelu_slope(x: Node) -> Node:
    """The share below x, plus x times the bell."""
    z = within(wide(x), FAR)
    return (share(z, digits(x)) + z * bell(z)).cast(x.dtype)


@with_slope(gelu_slope)
def gelu(x: Node) -> Node:
    """x times the share of normal numbers below x."""
    z = wide(x)
    return (z * share(within(z, FAR), digits(x))).cast(x.dtype)
