"""Arithmetic, comparisons and choice, number by number: `+ - * / // % ** < == ~ where maximum`.

A comparison has `less` alone to build on: x == y is "neither is less than the other", and a number
test, because NaN is less than nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinylearn.errors import DTypeError, OptionError
from tinylearn.graph.dtype import bool_
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import ADD, CONST, LESS, MUL, WHERE
from tinylearn.repairs.numpycalls import MIRRORED, OPERATORS, choice_repair, refused
from tinylearn.repairs.userline import operand_names
from tinylearn.tensor.casts import Casts
from tinylearn.tensor.compare import (
    equal,
    is_finite,
    is_infinite,
    is_number,
    larger,
    not_less,
    opposite,
)
from tinylearn.tensor.operands import choices, floating, number_dtype, pair, plain
from tinylearn.tensor.power import power, whole_power
from tinylearn.tensor.state import State, made, result
from tinylearn.tensor.whole import divided, remainder

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Arithmetic(Casts):
    """Arithmetic, comparisons and choice. Operands broadcast and promote."""

    __slots__ = ()

    __hash__ = object.__hash__

    def __array_ufunc__(self, function: Any, how: str, *inputs: Any, **options: Any) -> Any:
        """NumPy's operators leave `array + tensor` to us; its functions know no gradients."""
        name = OPERATORS.get(function.__name__)
        if name is None or how != "__call__" or options:
            word, count = function.__name__, len(inputs)
            raise refused(word, how, count, options, lambda name: hasattr(self, name))
        x, y = inputs
        if isinstance(x, State):
            return getattr(x, f"__{name}__")(y)
        return getattr(y, f"__{MIRRORED.get(name, f'r{name}')}__")(x)

    # ---------------------------------------------------------------- arithmetic

    def __add__(self, other: Any) -> Tensor:
        x, y = pair("add", self, other)
        return result(ADD(x, y), self, other)

    def __radd__(self, other: Any) -> Tensor:
        x, y = pair("add", self, other)
        return result(ADD(y, x), self, other)

    def __mul__(self, other: Any) -> Tensor:
        x, y = pair("mul", self, other)
        return result(MUL(x, y), self, other)

    def __rmul__(self, other: Any) -> Tensor:
        x, y = pair("mul", self, other)
        return result(MUL(y, x), self, other)

    def __neg__(self) -> Tensor:
        return result(negated(self.node), self)

    def __pos__(self) -> Tensor:
        return result(self.node, self)

    def __sub__(self, other: Any) -> Tensor:
        x, y = pair("sub", self, other)
        return result(ADD(x, negated(y)), self, other)

    def __rsub__(self, other: Any) -> Tensor:
        x, y = pair("sub", self, other)
        return result(ADD(y, negated(x)), self, other)

    def __truediv__(self, other: Any) -> Tensor:
        x, y = pair("div", self, other)
        return result(quotient(floating(x), floating(y)), self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        x, y = pair("div", self, other)
        return result(quotient(floating(y), floating(x)), self, other)

    def __floordiv__(self, other: Any) -> Tensor:
        x, y = pair("floordiv", self, other)
        return result(divided(x, y), self, other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        x, y = pair("floordiv", self, other)
        return result(divided(y, x), self, other)

    def __mod__(self, other: Any) -> Tensor:
        x, y = pair("mod", self, other)
        return result(remainder(x, y), self, other)

    def __rmod__(self, other: Any) -> Tensor:
        x, y = pair("mod", self, other)
        return result(remainder(y, x), self, other)

    def __divmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        return other // self, other % self

    def __pow__(self, other: Any) -> Tensor:
        if isinstance(other, State) or not isinstance(other, bool | int | float):
            x, y = pair("pow", self, other)
            return result(power(x, y), self, other)
        x = self.node.cast(number_dtype(self.node.dtype, other))
        return result(whole_power(x, other), self)

    def __rpow__(self, other: Any) -> Tensor:
        x, y = pair("pow", self, other)
        return result(power(y, x), self, other)

    # The operators under the names they have in NumPy and PyTorch.
    add, mul, sub, neg, pow = __add__, __mul__, __sub__, __neg__, __pow__

    # ---------------------------------------------------------------- comparisons

    def __lt__(self, other: Any) -> Tensor:
        x, y = pair("less", self, other)
        return made(LESS(x, y), False)

    def __gt__(self, other: Any) -> Tensor:
        x, y = pair("greater", self, other)
        return made(LESS(y, x), False)

    def __le__(self, other: Any) -> Tensor:
        x, y = pair("less_equal", self, other)
        return made(not_less(y, x), False)

    def __ge__(self, other: Any) -> Tensor:
        x, y = pair("greater_equal", self, other)
        return made(not_less(x, y), False)

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        if other is None or isinstance(other, str):
            return NotImplemented
        x, y = pair("equal", self, other)
        return made(equal(x, y), False)

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        if other is None or isinstance(other, str):
            return NotImplemented
        x, y = pair("not_equal", self, other)
        return made(opposite(equal(x, y)), False)

    lt, le, gt, ge, eq, ne = __lt__, __le__, __gt__, __ge__, __eq__, __ne__

    def isnan(self) -> Tensor:
        """Where the numbers are no numbers. NumPy, PyTorch: isnan"""
        return made(opposite(is_number(self.node)), False)

    def isinf(self, detect_positive: bool = True, detect_negative: bool = True) -> Tensor:
        """Where the numbers are infinite. NumPy, PyTorch: isinf

        detect_positive, detect_negative   whether inf counts, and -inf
        """
        x = self.node
        infinite = is_infinite(x)
        if not detect_positive:
            infinite = WHERE(LESS(x, x.const_like(0)), infinite, infinite.const_like(False))
        if not detect_negative:
            infinite = WHERE(LESS(x, x.const_like(0)), infinite.const_like(False), infinite)
        return made(infinite, False)

    def isfinite(self) -> Tensor:
        """Where the numbers are neither infinite nor NaN. NumPy, PyTorch: isfinite"""
        return made(is_finite(self.node), False)

    # ---------------------------------------------------------------- yes and no

    def __invert__(self) -> Tensor:
        x = self.node
        if x.dtype.is_float:
            raise DTypeError(f"~ is for bools and ints, not {x.dtype}")
        return made(opposite(x) if x.dtype is bool_ else -1 - x, False)

    def logical_not(self) -> Tensor:
        """Where the numbers are false, or 0. NumPy, PyTorch: logical_not"""
        return made(opposite(self.node.cast(bool_)), False)

    # ---------------------------------------------------------------- choice

    def where(self, x: Any, y: Any) -> Tensor:
        """x where this (a bool tensor) is true, y elsewhere; all three broadcast.

        NumPy, PyTorch: where(condition, x, y)
        """
        condition = self.node
        if condition.dtype is not bool_:
            says = f"where chooses by a bool tensor, not {condition.dtype}"
            raise DTypeError(
                f"{says}\nTry {choice_repair(isinstance(x, State) and x.dtype is bool_)}"
            )
        c, a, b = choices(condition, x, y)
        requires = any(isinstance(t, State) and t._requires_grad for t in (x, y))
        return made(WHERE(c, a, b), requires)

    def masked_fill(self, mask: Tensor, value: float) -> Tensor:
        """`value` where the mask is true, else the tensor's numbers; the dtype stays.

        PyTorch: masked_fill
        Raises   DTypeError for a value that the dtype cannot hold
        """
        filled = mask.where(value, self)
        if filled.dtype.is_float and not self.dtype.is_float:
            number = plain(value)
            if not isinstance(number, int | float) or not float(number).is_integer():
                says = f"masked_fill keeps the dtype {self.dtype}, which cannot hold {number}"
                raise DTypeError(f"{says}\nTry {operand_names('masked_fill')[0]}.float()")
        return filled.cast(self.dtype)

    def maximum(self, other: Any) -> Tensor:
        """The larger of two numbers; equal ones share the gradient. NumPy, PyTorch: maximum"""
        x, y = pair("maximum", self, other)
        return result(larger(x, y, LESS(x, y), LESS(y, x)), self, other)

    def minimum(self, other: Any) -> Tensor:
        """The smaller of two numbers; equal ones share the gradient. NumPy, PyTorch: minimum"""
        x, y = pair("minimum", self, other)
        return result(larger(x, y, LESS(y, x), LESS(x, y)), self, other)

    def clamp(self, low: Any = None, high: Any = None) -> Tensor:
        """Numbers below `low` become low, above `high` high. PyTorch: clamp; NumPy: clip"""
        x: Any = self
        if low is None and high is None:
            x = operand_names("clamp")[0]
            raise OptionError(f"clamp needs a lowest or a highest number\nTry {x}.clamp(0, 1)")
        if low is not None:
            a, b = pair("clamp", x, low)
            x = result(WHERE(LESS(a, b), b, a), x, low)
        if high is not None:
            a, b = pair("clamp", x, high)
            x = result(WHERE(LESS(b, a), b, a), x, high)
        return result(x.node, x)

    clip = clamp


# ---------------------------------------------------------------- on nodes


def negated(x: Node) -> Node:
    """-x, worked out at once for a constant. Raises DTypeError for bools, as NumPy does."""
    if x.dtype is bool_:
        raise DTypeError("a bool has no negative; ~x is its opposite\nTry x.int()")
    return x.const_like(-x.arg) if x.op is CONST else -x


def quotient(x: Node, y: Node) -> Node:
    """x / y for floats: x times the reciprocal, which a kernel does in one division."""
    return y.recip() if x.op is CONST and x.arg == 1 else x * y.recip()
