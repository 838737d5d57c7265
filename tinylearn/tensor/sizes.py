"""Sizes of windows, strides and paddings, along one axis or several, and where they do not fit."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.node import Node, Shape
from tinylearn.repairs.shapes import conv_repair, pool_repair
from tinylearn.repairs.userline import further_arguments, layer_call, name_of, operand_names
from tinylearn.tensor.data import short

Sizes = int | Sequence[int]
COUNTS = {1: "one whole number", 2: "one or two whole numbers", 3: "one or three whole numbers"}
KINDS = {  # what has so many axes behind its channels, and how these are called
    1: ("a row", "length"),
    2: ("an image", "height, width"),
    3: ("a volume", "depth, height, width"),
}  # fmt: skip
# what is put around each axis (before, after); kernel, stride, dilation
How = tuple[tuple, Shape, Shape, Shape]


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


# ---------------------------------------------------------------- what is put around


def put_around(padding: Sizes, n: int) -> tuple:
    """(before, after) for each of n axes. Twice as many numbers begin with the last axis, as a pad.

    >>> put_around(1, 2), put_around((1, 2), 2), put_around((1, 2, 3, 4), 2)
    (((1, 1), (1, 1)), ((1, 1), (2, 2)), ((3, 4), (1, 2)))
    """
    if isinstance(padding, tuple | list) and len(padding) == 2 * n:
        before, after = (for_axes("padding", padding[k::2], n, least=0) for k in (0, 1))
        return tuple(zip(before, after))[::-1]
    return tuple((p, p) for p in for_axes("padding", padding, n, least=0))


# ---------------------------------------------------------------- pooling


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


# ---------------------------------------------------------------- a window and an image


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


def fits(kernel: Shape, sizes: Shape) -> bool:
    """Whether a window has its place in an image."""
    return all(0 < k <= n for k, n in zip(kernel, sizes))


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
    elif even and x.shape[-1] == w.shape[1] * groups and fits(w.shape[2:], x.shape[-n - 1 : -1]):
        repair = f"{left}.movedim(-1, {have - n - 1}).{op}({right}{more})"
    raise describe(ShapeError, says, [(left, x), (right, w)], repair)
