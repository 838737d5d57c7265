"""Convolution of rows and volumes, transposed convolution, and windows laid out as columns.

A transposed convolution is a convolution of numbers that are drawn apart, with turned filters.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import buffer
from tinylearn.repairs.userline import name_of, operand_names
from tinylearn.tensor import windows
from tinylearn.tensor.axes import one_axis
from tinylearn.tensor.data import upload
from tinylearn.tensor.sizes import Sizes, checked_size, for_axes
from tinylearn.tensor.state import State, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Convolution(State):
    """Each output is the sum of a window times a filter; of images see windows.py."""

    __slots__ = ()

    def conv1d(
        self,
        weight: Any,
        bias: Any = None,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
    ) -> Tensor:
        """The same as conv2d of rows: (N, C, L) and (F, C / groups, kernel) -> (N, F, l)"""
        steps, apart = for_axes("stride", stride, 1), for_axes("dilation", dilation, 1)
        return windows.convolved(windows.conv1d, self, weight, bias, steps, padding, apart, groups)

    def conv3d(
        self,
        weight: Any,
        bias: Any = None,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
    ) -> Tensor:
        """The same as conv2d of volumes: (N, C, D, H, W) and (F, C / groups, kd, kh, kw)"""
        steps, apart = for_axes("stride", stride, 3), for_axes("dilation", dilation, 3)
        return windows.convolved(windows.conv3d, self, weight, bias, steps, padding, apart, groups)

    def conv_transpose1d(
        self,
        weight: Any,
        bias: Any = None,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        dilation: Sizes = 1,
    ) -> Tensor:
        """The same as conv_transpose2d of rows: (N, C, l) and (C, F / groups, kernel)"""
        how = stride, padding, output_padding, groups, dilation
        return transposed(1, self, weight, bias, how)

    def conv_transpose2d(
        self,
        weight: Any,
        bias: Any = None,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        dilation: Sizes = 1,
    ) -> Tensor:
        """Each number lays a filter of its size, all added up: the gradient of conv2d by its image.

        weight           (C, F / groups, kernel height, kernel width)
        padding          so much is cut off at each side
        output_padding   so much more at the bottom and at the right
        PyTorch: nn.functional.conv_transpose2d
        """
        how = stride, padding, output_padding, groups, dilation
        return transposed(windows.axes_along(self, weight), self, weight, bias, how)

    def conv_transpose3d(
        self,
        weight: Any,
        bias: Any = None,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        dilation: Sizes = 1,
    ) -> Tensor:
        """The same as conv_transpose2d of volumes: (N, C, d, h, w), filters (C, F / groups, ...)"""
        how = stride, padding, output_padding, groups, dilation
        return transposed(3, self, weight, bias, how)

    def unfold(self, axis: int, size: int, step: int) -> Tensor:
        """All windows of an axis, each as a new last axis. PyTorch: Tensor.unfold"""
        x = self.node
        a = one_axis("unfold", x, axis)
        if step < 1 or not 0 < size <= x.shape[a]:
            says = f"unfold: no window of {size} with step {step} fits axis {a} of {x.shape[a]}"
            raise describe(ShapeError, says, [(name_of(), x)])
        n = len(x.shape)
        line = x.permute((*(k for k in range(n) if k != a), a)).reshape((*without(x, a), 1))
        seen, inside = windows.windows(line, (size,), (step,), (1,))
        rest = [k for k in range(len(seen.shape) - 1) if k not in inside]
        places = rest[:a] + rest[-1:] + rest[a:-1]
        seen = seen.permute((*places, *inside, len(seen.shape) - 1))
        return result(seen.reshape(seen.shape[:-1]), self)

    def im2col(
        self, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
    ) -> Tensor:
        """Windows as columns: (N, C, H, W) -> (N, C kh kw, windows). PyTorch: functional.unfold"""
        x = self.node
        around, kernel, steps, apart = windows.pooling(kernel_size, stride, padding, dilation)
        if len(x.shape) not in (3, 4):
            says = f"im2col needs an image (N, channels, height, width), got {len(x.shape)} axes"
            raise describe(ShapeError, says, [(name_of(), x)])
        checked_size("im2col", x, kernel, apart, around)
        image = windows.padded(
            windows.batch_last(x.reshape((1,) * (4 - len(x.shape)) + x.shape), 2), around
        )
        seen, inside = windows.windows(image, kernel, steps, apart)
        rest = [k for k in range(1, len(seen.shape) - 1) if k not in inside]
        seen = seen.permute((len(seen.shape) - 1, 0, *inside, *rest))
        count, places = math.prod(seen.shape[1:4]), math.prod(seen.shape[4:])
        return result(seen.reshape((*x.shape[:-3], count, places)), self)

    def col2im(
        self,
        output_size: Sizes,
        kernel_size: Sizes,
        dilation: Sizes = 1,
        padding: Sizes = 0,
        stride: Sizes = 1,
    ) -> Tensor:
        """Columns put back as windows, added up where they overlap. PyTorch: functional.fold

        (N, C kh kw, windows) -> (N, C, H, W)
        """
        around, kernel, steps, apart = windows.pooling(kernel_size, stride, padding, dilation)
        sizes = for_axes("output_size", output_size, 2)
        wide = [n + a + b for n, (a, b) in zip(sizes, around)]
        outs = [windows.window_count(*each) for each in zip(wide, kernel, steps, apart)]
        x, each = self.node, math.prod(kernel)
        if x.shape[-1] != math.prod(outs) or x.shape[-2] % each:
            says = f"col2im: {math.prod(outs)} windows of {each} numbers have other columns"
            raise describe(ShapeError, says, [(name_of(), x)])
        channels = x.shape[-2] // each
        image = x.reshape((*x.shape[:-1], *outs))
        place = np.tile(
            np.eye(each, dtype=x.dtype.numpy).reshape(each, 1, *kernel), (channels, 1, 1, 1)
        )
        w = buffer(upload(place, x.device))
        spans = [(o - 1) * s + d * (k - 1) + 1 for o, s, d, k in zip(outs, steps, apart, kernel)]
        more = tuple(n - s for n, s in zip(wide, spans))
        cut = tuple(a for a, _ in around)
        return result(laid(image, w, steps, cut, more, channels, apart), self)


# ---------------------------------------------------------------- of tensors


def transposed(n: int, x: State, weight: Any, bias: Any, how: tuple) -> Tensor:
    """The transposed convolution along n axes."""
    op = f"conv_transpose{n}d"
    stride, padding, output_padding, groups, dilation = how
    w = windows.filters_of(op, x, weight)
    steps, apart = for_axes("stride", stride, n), for_axes("dilation", dilation, n)
    cut = for_axes("padding", padding, n, least=0)
    more = for_axes("output_padding", output_padding, n, least=0)
    if len(w.shape) != n + 2 or len(x.shape) not in (n + 1, n + 2) or groups < 1:
        says = f"{op} needs an input of {n + 2} axes, or {n + 1}, and filters of {n + 2}"
        raise describe(ShapeError, says, [("x", x.node), ("w", w)])
    if x.shape[-n - 1] != w.shape[0] or w.shape[0] % groups:
        left, right, _ = operand_names(op)
        says = f"{op}: {left} has {x.shape[-n - 1]} channels, {right} is for {w.shape[0]}"
        says += f" in {groups} groups" if groups > 1 else ""
        raise describe(ShapeError, says, [(left, x.node), (right, w)])
    y = result(laid(x.node, w, steps, cut, more, groups, apart), x, weight)
    return (
        y if bias is None else y + windows.channelwise(op, bias, w.shape[1] * groups, n, x.device)
    )


# ---------------------------------------------------------------- on nodes
#
# around         (before, after) for each axis: what is put around
# steps, apart   stride and dilation for each axis


def laid(
    x: Node, w: Node, steps: Shape, cut: Shape, more: Shape, groups: int, apart: Shape
) -> Node:
    """Filters laid by each number of x, and added up.

    The numbers are drawn apart by the stride, with zeros between; then filters that are turned
    around, with inputs and outputs exchanged, go over them.
    """
    n = len(steps)
    front = len(x.shape) - n
    around = []
    for k, (step, size) in enumerate(zip(steps, w.shape[2:])):
        x = drawn_apart(x, front + k, step)
        reach = apart[k] * (size - 1) - cut[k]
        around.append((reach, reach + more[k]))
    x = x.shrink(
        (*((0, m) for m in x.shape[:front]),
         *((max(0, -a), m - max(0, -b)) for m, (a, b) in zip(x.shape[front:], around)))
    )  # fmt: skip
    channels, each = w.shape[0] // groups, w.shape[1]
    w = w.reshape((groups, channels, each, *w.shape[2:]))
    w = w.permute((0, 2, 1, *range(3, 3 + n))).reshape((groups * each, channels, *w.shape[3:]))
    w = w.flip(tuple(range(2, 2 + n)))
    wider = tuple((max(0, a), max(0, b)) for a, b in around)
    sums: Node = windows.CONVOLUTIONS[n](x, w, arg=(wider, (1,) * n, apart, groups))
    return sums


def drawn_apart(x: Node, axis: int, step: int) -> Node:
    """x with step - 1 zeros between neighbours along an axis."""
    if step == 1:
        return x
    before, n, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    x = x.reshape((*before, n, 1, *after))
    widths = [(0, 0)] * len(x.shape)
    widths[axis + 1] = (0, step - 1)
    x = x.pad(tuple(widths)).reshape((*before, n * step, *after))
    whole = [(0, m) for m in x.shape]
    whole[axis] = (0, max(0, (n - 1) * step + 1))
    return x.shrink(tuple(whole))


def without(x: Node, axis: int) -> Shape:
    """The shape with an axis at the end."""
    return x.shape[:axis] + x.shape[axis + 1 :] + x.shape[axis : axis + 1]
