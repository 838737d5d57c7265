"""Pooling, and pooling to a size: one number for each window.

All axes in front of those that windows go along are kept as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.deferred import composite
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import LESS, buffer
from tinylearn.repairs.userline import name_of
from tinylearn.tensor import windows
from tinylearn.tensor.along import counted
from tinylearn.tensor.compare import is_number, opposite
from tinylearn.tensor.data import upload
from tinylearn.tensor.joining import joined
from tinylearn.tensor.moves import part_of
from tinylearn.tensor.operands import floating
from tinylearn.tensor.products import mixed
from tinylearn.tensor.reduce import without_axes
from tinylearn.tensor.sizes import How, Sizes, checked_size, counts, for_axes, stretched
from tinylearn.tensor.state import State, made, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Pooling(State):
    """The largest number or the average of each window."""

    __slots__ = ()

    def max_pool2d(
        self,
        kernel_size: Sizes = 2,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        """The largest number of each window. (..., H, W) -> (..., h, w)

        stride           the kernel size if not given: windows side by side. Ties share the gradient
        ceil_mode        whether a last window that is not full counts
        return_indices   whether it is followed by where these stand, counted through the image:
                         see max_unpool2d
        PyTorch: nn.functional.max_pool2d
        """
        n = axes_along(kernel_size)
        how = windows.pooling(kernel_size, stride, padding, dilation, n)
        found = largest(MAXIMA[n], self, how, ceil_mode)
        return (found, standing(self, how, ceil_mode)) if return_indices else found

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
        n = axes_along(kernel_size)
        how = windows.pooling(kernel_size, stride, padding, 1, n)
        return average(AVERAGES[n], self, how, ceil_mode, count_include_pad)

    def max_unpool2d(
        self,
        indices: Tensor,
        kernel_size: Sizes = 2,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        output_size: Sequence[int] | None = None,
    ) -> Tensor:
        """The numbers back where max_pool2d has found them, 0 elsewhere. PyTorch: max_unpool2d

        indices       what max_pool2d gives with return_indices=True
        output_size   height and width, or the whole shape: several sizes pool to the same one
        """
        around, kernel, steps, _ = windows.pooling(kernel_size, stride, padding, 1)
        sizes = [
            (h - 1) * step + k - before - after
            for h, step, k, (before, after) in zip(self.shape[-2:], steps, kernel, around)
        ]
        sizes = sizes if output_size is None else list(output_size)[-2:]
        front, count = self.shape[:-2], math.prod(self.shape[-2:])
        x: Any = State.finished
        empty = x.zeros(*front, math.prod(sizes), dtype=self.dtype, device=self.device)
        new = result(self.node.reshape((*front, count)), self)
        filled = empty.scatter(-1, indices.reshape(*front, count), new)
        return result(filled.node.reshape((*front, *sizes)), self)

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
        return largest(max_pool1d, self, how, ceil_mode)

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
        return largest(max_pool3d, self, how, ceil_mode)

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
        return average(avg_pool1d, self, how, ceil_mode, count_include_pad)

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
        return average(avg_pool3d, self, how, ceil_mode, count_include_pad)

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
def max_pool2d(x: Node, around: tuple, kernel: Shape, steps: Shape, apart: Shape) -> Node:
    """The largest number of each window."""
    return windows.max_pool(x, around, kernel, steps, apart)


@composite
def avg_pool2d(x: Node, around: tuple, kernel: Shape, steps: Shape, apart: Shape) -> Node:
    """The average of each window."""
    return windows.avg_pool(x, around, kernel, steps, apart)


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


MAXIMA: dict[int, Any] = {1: max_pool1d, 2: max_pool2d, 3: max_pool3d}  # along so many axes
AVERAGES: dict[int, Any] = {1: avg_pool1d, 2: avg_pool2d, 3: avg_pool3d}


# ---------------------------------------------------------------- of tensors


def axes_along(kernel_size: Sizes) -> int:
    """How many axes windows go along: those of images, unless there are three sizes."""
    return 3 if isinstance(kernel_size, tuple | list) and len(kernel_size) == 3 else 2


def largest(op: Any, x: State, how: How, ceil_mode: bool) -> Tensor:
    """The largest number of each window by an op."""
    around, kernel, steps, apart = how
    checked_size(op.name, x.node, kernel, apart, around)
    if ceil_mode:
        around = stretched(x.node.shape, how)
    return result(op(x.node, arg=(around, kernel, steps, apart)), x)


def average(op: Any, x: State, how: How, ceil_mode: bool, with_padding: bool) -> Tensor:
    """The average of each window by an op; where less numbers count, it is divided by less."""
    node, (around, kernel, steps, apart) = floating(x.node), how
    checked_size(op.name, node, kernel, apart, around)
    n, wider = len(kernel), stretched(node.shape, how) if ceil_mode else around
    y = op(node, arg=(wider, kernel, steps, apart))
    sizes = counts(node.shape[-n:], around, wider, how, with_padding)
    if all(set(each) <= {k} for each, k in zip(sizes, kernel)):
        return result(y, x)
    shares = np.ones((), node.dtype.numpy)
    for each, k in zip(sizes, kernel):
        shares = np.multiply.outer(shares, k / np.array(each, node.dtype.numpy))
    factor = buffer(upload(shares, node.device))
    return result(y * factor.reshape((1,) * (len(y.shape) - n) + shares.shape).expand(y.shape), x)


def standing(x: State, how: How, ceil_mode: bool) -> Tensor:
    """Where the largest number of each window stands, counted through the axes of a window.

    The first of ties counts. Beside the image, where it is padded, no number stands.
    """
    around, kernel, steps, apart = how
    around = stretched(x.node.shape, how) if ceil_mode else around
    n, image = len(kernel), windows.batch_last(x.node, len(kernel))
    wide = windows.padded(image, around, windows.LOWEST.get(x.dtype, -math.inf))
    seen, axes = windows.windows(wide, kernel, steps, apart)
    count = math.prod(x.shape[-n:])
    place = counted(count, x.device).reshape((*x.shape[-n:], 1))
    place, _ = windows.windows(windows.padded(place, around, count), kernel, steps, apart)
    front = len(seen.shape) - len(place.shape)
    place = place.reshape((1,) * front + place.shape).expand(seen.shape)
    peak = seen.max(axes).expand(seen.shape)
    chosen = opposite(LESS(seen, peak))
    if x.dtype.is_float:
        chosen = is_number(peak).where(chosen, opposite(is_number(seen)))
    first = -(chosen.where(-place, -count).max(axes))
    first = first.reshape(without_axes(first.shape, axes))
    return made(windows.batch_first(first, x.node, n), False)


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
