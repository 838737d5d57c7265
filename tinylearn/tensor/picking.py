"""Picking along one axis: gather, index_select, masked_select, as PyTorch calls them.

For each place of an index, the sum over an axis of what stands where the index says: all places
are compared, so this is for axes as short as classes are; x[index] picks whole rows at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinylearn.errors import DTypeError, ShapeError, describe
from tinylearn.graph.dtype import bool_, int64
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import SUM
from tinylearn.repairs.userline import name_of, named_arguments
from tinylearn.tensor.along import places
from tinylearn.tensor.axes import one_axis
from tinylearn.tensor.compare import equal
from tinylearn.tensor.indexing import in_range
from tinylearn.tensor.operands import different_devices
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
        x, place = self.node, index.node
        a = one_axis("gather", x, axis)
        if place.device != x.device:
            raise different_devices("gather", x, place)
        if place.dtype.is_float or place.dtype is bool_:
            repair = f"{name_of()}.gather({axis}, {named_arguments(2)[1]}.long())"
            raise DTypeError(f"gather needs ints, not {place.dtype}\nTry {repair}")
        sizes = [n for k, n in enumerate(x.shape) if k != a]
        wanted = [n for k, n in enumerate(place.shape) if k != a]
        if len(place.shape) != len(x.shape) or any(m > n for m, n in zip(wanted, sizes)):
            says = f"gather along axis {a}: the index has as many axes as x, none but this larger"
            raise describe(ShapeError, says, [("x", x), ("index", place)])
        bounds = tuple((0, n) for n in place.shape[:a] + x.shape[a : a + 1] + place.shape[a + 1 :])
        return result(picked_along(x.shrink(bounds), in_range(place.cast(int64), a, x), a), self)

    def index_select(self, axis: int, index: Any) -> Tensor:
        """The entries of an axis at these places: x.take(index, axis). PyTorch: index_select"""
        x: Any = self
        return x.take(index, one_axis("index_select", self.node, axis))

    def masked_select(self, mask: Tensor) -> Tensor:
        """The numbers where a mask is true, in a row; x[mask]. The mask is computed. PyTorch"""
        x: Any = self
        return x[mask.expand(x.shape)]


# ---------------------------------------------------------------- on nodes


def picked_along(x: Node, index: Node, axis: int) -> Node:
    """x of shape (..., n, ...) and an index (..., m, ...) along that axis: (..., m, ...).

    Never 0 * x: a number that is not picked may be infinite.
    """
    before, n, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    m = index.shape[axis]
    whole = (*before, m, n, *after)
    numbers = x.reshape((*before, 1, n, *after)).expand(whole)
    wanted = index.reshape((*before, m, 1, *after)).expand(whole)
    matching = equal(wanted, places(whole, axis + 1, x.device)).where(numbers, 0)
    return SUM(matching, arg=(axis + 1,)).reshape(index.shape)
