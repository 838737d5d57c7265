"""Order by size along an axis: sort, topk, median, quantiles.

The places are found first (graph/order.py); the numbers are then picked there, so that gradients
go to where they came from. NaN is larger than all numbers, as in PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.deferred import with_gradient
from tinylearn.graph.dtype import float64, int64
from tinylearn.graph.node import Node
from tinylearn.graph.order import RANKED
from tinylearn.graph.primitives import ADD, DETACH, LESS
from tinylearn.repairs.userline import name_of
from tinylearn.tensor.along import picked_along, places
from tinylearn.tensor.axes import rows_of
from tinylearn.tensor.compare import equal, is_number, opposite
from tinylearn.tensor.extremes import Found, place_of
from tinylearn.tensor.moves import part_of
from tinylearn.tensor.reduce import kept
from tinylearn.tensor.state import State, made, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Ordering(State):
    """Numbers in order of size, and those at given ranks."""

    __slots__ = ()

    # ---------------------------------------------------------------- all, or the first

    def sort(self, axis: int = -1, descending: bool = False, stable: bool = True) -> Found:
        """In order of size along an axis, and where each number stood. PyTorch: sort

        stable   equal numbers always stay in the order in which they come
        """
        x, a = rows_of("sort", self.node, axis)
        return found(self, x, ranked(x, a, descending, x.shape[a]), a)

    def argsort(self, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
        """Where the numbers stand in order of size, as int64. NumPy, PyTorch: argsort"""
        x, a = rows_of("argsort", self.node, axis)
        return made(ranked(x, a, descending, x.shape[a]).reshape(self.shape), False)

    def msort(self) -> Tensor:
        """In order of size along the first axis, the numbers alone. PyTorch: msort"""
        return self.sort(0).values

    def topk(self, k: int, axis: int = -1, largest: bool = True, sorted: bool = True) -> Found:
        """The k largest (or smallest) numbers along an axis, in order, with their places.

        sorted   they always are. PyTorch: topk
        """
        x, a = rows_of("topk", self.node, axis)
        check_rank("topk", x, a, k, 0)
        return found(self, x, ranked(x, a, largest, k), a)

    # ---------------------------------------------------------------- at one rank

    def kthvalue(self, k: int, axis: int = -1, keepdim: bool = False) -> Found:
        """The k-th smallest number along an axis, counted from 1, and its place.

        PyTorch: kthvalue
        """
        x, a = rows_of("kthvalue", self.node, axis)
        check_rank("kthvalue", x, a, k, 1)
        return found(self, x, RANKED(x, arg=("ranked_last", a, k)), a, keepdim)

    def median(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """The middle number, of two the lower; NaN if there is one. PyTorch: median

        dim   None: of all numbers, and equal ones share the gradient; else PyTorch's pair of
              numbers and places. NumPy's, halfway between the middle two, is quantile(0.5, axis)
        """
        return middle("median", self, dim, keepdim, False)

    def nanmedian(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """The middle of what is not NaN, of two numbers the lower. PyTorch: nanmedian"""
        return middle("nanmedian", self, dim, keepdim, True)

    def mode(self, axis: int = -1, keepdim: bool = False) -> Found:
        """The number that is there most often, the smallest of several; its last place.

        PyTorch: mode
        """
        x, a = rows_of("mode", self.node, axis)
        return found(self, x, most_often(x, nonempty_row("mode", x, a)), a, keepdim)


# ---------------------------------------------------------------- on nodes


def ranked(x: Node, axis: int, descending: bool, count: int) -> Node:
    """Where the first `count` numbers in order stand."""
    return RANKED(x, arg=("descending" if descending else "ascending", axis, count))


def found(tensor: State, x: Node, where: Node, axis: int, keepdim: bool = True) -> Found:
    """The numbers of x, made of a tensor, at places along an axis, and these places."""
    numbers = picked_along(x, where, axis)
    if not tensor.shape:
        return Found(result(numbers.reshape(()), tensor), made(where.reshape(()), False))
    numbers, where = (kept(n, (axis,), keepdim) for n in (numbers, where))
    return Found(result(numbers, tensor), made(where, False))


def check_rank(op: str, x: Node, axis: int, k: int, lowest: int) -> None:
    """Raise ShapeError unless there are k numbers along the axis."""
    n = x.shape[axis]
    if lowest <= k <= n:
        return
    says = f"{op}: k is from {lowest} to {n}, the size of axis {axis}, not {k}"
    name = name_of()
    raise describe(ShapeError, says, [(name, x)], f"{name}.{op}({n}, {axis})" if n else "")


def nonempty_row(op: str, x: Node, axis: int) -> int:
    """The axis, which must not be empty."""
    if x.shape[axis] == 0:
        says = f"{op} over axis {axis}: there are no numbers, so there is no {op}"
        raise describe(ShapeError, says, [(name_of(), x)])
    return axis


# ---------------------------------------------------------------- the middle


def middle(op: str, tensor: State, dim: int | None, keepdim: bool, skipping: bool) -> Any:
    """The lower of the middle numbers; skipping: of those that are not NaN."""
    if dim is not None:
        x, a = rows_of(op, tensor.node, dim)
        return found(tensor, x, middle_place(x, nonempty_row(op, x, a), skipping), a, keepdim)
    x = tensor.node.reshape((tensor.node.size,))
    if not x.size:
        return result(x.sum((0,)).reshape(()) * nothing(op, x), tensor)
    value = picked_along(DETACH(x), middle_place(x, 0, skipping), 0)
    return result(shared(x, value).reshape(()), tensor)


def nothing(op: str, x: Node) -> float:
    """What the median of no numbers is: NaN, which only floats have."""
    if x.dtype.is_float:
        return float("nan")
    nonempty_row(op, x, 0)
    raise AssertionError("a row of no numbers is refused")


def middle_place(x: Node, axis: int, skipping: bool) -> Node:
    """Where the middle number stands; the first NaN is behind all numbers in order."""
    n = x.shape[axis]
    if not x.dtype.is_float:
        return RANKED(x, arg=("ranked_last", axis, (n + 1) // 2))
    count = is_number(x).cast(int64).sum((axis,))
    half = ((count + -1).cast(float64) * 0.5).cast(int64)
    rank = half if skipping else LESS(count, count.const_like(n)).where(count, (n - 1) // 2)
    return picked_along(ranked(x, axis, False, n), rank, axis)


def shares(g: Node, node: Node) -> tuple[Node, None]:
    """Equal numbers get equal shares of g."""
    x, value = node.inputs
    value = value.expand(x.shape)
    chosen = is_number(value).where(equal(x, value), opposite(is_number(x)))
    count = chosen.cast(int64).sum((0,)).cast(x.dtype)
    return chosen.where((g / count).expand(x.shape), 0), None


@with_gradient(shares)
def shared(x: Node, value: Node) -> Node:
    """A value that stands in the row x, perhaps more than once."""
    return value


# ---------------------------------------------------------------- the most frequent


def most_often(x: Node, axis: int) -> Node:
    """Where the last of the most frequent numbers stands.

    sorted    2  2  5  5  5  7
    begins    0  0  2  2  2  5     the place so far at which another number began
    length    1  2  1  2  3  1     the longest is where its last number stands
    """
    n = x.shape[axis]
    order = ranked(x, axis, False, n)
    numbers = DETACH(picked_along(x, order, axis))
    at = places(x.shape, axis, x.device)
    before = tuple((1, 0) if a == axis else (0, 0) for a in range(len(x.shape)))
    same = equal(part_of(numbers, axis, 1, n), part_of(numbers, axis, 0, n - 1)).pad(before)
    starts = same.where(0, at)
    begins = picked_along(starts, RANKED(starts, arg=("largest_so_far", axis, n)), axis)
    length = ADD(at, -begins)
    return picked_along(order, place_of("mode", length, length, axis, True), axis)
