"""Statistics along axes: norms of any order, spreads with their means, counts, sums without NaN."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tinylearn.graph.dtype import bool_, int64
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import LESS
from tinylearn.repairs.userline import name_of
from tinylearn.tensor.axes import Axes, all_axes, one_axis
from tinylearn.tensor.bends import absolute
from tinylearn.tensor.bits import one_alone
from tinylearn.tensor.compare import equal, is_number
from tinylearn.tensor.data import short
from tinylearn.tensor.moves import part_of
from tinylearn.tensor.operands import floating, pair
from tinylearn.tensor.power import power, whole_power
from tinylearn.tensor.reduce import cast_to, count, kept, mean, root, total, variance, widened
from tinylearn.tensor.state import State, made, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Statistics(State):
    """Norms, spreads and counts."""

    __slots__ = ()

    def norm(
        self, p: Any = 2, axis: Axes = None, keepdim: bool = False, dtype: Any = None
    ) -> Tensor:
        """The length: the p-th root of the sum of |x|^p. PyTorch: norm; NumPy: of a row, its norm

        p   2 or "fro": the root of the sum of squares; 1: the sum of sizes; inf: the largest size;
            -inf: the smallest; 0: how many are not zero
        """
        x = floating(cast_to(self.node, dtype))
        axes = all_axes("norm", x, axis)
        order = 2 if p is None or p == "fro" else p
        if not isinstance(order, int | float) or isinstance(order, bool):
            says = f"norm: p is a number or 'fro', not {short(p)}"
            raise TypeError(f"{says}\nTry {name_of()}.norm()")
        return result(kept(length(widened(x), order, axes).cast(x.dtype), axes, keepdim), self)

    def var_mean(
        self, axis: Axes = None, correction: float = 1, keepdim: bool = False
    ) -> tuple[Tensor, Tensor]:
        """The variance and the mean. PyTorch: var_mean"""
        x = floating(self.node)
        axes = all_axes("var_mean", x, axis)
        found = variance(x, axes, correction), mean(x, axes)
        first, second = (result(kept(y, axes, keepdim), self) for y in found)
        return first, second

    def std_mean(
        self, axis: Axes = None, correction: float = 1, keepdim: bool = False
    ) -> tuple[Tensor, Tensor]:
        """The standard deviation and the mean. PyTorch: std_mean"""
        x = floating(self.node)
        axes = all_axes("std_mean", x, axis)
        found = root(variance(x, axes, correction)), mean(x, axes)
        first, second = (result(kept(y, axes, keepdim), self) for y in found)
        return first, second

    def diff(self, n: int = 1, axis: int = -1) -> Tensor:
        """What each number is more than the one before, n times over. NumPy, PyTorch: diff"""
        x = self.node
        a = one_axis("diff", x, axis)
        for _ in range(min(n, x.shape[a])):
            size = x.shape[a]
            after, before = part_of(x, a, 1, size), part_of(x, a, 0, size - 1)
            x = one_alone(after, before) if x.dtype is bool_ else after - before
        return result(x, self)

    def dist(self, other: Any, p: float = 2) -> Tensor:
        """The length of the difference: (x - y).norm(p). PyTorch: dist"""
        x, y = pair("dist", self, other)
        return result((x - y), self, other).norm(p)

    def cosine_similarity(self, other: Any, axis: int = 1, eps: float = 1e-8) -> Tensor:
        """The cosine of the angle between vectors along an axis. PyTorch: cosine_similarity

        eps   no length counts less
        """
        x, y = (floating(v) for v in pair("cosine_similarity", self, other))
        axes = (one_axis("cosine_similarity", x, axis),)
        lengths = [root(total(v * v, axes)) for v in (x, y)]
        sizes = [LESS(v, v.const_like(eps)).where(eps, v) for v in lengths]
        share = total(x * y, axes) / (sizes[0] * sizes[1])
        return result(kept(share, axes, False), self, other)

    def count_nonzero(self, axis: Axes = None) -> Tensor:
        """How many numbers are not zero (NaN is not), as int64. NumPy, PyTorch: count_nonzero"""
        x = self.node
        axes = all_axes("count_nonzero", x, axis)
        return made(kept(total(x.cast(bool_), axes), axes, False), False)

    def nansum(self, axis: Axes = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
        """The sum of what is not NaN. NumPy, PyTorch: nansum"""
        x = cast_to(self.node, dtype)
        axes = all_axes("nansum", x, axis)
        return result(kept(total(without_nan(x), axes), axes, keepdim), self)

    def nanmean(self, axis: Axes = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
        """The average of what is not NaN; NaN where nothing else is. NumPy, PyTorch: nanmean"""
        x = floating(cast_to(self.node, dtype))
        axes = all_axes("nanmean", x, axis)
        wide = widened(x)
        sums = without_nan(wide).sum(axes)
        counts = is_number(wide).cast(int64).sum(axes)
        return result(kept((sums / counts.cast(wide.dtype)).cast(x.dtype), axes, keepdim), self)


# ---------------------------------------------------------------- on nodes


def without_nan(x: Node) -> Node:
    """x with 0 for each NaN."""
    return is_number(x).where(x, 0) if x.dtype.is_float else x


def length(x: Node, p: float, axes: tuple[int, ...]) -> Node:
    """The norm of order p along axes. Where all numbers are 0 its slope is 0, as in PyTorch."""
    if p == 2:
        return root(total(x * x, axes))
    if p == 0:
        return x.cast(bool_).cast(x.dtype).sum(axes)
    size = absolute(x)
    if p == 1:
        return total(size, axes)
    if not count(x, axes):
        return total(size, axes)
    if math.isinf(p):
        return size.max(axes) if p > 0 else -(-size).max(axes)
    nothing = equal(size, size.const_like(0))
    at_zero = 0.0 if p > 0 else math.inf
    sums = total(nothing.where(at_zero, whole_power(nothing.where(1.0, size), p)), axes)
    positive = LESS(sums.const_like(0), sums)
    roots = power(positive.where(sums, 1.0), sums.const_like(1 / p))
    return positive.where(roots, sums * 0)
