"""What is there, and where: unique numbers, places of what is not zero, search in sorted rows.

Where the shape depends on the numbers, they are computed then and there; the docstring says so.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.devices.recorder import refuse
from tinylearn.errors import ShapeError, describe
from tinylearn.graph.dtype import int32
from tinylearn.graph.node import Node
from tinylearn.graph.order import RANKED, SEARCHED
from tinylearn.graph.primitives import const
from tinylearn.repairs.userline import name_of
from tinylearn.tensor.along import picked_along
from tinylearn.tensor.axes import one_axis
from tinylearn.tensor.compare import equal, opposite
from tinylearn.tensor.creation import leaf
from tinylearn.tensor.data import short
from tinylearn.tensor.operands import different_devices, is_number, meeting, node_of, number_dtype
from tinylearn.tensor.state import State, made

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Searching(State):
    """Unique numbers, places, search."""

    __slots__ = ()

    # ---------------------------------------------------------------- computed then and there

    def unique(
        self,
        sorted: bool = True,
        return_inverse: bool = False,
        return_counts: bool = False,
        axis: int | None = None,
    ) -> Any:
        """Each number once, in order; computed then and there. NumPy, PyTorch: unique

        sorted           they always are; NaN counts each time
        return_inverse   also where in the result each number of x stands
        return_counts    also how often each is there
        axis             compare whole entries of an axis; None: numbers
        """
        return distinct("unique", self, True, return_inverse, return_counts, axis)

    def unique_consecutive(
        self, return_inverse: bool = False, return_counts: bool = False, axis: int | None = None
    ) -> Any:
        """x without what equals the one before; computed then and there.

        PyTorch: unique_consecutive
        """
        return distinct("unique_consecutive", self, False, return_inverse, return_counts, axis)

    def nonzero(self, as_tuple: bool = False) -> Any:
        """The places of all that is not zero; computed then and there. PyTorch: nonzero

        as_tuple   False: (count, axes) int64, a row for each; True: the same axis by axis, which
                   indexes x. NumPy's nonzero gives the latter
        """
        numbers = seen_now("nonzero", self)
        if not as_tuple:
            return leaf(np.argwhere(numbers), None, self.device)
        found = np.nonzero(np.atleast_1d(numbers))
        return tuple(leaf(np.ascontiguousarray(n), None, self.device) for n in found)

    def argwhere(self) -> Tensor:
        """The places of all that is not zero, a row for each; computed then and there.

        NumPy, PyTorch: argwhere
        """
        return self.nonzero()

    # ---------------------------------------------------------------- search

    def searchsorted(
        self, values: Any, *, out_int32: bool = False, right: bool = False,
        side: str | None = None, sorter: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Where each value belongs, that the order stays. NumPy, PyTorch: searchsorted

        self     a sorted row, or one for each row of the values
        right    behind equal numbers, and not before; the same as side="right"
        sorter   x.argsort(), if x is not sorted
        """
        side = wanted_side(right, side)
        steps = self.node
        if sorter is not None:
            steps = picked_along(steps, sorter.node, len(steps.shape) - 1)
        return searched("searchsorted", self, steps, values, side, out_int32)

    def bucketize(self, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Tensor:
        """Between which of a row of sorted boundaries each number is. PyTorch: bucketize

        right   numbers that equal a boundary are counted behind it. NumPy's digitize means the
                opposite by it
        """
        steps = operand("bucketize", self, boundaries)
        if len(steps.shape) != 1:
            says = "bucketize needs one row of boundaries"
            raise describe(ShapeError, says, [(name_of(), self.node), ("boundaries", steps)])
        side = wanted_side(right, None)
        return searched("bucketize", self, steps, made(self.node, False), side, out_int32)

    def isin(self, test: Any, assume_unique: bool = False, invert: bool = False) -> Tensor:
        """Whether each number is one of those to test for. NumPy, PyTorch: isin

        invert   whether it is none of them
        """
        x, wanted = self.node, operand("isin", self, test)
        dtype = meeting(x, wanted)
        x, wanted = x.cast(dtype), wanted.reshape((wanted.size,)).cast(dtype)
        if not wanted.size:
            found = const(False, x.shape, opposite(x).dtype, x.device)
        else:
            found = among(x, wanted)
        return made(opposite(found) if invert else found, False)


# ---------------------------------------------------------------- unique


def seen_now(op: str, tensor: State) -> np.ndarray:
    """The numbers, computed then and there; inside a captured function that is refused."""
    outside = f"{name_of()}.{op}() outside of the captured function"
    refuse(f"how many numbers {op} gives depends on them", outside)
    return tensor.numpy()  # type: ignore[attr-defined, no-any-return]


def distinct(
    op: str, tensor: State, in_order: bool, inverse: bool, counts: bool, axis: int | None
) -> Any:
    """What differs from the one before, after sorting or as it comes."""
    x = seen_now(op, tensor)
    if axis is None:
        rows, a, shape = x.reshape(-1, 1), 0, x.shape
    else:
        a = one_axis(op, tensor.node, axis)
        entries = np.moveaxis(x, a, 0)
        if 0 in entries.shape[1:]:
            says = f"{op} along axis {a}: its entries have no numbers"
            raise describe(ShapeError, says, [(name_of(), tensor.node)])
        rows, shape = entries.reshape(len(entries), math.prod(entries.shape[1:])), (len(entries),)
    order = np.lexsort(rows.T[::-1]) if in_order else np.arange(len(rows))
    rows = rows[order]
    new = np.ones(len(rows), bool)
    new[1:] = (rows[1:] != rows[:-1]).any(1)
    group = np.empty(len(rows), np.int64)
    group[order] = np.cumsum(new) - 1
    values = rows[new]
    if axis is not None:
        values = np.moveaxis(values.reshape(-1, *entries.shape[1:]), 0, a)
    found = [values.reshape(-1) if axis is None else np.ascontiguousarray(values)]
    found += [group.reshape(shape)] if inverse else []
    found += [np.bincount(group)] if counts else []
    leaves = [leaf(n, None, tensor.device, requires_grad=False) for n in found]
    return leaves[0] if len(leaves) == 1 else tuple(leaves)


# ---------------------------------------------------------------- on nodes


def wanted_side(right: bool, side: str | None) -> str:
    """ "left" or "right"; raises ValueError where the two arguments do not agree."""
    if side not in (None, "left", "right"):
        raise ValueError(f"side is 'left' or 'right', not {short(side)}\nTry side='left'")
    if right and side == "left":
        raise ValueError("right=True and side='left' contradict each other\nTry side='right'")
    return "right" if right else side or "left"


def operand(op: str, x: State, other: Any) -> Node:
    """The node of a tensor, or of numbers that become one."""
    if isinstance(other, State):
        return other.node
    if is_number(other):
        return const(other, (), number_dtype(x.dtype, other), x.device)
    return node_of(op, other, x.device)


def searched(
    op: str, tensor: State, steps: Node, values: Any, side: str, out_int32: bool
) -> Tensor:
    """The places of values among sorted steps."""
    x = operand(op, tensor, values)
    if x.device != steps.device:
        raise different_devices(op, steps, x)
    if not steps.shape or (len(steps.shape) > 1 and steps.shape[:-1] != x.shape[:-1]):
        says = f"{op} needs a sorted row, or one for each row of the values"
        raise describe(ShapeError, says, [("sorted", steps), ("values", x)])
    dtype = meeting(steps, x)
    found = SEARCHED(steps.cast(dtype), x.cast(dtype), arg=side)
    return made(found.cast(int32) if out_int32 else found, False)


def among(x: Node, wanted: Node) -> Node:
    """Whether each number is in the row: it is what stands where a search would put it."""
    n = wanted.size
    steps = picked_along(wanted, RANKED(wanted, arg=("ascending", 0, n)), 0)
    flat = x.reshape((x.size,))
    place = SEARCHED(steps, flat, arg="left")
    last = place.less(n).where(place, n - 1)
    return equal(picked_along(steps, last, 0), flat).reshape(x.shape)
