"""Methods that turn many numbers into few: sum, mean, prod, softmax and their kin.

axis      which axes are reduced: a number, several, or None for all
keepdim   whether the reduced axes stay, with size 1
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.deferred import with_gradient
from tinylearn.graph.dtype import bool_, float16, float32, float64, int64
from tinylearn.graph.dtype import dtype as dtype_of
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import DETACH, EXP, LESS, SUM
from tinylearn.tensor.along import product
from tinylearn.tensor.axes import Axes, all_axes, check_keepdim
from tinylearn.tensor.bends import log1p, log1p_single
from tinylearn.tensor.compare import is_finite, opposite
from tinylearn.tensor.functions import Functions
from tinylearn.tensor.operands import floating
from tinylearn.tensor.state import made, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Reduce(Functions):
    """Sums, averages and exponentials along axes."""

    __slots__ = ()

    # ---------------------------------------------------------------- sums

    def sum(self, axis: Axes = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
        """The sum; of int32 and bool as int64, of nothing 0. NumPy, PyTorch: sum

        dtype   in which it is added up; also that of the result
        """
        x = cast_to(self.node, dtype)
        axes = all_axes("sum", x, axis)
        return result(cast_to(kept(total(x, axes), axes, keepdim), dtype), self)

    def mean(self, axis: Axes = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
        """The average; of ints as float32, of nothing NaN. NumPy, PyTorch: mean"""
        x = floating(cast_to(self.node, dtype))
        axes = all_axes("mean", x, axis)
        return result(kept(mean(x, axes), axes, keepdim), self)

    def var(self, axis: Axes = None, correction: float = 1, keepdim: bool = False) -> Tensor:
        """The variance: squared distances from the mean, summed, / (count - correction).

        correction   1: of a sample, as PyTorch; 0: of everything, as NumPy's default
        """
        x = floating(self.node)
        axes = all_axes("var", x, axis)
        return result(kept(variance(x, axes, correction), axes, keepdim), self)

    def std(self, axis: Axes = None, correction: float = 1, keepdim: bool = False) -> Tensor:
        """The standard deviation: the square root of `var`."""
        x = floating(self.node)
        axes = all_axes("std", x, axis)
        return result(kept(root(variance(x, axes, correction)), axes, keepdim), self)

    def prod(self, axis: Axes = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
        """The product; of int32 and bool as int64, of nothing 1. NumPy, PyTorch: prod"""
        x = cast_to(self.node, dtype)
        kind = x.dtype if x.dtype.is_float or dtype is not None else int64
        axes = all_axes("prod", x, axis)
        x = widened(x) if x.dtype.is_float else x.cast(int64)
        if not axes:
            return result(x.cast(kind), self)
        rest = tuple(a for a in range(self.ndim) if a not in axes)
        left = without_axes(x.shape, axes)
        y = product(x.permute(rest + axes).reshape((*left, count(x, axes))), len(left))
        shape = tuple(1 if a in axes else n for a, n in enumerate(x.shape)) if keepdim else left
        return result(y.cast(kind).reshape(shape), self)

    # ---------------------------------------------------------------- yes and no

    def any(self, axis: Axes = None, keepdim: bool = False) -> Tensor:
        """Whether one of them is true (or not zero). NumPy, PyTorch: any"""
        x = self.node
        axes = all_axes("any", x, axis)
        count = total(x.cast(bool_), axes)
        return made(kept(LESS(count.const_like(0), count), axes, keepdim), False)

    def all(self, axis: Axes = None, keepdim: bool = False) -> Tensor:
        """Whether all of them are true (or not zero). NumPy, PyTorch: all"""
        x = self.node
        axes = all_axes("all", x, axis)
        count = total(opposite(x.cast(bool_)), axes)
        return made(kept(LESS(count, count.const_like(1)), axes, keepdim), False)

    # ---------------------------------------------------------------- exponentials

    def softmax(self, axis: int = -1, dtype: Any = None) -> Tensor:
        """exp(x) / sum(exp(x)) along an axis: above 0, sum 1. PyTorch: softmax"""
        x = floating(cast_to(self.node, dtype))
        if not x.size:
            return result(x, self)
        axes = nonempty("softmax", x, axis)
        wide = widened(x)
        powers = EXP(wide - largest(wide, axes))
        shares = powers * powers.sum(axes).recip().expand(x.shape)
        return result(shares.cast(x.dtype), self)

    def log_softmax(self, axis: int = -1, dtype: Any = None) -> Tensor:
        """log(softmax(x)), exact where softmax(x) is 0. PyTorch: log_softmax"""
        x = floating(cast_to(self.node, dtype))
        if not x.size:
            return result(x, self)
        axes = nonempty("log_softmax", x, axis)
        wide = widened(x)
        below = wide - largest(wide, axes)
        logs = below - log_of_sum(below, arg=(axes,)).expand(x.shape)
        return result(logs.cast(x.dtype), self)

    def logsumexp(self, axis: Axes = None, keepdim: bool = False) -> Tensor:
        """log(sum(exp(x))), where exp(x) alone would be infinite too; of nothing -inf.

        PyTorch: logsumexp
        """
        x = floating(self.node)
        axes = all_axes("logsumexp", x, axis)
        if not count(x, axes):
            return result(kept(x.sum(axes).log(), axes, keepdim), self)
        wide = widened(x)
        peak = DETACH(wide.max(axes))
        below = wide - is_finite(peak).where(peak, 0.0).expand(x.shape)
        logs = is_finite(peak).where(log_of_sum(below, arg=(axes,)) + peak, peak)
        return result(kept(logs.cast(x.dtype), axes, keepdim), self)


# ---------------------------------------------------------------- on nodes


def without_axes(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """A shape less some axes."""
    return tuple(n for a, n in enumerate(shape) if a not in axes)


def kept(x: Node, axes: tuple[int, ...], keepdim: bool) -> Node:
    """A reduced node with its axes of size 1, or without them."""
    if keepdim is not True and keepdim is not False:
        check_keepdim(keepdim)
    return x if keepdim or not axes else x.reshape(without_axes(x.shape, axes))


def count(x: Node, axes: tuple[int, ...]) -> int:
    """How many numbers meet in each result."""
    return math.prod(x.shape[a] for a in axes)


def cast_to(x: Node, dtype: Any) -> Node:
    """x as another dtype, if one is asked for."""
    return x if dtype is None else x.cast(dtype_of(dtype))


def widened(x: Node) -> Node:
    """x as numbers that can be added up without loss: float16 as float32."""
    return x.cast(float32) if x.dtype is float16 else x


def total(x: Node, axes: tuple[int, ...]) -> Node:
    """The sum, without loss: float16 adds up as float32, small ints as int64."""
    if x.dtype.is_float:
        return widened(x).sum(axes).cast(x.dtype)
    return x.cast(int64).sum(axes)


def mean(x: Node, axes: tuple[int, ...]) -> Node:
    """The average of floats."""
    n = count(x, axes)
    return (widened(x).sum(axes) / n).cast(x.dtype)


def variance(x: Node, axes: tuple[int, ...], correction: float) -> Node:
    """The variance of floats."""
    wide = widened(x)
    distance = wide - mean(wide, axes).expand(x.shape)
    n = count(x, axes) - correction
    squares = (distance * distance).sum(axes)
    return (squares / max(n, 0)).cast(x.dtype)


def root(x: Node) -> Node:
    """The square root of a sum of squares. Its slope at 0 is 0, as in PyTorch: there is no smaller
    sum, and an infinite slope would make NaN of every gradient that it meets.
    """
    nothing = opposite(LESS(x.const_like(0), x))  # or NaN, which stays
    return nothing.where(x * 0, nothing.where(1, x).sqrt())


def nonempty(op: str, x: Node, axis: Axes) -> tuple[int, ...]:
    """Axes that are not empty: the largest of no numbers does not exist."""
    axes = all_axes(op, x, axis)
    if not count(x, axes):
        says = f"{op} over axes {axes}: there are no numbers, so there is no {op}"
        raise describe(ShapeError, says, [("x", x)])
    return axes


def largest(x: Node, axes: tuple[int, ...]) -> Node:
    """The largest, repeated over x, as a constant for gradients."""
    return DETACH(x.max(axes)).expand(x.shape)


def softmax(g: Node, node: Node) -> tuple[Node]:
    """exp(x) / sum(exp(x))."""
    powers = EXP(node.inputs[0])
    return ((g / SUM(powers, arg=node.arg[0])).expand(powers.shape) * powers,)


@with_gradient(softmax)
def log_of_sum(below: Node, axes: tuple[int, ...]) -> Node:
    """log(sum(exp(x))) of numbers whose largest is 0, exact where nearly all is the largest's 1.

    Below 2 one number alone is the largest: the others are added up apart, since beside its 1 they
    would be lost.
    """
    powers = EXP(below)
    whole = SUM(powers, arg=axes)
    others = SUM(LESS(below, below.const_like(0)).where(powers, 0.0), arg=axes)
    more = LESS(whole, whole.const_like(2)).where(others, whole - 1)
    if more.dtype is float64:
        return log1p(more)
    return log1p_single(more.cast(float64)).cast(more.dtype)
