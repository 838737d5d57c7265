"""Pooling of rows, images and volumes: one number for each window.

All axes in front of those that windows go along are kept as they are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.deferred import Composite
from tinylearn.graph.dtype import bool_, int32, int64
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import buffer
from tinylearn.repairs.userline import name_of
from tinylearn.tensor import windows
from tinylearn.tensor.data import upload
from tinylearn.tensor.joining import joined
from tinylearn.tensor.moves import part_of
from tinylearn.tensor.operands import floating
from tinylearn.tensor.products import mixed
from tinylearn.tensor.reduce import without_axes
from tinylearn.tensor.state import State, result
from tinylearn.tensor.windows import Sizes, for_axes

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

LOWEST = {bool_: False, int32: -(1 << 31), int64: -(1 << 63)}


class Pooling(State):
    """The largest number or the average of each window."""

    __slots__ = ()

    def max_pool1d(
        self,
        kernel_size: Sizes = 2,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        ceil_mode: bool = False,
    ) -> Tensor:
        """The same as max_pool2d of rows: (..., L) -> (..., l)"""
        how = windows.pooling(kernel_size, stride, padding, dilation, 1)
        return largest(1, self, how, ceil_mode)

    def max_pool2d(
        self,
        kernel_size: Sizes = 2,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        ceil_mode: bool = False,
    ) -> Tensor:
        """The largest number of each window. (..., H, W) -> (..., h, w)

        stride      the kernel size if not given: windows side by side. Ties share the gradient.
        ceil_mode   whether a last window that is not full counts
        PyTorch: nn.functional.max_pool2d
        """
        how = windows.pooling(kernel_size, stride, padding, dilation)
        return largest(2, self, how, ceil_mode)

    def max_pool3d(
        self,
        kernel_size: Sizes = 2,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        ceil_mode: bool = False,
    ) -> Tensor:
        """The same as max_pool2d of volumes: (..., D, H, W) -> (..., d, h, w)"""
        how = windows.pooling(kernel_size, stride, padding, dilation, 3)
        return largest(3, self, how, ceil_mode)

    def avg_pool1d(
        self,
        kernel_size: Sizes = 2,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> Tensor:
        """The same as avg_pool2d of rows: (..., L) -> (..., l)"""
        how = windows.pooling(kernel_size, stride, padding, 1, 1)
        return average(1, self, how, ceil_mode, count_include_pad)

    def avg_pool2d(
        self,
        kernel_size: Sizes = 2,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> Tensor:
        """The average of each window. (..., H, W) -> (..., h, w)

        ceil_mode           whether a last window that is not full counts
        count_include_pad   whether zeros around the image count
        PyTorch: nn.functional.avg_pool2d
        """
        how = windows.pooling(kernel_size, stride, padding, 1)
        return average(2, self, how, ceil_mode, count_include_pad)

    def avg_pool3d(
        self,
        kernel_size: Sizes = 2,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> Tensor:
        """The same as avg_pool2d of volumes: (..., D, H, W) -> (..., d, h, w)"""
        how = windows.pooling(kernel_size, stride, padding, 1, 3)
        return average(3, self, how, ceil_mode, count_include_pad)

    # ---------------------------------------------------------------- to a size

    def adaptive_avg_pool1d(self, output_size: Sizes) -> Tensor:
        """The average of as many windows as are asked for. PyTorch: adaptive_avg_pool1d"""
        return result(spread(self.node, output_size, 1, "avg"), self)

    def adaptive_avg_pool2d(self, output_size: Sizes) -> Tensor:
        """The average of as many windows as are asked for, along both axes of an image.

        PyTorch: nn.functional.adaptive_avg_pool2d; None keeps a size
        """
        return result(spread(self.node, output_size, 2, "avg"), self)

    def adaptive_max_pool1d(self, output_size: Sizes) -> Tensor:
        """The largest number of as many windows as are asked for. PyTorch: adaptive_max_pool1d"""
        return result(spread(self.node, output_size, 1, "max"), self)

    def adaptive_max_pool2d(self, output_size: Sizes) -> Tensor:
        """The largest number of as many windows as are asked for. PyTorch: adaptive_max_pool2d"""
        return result(spread(self.node, output_size, 2, "max"), self)


# ---------------------------------------------------------------- windows of one size

How = tuple[tuple, Shape, Shape, Shape]


def largest(n: int, x: State, how: How, ceil_mode: bool) -> Tensor:
    """The largest number of each window along n axes."""
    around, kernel, steps, apart = how
    windows.checked_size(f"max_pool{n}d", x.node, kernel, apart, around)
    if ceil_mode:
        around = stretched(x.node.shape, how)
    return result(MAX_POOLS[n](x.node, arg=(around, kernel, steps, apart)), x)


def average(n: int, x: State, how: How, ceil_mode: bool, with_padding: bool) -> Tensor:
    """The average of each window along n axes."""
    node, (around, kernel, steps, apart) = floating(x.node), how
    windows.checked_size(f"avg_pool{n}d", node, kernel, apart, around)
    wider = stretched(node.shape, how) if ceil_mode else around
    y = AVG_POOLS[n](node, arg=(wider, kernel, steps, apart))
    sizes = counts(node.shape[-n:], around, wider, how, with_padding)
    if all(set(each) <= {k} for each, k in zip(sizes, kernel)):
        return result(y, x)
    shares = np.ones((), node.dtype.numpy)
    for each, k in zip(sizes, kernel):
        shares = np.multiply.outer(shares, k / np.array(each, node.dtype.numpy))
    factor = buffer(upload(shares, node.device))
    return result(y * factor.reshape((1,) * (len(y.shape) - n) + shares.shape).expand(y.shape), x)


def stretched(shape: Shape, how: How) -> tuple:
    """What is put around so that the last window is full; it begins inside the input."""
    wider = []
    sizes = shape[len(shape) - len(how[1]) :]
    for n, (before, after), kernel, step, apart in zip(sizes, *how):
        span = apart * (kernel - 1) + 1
        count = -(-(n + before + after - span) // step) + 1
        if (count - 1) * step >= n + before:
            count -= 1
        wider.append((before, max(after, (count - 1) * step + span - n - before)))
    return tuple(wider)


def counts(
    sizes: Shape, around: tuple, wider: tuple, how: How, with_padding: bool
) -> tuple[tuple[int, ...], ...]:
    """For each axis, how many numbers of each window count."""
    found = []
    for n, (before, after), (_, more), kernel, step in zip(sizes, around, wider, how[1], how[2]):
        low, high = (-before, n + after) if with_padding else (0, n)
        starts = range(-before, n + more - kernel + 1, step)
        found.append(tuple(min(s + kernel, high) - max(s, low) for s in starts))
    return tuple(found)


# ---------------------------------------------------------------- on nodes


def max_pool(x: Node, around: tuple, kernel: Shape, steps: Shape, apart: Shape) -> Node:
    """The largest number of each window."""
    n = len(kernel)
    seen = windows.padded(windows.batch_last(x, n), around, LOWEST.get(x.dtype, -math.inf))
    y, axes = windows.windows(seen, kernel, steps, apart)
    y = y.max(axes)
    return windows.batch_first(y.reshape(without_axes(y.shape, axes)), x, n)


def avg_pool(x: Node, around: tuple, kernel: Shape, steps: Shape, apart: Shape) -> Node:
    """The average of each window."""
    n = len(kernel)
    seen = windows.padded(windows.batch_last(x, n), around)
    y, axes = windows.windows(seen, kernel, steps, apart)
    y = y.sum(axes) / math.prod(kernel)
    return windows.batch_first(y.reshape(without_axes(y.shape, axes)), x, n)


def pool(function: Any, name: str) -> Any:
    """The op of a pooling, under its name."""
    op: Any = Composite(function)
    op.name = name
    return op


MAX_POOLS: dict[int, Any] = {n: pool(max_pool, f"max_pool{n}d") for n in (1, 2, 3)}
AVG_POOLS: dict[int, Any] = {n: pool(avg_pool, f"avg_pool{n}d") for n in (1, 2, 3)}


# ---------------------------------------------------------------- as many windows as are asked for


def spread(x: Node, output_size: Any, n: int, what: str) -> Node:
    """One number for each of so many windows along the last n axes, axis by axis."""
    given = output_size if isinstance(output_size, tuple | list) else (output_size,) * n
    if len(x.shape) < n or len(given) != n:
        says = f"adaptive_{what}_pool{n}d needs {n} axes and sizes, got {len(given)} sizes"
        raise describe(ShapeError, says, [(name_of(), x)])
    x = floating(x) if what == "avg" else x
    first = len(x.shape) - n
    wanted = tuple(m if w is None else w for w, m in zip(given, x.shape[first:]))
    for axis, count in enumerate(for_axes("output_size", wanted, n), first):
        x = (averaged if what == "avg" else topped)(x, axis, count)
    return x


def borders(size: int, count: int) -> list[tuple[int, int]]:
    """Where each of so many windows begins and ends; they overlap where they do not fit evenly.

    >>> borders(5, 2)
    [(0, 3), (2, 5)]
    """
    return [(k * size // count, -(-(k + 1) * size // count)) for k in range(count)]


def averaged(x: Node, axis: int, count: int) -> Node:
    """The averages along an axis: a product with a matrix that has a window in each row."""
    shares = np.zeros((count, x.shape[axis]))
    for row, (start, stop) in zip(shares, borders(x.shape[axis], count)):
        row[start:stop] = 1 / (stop - start)
    return mixed(x, axis, shares)


def topped(x: Node, axis: int, count: int) -> Node:
    """The largest numbers along an axis, window by window."""
    seen = [part_of(x, axis, start, stop) for start, stop in borders(x.shape[axis], count)]
    return joined([part.max((axis,)) for part in seen], axis)
