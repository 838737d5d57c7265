"""The largest and the smallest number, and where they stand: max, min, argmax, argmin.

x.max(axis=1)   the numbers, as in NumPy; ties share the gradient
x.max(dim=1)    PyTorch's pair of numbers and places; the first of ties gets the gradient
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

from tinylearn.graph.dtype import bool_
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import LESS
from tinylearn.repairs.statements import refuse_places, taken_apart
from tinylearn.repairs.userline import first_argument, name_of
from tinylearn.tensor.along import picked_along, places
from tinylearn.tensor.axes import Axes, one_axis
from tinylearn.tensor.compare import is_number, opposite
from tinylearn.tensor.reduce import kept, nonempty
from tinylearn.tensor.state import State, made, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Found(NamedTuple):
    """Numbers along an axis, and the places where they stand."""

    values: Tensor
    indices: Tensor


class Extremes(State):
    """The largest and the smallest number along axes."""

    __slots__ = ()

    @overload
    def max(self, axis: Axes = None, keepdim: bool = False) -> Tensor: ...
    @overload
    def max(self, *, dim: int, keepdim: bool = False) -> Found: ...
    def max(self, axis: Axes = None, keepdim: bool = False, dim: int | None = None) -> Any:
        """The largest number; NaN if there is one. Ties share the gradient. NumPy: max

        dim   instead of the axis: PyTorch's pair (values, indices)
        """
        if dim is not None:
            return with_places("max", self, self.node, dim, keepdim)
        return result(largest("max", self.node, axis, keepdim), self)

    @overload
    def min(self, axis: Axes = None, keepdim: bool = False) -> Tensor: ...
    @overload
    def min(self, *, dim: int, keepdim: bool = False) -> Found: ...
    def min(self, axis: Axes = None, keepdim: bool = False, dim: int | None = None) -> Any:
        """The smallest number; NaN if there is one. Ties share the gradient. NumPy: min

        dim   instead of the axis: PyTorch's pair (values, indices)
        """
        if dim is not None:
            return with_places("min", self, turned(self.node), dim, keepdim)
        return result(turned(largest("min", turned(self.node), axis, keepdim)), self)

    def amax(self, axis: Axes = None, keepdim: bool = False) -> Tensor:
        """The largest number; ties share the gradient. NumPy, PyTorch: amax"""
        return result(largest("amax", self.node, axis, keepdim), self)

    def amin(self, axis: Axes = None, keepdim: bool = False) -> Tensor:
        """The smallest number; ties share the gradient. NumPy, PyTorch: amin"""
        return result(turned(largest("amin", turned(self.node), axis, keepdim)), self)

    def aminmax(self, axis: int | None = None, keepdim: bool = False) -> tuple[Tensor, Tensor]:
        """The smallest and the largest number, (min, max). PyTorch: aminmax"""
        return self.amin(axis, keepdim), self.amax(axis, keepdim)

    def argmax(self, axis: int | None = None, keepdim: bool = False) -> Tensor:
        """The place of the largest number, the first of several, as int64.

        axis   None: counted through all numbers. NumPy, PyTorch: argmax
        """
        return made(place_of("argmax", self.node, self.node, axis, keepdim), False)

    def argmin(self, axis: int | None = None, keepdim: bool = False) -> Tensor:
        """The place of the smallest number, the first of several, as int64. NumPy: argmin"""
        return made(place_of("argmin", self.node, turned(self.node), axis, keepdim), False)


# ---------------------------------------------------------------- what others mean by it


def check_alone(op: str, axis: Any) -> None:
    """Refuse what PyTorch's max and min answer with two things, or take a second tensor for."""
    if axis is None:
        return
    if isinstance(axis, State):
        says = f"{op} takes an axis; {op}imum takes a second tensor"
        raise TypeError(f"{says}\nTry {name_of()}.{op}imum({first_argument() or 'y'})")
    place = taken_apart()
    if place is not None:
        refuse_places(op, place)


# ---------------------------------------------------------------- on nodes


def largest(op: str, x: Node, axis: Axes, keepdim: bool) -> Node:
    """The largest number along axes."""
    if op in ("max", "min"):
        check_alone(op, axis)
    axes = nonempty(op, x, axis)
    return kept(x.max(axes), axes, keepdim)


def with_places(op: str, x: State, order: Node, dim: int, keepdim: bool) -> Found:
    """The numbers at the places where `order` is largest, and these places."""
    a = one_axis(op, x.node, dim)
    where = place_of(op, x.node, order, dim, True)
    numbers = picked_along(x.node, where, a)
    return Found(result(kept(numbers, (a,), keepdim), x), made(kept(where, (a,), keepdim), False))


def turned(x: Node) -> Node:
    """The same numbers in reverse order of size: -x, and for ints -1 - x, which always exists."""
    if x.dtype is bool_:
        return opposite(x)
    return -x if x.dtype.is_float else -x + -1


def place_of(op: str, original: Node, x: Node, axis: int | None, keepdim: bool) -> Node:
    """Where along an axis the largest number of x stands first; NaN is larger than all."""
    if axis is None:
        whole = (1,) * len(x.shape)
        x = x.reshape((x.size,))
    a = nonempty(op, x, 0 if axis is None else one_axis(op, original, axis))
    peak = x.max(a).expand(x.shape)
    chosen = opposite(LESS(x, peak))
    if x.dtype.is_float:
        not_this = is_number(x)
        chosen = is_number(peak).where(chosen, opposite(not_this))
    n = x.shape[a[0]]
    backwards = -places(x.shape, a[0], x.device) + n  # n, n - 1, ... 1: the largest stands first
    node = -chosen.where(backwards, 0).max(a) + n
    if axis is None:
        return node.reshape(whole if keepdim else ())
    return kept(node, a, keepdim)
