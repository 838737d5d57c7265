"""Methods that move numbers and compute nothing: shapes, axes, cutting, repeating.

All are made of the six moves reshape, permute, expand, pad, shrink and flip, which become index
arithmetic inside the kernels that read through them.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.dtype import bool_
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import const
from tinylearn.repairs.shapes import (
    expand_repair,
    reshape_repair,
    shrink_repair,
)
from tinylearn.repairs.userline import name_of
from tinylearn.tensor.axes import Axes, all_axes, one_axis
from tinylearn.tensor.data import short
from tinylearn.tensor.grads import Grads
from tinylearn.tensor.operands import broadcast
from tinylearn.tensor.state import piece, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Moves(Grads):
    """Shapes, axes, cutting, repeating."""

    __slots__ = ()

    # ---------------------------------------------------------------- shapes

    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        """The same numbers, in the same order, in another shape; -1 is worked out.

        NumPy, PyTorch: reshape; as in tinygrad, None keeps the size of an axis
        """
        return piece(self.node.reshape(asked_shape("reshape", self.node, shape)), self)

    def view(self, *shape: int | Sequence[int]) -> Tensor:
        """The same as reshape. (Whether memory is shared is never visible here.)"""
        return piece(self.node.reshape(asked_shape("view", self.node, shape)), self)

    def flatten(self, start: int = 0, end: int = -1) -> Tensor:
        """Axes start to end (included) as one axis. PyTorch: flatten; NumPy: ravel"""
        x = self.node
        if not x.shape:
            return piece(x.reshape((1,)), self)
        first, last = one_axis("flatten", x, start), one_axis("flatten", x, end)
        if first > last:
            name = name_of()
            says = f"flatten from axis {first} to {last}"
            raise describe(ShapeError, says, [(name, x)], f"{name}.flatten({last}, {first})")
        middle = math.prod(x.shape[first : last + 1])
        return piece(x.reshape(x.shape[:first] + (middle,) + x.shape[last + 1 :]), self)

    def squeeze(self, axis: Axes = None) -> Tensor:
        """Without the axes of size 1, or without those given that have it. PyTorch: squeeze

        An axis of another size stays, as in PyTorch. (NumPy's squeeze refuses it.)
        """
        x = self.node
        axes = all_axes("squeeze", x, axis)
        left = tuple(n for a, n in enumerate(x.shape) if a not in axes or n != 1)
        return piece(x.reshape(left), self)

    def unsqueeze(self, axis: int) -> Tensor:
        """With a new axis of size 1 at this place. PyTorch: unsqueeze; NumPy: expand_dims"""
        x = self.node
        a = one_axis("unsqueeze", x, axis, extra=1)
        return piece(x.reshape(x.shape[:a] + (1,) + x.shape[a:]), self)

    def unflatten(self, axis: int, sizes: Sequence[int]) -> Tensor:
        """One axis as several; one size may be -1. PyTorch: unflatten"""
        x = self.node
        a = one_axis("unflatten", x, axis)
        return self.reshape(*x.shape[:a], *sizes, *x.shape[a + 1 :])

    # ---------------------------------------------------------------- axes

    def permute(self, *order: int | Sequence[int]) -> Tensor:
        """The axes in this order. PyTorch: permute; NumPy: transpose(order)"""
        x, asked = self.node, flat(order)
        axes = tuple(one_axis("permute", x, a) for a in asked)
        if sorted(axes) != list(range(len(x.shape))):
            says = f"permute needs each of the axes 0 to {len(x.shape) - 1} once, got {asked}"
            whole = list(dict.fromkeys([*axes, *range(len(x.shape))]))
            repair = f"{name_of()}.permute({', '.join(map(str, whole))})"
            raise describe(ShapeError, says, [(name_of(), x)], repair)
        return piece(x.permute(axes), self)

    def transpose(self, axis: Any = -2, other: int = -1, *more: int) -> Tensor:
        """Two axes exchanged, the last two if none are given. PyTorch: transpose

        None reverses all axes, and all of them in a new order are a permute, as in NumPy.
        """
        x = self.node
        if axis is None:
            return self.T
        if more or isinstance(axis, tuple | list):
            return self.permute(axis) if not more else self.permute(axis, other, *more)
        if len(x.shape) < 2 and (axis, other) == (-2, -1):
            return piece(x, self)
        a, b = one_axis("transpose", x, axis), one_axis("transpose", x, other)
        order = list(range(len(x.shape)))
        order[a], order[b] = b, a
        return piece(x.permute(tuple(order)), self)

    @property
    def T(self) -> Tensor:
        """All axes in reverse order. NumPy, PyTorch: T"""
        x = self.node
        return piece(x.permute(tuple(range(len(x.shape)))[::-1]), self)

    def flip(self, *axis: int | Sequence[int]) -> Tensor:
        """Backwards along these axes, along all if none are given. NumPy, PyTorch: flip"""
        x = self.node
        return result(x.flip(all_axes("flip", x, flat(axis) if axis else None)), self)

    # ---------------------------------------------------------------- repeating

    def expand(self, *shape: int | Sequence[int]) -> Tensor:
        """Repeated along axes of size 1, or along new axes in front; -1 keeps a size.

        PyTorch: expand; NumPy: broadcast_to
        """
        x, want = self.node, flat(shape)
        new = len(want) - len(x.shape)
        have = (1,) * new + x.shape
        sizes = tuple(h if w == -1 else w for h, w in zip(have, want))
        if new < 0 or not all(h in (1, w) for h, w in zip(have, sizes)):
            says = f"expand to {want}: only axes of size 1, and new ones in front, can be repeated"
            name = name_of()
            raise describe(ShapeError, says, [(name, x)], expand_repair(name, x.shape, want))
        return piece(broadcast(x, sizes), self)

    def expand_as(self, other: Tensor) -> Tensor:
        """Repeated to another tensor's shape. PyTorch: expand_as"""
        return self.expand(*other.shape)

    def repeat(self, *times: int | Sequence[int]) -> Tensor:
        """Copies laid side by side, so many along each axis. PyTorch: repeat; NumPy: tile"""
        x, counts = self.node, flat(times)
        if len(counts) < len(x.shape) or any(c < 0 for c in counts):
            says = f"repeat needs a count >= 0 for each of {len(x.shape)} axes, got {counts}"
            ones = (1,) * (len(x.shape) - len(counts)) + tuple(abs(c) for c in counts)
            repair = f"{name_of()}.repeat({', '.join(map(str, ones))})"
            raise describe(ShapeError, says, [(name_of(), x)], repair)
        sizes = (1,) * (len(counts) - len(x.shape)) + x.shape
        apart = tuple(n for size in sizes for n in (1, size))
        copied = tuple(n for c, size in zip(counts, sizes) for n in (c, size))
        whole = tuple(c * size for c, size in zip(counts, sizes))
        return result(x.reshape(apart).expand(copied).reshape(whole), self)

    # ---------------------------------------------------------------- cutting

    def shrink(self, *bounds: tuple[int, int] | None) -> Tensor:
        """From start to stop (not included) along each axis; None keeps an axis whole."""
        x = self.node
        pairs = for_each_axis(x, bounds)
        whole = tuple((0, n) if b is None else b for b, n in zip(pairs, x.shape))
        if not all_pairs(whole, pairs, x) or any(
            a > b or b > n for (a, b), n in zip(whole, x.shape)
        ):
            says = f"shrink needs 0 <= start <= stop <= size for each axis, got {short(bounds)}"
            name = name_of()
            repair = shrink_repair(name, x.shape, pairs)
            raise describe(ShapeError, says, [(name, x)], repair)
        return piece(x.shrink(tuple((a, b) for a, b in whole)), self)

    def split(self, sizes: int | Sequence[int], axis: int = 0) -> tuple[Tensor, ...]:
        """Pieces of one size (the last may be smaller), or of these sizes. PyTorch: split"""
        x = self.node
        a = one_axis("split", x, axis)
        n = x.shape[a]
        if isinstance(sizes, int):
            if sizes < 1:
                raise ShapeError(f"split needs pieces of at least 1, got {sizes}")
            sizes = [min(sizes, n - start) for start in range(0, n, sizes)] or [0]
        if sum(sizes) != n or any(s < 0 for s in sizes):
            says = f"split: the sizes {list(sizes)} must add up to {n}, the size of axis {a}"
            raise describe(
                ShapeError, says, [(name_of(), x)], f"{name_of()}.split({max(n, 1)}, {a})"
            )
        starts = [sum(sizes[:k]) for k in range(len(sizes))]
        return tuple(piece(part_of(x, a, s, s + m), self) for s, m in zip(starts, sizes))

    def chunk(self, count: int, axis: int = 0) -> tuple[Tensor, ...]:
        """At most `count` pieces of one size (the last may be smaller). PyTorch: chunk"""
        if count < 1:
            raise ShapeError(f"chunk needs at least 1 piece, got {count}")
        n = self.node.shape[one_axis("chunk", self.node, axis)]
        return self.split(max(1, -(-n // count)), axis)


# ---------------------------------------------------------------- on nodes


def flat(numbers: tuple) -> tuple[int, ...]:
    """Whole numbers given one by one or as one sequence."""
    if len(numbers) == 1 and isinstance(numbers[0], tuple | list):
        numbers = tuple(numbers[0])
    try:
        return tuple(map(operator.index, numbers))
    except TypeError:
        raise ShapeError(f"sizes and axes are whole numbers, got {short(numbers)}") from None


def for_each_axis(x: Node, pairs: tuple) -> tuple:
    """Pairs given one by one or as one sequence, with None for the axes not spoken of."""
    if len(pairs) == 1 and isinstance(pairs[0], tuple | list):
        inner = pairs[0]
        if not inner or inner[0] is None or isinstance(inner[0], tuple | list):
            pairs = tuple(inner)
    return pairs + (None,) * (len(x.shape) - len(pairs))


def all_pairs(pairs: tuple, given: tuple, x: Node) -> bool:
    """Whether there is a pair of whole numbers >= 0 for each axis of x, and no more."""
    if len(given) != len(x.shape):
        return False
    return all(
        isinstance(p, tuple | list)
        and len(p) == 2
        and all(hasattr(n, "__index__") for n in p)
        and min(p) >= 0
        for p in pairs
    )


def without(shape: Shape, axis: int) -> Shape:
    """A shape less one axis."""
    return shape[:axis] + shape[axis + 1 :]


def asked_shape(op: str, x: Node, shape: tuple) -> Shape:
    """The shape a reshape asks for, with -1 worked out."""
    given = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
    if None in given:
        given = tuple(m if n is None else n for n, m in zip_longest(given, x.shape[: len(given)]))
    sizes = flat(tuple(given))
    size, known = x.size, math.prod(n for n in sizes if n != -1)
    unknown = sizes.count(-1)
    if unknown == 1 and known and size % known == 0:
        sizes = tuple(size // known if n == -1 else n for n in sizes)
    elif unknown or known != size or any(n < 0 for n in sizes):
        says = f"{op} to {sizes}: x has {size} numbers"
        repair = f"{name_of()}{reshape_repair(op, x.shape, sizes)}"
        raise describe(ShapeError, says, [(name_of(), x)], repair)
    return sizes


def part_of(x: Node, axis: int, start: int, stop: int) -> Node:
    """x from start to stop (not included) along one axis."""
    bounds = [(0, n) for n in x.shape]
    bounds[axis] = (start, stop)
    return x.shrink(tuple(bounds))


def surrounded(x: Node, widths: tuple, value: float) -> Node:
    """x with numbers of one value around it."""
    if not any(map(any, widths)):
        return x
    if value == 0:
        return x.pad(widths)
    inside = const(True, x.shape, bool_, x.device).pad(widths)
    return inside.where(x.pad(widths), value)
