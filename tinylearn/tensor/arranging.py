"""Axes and places in another order: movedim, roll, diagonals, narrow, tile and their kin."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.dtype import int64
from tinylearn.graph.node import Node
from tinylearn.repairs.userline import name_of
from tinylearn.tensor.axes import Axes, one_axis
from tinylearn.tensor.data import short
from tinylearn.tensor.joining import joined
from tinylearn.tensor.moves import flat, part_of
from tinylearn.tensor.state import State, piece, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Arranging(State):
    """Axes and places in another order."""

    __slots__ = ()

    # ---------------------------------------------------------------- axes

    def movedim(self, source: Axes, destination: Axes) -> Tensor:
        """Axes moved to other places, the others in order. PyTorch: movedim; NumPy: moveaxis"""
        x = self.node
        here, there = (
            [one_axis("movedim", x, a) for a in ([axes] if isinstance(axes, int) else axes or ())]
            for axes in (source, destination)
        )
        if len(here) != len(there) or len(set(here)) < len(here) or len(set(there)) < len(there):
            says = f"movedim needs as many places as axes, none twice, got {short(source)} and"
            raise describe(ShapeError, f"{says} {short(destination)}", [(name_of(), x)])
        order = [a for a in range(len(x.shape)) if a not in here]
        for place, axis in sorted(zip(there, here)):
            order.insert(place, axis)
        return piece(x.permute(tuple(order)), self)

    moveaxis = movedim

    def swapaxes(self, axis0: int, axis1: int) -> Tensor:
        """Two axes exchanged. NumPy, PyTorch: swapaxes, swapdims"""
        x = self.node
        a, b = one_axis("swapaxes", x, axis0), one_axis("swapaxes", x, axis1)
        order = list(range(len(x.shape)))
        order[a], order[b] = b, a
        return piece(x.permute(tuple(order)), self)

    swapdims = swapaxes

    def ravel(self) -> Tensor:
        """All numbers in a row. NumPy, PyTorch: ravel"""
        return piece(self.node.reshape((self.node.size,)), self)

    def expand_dims(self, axis: Axes) -> Tensor:
        """With new axes of size 1 at these places of the result. NumPy: expand_dims"""
        x = self.node
        axes = [axis] if isinstance(axis, int) else list(axis or ())
        places = {one_axis("expand_dims", x, a, extra=len(axes)) for a in axes}
        if len(places) < len(axes):
            says = f"expand_dims got a place twice: {short(axis)}"
            raise describe(ShapeError, says, [(name_of(), x)])
        sizes = iter(x.shape)
        shape = tuple(1 if a in places else next(sizes) for a in range(len(x.shape) + len(places)))
        return piece(x.reshape(shape), self)

    def broadcast_to(self, *shape: int | Sequence[int]) -> Tensor:
        """Repeated to a shape: x.expand(shape). NumPy, PyTorch: broadcast_to"""
        x: Any = self
        return x.expand(*shape)

    def rot90(self, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
        """Turned k times by 90 degrees, from the first of two axes to the second.

        NumPy, PyTorch: rot90
        """
        x = self.node
        a, b = (one_axis("rot90", x, d) for d in dims)
        order = list(range(len(x.shape)))
        order[a], order[b] = b, a
        turned = {
            0: lambda: x,
            1: lambda: x.flip((b,)).permute(tuple(order)),
            2: lambda: x.flip(tuple(sorted((a, b)))),
            3: lambda: x.permute(tuple(order)).flip((b,)),
        }
        return result(turned[k % 4](), self)

    def fliplr(self) -> Tensor:
        """The second axis backwards. NumPy, PyTorch: fliplr"""
        return result(self.node.flip((one_axis("fliplr", self.node, 1),)), self)

    def flipud(self) -> Tensor:
        """The first axis backwards. NumPy, PyTorch: flipud"""
        return result(self.node.flip((one_axis("flipud", self.node, 0),)), self)

    # ---------------------------------------------------------------- along an axis

    def roll(self, shift: int | Sequence[int], axis: Axes = None) -> Tensor:
        """What is pushed out at one end of an axis comes in at the other. NumPy, PyTorch: roll

        Without an axis the numbers are rolled as one row.
        """
        x = self.node
        if axis is None:
            row = rolled(x.reshape((x.size,)), 0, sum(flat((shift,))))
            return result(row.reshape(x.shape), self)
        shifts, axes = flat((shift,)), [axis] if isinstance(axis, int) else list(axis)
        if len(shifts) != len(axes):
            says = f"roll needs a shift for each axis, got {len(shifts)} for {len(axes)}"
            raise describe(ShapeError, says, [(name_of(), x)])
        for by, a in zip(shifts, axes):
            x = rolled(x, one_axis("roll", x, a), by)
        return result(x, self)

    def narrow(self, axis: int, start: int, length: int) -> Tensor:
        """So many entries of an axis from a start. PyTorch: narrow"""
        x = self.node
        a = one_axis("narrow", x, axis)
        n = x.shape[a]
        first = start + n if start < 0 else start
        if not (0 <= first <= first + length <= n):
            says = f"narrow: axis {a} has no {length} entries from {start}, its size is {n}"
            raise describe(ShapeError, says, [(name_of(), x)], f"{name_of()}.narrow({a}, 0, {n})")
        return piece(part_of(x, a, first, first + length), self)

    def select(self, axis: int, index: int) -> Tensor:
        """One entry of an axis, which falls away. PyTorch: select"""
        x: Any = self
        a = one_axis("select", self.node, axis)
        return x[(slice(None),) * a + (operator.index(index),)]

    def unbind(self, axis: int = 0) -> tuple[Tensor, ...]:
        """The entries of an axis, which falls away. PyTorch: unbind"""
        x = self.node
        a = one_axis("unbind", x, axis)
        left = x.shape[:a] + x.shape[a + 1 :]
        return tuple(piece(part_of(x, a, k, k + 1).reshape(left), self) for k in range(x.shape[a]))

    def tensor_split(self, sections: int | Sequence[int], axis: int = 0) -> tuple[Tensor, ...]:
        """So many pieces, the first ones larger; or cut at these places. NumPy: array_split

        PyTorch: tensor_split
        """
        x = self.node
        a = one_axis("tensor_split", x, axis)
        n = x.shape[a]
        if isinstance(sections, int):
            if sections < 1:
                raise ShapeError(f"tensor_split needs at least 1 piece, got {sections}")
            size, more = divmod(n, sections)
            cuts = [k * size + min(k, more) for k in range(1, sections)]
        else:
            cuts = [min(max(c + n if c < 0 else c, 0), n) for c in sections]
        ends = [0, *cuts, n]
        return tuple(piece(part_of(x, a, s, max(s, e)), self) for s, e in pairwise(ends))

    # ---------------------------------------------------------------- repeating

    def repeat_interleave(self, times: int, axis: int | None = None) -> Tensor:
        """Each entry along an axis so many times in a row; of all numbers without. PyTorch

        NumPy: repeat
        """
        x = self.node if axis is not None else self.node.reshape((self.node.size,))
        a = one_axis("repeat_interleave", x, axis or 0)
        times = operator.index(times)
        apart = x.shape[: a + 1] + (1,) + x.shape[a + 1 :]
        copied = x.shape[: a + 1] + (times,) + x.shape[a + 1 :]
        whole = x.shape[:a] + (x.shape[a] * times,) + x.shape[a + 1 :]
        return result(x.reshape(apart).expand(copied).reshape(whole), self)

    def tile(self, *times: int | Sequence[int]) -> Tensor:
        """Copies side by side; counts for the last axes suffice. NumPy, PyTorch: tile"""
        x: Any = self
        counts = flat(times)
        return x.repeat((1,) * (self.ndim - len(counts)) + counts)

    # ---------------------------------------------------------------- diagonals

    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
        """The numbers on a diagonal of two axes, as the last axis. NumPy, PyTorch: diagonal"""
        x = self.node
        a, b = two_axes("diagonal", x, dim1, dim2)
        rest = tuple(k for k in range(len(x.shape)) if k not in (a, b))
        return piece(on_diagonal(x.permute((*rest, a, b)), offset), self)

    def diag(self, diagonal: int = 0) -> Tensor:
        """Of a matrix its diagonal; of a row a matrix with it there. NumPy, PyTorch: diag"""
        x = self.node
        if len(x.shape) == 1:
            return result(matrix_of(x, diagonal), self)
        if len(x.shape) != 2:
            says = f"diag needs a row or a matrix, and this tensor has {len(x.shape)} axes"
            raise describe(ShapeError, says, [(name_of(), x)], f"{name_of()}.flatten().diag()")
        return piece(on_diagonal(x, diagonal), self)

    def diag_embed(self, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
        """The last axis laid on a diagonal of two new axes, with zeros elsewhere. PyTorch"""
        x = self.node
        if not x.shape:
            raise describe(ShapeError, "diag_embed needs an axis", [(name_of(), x)])
        a, b = (one_axis("diag_embed", x, d, extra=1) for d in (dim1, dim2))
        y = matrix_of(x, offset)
        order = list(range(len(y.shape) - 2))
        for place, axis in sorted(((a, len(y.shape) - 2), (b, len(y.shape) - 1))):
            order.insert(place, axis)
        return result(y.permute(tuple(order)), self)

    def trace(self) -> Tensor:
        """The sum of a matrix's diagonal. NumPy, PyTorch: trace"""
        x = self.node
        if len(x.shape) != 2:
            says = f"trace is for a matrix, and this tensor has {len(x.shape)} axes"
            raise describe(ShapeError, says, [(name_of(), x)])
        line = on_diagonal(x, 0)
        line = line if x.dtype.is_float else line.cast(int64)
        return result(line.sum((0,)).reshape(()), self)


# ---------------------------------------------------------------- on nodes


def two_axes(op: str, x: Node, first: int, second: int) -> tuple[int, int]:
    """Two different axes counted from 0."""
    a, b = one_axis(op, x, first), one_axis(op, x, second)
    if a == b:
        raise describe(ShapeError, f"{op} needs two axes, got {a} twice", [(name_of(), x)])
    return a, b


def rolled(x: Node, axis: int, shift: int) -> Node:
    """x with its last `shift` entries of an axis in front of the others."""
    n = x.shape[axis]
    if n == 0 or shift % n == 0:
        return x
    cut = n - shift % n
    return joined([part_of(x, axis, cut, n), part_of(x, axis, 0, cut)], axis)


def on_diagonal(x: Node, offset: int) -> Node:
    """(..., n, m) -> (..., k): the numbers x[..., i, i + offset], by moves alone.

    In a square of k rows the diagonal has every (k + 1)-th number of all in a row: filled up by k
    numbers and folded into rows of k + 1, they are the first column.
    """
    *front, n, m = x.shape
    down, right = max(0, -offset), max(0, offset)
    k = max(0, min(n - down, m - right))
    count = len(front)
    bounds = [(0, f) for f in front]
    square = x.shrink((*bounds, (down, down + k), (right, right + k)) if k else none_of(bounds))
    row = square.reshape((*front, k * k)).pad(((0, 0),) * count + ((0, k),))
    return part_of(row.reshape((*front, k, k + 1)), count + 1, 0, 1).reshape((*front, k))


def none_of(bounds: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Nothing of the last two axes."""
    return (*bounds, (0, 0), (0, 0))


def matrix_of(x: Node, offset: int) -> Node:
    """(..., k) -> (..., k + |offset|, k + |offset|) with x on the diagonal: the same backwards."""
    *front, k = x.shape
    around = ((0, 0),) * len(front)
    columns = x.reshape((*front, k, 1)).pad((*around, (0, 0), (0, k)))
    row = columns.reshape((*front, k * (k + 1)))
    square = part_of(row, len(front), 0, k * k).reshape((*front, k, k))
    down, right = max(0, -offset), max(0, offset)
    return square.pad((*around, (down, right), (right, down)))
