"""Functions number by number: exp, log, sin and their kin, and what neural networks bend with.

Functions of floats take ints too and give float32, as in PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinylearn.graph.primitives import EXP, LESS, LOG, MUL, RECIP, SIN, SQRT, WHERE
from tinylearn.tensor import bends
from tinylearn.tensor.arithmetic import Arithmetic
from tinylearn.tensor.operands import floating
from tinylearn.tensor.state import result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


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
        return result(bends.log2(floating(self.node)), self)

    def exp2(self) -> Tensor:
        """2 to the power of x. NumPy, PyTorch: exp2"""
        return result(bends.exp2(floating(self.node)), self)

    def sin(self) -> Tensor:
        """The sine of an angle in radians. NumPy, PyTorch: sin"""
        return result(SIN(floating(self.node)), self)

    def cos(self) -> Tensor:
        """The cosine of an angle in radians: the sine a quarter turn ahead. NumPy, PyTorch: cos"""
        return result(bends.cos(floating(self.node)), self)

    def tan(self) -> Tensor:
        """The tangent of an angle in radians. NumPy, PyTorch: tan"""
        return result(bends.tan(floating(self.node)), self)

    def sqrt(self) -> Tensor:
        """The square root; NaN below zero. NumPy, PyTorch: sqrt"""
        return result(SQRT(floating(self.node)), self)

    def rsqrt(self) -> Tensor:
        """One divided by the square root. PyTorch: rsqrt"""
        return result(bends.rsqrt(floating(self.node)), self)

    def reciprocal(self) -> Tensor:
        """One divided by x. NumPy, PyTorch: reciprocal"""
        return result(RECIP(floating(self.node)), self)

    def square(self) -> Tensor:
        """x * x. NumPy, PyTorch: square"""
        return result(MUL(self.node, self.node), self)

    def abs(self) -> Tensor:
        """The distance from zero; its slope at zero is 0. NumPy, PyTorch: abs"""
        return result(bends.absolute(self.node), self)

    __abs__ = abs

    def sign(self) -> Tensor:
        """-1, 0 or 1; NaN stays NaN. It is flat: its gradient is 0. NumPy, PyTorch: sign"""
        return result(bends.SIGN(self.node), self)

    def floor(self) -> Tensor:
        """The next whole number below or equal, as the same dtype; flat, so its gradient is 0."""
        return result(bends.FLOOR(self.node), self)

    def ceil(self) -> Tensor:
        """The next whole number above or equal, as the same dtype; flat, so its gradient is 0."""
        return result(bends.CEIL(self.node), self)

    def trunc(self) -> Tensor:
        """Without what is behind the point, as the same dtype; flat, so its gradient is 0."""
        return result(bends.TRUNC(self.node), self)

    def round(self, decimals: int = 0) -> Tensor:
        """The nearest number of so many decimals, the even one if two are as near; flat."""
        if not decimals:
            return result(bends.ROUNDED(self.node), self)
        return result(bends.rounded_to(floating(self.node), arg=(10.0**decimals,)), self)

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
        return result(bends.relu(self.node), self)

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
        return result(bends.elu(x, x.const_like(alpha)), self)

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-x)), between 0 and 1. PyTorch: sigmoid"""
        return result(bends.sigmoid(floating(self.node)), self)

    def tanh(self) -> Tensor:
        """The hyperbolic tangent, between -1 and 1. NumPy, PyTorch: tanh"""
        return result(bends.tanh(floating(self.node)), self)

    def silu(self) -> Tensor:
        """x * sigmoid(x), also called swish. PyTorch: silu"""
        return result(bends.silu(floating(self.node)), self)

    swish = silu

    def softplus(self, beta: float = 1.0) -> Tensor:
        """log(1 + exp(beta x)) / beta, a smooth relu. PyTorch: softplus"""
        x = floating(self.node)
        if beta == 1:
            return result(bends.softplus(x), self)
        return result(bends.softplus(x * beta) / beta, self)

    def logsigmoid(self) -> Tensor:
        """log(sigmoid(x)), exact where sigmoid(x) is 0. PyTorch: logsigmoid"""
        return result(-bends.softplus(-floating(self.node)), self)

    def mish(self) -> Tensor:
        """x * tanh(softplus(x)). PyTorch: mish"""
        return result(bends.mish(floating(self.node)), self)

    def hardtanh(self, low: float = -1.0, high: float = 1.0) -> Tensor:
        """x, kept between low and high. PyTorch: hardtanh"""
        return self.clamp(low, high)
