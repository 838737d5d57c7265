"""Convolution and pooling: the input seen through sliding windows, which are made of moves only.

Along an axis of n numbers, window j begins at j * stride and its t-th number is t * dilation
further. Laying the axis `kernel` times one behind the other and folding that into rows of
n + dilation makes row t begin with number t * dilation:

    0 1 2 3 4 0 1 2 3 4 0 1 2 3 4        n = 5, dilation 1, kernel 3
    fold into rows of 6:   0 1 2 3 4 0
                           1 2 3 4 0 1
                           2 3 4 . . .      the first 3 columns are the windows 012 123 234

The last row is filled up with zeros, which no window sees.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.deferred import composite
from tinylearn.graph.dtype import bool_, float16, float32, int32, int64, promote
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import MUL, SUM
from tinylearn.repairs.shapes import conv_repair, pool_repair
from tinylearn.repairs.userline import further_arguments, layer_call, name_of, operand_names
from tinylearn.tensor.data import short
from tinylearn.tensor.moves import surrounded
from tinylearn.tensor.operands import different_devices, floating, node_of
from tinylearn.tensor.products import Products
from tinylearn.tensor.reduce import without_axes
from tinylearn.tensor.state import State, made, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

LOWEST = {bool_: False, int32: -(1 << 31), int64: -(1 << 63)}
Pair = int | Sequence[int]


class Windows(Products):
    """Convolution and pooling of images (N, channels, height, width)."""

    __slots__ = ()

    def conv2d(
        self,
        weight: Any,
        bias: Any = None,
        stride: Pair = 1,
        padding: Pair | str = 0,
        dilation: Pair = 1,
        groups: int = 1,
    ) -> Tensor:
        """Each output is the sum of a window times a filter. (N, C, H, W) -> (N, F, h, w)

        weight     (F, C / groups, kernel height, kernel width): F filters
        bias       (F,)
        padding    zeros around the image; "same": as many as keep its size; "valid": none
        dilation   the distance of neighbours in a window
        groups     output channels see only the input channels of their group
        PyTorch: nn.functional.conv2d. (In signal processing this is called correlation.)
        """
        x = self.node
        w = weight.node if isinstance(weight, State) else node_of("conv2d", weight, x.device)
        if x.device != w.device:
            raise different_devices("conv2d", x, w)
        steps, apart = two("stride", stride), two("dilation", dilation)
        around = padding_of(padding, w.shape[2:], steps, apart)
        y = result(conv2d(x, w, arg=(around, steps, apart, groups)), self, weight)
        return y if bias is None else y + channelwise(bias, w, x.device)

    def max_pool2d(
        self,
        kernel_size: Pair = 2,
        stride: Pair | None = None,
        padding: Pair = 0,
        dilation: Pair = 1,
    ) -> Tensor:
        """The largest number of each window. (..., H, W) -> (..., h, w)

        stride   the kernel size if not given: windows side by side. Ties share the gradient.
        PyTorch: nn.functional.max_pool2d
        """
        how = pooling(kernel_size, stride, padding, dilation)
        return result(max_pool2d(self.node, arg=how), self)

    def avg_pool2d(
        self, kernel_size: Pair = 2, stride: Pair | None = None, padding: Pair = 0
    ) -> Tensor:
        """The average of each window; zeros around the image count. (..., H, W) -> (..., h, w)

        PyTorch: nn.functional.avg_pool2d
        """
        x = floating(self.node)
        how = pooling(kernel_size, stride, padding, 1)
        return result(avg_pool2d(x, arg=how), self)


# ---------------------------------------------------------------- on nodes
#
# around         (before, after) for height and width: what is put around the image
# steps, apart   stride and dilation for both axes


@composite
def conv2d(x: Node, w: Node, around: tuple, steps: Shape, apart: Shape, groups: int) -> Node:
    """Each number is the sum of a window times a filter."""
    checked_filters(x, w, groups)
    checked_size("conv2d", x, w.shape[2:], apart, around)
    dtype = promote(x.dtype, w.dtype)
    exact = {float16: float32, bool_: int64}.get(dtype, dtype)
    image = padded(batch_last(x.cast(exact)), around)
    return batch_first(filtered(image, w.cast(exact), steps, apart, groups).cast(dtype), x)


@composite
def max_pool2d(x: Node, around: tuple, kernel: Shape, steps: Shape, apart: Shape) -> Node:
    """The largest number of each window."""
    checked_size("max_pool2d", x, kernel, apart, around)
    seen = padded(batch_last(x), around, LOWEST.get(x.dtype, -math.inf))
    y, axes = windows(seen, kernel, steps, apart)
    y = y.max(axes)
    return batch_first(y.reshape(without_axes(y.shape, axes)), x)


@composite
def avg_pool2d(x: Node, around: tuple, kernel: Shape, steps: Shape, apart: Shape) -> Node:
    """The average of each window."""
    checked_size("avg_pool2d", x, kernel, apart, around)
    y, axes = windows(padded(batch_last(x), around), kernel, steps, apart)
    y = y.sum(axes) / math.prod(kernel)
    return batch_first(y.reshape(without_axes(y.shape, axes)), x)


# ---------------------------------------------------------------- the batch last
#
# Inside, images are (..., H, W, N): the same place of all images lies side by side in memory, so
# that what moves and what computes goes along rows of N numbers, and not of some few columns.
# Between two layers the permutes meet and vanish: see graph/simplify.py.


def batch_last(x: Node) -> Node:
    """(N, ..., H, W) -> (..., H, W, N); without a batch, N is 1."""
    n = len(x.shape)
    return x.permute((*range(1, n), 0)) if n > 3 else x.reshape((*x.shape, 1))


def batch_first(y: Node, x: Node) -> Node:
    """Back to where x has its batch."""
    n = len(x.shape)
    return y.permute((n - 1, *range(n - 1))) if n > 3 else y.reshape(y.shape[:-1])


def padded(x: Node, around: tuple, value: float = 0) -> Node:
    """Images (..., H, W, N) with some of a value around them."""
    return surrounded(x, ((0, 0),) * (len(x.shape) - 3) + around + ((0, 0),), value)


# ---------------------------------------------------------------- windows


def windows(x: Node, kernel: Shape, steps: Shape, apart: Shape) -> tuple[Node, tuple[int, int]]:
    """Images (..., H, W, N) as windows, and which axes of the result run through a window.

    Windows side by side:  (..., h, kernel h + rest, w, kernel w + rest, N), cut to the kernel
    all others:            (..., kernel h, kernel w, h, w, N)
    """
    front, sizes, batch = x.shape[:-3], x.shape[-3:-1], x.shape[-1:]
    n = len(front)
    outs = tuple(window_count(i, k, s, d) for i, k, s, d in zip(sizes, kernel, steps, apart))
    if all(k <= s for k, s in zip(kernel, steps)) and apart == (1, 1):
        return side_by_side(x, kernel, steps, outs), (n + 1, n + 3)
    more = [max(0, o * s - i - d) for o, s, i, d in zip(outs, steps, sizes, apart)]
    x = padded(x, tuple((0, m) for m in more))
    x = repeated(x, kernel)
    x = padded(x, tuple((0, k * d) for k, d in zip(kernel, apart)))
    rows = [i + m + d for i, m, d in zip(sizes, more, apart)]
    x = x.reshape(front + (kernel[0], rows[0], kernel[1], rows[1]) + batch)
    ends = [o * s for o, s in zip(outs, steps)]
    x = first_of(x, (kernel[0], ends[0], kernel[1], ends[1]))
    if steps != (1, 1):
        x = x.reshape(front + (kernel[0], outs[0], steps[0], kernel[1], outs[1], steps[1]) + batch)
        x = first_of(x, (kernel[0], outs[0], 1, kernel[1], outs[1], 1))
        x = x.reshape(front + (kernel[0], outs[0], kernel[1], outs[1]) + batch)
    x = x.permute((*range(n), n, n + 2, n + 1, n + 3, n + 4))
    return x, (n, n + 1)


def side_by_side(x: Node, kernel: Shape, steps: Shape, outs: Shape) -> Node:
    """Windows that do not overlap: the axes folded."""
    front, sizes, batch = x.shape[:-3], x.shape[-3:-1], x.shape[-1:]
    ends = [o * s for o, s in zip(outs, steps)]
    x = padded(x, tuple((0, max(0, e - i)) for e, i in zip(ends, sizes)))
    x = first_of(x, ends)
    x = x.reshape(front + (outs[0], steps[0], outs[1], steps[1]) + batch)
    return first_of(x, (outs[0], kernel[0], outs[1], kernel[1]))


def first_of(x: Node, counts: Sequence[int]) -> Node:
    """The first so many along the axes before the batch; the axes in front stay whole."""
    front = x.shape[: -len(counts) - 1]
    return x.shrink(tuple((0, m) for m in (*front, *counts, x.shape[-1])))


def repeated(x: Node, times: Sequence[int]) -> Node:
    """Height and width laid so many times one behind the other."""
    front, (h, w), batch = x.shape[:-3], x.shape[-3:-1], x.shape[-1:]
    a, b = times
    x = x.reshape(front + (1, h, 1, w) + batch).expand(front + (a, h, b, w) + batch)
    return x.reshape(front + (a * h, b * w) + batch)


def window_count(size: int, kernel: int, step: int, apart: int) -> int:
    """How many windows fit.

    >>> window_count(28, 5, 1, 1), window_count(7, 3, 2, 2)
    (24, 2)
    """
    return (size - apart * (kernel - 1) - 1) // step + 1


def filtered(x: Node, w: Node, steps: Shape, apart: Shape, groups: int) -> Node:
    """(C, H, W, N) and (F, C / groups, kh, kw) -> (F, h, w, N): one product, one sum."""
    filters, inner, kh, kw = w.shape
    seen, inside = windows(x, (kh, kw), steps, apart)
    place = seen.shape[1:]  # 5 axes, of which `inside` run through the window
    split = seen.reshape((groups, 1, inner, *place))
    each = filters // groups
    whole = (groups, each, inner, *place)
    kernel = tuple(n if a in inside else 1 for a, n in enumerate(seen.shape))[1:]
    weights = w.reshape((groups, each, inner, *kernel))
    axes = (2, inside[0] + 2, inside[1] + 2)
    sums = SUM(MUL(split.expand(whole), weights.expand(whole)), arg=axes)
    out = [n for a, n in enumerate(seen.shape) if a > 0 and a not in inside]
    return sums.reshape((filters, *out))


def pooling(
    kernel_size: Pair, stride: Pair | None, padding: Pair, dilation: Pair
) -> tuple[tuple, Shape, Shape, Shape]:
    """How to pool: what is put around, the size of a window, stride and dilation."""
    kernel = two("kernel_size", kernel_size)
    steps = kernel if stride is None else two("stride", stride)
    top, left = two("padding", padding, least=0)
    return ((top, top), (left, left)), kernel, steps, two("dilation", dilation)


# ---------------------------------------------------------------- arguments


def two(name: str, value: Pair, least: int = 1) -> Shape:
    """One number for both axes, or one for each.

    >>> two("stride", 2), two("stride", (1, 3))
    ((2, 2), (1, 3))
    """
    if type(value) is int and value >= least:
        return value, value
    numbers = value if isinstance(value, tuple | list) else (value, value)
    if len(numbers) == 2 and all(hasattr(n, "__index__") and n >= least for n in numbers):
        return operator.index(numbers[0]), operator.index(numbers[1])
    raise ShapeError(f"{name} is one or two whole numbers >= {least}, not {short(value)}")


def padding_of(padding: Pair | str, kernel: Shape, steps: Shape, apart: Shape) -> tuple:
    """(before, after) for height and width."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        if steps != (1, 1):
            raise ShapeError(
                f"padding 'same' needs stride 1, not {steps}: give the padding in numbers"
            )
        spare = [d * (k - 1) for k, d in zip(kernel, apart)]
        return tuple((n // 2, n - n // 2) for n in spare)
    if isinstance(padding, str):
        raise ShapeError(f"padding is a number, two numbers, 'same' or 'valid', not {padding!r}")
    top, left = two("padding", padding, least=0)
    return (top, top), (left, left)


def checked_filters(x: Node, w: Node, groups: int) -> None:
    """Raises where filters do not fit the image's channels."""
    even = len(x.shape) in (3, 4) and len(w.shape) == 4 and groups > 0 and not w.shape[0] % groups
    if even and x.shape[-3] == w.shape[1] * groups:
        return
    left, right, _ = operand_names("conv2d")
    operands = [(left, x), (right, w)]
    if even:
        says = f"conv2d: {left} has {x.shape[-3]} channels, {right} is for {w.shape[1] * groups}"
    elif len(x.shape) not in (3, 4):
        says = f"conv2d needs an image (N, channels, height, width), got {len(x.shape)} axes"
    elif len(w.shape) != 4:
        says = "conv2d needs filters (filters, channels, height, width)"
    else:
        raise ShapeError(f"conv2d: {w.shape[0]} filters cannot be split into {groups} groups")
    repair = ""
    if len(w.shape) == 4:
        repair = conv_repair(left, right, further_arguments(), x.shape, w.shape, groups)
    raise describe(ShapeError, says, operands, repair)


def checked_size(op: str, x: Node, kernel: Shape, apart: Shape, around: tuple) -> None:
    """Raises where a window is larger than the image with what is put around it."""
    if len(x.shape) < 2:
        name = name_of()
        fits = len(x.shape) == 1 and 0 < kernel[1] <= x.shape[0]
        repair = f"{name}.reshape(1, -1).{op}((1, {kernel[1]}))" if fits else ""
        raise describe(ShapeError, f"{op} needs at least 2 axes", [(name, x)], repair)
    seen = [n + before + after for n, (before, after) in zip(x.shape[-2:], around)]
    spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel, apart))
    if all(span <= n for span, n in zip(spans, seen)) and 0 not in kernel:
        return
    left, right, _ = operand_names(op)
    form, given = layer_call(x)
    says = f"{op}: a window of {spans[0]} x {spans[1]} is larger than the image"
    says += f" of {seen[0]} x {seen[1]}"
    says += " with its padding" if any(map(any, around)) else ""
    more = further_arguments() or (f", dilation={apart}" if apart != (1, 1) else "")
    call = f"{{}}.{op}({right if op == 'conv2d' else kernel}{more})"
    if form != "{}":
        left, call = given, form
    repair = pool_repair(left, call, x.shape, spans) if 0 not in kernel else ""
    raise describe(ShapeError, says, [(left, x)], repair)


def channelwise(bias: Any, w: Node, device: str) -> Tensor:
    """A bias (F,) as (F, 1, 1)."""
    b = bias if isinstance(bias, State) else made(node_of("conv2d", bias, device), False)
    if b.node.shape != w.shape[:1]:
        says = f"conv2d: {w.shape[0]} filters need a bias of shape ({w.shape[0]},)"
        raise describe(ShapeError, says, [("bias", b.node)])
    return result(b.node.reshape((w.shape[0], 1, 1)), b)
