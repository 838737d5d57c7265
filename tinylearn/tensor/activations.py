"""What else neural networks bend with: the activations of PyTorch beyond relu and its kin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.deferred import with_gradient, with_slope
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import EXP, LESS
from tinylearn.repairs.userline import name_of
from tinylearn.tensor import bends, curves
from tinylearn.tensor.axes import one_axis
from tinylearn.tensor.bends import absolute, not_above, not_below, wide, within
from tinylearn.tensor.moves import part_of
from tinylearn.tensor.operands import floating, pair
from tinylearn.tensor.state import State, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


class Activations(State):
    """Functions that bend, number by number; glu alone looks at an axis."""

    __slots__ = ()

    def selu(self) -> Tensor:
        """scale * elu(x, alpha), with two constants that keep mean 0 and variance 1. PyTorch: selu

        Source: Klambauer et al. 2017
        """
        x = floating(self.node)
        return result(bends.elu(x, x.const_like(SELU_ALPHA)) * SELU_SCALE, self)

    def celu(self, alpha: float = 1.0) -> Tensor:
        """x above zero, alpha * (exp(x / alpha) - 1) below. PyTorch: celu"""
        x = floating(self.node)
        bent = bends.elu(x / alpha, x.const_like(1.0)) * alpha
        return result(LESS(x.const_like(0), x).where(x, bent), self)

    def hardsigmoid(self) -> Tensor:
        """x / 6 + 1 / 2, kept between 0 and 1. PyTorch: hardsigmoid"""
        return result(within(floating(self.node), 3.0) / 6 + 0.5, self)

    def hardswish(self) -> Tensor:
        """x * hardsigmoid(x). PyTorch: hardswish"""
        x = floating(self.node)
        z = wide(x)
        bent = LESS(z, z.const_like(-3.0)).where(0.0, z * (within(z, 3.0) / 6 + 0.5))
        return result(bent.cast(x.dtype), self)

    def hardshrink(self, lambd: float = 0.5) -> Tensor:
        """x, but 0 between -lambd and lambd. PyTorch: hardshrink"""
        x = floating(self.node)
        return result(far(x, lambd).where(x, x * 0.0), self)

    def softshrink(self, lambd: float = 0.5) -> Tensor:
        """x moved towards 0 by lambd, but not beyond it. PyTorch: softshrink"""
        x = floating(self.node)
        moved = LESS(x, x.const_like(0)).where(x + lambd, x - lambd)
        return result(far(x, lambd).where(moved, x * 0.0), self)

    def tanhshrink(self) -> Tensor:
        """x - tanh(x). PyTorch: tanhshrink"""
        return result(tanhshrink(floating(self.node)), self)

    def softsign(self) -> Tensor:
        """x / (1 + |x|). PyTorch: softsign"""
        return result(softsign(floating(self.node)), self)

    def threshold(self, threshold: float, value: float) -> Tensor:
        """x above the threshold, else the value. PyTorch: threshold"""
        x = self.node
        return result(LESS(x.const_like(threshold), x).where(x, value), self)

    def prelu(self, weight: Any) -> Tensor:
        """x above zero, weight * x below; one weight, or one for each channel. PyTorch: prelu

        weight   (1,), or (channels,) for x (N, channels, ...)
        """
        weights = weight
        if weight.numel() > 1:
            if self.ndim < 2 or self.shape[1] != weight.numel():
                says = "prelu needs a channel on axis 1 for each weight"
                raise describe(ShapeError, says, [(name_of(), self.node), ("weight", weight.node)])
            weights = weight.reshape(-1, *(1,) * (self.ndim - 2))
        x, w = pair("prelu", self, weights)
        return result(LESS(x.const_like(0), x).where(x, x * w), self, weight)

    def quick_gelu(self) -> Tensor:
        """x * sigmoid(1.702 x), near to gelu. Source: Hendrycks & Gimpel 2016"""
        x = floating(self.node)
        return result(bends.silu(x * 1.702) / 1.702, self)

    def gelu(self, approximate: str = "tanh") -> Tensor:
        """x times the share of a bell curve below x. PyTorch: gelu

        approximate   "tanh": x * (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2, at once exact
                      enough and cheap; "none": x * erfc(-x / sqrt(2)) / 2, PyTorch's default
        Source: Hendrycks & Gimpel 2016
        """
        if approximate not in ("tanh", "none"):
            says = f"gelu: approximate is 'tanh' or 'none', not {approximate!r}"
            raise ValueError(f"{says}\nTry x.gelu('tanh')")
        function = bends.gelu if approximate == "tanh" else gelu_exact
        return result(function(floating(self.node)), self)

    def softmin(self, axis: int = -1) -> Tensor:
        """softmax(-x): large where x is small. PyTorch: softmin"""
        return result(-floating(self.node), self).softmax(axis)

    def glu(self, axis: int = -1) -> Tensor:
        """The first half of an axis times the sigmoid of the second. PyTorch: glu"""
        x = floating(self.node)
        a = one_axis("glu", x, axis)
        half = x.shape[a] // 2
        if x.shape[a] % 2:
            says = f"glu halves axis {a}, and its size {x.shape[a]} is odd"
            repair = f"{name_of()}[{':, ' * a}:{2 * half}].glu({a})" if half else ""
            raise describe(ShapeError, says, [(name_of(), x)], repair)
        gate = bends.sigmoid(part_of(x, a, half, 2 * half))
        return result(part_of(x, a, 0, half) * gate, self)


# ---------------------------------------------------------------- on nodes


def far(x: Node, bound: float) -> Node:
    """Where x is beyond a bound, on either side."""
    return LESS(x.const_like(bound), absolute(x))


def shrink_slope(x: Node) -> Node:
    """The square of tanh(x)."""
    t = bends.tanh(wide(x))
    return (t * t).cast(x.dtype)


@with_slope(shrink_slope)
def tanhshrink(x: Node) -> Node:
    """x - tanh(x); below 0.05, where the two are nearly equal, x^3/3 - 2 x^5/15 + 17 x^7/315."""
    z = wide(x)
    small = LESS(absolute(z), z.const_like(0.05))
    square = small.where(z * z, 0.0)
    near = z * square * curves.series(square, [1 / 3, -2 / 15, 17 / 315, -62 / 2835, 1382 / 155925])
    return small.where(near, z - bends.tanh(z)).cast(x.dtype)


def softsign_slope(x: Node) -> Node:
    """1 / (1 + |x|)^2."""
    d = absolute(wide(x)) + 1
    return (d * d).recip().cast(x.dtype)


@with_slope(softsign_slope)
def softsign(x: Node) -> Node:
    """x / (1 + |x|)."""
    z = wide(x)
    return (z / (absolute(z) + 1)).cast(x.dtype)


def gelu_slope(g: Node, node: Node) -> tuple[Node]:
    """P(x) + x p(x), for the share P below x and the bell curve p."""
    z = within(wide(node.inputs[0]), 50.0)
    share = curves.erfc(z * -math.sqrt(0.5)) * 0.5
    bell = EXP(z * z * -0.5) * (1 / math.sqrt(2 * math.pi))
    return (g * (share + z * bell).cast(g.dtype),)


@with_gradient(gelu_slope)
def gelu_exact(x: Node) -> Node:
    """x erfc(-x / sqrt(2)) / 2."""
    z = not_below(wide(x), -50.0)
    return (z * curves.erfc(not_above(z, 50.0) * -math.sqrt(0.5)) * 0.5).cast(x.dtype)
