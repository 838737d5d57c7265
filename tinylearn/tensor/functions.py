"""Functions number by number: exp, log, sin and their kin, and what neural networks bend with.

Functions of floats take ints too and give float32, as in PyTorch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tinylearn.graph.deferred import composite
from tinylearn.graph.dtype import bool_, float16, float32, float64
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import DETACH, EXP, LESS, LOG, MUL, RECIP, SIN, SQRT, WHERE
from tinylearn.tensor.arithmetic import Arithmetic
from tinylearn.tensor.compare import larger
from tinylearn.tensor.operands import floating
from tinylearn.tensor.state import made, result
from tinylearn.tensor.whole import ceil, floor, rounded, trunc

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

SMALLEST = {float16: 2.0**-24, float32: 2.0**-149, float64: 2.0**-1074}  # above zero
LARGEST_EXPONENT = {float16: 11.0, float32: 88.0, float64: 709.0}  # exp of it is finite


class Functions(Arithmetic):
    """Functions number by number."""

    __slots__ = ()

    # ---------------------------------------------------------------- mathematics

    def exp(self) -> Tensor:
        """e to the power of x. NumPy, PyTorch: exp"""
        return result(EXP(floating(self.node)), self)

    def log(self) -> Tensor:
        """The natural logarithm; NaN below zero, -inf at zero. NumPy, PyTorch: log"""
        return result(LOG(floating(self.node)), self)

    def log2(self) -> Tensor:
        """The logarithm to base 2. NumPy, PyTorch: log2"""
        return result(LOG(floating(self.node)) * (1 / math.log(2)), self)

    def exp2(self) -> Tensor:
        """2 to the power of x. NumPy, PyTorch: exp2"""
        return result(EXP(floating(self.node) * math.log(2)), self)

    def sin(self) -> Tensor:
        """The sine of an angle in radians. NumPy, PyTorch: sin"""
        return result(SIN(floating(self.node)), self)

    def cos(self) -> Tensor:
        """The cosine of an angle in radians: the sine a quarter turn ahead. NumPy, PyTorch: cos"""
        return result(SIN(floating(self.node) + math.pi / 2), self)

    def tan(self) -> Tensor:
        """The tangent of an angle in radians. NumPy, PyTorch: tan"""
        x = floating(self.node)
        return result(SIN(x) * SIN(x + math.pi / 2).recip(), self)

    def sqrt(self) -> Tensor:
        """The square root; NaN below zero. NumPy, PyTorch: sqrt"""
        return result(SQRT(floating(self.node)), self)

    def rsqrt(self) -> Tensor:
        """One divided by the square root. PyTorch: rsqrt"""
        return result(RECIP(SQRT(floating(self.node))), self)

    def reciprocal(self) -> Tensor:
        """One divided by x. NumPy, PyTorch: reciprocal"""
        return result(RECIP(floating(self.node)), self)

    def square(self) -> Tensor:
        """x * x. NumPy, PyTorch: square"""
        return result(MUL(self.node, self.node), self)

    def abs(self) -> Tensor:
        """The distance from zero; its slope at zero is 0. NumPy, PyTorch: abs"""
        return result(absolute(self.node), self)

    __abs__ = abs

    def sign(self) -> Tensor:
        """-1, 0 or 1; NaN stays NaN. No gradient passes: it is flat. NumPy, PyTorch: sign"""
        return made(sign(self.node), False)

    def floor(self) -> Tensor:
        """The next whole number below or equal, as the same dtype; flat, so without gradient."""
        return made(floor(self.node), False)

    def ceil(self) -> Tensor:
        """The next whole number above or equal, as the same dtype; flat, so without gradient."""
        return made(ceil(self.node), False)

    def trunc(self) -> Tensor:
        """Without what is behind the point, as the same dtype; flat, so without gradient."""
        return made(trunc(self.node), False)

    def round(self, decimals: int = 0) -> Tensor:
        """The nearest number of so many decimals, the even one if two are as near; no gradient."""
        if not decimals:
            return made(rounded(self.node), False)
        scale = 10.0**decimals
        return made(rounded(self.node * scale) * (1 / scale), False)

    def __round__(self, decimals: int | None = None) -> Tensor:
        return self.round(decimals or 0)

    def lerp(self, end: Any, weight: Any) -> Tensor:
        """x + weight * (end - x). PyTorch: lerp"""
        return self + (end - self) * weight

    # ---------------------------------------------------------------- bends

    def relu(self) -> Tensor:
        """x, or 0 where x is not above zero; its slope at zero is 0. PyTorch: relu

        x <= 0 is written as "x is less than the smallest number above zero", so NaN passes.
        """
        return result(relu(self.node), self)

    def relu6(self) -> Tensor:
        """relu, but never above 6. PyTorch: relu6"""
        return self.relu().clamp(high=6)

    def leaky_relu(self, slope: float = 0.01) -> Tensor:
        """x above zero, slope * x below. PyTorch: leaky_relu"""
        x = floating(self.node)
        return result(WHERE(LESS(x.const_like(0), x), x, x * slope), self)

    def elu(self, alpha: float = 1.0) -> Tensor:
        """x above zero, alpha * (exp(x) - 1) below. PyTorch: elu"""
        x = floating(self.node)
        above = LESS(x.const_like(0), x)
        low = WHERE(above, x.const_like(0), x)  # exp of a large x would be inf, and its slope NaN
        return result(WHERE(above, x, (low.exp() - 1) * alpha), self)

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-x)), between 0 and 1. PyTorch: sigmoid"""
        return result(sigmoid(floating(self.node)), self)

    def tanh(self) -> Tensor:
        """The hyperbolic tangent, between -1 and 1. NumPy, PyTorch: tanh"""
        return result(tanh(floating(self.node)), self)

    def silu(self) -> Tensor:
        """x * sigmoid(x), also called swish. PyTorch: silu"""
        x = floating(self.node)
        return result(x * sigmoid(x), self)

    swish = silu

    def gelu(self) -> Tensor:
        """x * (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2. PyTorch: gelu(approximate="tanh")

        Source: Hendrycks & Gimpel 2016
        """
        x = floating(self.node)
        inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
        return result(x * sigmoid(inner * 2), self)  # (1 + tanh(z)) / 2 = sigmoid(2 z)

    def softplus(self) -> Tensor:
        """log(1 + exp(x)), a smooth relu. PyTorch: softplus"""
        return result(softplus(floating(self.node)), self)

    def logsigmoid(self) -> Tensor:
        """log(sigmoid(x)), exact where sigmoid(x) is 0. PyTorch: logsigmoid"""
        return result(-softplus(-floating(self.node)), self)

    def mish(self) -> Tensor:
        """x * tanh(softplus(x)). PyTorch: mish"""
        x = floating(self.node)
        return result(x * tanh(softplus(x)), self)

    def hardtanh(self, low: float = -1.0, high: float = 1.0) -> Tensor:
        """x, kept between low and high. PyTorch: hardtanh"""
        return self.clamp(low, high)


# ---------------------------------------------------------------- on nodes


def sign(x: Node) -> Node:
    """-1, 0, 1 or NaN, as a constant for gradients."""
    if x.dtype is bool_:
        return x
    zero = x.const_like(0)
    return LESS(x, zero).where(-1, LESS(zero, x).where(1, DETACH(x)))


def absolute(x: Node) -> Node:
    """The distance from zero."""
    return x if x.dtype is bool_ else MUL(x, DETACH(sign(x)))


@composite
def relu(x: Node) -> Node:
    """x, or 0 where x is not above zero."""
    smallest = SMALLEST[x.dtype] if x.dtype.kind == 2 else 1
    return WHERE(LESS(x, x.const_like(smallest)), x.const_like(0), x)


@composite
def sigmoid(x: Node) -> Node:
    """1 / (1 + exp(-x)). Far below zero it stays on a tiny value: exp must not become infinite."""
    lowest = x.const_like(-LARGEST_EXPONENT[x.dtype])
    bounded = WHERE(LESS(x, lowest), lowest, x)
    return RECIP(EXP(-bounded) + 1)


@composite
def tanh(x: Node) -> Node:
    """2 sigmoid(2 x) - 1."""
    return sigmoid(x * 2) * 2 + -1


@composite
def softplus(x: Node) -> Node:
    """max(x, 0) + log(1 + exp(-|x|)): exp never sees a number above zero."""
    zero = x.const_like(0)
    return larger(x, zero, LESS(x, zero), LESS(zero, x)) + LOG(EXP(-absolute(x)) + 1)
