"""Methods of mathematics beyond exp, log and sin: their curves stand in curves.py.

Functions of floats take ints too and give float32, as in PyTorch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.errors import OptionError, ShapeError
from tinylearn.graph.deferred import with_gradient
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import LESS, LOG, SQRT
from tinylearn.repairs.userline import first_argument, name_of
from tinylearn.tensor import bends, curves
from tinylearn.tensor.bends import absolute, wide
from tinylearn.tensor.compare import equal, is_infinite, is_number, not_less, opposite
from tinylearn.tensor.operands import floating, pair
from tinylearn.tensor.state import State, made, result
from tinylearn.tensor.whole import divided, remainder, trunc

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Mathematics(State):
    """Mathematics number by number."""

    __slots__ = ()

    # ---------------------------------------------------------------- curves

    def log1p(self) -> Tensor:
        """log(1 + x), exact for small x. NumPy, PyTorch: log1p"""
        return result(curves.log1p(floating(self.node)), self)

    def expm1(self) -> Tensor:
        """exp(x) - 1, exact for small x. NumPy, PyTorch: expm1"""
        return result(curves.expm1(floating(self.node)), self)

    def log10(self) -> Tensor:
        """The logarithm to base 10. NumPy, PyTorch: log10"""
        return result(curves.log10(floating(self.node)), self)

    def sinh(self) -> Tensor:
        """The hyperbolic sine, (exp(x) - exp(-x)) / 2. NumPy, PyTorch: sinh"""
        return result(curves.sinh(floating(self.node)), self)

    def cosh(self) -> Tensor:
        """The hyperbolic cosine, (exp(x) + exp(-x)) / 2. NumPy, PyTorch: cosh"""
        return result(curves.cosh(floating(self.node)), self)

    def asinh(self) -> Tensor:
        """The number with this hyperbolic sine. NumPy: arcsinh; PyTorch: asinh"""
        return result(curves.asinh(floating(self.node)), self)

    def acosh(self) -> Tensor:
        """The number with this hyperbolic cosine; NaN below 1. NumPy: arccosh; PyTorch: acosh"""
        return result(curves.acosh(floating(self.node)), self)

    def atanh(self) -> Tensor:
        """The number with this hyperbolic tangent; NaN beyond 1. NumPy: arctanh; PyTorch: atanh"""
        return result(curves.atanh(floating(self.node)), self)

    def asin(self) -> Tensor:
        """The angle with this sine, in radians; NaN beyond 1. NumPy: arcsin; PyTorch: asin"""
        return result(curves.asin(floating(self.node)), self)

    def acos(self) -> Tensor:
        """The angle with this cosine, in radians; NaN beyond 1. NumPy: arccos; PyTorch: acos"""
        return result(curves.acos(floating(self.node)), self)

    def atan(self) -> Tensor:
        """The angle with this tangent, in radians. NumPy: arctan; PyTorch: atan"""
        return result(curves.atan(floating(self.node)), self)

    def atan2(self, other: Any) -> Tensor:
        """The angle of the point (other, x), from -pi to pi. NumPy: arctan2; PyTorch: atan2"""
        y, x = pair("atan2", self, other)
        return result(curves.atan2(floating(y), floating(x)), self, other)

    def erf(self) -> Tensor:
        """The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0. PyTorch: erf"""
        return result(curves.erf(floating(self.node)), self)

    def erfc(self) -> Tensor:
        """1 - erf(x), exact in the tail. PyTorch: erfc"""
        return result(curves.erfc(floating(self.node)), self)

    def logaddexp(self, other: Any) -> Tensor:
        """log(exp(x) + exp(y)), also where exp alone is infinite. NumPy, PyTorch: logaddexp"""
        x, y = pair("logaddexp", self, other)
        return result(curves.logaddexp(floating(x), floating(y)), self, other)

    def xlogy(self, other: Any) -> Tensor:
        """x log(y), and 0 where x is 0. PyTorch: xlogy"""
        x, y = (floating(v) for v in pair("xlogy", self, other))
        nothing = equal(x, x.const_like(0)).where(is_number(y), False)
        return result(nothing.where(x * 0.0, x * LOG(nothing.where(1.0, y))), self, other)

    def logit(self) -> Tensor:
        """log(x / (1 - x)): what sigmoid leads back from. PyTorch: logit"""
        return result(curves.logit(floating(self.node)), self)

    def hypot(self, other: Any) -> Tensor:
        """The length of the diagonal, sqrt(x^2 + y^2). NumPy, PyTorch: hypot"""
        x, y = pair("hypot", self, other)
        return result(diagonal(floating(x), floating(y)), self, other)

    def deg2rad(self) -> Tensor:
        """Degrees as radians. NumPy, PyTorch: deg2rad"""
        return result(floating(self.node) * (math.pi / 180), self)

    def rad2deg(self) -> Tensor:
        """Radians as degrees. NumPy, PyTorch: rad2deg"""
        return result(floating(self.node) * (180 / math.pi), self)

    # ---------------------------------------------------------------- whole parts and signs

    def div(self, other: Any, rounding_mode: str | None = None) -> Tensor:
        """x / y; rounded down if the mode is "floor", towards zero if "trunc". PyTorch: div"""
        x: Any = self
        if rounding_mode is None:
            return x / other
        if rounding_mode == "floor":
            return x // other
        if rounding_mode != "trunc":
            says = f"div: rounding_mode is None, 'floor' or 'trunc', not {rounding_mode!r}"
            raise OptionError(f"{says}\nTry x.div(y, rounding_mode='floor')")
        a, b = pair("div", self, other)
        return result(quotient_towards_zero(a, b), self, other)

    def idiv(self, other: Any) -> Tensor:
        """x / y rounded towards zero: x // y rounds down. tinygrad: idiv"""
        return self.div(other, "trunc")

    def fmod(self, other: Any) -> Tensor:
        """The rest of a division that rounds towards zero: with the sign of x. PyTorch: fmod"""
        x, y = pair("fmod", self, other)
        return result(rest_towards_zero(x, y), self, other)

    def frac(self) -> Tensor:
        """What is behind the point, with the sign of x; its slope is 1. PyTorch: frac"""
        x = self.node
        return result(x - bends.TRUNC(x), self)

    def signbit(self) -> Tensor:
        """Where a number is below zero, or is the zero written -0. NumPy, PyTorch: signbit"""
        return made(curves.negative(self.node), False)

    def copysign(self, other: Any) -> Tensor:
        """|x| with the sign of y. NumPy, PyTorch: copysign"""
        x, y = pair("copysign", self, other)
        return result(with_sign(floating(x), floating(y)), self, other)

    def nan_to_num(
        self, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
    ) -> Tensor:
        """NaN and infinity as numbers: 0, the largest and the smallest if none are given.

        NumPy, PyTorch: nan_to_num
        """
        x = self.node
        if not x.dtype.is_float:
            return result(x, self)
        largest = float(np.finfo(x.dtype.numpy).max)
        y = is_number(x).where(x, nan)
        high, low = (largest if posinf is None else posinf, -largest if neginf is None else neginf)
        y = equal(x, x.const_like(math.inf)).where(high, y)
        return result(equal(x, x.const_like(-math.inf)).where(low, y), self)

    # ---------------------------------------------------------------- nearly the same

    def isclose(
        self, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
    ) -> Tensor:
        """Where |x - y| <= atol + rtol |y|; the same infinities are close. NumPy, PyTorch: isclose

        equal_nan   whether two NaN are close
        """
        x, y = pair("isclose", self, other)
        return made(close(wide(x), wide(y), rtol, atol, equal_nan), False)

    def allclose(
        self, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
    ) -> bool:
        """Whether all numbers are close to those of another tensor; this computes. See isclose."""
        x, y = pair("allclose", self, other)
        return bool(made(close(wide(x), wide(y), rtol, atol, equal_nan), False).all().item())

    def equal(self, other: Any) -> bool:
        """Whether the other tensor has the same shape and the same numbers. PyTorch: equal"""
        if not isinstance(other, State):
            repair = f"({name_of()} == {first_argument() or 'y'}).all()"
            raise TypeError(f"equal compares two tensors\nTry {repair}")
        if self.node.shape != other.node.shape:
            return False
        x, y = pair("equal", self, other)
        return bool(made(equal(x, y), False).all().item())

    def clamp_min(self, low: Any) -> Tensor:
        """Numbers below `low` become low. PyTorch: clamp_min"""
        x: Any = self
        return x.clamp(low)

    def clamp_max(self, high: Any) -> Tensor:
        """Numbers above `high` become high. PyTorch: clamp_max"""
        x: Any = self
        return x.clamp(None, high)


# ---------------------------------------------------------------- on nodes


def hypot_gradient(g: Node, node: Node) -> tuple[Node, Node]:
    """Each side divided by the diagonal."""
    x, y = (wide(v) for v in node.inputs)
    share = SQRT(x * x + y * y).recip()
    return g * (x * share).cast(g.dtype), g * (y * share).cast(g.dtype)


@with_gradient(hypot_gradient)
def diagonal(x: Node, y: Node) -> Node:
    """sqrt(x^2 + y^2), in float64, where no square of a float32 is infinite."""
    a, b = wide(x), wide(y)
    endless = is_infinite(a).where(True, is_infinite(b))
    return endless.where(math.inf, SQRT(a * a + b * b)).cast(x.dtype)


def sign_gradient(g: Node, node: Node) -> tuple[Node, Node]:
    """Turned with x where the sign was, and 0 for y, whose sign jumps."""
    x, y = node.inputs
    size = g * bends.SIGN(x)
    return curves.negative(y).where(-size, size), y.const_like(0)


@with_gradient(sign_gradient)
def with_sign(x: Node, y: Node) -> Node:
    """|x| with the sign of y."""
    size = absolute(x)
    return curves.negative(y).where(-size, size)


def quotient_towards_zero(x: Node, y: Node) -> Node:
    """x / y without what is behind the point."""
    if x.dtype.is_float:
        return bends.TRUNC(x * y.recip())
    size = divided(absolute(x), absolute(y))
    return equal(LESS(x, x.const_like(0)), LESS(y, y.const_like(0))).where(size, -size)


def fmod_gradient(g: Node, node: Node) -> tuple[Node, Node]:
    """x - trunc(x / y) y moves with x, and with y as often as y is in x."""
    x, y = node.inputs
    return g, -(g * trunc(x * y.recip()))


@with_gradient(fmod_gradient)
def rest_towards_zero(x: Node, y: Node) -> Node:
    """What is left of x, with the sign of x: the rest of the sizes."""
    rest = remainder(absolute(x), absolute(y))
    return LESS(x, x.const_like(0)).where(-rest, rest)


def close(x: Node, y: Node, rtol: float, atol: float, equal_nan: bool) -> Node:
    """Where float64 numbers differ by no more than is allowed."""
    if rtol < 0 or atol < 0:
        raise ShapeError(f"isclose needs rtol and atol >= 0, got {rtol} and {atol}")
    near = not_less(absolute(y) * rtol + atol, absolute(x - y))
    bounded = is_infinite(y).where(False, near)
    found = equal(x, y).where(True, bounded)
    if not equal_nan:
        return found
    return opposite(is_number(x)).where(opposite(is_number(y)), found)
