"""The input seen through sliding windows, which are made of moves only.

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
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.deferred import composite
from tinylearn.graph.dtype import bool_, float16, float32, int32, int64, promote
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import MUL, SUM
from tinylearn.tensor.moves import surrounded
from tinylearn.tensor.operands import different_devices, node_of
from tinylearn.tensor.reduce import without_axes
from tinylearn.tensor.sizes import (
    COUNTS,
    Sizes,
    checked_filters,
    checked_size,
    for_axes,
    put_around,
)
from tinylearn.tensor.state import State, made, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

Pair = Sizes  # of an image
LOWEST = {bool_: False, int32: -(1 << 31), int64: -(1 << 63)}


class Windows(State):
    """Convolution of images (N, channels, height, width)."""

    __slots__ = ()

    def conv2d(
        self,
        weight: Any,
        bias: Any = None,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
    ) -> Tensor:
        """Each output is the sum of a window times a filter. (N, C, H, W) -> (N, F, h, w)

        weight     (F, C / groups, kernel height, kernel width): F filters
        bias       (F,)
        padding    zeros around the image; "same": as many as keep its size; "valid": none
        dilation   the distance of neighbours in a window
        groups     output channels see only the input channels of their group
        PyTorch: nn.functional.conv2d. (In signal processing this is called correlation.) tinygrad
        calls it so for rows and volumes, too: filters of as many axes as the input tell which.
        """
        n = axes_along(self, weight)
        steps, apart = for_axes("stride", stride, n), for_axes("dilation", dilation, n)
        return convolved(CONVOLUTIONS[n], self, weight, bias, steps, padding, apart, groups)


# ---------------------------------------------------------------- on nodes
#
# around         (before, after) for each axis: what is put around
# steps, apart   stride and dilation for each axis


@composite
def conv2d(x: Node, w: Node, around: tuple, steps: Shape, apart: Shape, groups: int) -> Node:
    """Each number is the sum of a window times a filter."""
    return convolution("conv2d", x, w, around, steps, apart, groups)


@composite
def conv1d(x: Node, w: Node, around: tuple, steps: Shape, apart: Shape, groups: int) -> Node:
    """Each number is the sum of a window times a filter."""
    return convolution("conv1d", x, w, around, steps, apart, groups)


@composite
def conv3d(x: Node, w: Node, around: tuple, steps: Shape, apart: Shape, groups: int) -> Node:
    """Each number is the sum of a window times a filter."""
    return convolution("conv3d", x, w, around, steps, apart, groups)


CONVOLUTIONS: dict[int, Any] = {1: conv1d, 2: conv2d, 3: conv3d}  # along so many axes


def convolution(
    op: str, x: Node, w: Node, around: tuple, steps: Shape, apart: Shape, groups: int
) -> Node:
    """A convolution along any number of axes."""
    n = len(steps)
    checked_size(op, x, w.shape[2:], apart, around)
    dtype = promote(x.dtype, w.dtype)
    exact = {float16: float32, bool_: int64}.get(dtype, dtype)
    image = padded(batch_last(x.cast(exact), n), around)
    return batch_first(filtered(image, w.cast(exact), steps, apart, groups).cast(dtype), x, n)


def max_pool(x: Node, around: tuple, kernel: Shape, steps: Shape, apart: Shape) -> Node:
    """The largest number of each window, along any number of axes."""
    n = len(kernel)
    seen = padded(batch_last(x, n), around, LOWEST.get(x.dtype, -math.inf))
    y, axes = windows(seen, kernel, steps, apart)
    y = y.max(axes)
    return batch_first(y.reshape(without_axes(y.shape, axes)), x, n)


def avg_pool(x: Node, around: tuple, kernel: Shape, steps: Shape, apart: Shape) -> Node:
    """The average of each window, along any number of axes."""
    n = len(kernel)
    y, axes = windows(padded(batch_last(x, n), around), kernel, steps, apart)
    y = y.sum(axes) / math.prod(kernel)
    return batch_first(y.reshape(without_axes(y.shape, axes)), x, n)


# ---------------------------------------------------------------- the batch last
#
# Inside, images are (..., H, W, N): the same place of all images lies side by side in memory, so
# that what moves and what computes goes along rows of N numbers, and not of some few columns.
# Between two layers the permutes meet and vanish: see graph/simplify.py.
# Rows and volumes have one axis or three in the place of H and W.


def batch_last(x: Node, n: int) -> Node:
    """(N, ..., H, W) -> (..., H, W, N) for n axes like H and W; without a batch, N is 1."""
    rank = len(x.shape)
    return x.permute((*range(1, rank), 0)) if rank > n + 1 else x.reshape((*x.shape, 1))


def batch_first(y: Node, x: Node, n: int) -> Node:
    """Back to where x has its batch."""
    rank = len(y.shape)
    return y.permute((rank - 1, *range(rank - 1))) if len(x.shape) > n + 1 else without_last(y)


def without_last(y: Node) -> Node:
    """y without its last axis, of size 1."""
    return y.reshape(y.shape[:-1])


def padded(x: Node, around: tuple, value: float = 0) -> Node:
    """Images (..., H, W, N) with some of a value around them."""
    return surrounded(x, ((0, 0),) * (len(x.shape) - len(around) - 1) + around + ((0, 0),), value)


# ---------------------------------------------------------------- windows


def windows(x: Node, kernel: Shape, steps: Shape, apart: Shape) -> tuple[Node, tuple[int, ...]]:
    """Images (..., H, W, N) as windows, and which axes of the result run through a window.

    Windows side by side:  (..., h, kernel h + rest, w, kernel w + rest, N), cut to the kernel
    all others:            (..., kernel h, kernel w, h, w, N)
    """
    n, m = len(kernel), len(x.shape) - len(kernel) - 1
    front, sizes, batch = x.shape[:m], x.shape[m:-1], x.shape[-1:]
    outs = tuple(window_count(i, k, s, d) for i, k, s, d in zip(sizes, kernel, steps, apart))
    if all(k <= s for k, s in zip(kernel, steps)) and set(apart) == {1}:
        return side_by_side(x, kernel, steps, outs), tuple(range(m + 1, m + 2 * n, 2))
    more = [max(0, o * s - i - d) for o, s, i, d in zip(outs, steps, sizes, apart)]
    x = padded(x, tuple((0, m) for m in more))
    x = repeated(x, kernel)
    x = padded(x, tuple((0, k * d) for k, d in zip(kernel, apart)))
    rows = [i + m + d for i, m, d in zip(sizes, more, apart)]
    x = x.reshape(front + in_turn(kernel, rows) + batch)
    ends = [o * s for o, s in zip(outs, steps)]
    x = first_of(x, in_turn(kernel, ends))
    if set(steps) != {1}:
        x = x.reshape(front + in_turn(kernel, outs, steps) + batch)
        x = first_of(x, in_turn(kernel, outs, (1,) * n))
        x = x.reshape(front + in_turn(kernel, outs) + batch)
    inside, outside = range(m, m + 2 * n, 2), range(m + 1, m + 2 * n, 2)
    return x.permute((*range(m), *inside, *outside, m + 2 * n)), tuple(range(m, m + n))


def in_turn(*sizes: Iterable[int]) -> Shape:
    """Sizes of several kinds, axis by axis.

    >>> in_turn((2, 3), (7, 8))
    (2, 7, 3, 8)
    """
    return tuple(n for group in zip(*sizes) for n in group)


def side_by_side(x: Node, kernel: Shape, steps: Shape, outs: Shape) -> Node:
    """Windows that do not overlap: the axes folded."""
    m = len(x.shape) - len(kernel) - 1
    ends = [o * s for o, s in zip(outs, steps)]
    x = padded(x, tuple((0, max(0, e - i)) for e, i in zip(ends, x.shape[m:-1])))
    x = first_of(x, ends)
    x = x.reshape(x.shape[:m] + in_turn(outs, steps) + x.shape[-1:])
    return first_of(x, in_turn(outs, kernel))


def first_of(x: Node, counts: Sequence[int]) -> Node:
    """The first so many along the axes before the batch; the axes in front stay whole."""
    front = x.shape[: -len(counts) - 1]
    return x.shrink(tuple((0, m) for m in (*front, *counts, x.shape[-1])))


def repeated(x: Node, times: Sequence[int]) -> Node:
    """Height and width laid so many times one behind the other."""
    m = len(x.shape) - len(times) - 1
    front, sizes, batch = x.shape[:m], x.shape[m:-1], x.shape[-1:]
    x = x.reshape(front + in_turn((1,) * len(times), sizes) + batch)
    x = x.expand(front + in_turn(times, sizes) + batch)
    return x.reshape(front + tuple(t * n for t, n in zip(times, sizes)) + batch)


def window_count(size: int, kernel: int, step: int, apart: int) -> int:
    """How many windows fit.

    >>> window_count(28, 5, 1, 1), window_count(7, 3, 2, 2)
    (24, 2)
    """
    return (size - apart * (kernel - 1) - 1) // step + 1


def filtered(x: Node, w: Node, steps: Shape, apart: Shape, groups: int) -> Node:
    """(C, H, W, N) and (F, C / groups, kh, kw) -> (F, h, w, N): one product, one sum."""
    filters, inner = w.shape[:2]
    seen, inside = windows(x, w.shape[2:], steps, apart)
    place = seen.shape[1:]  # for images 5 axes, of which `inside` run through the window
    split = seen.reshape((groups, 1, inner, *place))
    each = filters // groups
    whole = (groups, each, inner, *place)
    kernel = tuple(n if a in inside else 1 for a, n in enumerate(seen.shape))[1:]
    weights = w.reshape((groups, each, inner, *kernel))
    axes = (2, *(a + 2 for a in inside))
    sums = SUM(MUL(split.expand(whole), weights.expand(whole)), arg=axes)
    out = [n for a, n in enumerate(seen.shape) if a > 0 and a not in inside]
    return sums.reshape((filters, *out))


def pooling(
    kernel_size: Sizes, stride: Sizes | None, padding: Sizes, dilation: Sizes, n: int = 2
) -> tuple[tuple, Shape, Shape, Shape]:
    """How to pool: what is put around, the size of a window, stride and dilation."""
    kernel = for_axes("kernel_size", kernel_size, n)
    steps = kernel if stride is None else for_axes("stride", stride, n)
    return put_around(padding, n), kernel, steps, for_axes("dilation", dilation, n)


# ---------------------------------------------------------------- arguments


def two(name: str, value: Sizes, least: int = 1) -> Shape:
    """One number for both axes of an image, or one for each."""
    return for_axes(name, value, 2, least)


def padding_of(padding: Sizes | str, kernel: Shape, steps: Shape, apart: Shape) -> tuple:
    """(before, after) for each axis."""
    n = len(kernel)
    if padding == "valid":
        return ((0, 0),) * n
    if padding == "same":
        if set(steps) != {1}:
            raise ShapeError(
                f"padding 'same' needs stride 1, not {steps}: give the padding in numbers"
            )
        spare = [d * (k - 1) for k, d in zip(kernel, apart)]
        return tuple((m // 2, m - m // 2) for m in spare)
    if isinstance(padding, str):
        raise ShapeError(f"padding is {COUNTS[n]}, 'same' or 'valid', not {padding!r}")
    return put_around(padding, n)


# ---------------------------------------------------------------- of tensors


def convolved(
    op: Any, x: State, weight: Any, bias: Any, steps: Shape, padding: Any, apart: Shape, groups: int
) -> Tensor:
    """The convolution by an op, along as many axes as there are steps."""
    w = filters_of(op.name, x, weight)
    checked_filters(op.name, x.node, w, groups, len(steps))
    around = padding_of(padding, w.shape[2:], steps, apart)
    y = result(op(x.node, w, arg=(around, steps, apart, groups)), x, weight)
    return y if bias is None else y + channelwise(op.name, bias, w.shape[0], len(steps), x.device)


def axes_along(x: State, weight: Any) -> int:
    """How many axes windows go along: those of images, unless both are for rows or for volumes."""
    have = len(weight.shape) if isinstance(weight, State) else 4
    return have - 2 if have in (3, 5) and have == len(x.shape) else 2


def filters_of(op: str, x: State, weight: Any) -> Node:
    """The node of the filters, on the device of what they are laid on."""
    w = weight.node if isinstance(weight, State) else node_of(op, weight, x.device)
    if x.device != w.device:
        raise different_devices(op, x.node, w)
    return w


def channelwise(op: str, bias: Any, filters: int, n: int, device: str) -> Tensor:
    """A bias (F,) as (F, 1, 1), with n ones."""
    b = bias if isinstance(bias, State) else made(node_of(op, bias, device), False)
    if b.node.shape != (filters,):
        says = f"{op}: {filters} filters need a bias of shape ({filters},)"
        raise describe(ShapeError, says, [("bias", b.node)])
    return result(b.node.reshape((filters, *(1,) * n)), b)
