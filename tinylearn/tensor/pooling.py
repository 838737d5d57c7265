"""Pooling of rows and volumes, and pooling to a size: one number for each window.

All axes in front of those that windows go along are kept as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.deferred import composite
from tinylearn.graph.node import Node, Shape
from tinylearn.repairs.userline import name_of
from tinylearn.tensor import windows
from tinylearn.tensor.joining import joined
from tinylearn.tensor.moves import part_of
from tinylearn.tensor.operands import floating
from tinylearn.tensor.products import mixed
from tinylearn.tensor.sizes import Sizes, for_axes
from tinylearn.tensor.state import State, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


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
        return windows.largest(max_pool1d, self, how, ceil_mode)

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
        return windows.largest(max_pool3d, self, how, ceil_mode)

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
        return windows.average(avg_pool1d, self, how, ceil_mode, count_include_pad)

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
        return windows.average(avg_pool3d, self, how, ceil_mode, count_include_pad)

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


# ---------------------------------------------------------------- on nodes


@composite
def max_pool1d(x: Node, around: tuple, kernel: Shape, steps: Shape, apart: Shape) -> Node:
    """The largest number of each window."""
    return windows.max_pool(x, around, kernel, steps, apart)


@composite
def avg_pool1d(x: Node, around: tuple, kernel: Shape, steps: Shape, apart: Shape) -> Node:
    """The average of each window."""
    return windows.avg_pool(x, around, kernel, steps, apart)


@composite
def max_pool3d(x: Node, around: tuple, kernel: Shape, steps: Shape, apart: Shape) -> Node:
    """The largest number of each window."""
    return windows.max_pool(x, around, kernel, steps, apart)


@composite
def avg_pool3d(x: Node, around: tuple, kernel: Shape, steps: Shape, apart: Shape) -> Node:
    """The average of each window."""
    return windows.avg_pool(x, around, kernel, steps, apart)


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
