"""Reading at places, as PyTorch does: gather, take, take_along_dim, index_select, masked_select.

x.gather(1, index)     out[i, j] = x[i, index[i, j]]    each place looks along the axis itself
x.take(index, 1)       out[i, k] = x[i, index[k]]       whole entries of the axis
x.take(index)          out[k] = x.flatten()[index[k]]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinylearn.errors import DTypeError, ShapeError, describe
from tinylearn.graph.node import Node
from tinylearn.repairs.userline import with_ints
from tinylearn.tensor.along import picked_along
from tinylearn.tensor.axes import one_axis
from tinylearn.tensor.indexing import in_range
from tinylearn.tensor.operands import broadcast, common_shape, different_devices, node_of
from tinylearn.tensor.state import State, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Picking(State):
    """Numbers picked along an axis."""

    __slots__ = ()

    def gather(self, axis: int, index: Tensor) -> Tensor:
        """At each place of the index the number of x that it names along the axis. PyTorch: gather

        index   ints, in a shape that is nowhere larger than that of x but along the axis
        NumPy: take_along_axis
        """
        x, a = self.node, one_axis("gather", self.node, axis)
        place = index_of("gather", x, index, 1)
        check_along("gather", x, place, a)
        return result(picked_along(x, in_range(place, a, x), a), self)

    def take_along_dim(self, index: Tensor, axis: int | None = None) -> Tensor:
        """As gather, but the index and x broadcast along the other axes. PyTorch: take_along_dim

        axis   None looks into all numbers of x in a row
        NumPy: take_along_axis
        """
        x, place = self.node, index_of("take_along_dim", self.node, index, 0)
        if axis is None:
            x, place, axis = x.reshape((x.size,)), place.reshape((place.size,)), 0
        a = one_axis("take_along_dim", x, axis)
        around = common_shape(x.shape[:a] + (1,) + x.shape[a + 1 :], place.shape)
        if around is None or len(place.shape) != len(x.shape):
            says = f"take_along_dim along axis {a}: the other axes of x and index do not broadcast"
            raise describe(ShapeError, says, [("x", x), ("index", place)])
        x = broadcast(x, around[:a] + x.shape[a : a + 1] + around[a + 1 :])
        place = broadcast(in_range(place, a, x), around)
        return result(picked_along(x, place, a), self)

    def take(self, index: Any, axis: int | None = None) -> Tensor:
        """The entries of an axis at these places: x[index] for that axis. NumPy, PyTorch: take

        axis   None looks into all numbers of x in a row
        """
        x: Any = self
        if axis is None:
            return x.flatten()[index]
        before = (slice(None),) * one_axis("take", self.node, axis)
        return x[(*before, index)]

    def index_select(self, axis: int, index: Any) -> Tensor:
        """The entries of an axis at these places: x.take(index, axis). PyTorch: index_select"""
        x: Any = self
        return x.take(index, one_axis("index_select", self.node, axis))

    def masked_select(self, mask: Tensor) -> Tensor:
        """The numbers where a mask is true, in a row; x[mask]. The mask is computed. PyTorch"""
        x: Any = self
        return x[mask.expand(x.shape)]


# ---------------------------------------------------------------- on nodes


def index_of(op: str, x: Node, index: Any, argument: int) -> Node:
    """The node of an index into x: ints, where x is. argument: which of the call's it is."""
    place = index.node if isinstance(index, State) else node_of(op, index, x.device)
    if place.device != x.device:
        raise different_devices(op, x, place)
    if place.dtype.kind != 1:
        raise DTypeError(f"{op} needs ints, not {place.dtype}\nTry {with_ints(argument)}")
    return place


def check_along(op: str, x: Node, place: Node, axis: int) -> None:
    """Raise ShapeError unless an index goes along one axis of x, and nowhere else beyond it."""
    pairs = [(m, n) for k, (m, n) in enumerate(zip(place.shape, x.shape)) if k != axis]
    if len(place.shape) != len(x.shape) or any(m > n for m, n in pairs):
        says = f"{op} along axis {axis}: the index has as many axes as x, none but this larger"
        raise describe(ShapeError, says, [("x", x), ("index", place)])
