"""Writing at places: scatter, index_add, index_put and their kin, as PyTorch has them.

    x.scatter_add(1, index, src)   out[i, index[i, j]] += src[i, j]   each place along the axis
    x.index_add(1, index, src)     out[i, index[j]] += src[i, j]      whole entries of the axis

What adds up is a scatter: see graph/lookup.py. What overwrites computes the index then and there,
for the last of those that go to one place stays; so do the products, the largest and the smallest.
With an underscore behind the name they change x itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.errors import DTypeError, OptionError, ShapeError, describe, nearest
from tinylearn.graph.dtype import int64
from tinylearn.graph.lookup import GATHER, SCATTER
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import CAT, WHERE, buffer, const
from tinylearn.repairs.userline import name_of
from tinylearn.tensor.along import indices_along, product
from tinylearn.tensor.assigning import laid_at
from tinylearn.tensor.axes import one_axis
from tinylearn.tensor.data import upload
from tinylearn.tensor.extremes import turned
from tinylearn.tensor.indexing import in_range, planned
from tinylearn.tensor.operands import broadcast, is_number, node_of
from tinylearn.tensor.picking import check_along, index_of
from tinylearn.tensor.pieces import plain
from tinylearn.tensor.running import lowest
from tinylearn.tensor.state import State, made, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

REDUCES = ("sum", "prod", "mean", "amax", "amin")
IN_SCATTER = {"add": "sum", "multiply": "prod"}


class Scattering(State):
    """Numbers written to places that are numbers themselves."""

    __slots__ = ()

    def scatter(self, axis: int, index: Tensor, src: Any, reduce: str | None = None) -> Tensor:
        """x with the numbers of src at the places that the index names along an axis.

        index    ints, nowhere larger than x but along the axis; of those that name one place the
                 last one counts
        src      a tensor at least as large as the index, or a number
        reduce   "add" or "multiply" what is there, and do not replace it
        PyTorch: scatter
        """
        if reduce is not None:
            checked_choice("scatter: reduce", reduce, IN_SCATTER)
            return combined("scatter", self, axis, index, src, IN_SCATTER[reduce], True)
        a, place, new = along("scatter", self, axis, index, src)
        places = counted_through(self.node, indices_along(place, a))
        return overwritten(self, places, new, src)

    def scatter_add(self, axis: int, index: Tensor, src: Tensor) -> Tensor:
        """x, and src added at the places that the index names along an axis. PyTorch: scatter_add

        index, src   as for scatter
        """
        return combined("scatter_add", self, axis, index, src, "sum", True)

    def scatter_reduce(
        self, axis: int, index: Tensor, src: Tensor, reduce: str, include_self: bool = True
    ) -> Tensor:
        """x, put together with what goes to each place. PyTorch: scatter_reduce

        reduce         "sum", "prod", "mean", "amax" or "amin"
        include_self   whether the number in x counts too; where nothing goes it stays in any case
        """
        checked_choice("scatter_reduce: reduce", reduce, REDUCES)
        return combined("scatter_reduce", self, axis, index, src, reduce, include_self)

    def index_add(self, axis: int, index: Any, source: Tensor, alpha: float = 1) -> Tensor:
        """x, and alpha * source added to the entries of an axis at these places. PyTorch: index_add

        index   (n,) ints;  source   of the shape of x, but n along the axis
        """
        x = self.node
        a, place, new = entries("index_add", self, axis, index, source)
        new = new if alpha == 1 else new * alpha
        order = (a, *[k for k in range(len(x.shape)) if k != a])
        back = tuple(sorted(range(len(order)), key=order.__getitem__))
        added = SCATTER(new.permute(order), place, arg=(x.shape[a],)).permute(back)
        return result(x + added, self, source)

    def index_copy(self, axis: int, index: Any, source: Tensor) -> Tensor:
        """x with source as its entries of an axis at these places. PyTorch: index_copy

        index, source   as for index_add
        """
        a, place, new = entries("index_copy", self, axis, index, source)
        return overwritten(self, entry_places(self.node, a, place), new, source)

    def index_fill(self, axis: int, index: Any, value: Any) -> Tensor:
        """x with one value in all entries of an axis at these places. PyTorch: index_fill"""
        x, a = self.node, one_axis("index_fill", self.node, axis)
        place = in_range(index_of("index_fill", x, index, 1), a, x)
        places = entry_places(x, a, place)
        new = broadcast(number_or_node("index_fill", x, value, ()), places.shape)
        return overwritten(self, places, new, value)

    def index_put(self, index: Sequence[Any], values: Any, accumulate: bool = False) -> Tensor:
        """x with these values at x[index]; accumulate adds them up. PyTorch: index_put

        index   a tuple with an index tensor, or a mask, for each of the first axes
        """
        x, key = self.node, tuple(index)
        plan = planned(x, key)
        if not plan.axes or plan.axes != [*range(len(plan.axes))]:
            says = "index_put needs a tuple of index tensors, for the first axes"
            raise describe(ShapeError, says, [("x", x)], f"{name_of()}[...] = values")
        shape = plan.arrays[0].shape + x.shape[len(plan.arrays) :]
        new = broadcast(number_or_node("index_put", x, values, shape), shape)
        if accumulate:
            sizes = x.shape[: len(plan.arrays)]
            return result(x + SCATTER(new, *plan.arrays, arg=sizes), self, values)
        return overwritten(self, np.arange(x.size).reshape(x.shape)[plain(key)], new, values)

    def masked_scatter(self, mask: Tensor, source: Tensor) -> Tensor:
        """x with the numbers of source, in order, where the mask is true. PyTorch: masked_scatter

        The mask is computed, for its number of trues.
        """
        x = self.node
        places = np.flatnonzero(np.broadcast_to(mask.numpy(), x.shape))
        new = same_dtype("masked_scatter", x, source.node)
        if new.size < places.size:
            says = f"masked_scatter: {places.size} places for {new.size} numbers"
            raise describe(ShapeError, says, [("x", x), ("mask", mask), ("source", source)])
        new = new.reshape((new.size,)).shrink(((0, places.size),))
        return overwritten(self, places, new, source)


# ---------------------------------------------------------------- what a call gives


def checked_choice(what: str, given: str, known_words: Sequence[str] | dict) -> None:
    """Raise for a word that is none of those known."""
    if given not in known_words:
        says = f"{what} is one of {', '.join(known_words)}, not {given!r}"
        raise OptionError(says + nearest(given, list(known_words)))


def along(op: str, x: State, axis: int, index: Any, src: Any) -> tuple[int, Node, Node]:
    """(the axis, the index, what goes to its places) of a scatter."""
    a, place = one_axis(op, x.node, axis), index_of(op, x.node, index, 1)
    check_along(op, x.node, place, a)
    new = number_or_node(op, x.node, src, place.shape)
    sizes = [m for m, n in zip(place.shape, new.shape, strict=False) if m <= n]
    if len(sizes) < len(place.shape) or len(new.shape) != len(place.shape):
        says = f"{op}: src has as many axes as the index, and is nowhere smaller"
        raise describe(ShapeError, says, [("index", place), ("src", new)])
    return a, in_range(place, a, x.node), new.shrink(tuple((0, n) for n in place.shape))


def entries(op: str, x: State, axis: int, index: Any, source: Tensor) -> tuple[int, Node, Node]:
    """(the axis, the index, what goes to these entries of the axis)."""
    a = one_axis(op, x.node, axis)
    place = index_of(op, x.node, index, 1)
    new = same_dtype(op, x.node, source.node)
    wanted = x.shape[:a] + (place.size,) + x.shape[a + 1 :]
    if len(place.shape) > 1 or new.shape != wanted:
        says = f"{op} along axis {a} needs an index in a row, and a source of shape {wanted}"
        raise describe(ShapeError, says, [("x", x), ("index", place), ("source", new)])
    return a, in_range(place.reshape((place.size,)), a, x.node), new


def number_or_node(op: str, x: Node, given: Any, shape: Shape) -> Node:
    """A number of the user's in a shape, or the node of a tensor of the dtype of x."""
    if is_number(given):
        return const(given, shape, x.dtype, x.device)
    node = given.node if isinstance(given, State) else node_of(op, given, x.device)
    return same_dtype(op, x, node)


def same_dtype(op: str, x: Node, new: Node) -> Node:
    """What is to be written, if it has the dtype of x: nothing is rounded silently."""
    if new.dtype is x.dtype:
        return new
    says = f"{op} writes numbers of one dtype: x has {x.dtype}, the other {new.dtype}"
    raise DTypeError(f"{says}\nTry {name_of()}.cast({str(new.dtype)!r}), or cast the other")


def numbers_of(index: Node) -> np.ndarray:
    """The places of an index, computed now."""
    return made(index, False).numpy()


# ---------------------------------------------------------------- overwriting


def overwritten(x: State, places: np.ndarray, new: Node, given: Any) -> Tensor:
    """x with new numbers at places that count through all of it. given: whose gradient it takes."""
    inside, laid = laid_at(x.node, places, new)
    return result(WHERE(inside, laid, x.node), x, given)


def counted_through(x: Node, indices: Sequence[Node]) -> np.ndarray:
    """The places of indices, one for each axis, counted through all of x; computed now."""
    arrays = []
    for axis, index in enumerate(indices):
        numbers = numbers_of(index)
        in_range(index, axis, x)  # now it is known
        arrays.append(np.where(numbers < 0, numbers + x.shape[axis], numbers))
    every = np.arange(x.size).reshape(x.shape)
    return np.asarray(every[tuple(arrays)])


def entry_places(x: Node, axis: int, index: Node) -> np.ndarray:
    """The places of whole entries of an axis, counted through all of x; computed now."""
    numbers = numbers_of(index)
    in_range(index, axis, x)
    return np.arange(x.size).reshape(x.shape).take(numbers, axis)


# ---------------------------------------------------------------- putting together


def combined(
    op: str, x: State, axis: int, index: Any, src: Any, how: str, include_self: bool
) -> Tensor:
    """x, put together with what goes to each of its places."""
    a, place, new = along(op, x, axis, index, src)
    indices = indices_along(place, a)
    if how in ("sum", "mean"):
        return result(added(x.node, indices, new, how, include_self), x, src)
    places = counted_through(x.node, indices).reshape(-1)
    named, table = table_of(places)
    values = one_by_one(x.node, new.reshape((new.size,)), named, table, how, include_self)
    return overwritten(x, named, values, src)


def added(x: Node, indices: Sequence[Node], new: Node, how: str, include_self: bool) -> Node:
    """The sum, or the mean, of what goes to each place."""
    total = SCATTER(new, *indices, arg=x.shape)
    if how == "sum" and include_self:
        return x + total
    counts = SCATTER(const(1, new.shape, int64, x.device), *indices, arg=x.shape)
    nothing = counts.less(1)
    if how == "mean":
        counts = (counts + 1) if include_self else nothing.where(1, counts)
        total = (x + total if include_self else total) * counts.cast(x.dtype).recip()
    return total if include_self else nothing.where(x, total)


def table_of(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(each place that is named, for each of them in a row which numbers go there).

    Rows are filled up with the number behind the last.
    >>> table_of(np.array([5, 2, 5]))
    (array([2, 5]), array([[1, 3],
           [0, 2]]))
    """
    named, row, counts = np.unique(places, return_inverse=True, return_counts=True)
    order = np.argsort(row, kind="stable")
    column = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
    table = np.full((len(named), counts.max(initial=1)), len(places))
    table[row[order], column] = order
    return named, table


def one_by_one(
    x: Node, new: Node, named: np.ndarray, table: np.ndarray, how: str, include_self: bool
) -> Node:
    """The product, the largest or the smallest of what goes to each named place."""
    if how == "amin":
        x, new = turned(x), turned(new)
    neutral = const(1 if how == "prod" else lowest(x), (1,), x.dtype, x.device)
    rows = GATHER(CAT(new, neutral, arg=0), buffer(upload(table, x.device)))
    if include_self:
        own = GATHER(x.reshape((x.size,)), buffer(upload(named, x.device)))
        rows = CAT(rows, own.reshape((len(named), 1)), arg=1)
    together = (product(rows, 1) if how == "prod" else rows.max((1,))).reshape((len(named),))
    return turned(together) if how == "amin" else together
