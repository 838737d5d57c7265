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

import operator
from collections.abc import Iterable, Sequence
from typing import Any

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import MUL, SUM
from tinylearn.repairs.shapes import conv_repair, pool_repair
from tinylearn.repairs.userline import further_arguments, layer_call, name_of, operand_names
from tinylearn.tensor.data import short
from tinylearn.tensor.moves import surrounded

Sizes = int | Sequence[int]
Pair = Sizes  # of an image
COUNTS = {1: "one whole number", 2: "one or two whole numbers", 3: "one or three whole numbers"}
KINDS = {  # what has so many axes behind its channels, and how these are called
    1: ("a row", "length"),
    2: ("an image", "height, width"),
    3: ("a volume", "depth, height, width"),
}  # fmt: skip

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
    around = tuple((p, p) for p in for_axes("padding", padding, n, least=0))
    return around, kernel, steps, for_axes("dilation", dilation, n)


# ---------------------------------------------------------------- arguments


def for_axes(name: str, value: Sizes, n: int, least: int = 1) -> Shape:
    """One number for all of n axes, or one for each.

    >>> for_axes("stride", 2, 2), for_axes("stride", (1, 3), 2)
    ((2, 2), (1, 3))
    """
    if type(value) is int and value >= least:
        return (value,) * n
    numbers: tuple[Any, ...] = tuple(value) if isinstance(value, tuple | list) else (value,) * n
    if len(numbers) == n and all(hasattr(k, "__index__") and k >= least for k in numbers):
        return tuple(map(operator.index, numbers))
    raise ShapeError(f"{name} is {COUNTS[n]} >= {least}, not {short(value)}")


def two(name: str, value: Sizes, least: int = 1) -> Shape:
    """One number for both axes of an image, or one for each."""
    return for_axes(name, value, 2, least)


def padding_of(padding: Sizes | str, kernel: Shape, steps: Shape, apart: Shape) -> tuple:
    """(before, after) for height and width."""
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
    return tuple((p, p) for p in for_axes("padding", padding, n, least=0))


def checked_filters(op: str, x: Node, w: Node, groups: int, n: int) -> None:
    """Raises where filters do not fit the channels of an image, or a row or a volume."""
    have, want = len(x.shape), len(w.shape)
    even = have in (n + 1, n + 2) and want == n + 2 and groups > 0 and not w.shape[0] % groups
    if even and x.shape[-n - 1] == w.shape[1] * groups:
        return
    left, right, _ = operand_names(op)
    if even:
        says = f"{op}: {left} has {x.shape[-n - 1]} channels, {right} is for {w.shape[1] * groups}"
    elif have not in (n + 1, n + 2):
        says = f"{op} needs {KINDS[n][0]} (N, channels, {KINDS[n][1]}), got {have} axes"
    elif want != n + 2:
        says = f"{op} needs filters (filters, channels, {KINDS[n][1]})"
    else:
        raise ShapeError(f"{op}: {w.shape[0]} filters cannot be split into {groups} groups")
    repair, more = "", further_arguments()
    if n == 2 and want == 4:
        repair = conv_repair(left, right, more, x.shape, w.shape, groups)
    elif even and x.shape[-1] == w.shape[1] * groups:
        repair = f"{left}.movedim(-1, {have - n - 1}).{op}({right}{more})"
    raise describe(ShapeError, says, [(left, x), (right, w)], repair)


def checked_size(op: str, x: Node, kernel: Shape, apart: Shape, around: tuple) -> None:
    """Raises where a window is larger than the image with what is put around it."""
    n = len(kernel)
    if len(x.shape) < n:
        name = name_of()
        fits = len(x.shape) == 1 and 0 < kernel[-1] <= x.shape[0] and n == 2
        repair = f"{name}.reshape(1, -1).{op}((1, {kernel[1]}))" if fits else ""
        raise describe(ShapeError, f"{op} needs at least {n} axes", [(name, x)], repair)
    seen = [m + before + after for m, (before, after) in zip(x.shape[-n:], around)]
    spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel, apart))
    if all(span <= m for span, m in zip(spans, seen)) and 0 not in kernel:
        return
    left, right, _ = operand_names(op)
    form, given = layer_call(x)
    what = KINDS[n][0].split()[1]
    says = f"{op}: a window of {' x '.join(map(str, spans))} is larger than the {what}"
    says += f" of {' x '.join(map(str, seen))}"
    says += " with its padding" if any(map(any, around)) else ""
    more = further_arguments() or (f", dilation={apart}" if set(apart) != {1} else "")
    call = f"{{}}.{op}({right if op.startswith('conv') else kernel}{more})"
    if form != "{}":
        left, call = given, form
    repair = pool_repair(left, call, x.shape, spans) if 0 not in kernel else ""
    raise describe(ShapeError, says, [(left, x)], repair)
