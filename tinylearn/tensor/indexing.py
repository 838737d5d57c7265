"""x[...]: NumPy's indexing, made of moves; and of a sum over matching places for index tensors.

    x[2]  x[-1]  x[1:4]  x[::-2]  x[..., 0]  x[None]     moves only: nothing is copied
    x[index]    index an int tensor, array or list       sum over k of: x[k] where index is k
    x[mask]     mask a bool tensor or array              the mask is computed, for its number
                                                         of trues is the result's shape

Picking from numbers that are in memory, by an index that is known, is done at once: it costs less
than one comparison for each number there is. Where that would be many comparisons, numbers and
index are computed first, as a mask is: x[order[:64]] reads 64 rows, and not all of x 64 times.
An index that costs little is computed in any case, so that a place that is not there is refused.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.devices.device import Device
from tinylearn.errors import DTypeError, describe
from tinylearn.graph.dtype import bool_, float32, int64
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import LESS, SUM, WHERE, buffer, const, copy
from tinylearn.plan.plan import realize
from tinylearn.repairs.userline import index_repair, mask_repair, name_of
from tinylearn.tensor.along import places
from tinylearn.tensor.axes import needed_axis
from tinylearn.tensor.data import short, upload
from tinylearn.tensor.operands import broadcast, common_shape
from tinylearn.tensor.reduce import Reduce
from tinylearn.tensor.state import State, made, piece, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


MANY = 1 << 20  # comparisons: beyond, what can be picked at once is
CHEAP = 1 << 16  # numbers on the way to an index, up to which it is computed at once
SHORT = 100  # nodes on the way to it
LARGEST = 1 << 28  # bytes: what is larger is not computed only to pick from it
HOST = ("numpy", "c")  # devices whose memory NumPy can look at


@dataclass(frozen=True)
class Trues:
    """Where a mask is true along one of its axes, the size of that axis, whether it is the only."""

    places: Node
    size: int
    alone: bool


class Indexing(Reduce):
    """x[...]"""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Tensor:
        x = self.node
        keys = key if isinstance(key, tuple) else (key,)
        plan = planned(x, keys)
        if not plan.arrays:
            return piece(cut_out(x, plan), self)
        if plan.arrays[0].size * x.size > MANY and (kept := computed_first(x, keys)):
            plan = planned(x, keys)
            del kept
        at_once = all(known(n) for n in (x, *plan.arrays))
        if at_once and not self._requires_grad:
            return made(picked_now(x, plan), False)
        node = gathered(cut_out(x, plan), plan)
        if at_once and node.buffer is None and plan.arrays[0].size * x.size > MANY:
            node.buffer = picked_now(x, plan).buffer  # the graph is kept for its gradient
        return result(node, self)

    def take(self, index: Any, axis: int | None = None) -> Tensor:
        """The entries of an axis at these places: x[index] for that axis, which a row needs not."""
        axis = needed_axis("take", self.node, axis, ", axis=0")
        before = (slice(None),) * (axis if axis >= 0 else axis + self.ndim)
        return self[(*before, index)]

    def one_hot(self, classes: int) -> Tensor:
        """(...) ints -> (..., classes) float32: 1 at the place it names. PyTorch: one_hot"""
        index = self.node
        if index.dtype.is_float or index.dtype is bool_:
            raise DTypeError(f"one_hot needs ints, not {index.dtype}\nTry x.long()")
        shape = index.shape + (operator.index(classes),)
        index = computed_if_cheap(index)
        if known(index) and (wrong := outside(index, 0, shape[-1])) is not None:
            raise ValueError(f"one_hot: class {wrong} is not one of 0 to {shape[-1] - 1}")
        index = index.cast(int64).reshape(index.shape + (1,)).expand(shape)
        place = places(shape, len(shape) - 1, index.device)
        one, zero = (const(n, shape, float32, index.device) for n in (1.0, 0.0))
        return made(WHERE(LESS(index, place), zero, WHERE(LESS(place, index), zero, one)), False)

    def tril(self, diagonal: int = 0) -> Tensor:
        """The numbers on and below a diagonal of the last two axes, else 0. NumPy, PyTorch: tril"""
        row, column = self.rows_and_columns("tril")
        return result(LESS(row + diagonal, column).where(0, self.node), self)

    def triu(self, diagonal: int = 0) -> Tensor:
        """The numbers on and above a diagonal of the last two axes, else 0. NumPy, PyTorch: triu"""
        row, column = self.rows_and_columns("triu")
        return result(LESS(column, row + diagonal).where(0, self.node), self)

    def rows_and_columns(self, op: str) -> tuple[Node, Node]:
        """In each place its row and its column."""
        shape = self.shape
        if len(shape) < 2:
            name = name_of()
            says = f"{op} needs two axes"
            raise describe(IndexError, says, [(name, self.node)], f"{name}.unsqueeze(0)")
        last = len(shape) - 1
        return places(shape, last - 1, self.device), places(shape, last, self.device)


# ---------------------------------------------------------------- reading the key


@dataclass
class Plan:
    """What a key asks for, axis by axis of x.

    bounds, flips, steps   the part of each axis, whether backwards, every how-manyth
    arrays                 index nodes of int64, broadcast to one shape
    axes                   which axes of x they index
    shape                  the result's axes: a size, or "index" where the arrays' shape goes
    """

    bounds: list[tuple[int, int]] = field(default_factory=list)
    flips: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    arrays: list[Node] = field(default_factory=list)
    axes: list[int] = field(default_factory=list)
    shape: list[int | None] = field(default_factory=list)


def planned(x: Node, key: tuple) -> Plan:
    """A key read against the shape of x."""
    entries = completed(x, [entry for k in key for entry in unmasked(k, x.device)])
    plan = Plan()
    advanced = [not isinstance(e, slice | None) and e is not ... for e in entries]
    has_arrays = any(isinstance(e, Node | Trues) for e in entries)
    for entry in entries:
        axis = len(plan.bounds)
        if entry is None:
            plan.shape.append(1)
            continue
        if isinstance(entry, Trues):
            entry = fitting_mask(entry, axis, x)
        if isinstance(entry, Node):
            plan.bounds.append((0, x.shape[axis]))
            plan.steps.append(1)
            plan.arrays.append(in_range(entry, axis, x))
            plan.axes.append(axis)
        elif isinstance(entry, slice):
            plan.shape.append(sliced(plan, entry, axis, x.shape[axis]))
        else:
            k = inside(entry, axis, x)
            plan.bounds.append((k, k + 1))
            plan.steps.append(1)
    if has_arrays:
        first, last = advanced.index(True), len(advanced) - 1 - advanced[::-1].index(True)
        apart = not all(advanced[first : last + 1])
        before = (
            0 if apart else sum(1 for e in entries[:first] if e is None or isinstance(e, slice))
        )
        plan.shape.insert(before, None)
        plan.arrays = together(x, plan.arrays)
    return plan


def unmasked(entry: Any, device: str) -> list[Any]:
    """An entry of a key as ints, slices, None, ..., int nodes; of a mask the trues of each axis."""
    if entry is None or entry is ... or isinstance(entry, slice):
        return [entry]
    if isinstance(entry, int | np.integer) and not isinstance(entry, bool):
        return [int(entry)]
    if isinstance(entry, State):
        if entry.dtype is not bool_:
            if entry.dtype.is_float:
                raise DTypeError(f"an index is made of ints, not {entry.dtype}\nTry index.long()")
            return [copy(entry.node, device).cast(int64)]
        entry = entry.numpy()  # type: ignore[attr-defined]
    array = np.asarray(entry)
    if array.size == 0 and not isinstance(entry, np.ndarray):
        array = array.astype(np.int64)
    if array.dtype.kind == "b" and array.ndim:
        found = zip(np.nonzero(array), array.shape)
        alone = array.ndim == 1
        return [Trues(buffer(upload(places, device)), size, alone) for places, size in found]
    if array.dtype.kind not in "iu":
        says = f"an index is an int, a slice, None, ... or a tensor, not {short(entry)}"
        raise DTypeError(says + (index_repair() if isinstance(entry, float) else ""))
    return [buffer(upload(array.astype(np.int64), device))]


def fitting_mask(mask: Trues, axis: int, x: Node) -> Node:
    """Where a mask is true; its axis must be as long as that of x."""
    n = x.shape[axis]
    if mask.size == n:
        return mask.places
    name = name_of()
    says = f"a mask of size {mask.size} is laid on axis {axis}, which has size {n}"
    repair = mask_repair(name, mask.size, n) if mask.alone and not axis else ""
    raise describe(IndexError, says, [(name, x)], repair)


def completed(x: Node, entries: list[Any]) -> list[Any]:
    """Entries for every axis of x: `...` spelled out."""
    used = sum(1 for e in entries if e is not None and e is not ...)
    if used > len(x.shape):
        name = name_of()
        says = f"{used} indices for a tensor of {len(x.shape)} axes"
        repair = f"{name}[{', '.join('0' * len(x.shape))}]" if x.shape else f"{name}.item()"
        raise describe(IndexError, says, [(name, x)], "" if 0 in x.shape else repair)
    dots = [k for k, e in enumerate(entries) if e is ...]
    if len(dots) > 1:
        raise describe(IndexError, "an index has at most one ...", [(name_of(), x)])
    place = dots[0] if dots else len(entries)
    rest = [slice(None)] * (len(x.shape) - used)
    return entries[:place] + rest + entries[place + 1 :]


def inside(k: int, axis: int, x: Node) -> int:
    """A place on an axis, counted from 0."""
    n = x.shape[axis]
    if -n <= k < n:
        return k % n
    name = name_of()
    says = f"there is no place {k} on axis {axis}, which has size {n}"
    last = f"{name}[{':, ' * axis}-1]" if n else ""
    raise describe(IndexError, says, [(name, x)], last)


def sliced(plan: Plan, entry: slice, axis: int, n: int) -> int:
    """Note what a slice asks of an axis of size n; gives the size that is left."""
    if entry.step == 0:
        raise describe(IndexError, "a slice cannot step by 0")
    start, stop, step = entry.indices(n)
    count = len(range(start, stop, step))
    if step < 0:
        plan.flips.append(axis)
        start = start + (count - 1) * step
        step = -step
    plan.bounds.append((start, start + (count - 1) * step + 1) if count else (0, 0))
    plan.steps.append(step if count else 1)
    return count


# ---------------------------------------------------------------- parts


def cut_out(x: Node, plan: Plan) -> Node:
    """The part that ints and slices ask for, without the axes of ints if no array is waiting."""
    y = x.shrink(tuple(plan.bounds)).flip(tuple(plan.flips))
    if any(step > 1 for step in plan.steps):
        y = every(y, plan.steps)
    if plan.arrays:
        return y
    return y.reshape(tuple(n for n in plan.shape if n is not None))


def every(x: Node, steps: Sequence[int]) -> Node:
    """Every step-th number of each axis, from the first."""
    counts = tuple(-(-n // step) for n, step in zip(x.shape, steps))
    x = x.pad(tuple((0, c * s - n) for n, c, s in zip(x.shape, counts, steps)))
    x = x.reshape(tuple(n for pair in zip(counts, steps) for n in pair))
    x = x.shrink(tuple(b for c in counts for b in ((0, c), (0, 1))))
    return x.reshape(counts)


# ---------------------------------------------------------------- index arrays


def known(x: Node) -> bool:
    """Whether the numbers are computed already, in memory that NumPy can look at."""
    return x.buffer is not None and x.device in HOST


def computed_if_cheap(index: Node) -> Node:
    """An index, computed if few nodes of few numbers lead to it; else it waits."""
    waiting, seen, count = [index], set(), 0
    while waiting:
        node = waiting.pop()
        if node in seen or node.buffer is not None:
            continue
        seen.add(node)
        count += node.size
        if count > CHEAP or len(seen) > SHORT or node.op.kind == "deferred":
            return index
        waiting += node.inputs
    if seen and index.device in HOST:
        realize([index])
    return index


def outside(index: Node, low: int, high: int) -> int | None:
    """The first number of a known index that is not from low to high - 1, or None."""
    numbers = Device.known[index.device].download(index.buffer)
    wrong = numbers[(numbers < low) | (numbers >= high)]
    return int(wrong.flat[0]) if wrong.size else None


def computed_first(x: Node, keys: tuple) -> list[Node]:
    """Compute the numbers to pick from and the indices, those that are not computed yet.

    Gives what was computed, to be kept until it is used.
    """
    given = [k.node for k in keys if isinstance(k, State) and k.dtype is not bool_]
    indices = [copy(k, x.device).cast(int64) for k in given]
    waiting = [n for n in (x, *indices) if n.buffer is None]
    if not waiting or x.device not in HOST or x.nbytes > LARGEST:
        return []
    realize(waiting)
    return waiting


def in_range(index: Node, axis: int, x: Node) -> Node:
    """An index with places counted from 0.

    One that would cost much cannot be checked yet: a place that is not there then gives 0.
    """
    n = x.shape[axis]
    if not known(computed_if_cheap(index)):
        return LESS(index, index.const_like(0)).where(index + n, index)
    numbers = Device.known[index.device].download(index.buffer)
    wrong = (numbers < -n) | (numbers >= n)
    if wrong.any():
        inside(int(numbers[wrong].flat[0]), axis, x)
    if not (numbers < 0).any():
        return index
    return buffer(upload(np.where(numbers < 0, numbers + n, numbers), index.device))


def together(x: Node, arrays: list[Node]) -> list[Node]:
    """Index arrays broadcast to one shape."""
    shape: Shape = ()
    for array in arrays:
        both = common_shape(shape, array.shape)
        if both is None:
            says = "the index tensors do not broadcast"
            operands = [(f"i{k}", a) for k, a in enumerate(arrays)]
            raise describe(IndexError, says, [(name_of(), x), *operands])
        shape = both
    return [broadcast(a, shape) for a in arrays]


def arranged(x: Node, plan: Plan) -> tuple[Node, Node, Shape, Shape]:
    """x with the indexed axes in front as one, an index into it, shapes of index and rest."""
    rest = [a for a in range(len(x.shape)) if a not in plan.axes]
    sizes = [x.shape[a] for a in plan.axes]
    linear = plan.arrays[0]
    for array, size in zip(plan.arrays[1:], sizes[1:]):
        linear = linear * size + array
    x = x.permute((*plan.axes, *rest))
    left = tuple(n for n in plan.shape if n is not None)
    return x.reshape((math.prod(sizes), math.prod(left))), linear, plan.arrays[0].shape, left


def gathered(x: Node, plan: Plan) -> Node:
    """What the index arrays pick: for each index, the sum over all places of what matches."""
    x, index, shape, left = arranged(x, plan)
    count, size = math.prod(shape), x.shape[1]
    whole = (count, x.shape[0], size)
    index = index.reshape((count, 1, 1)).expand(whole)
    place = places(whole, 1, x.device)
    numbers = x.reshape((1, *x.shape)).expand(whole)
    zero = numbers.const_like(0)
    matching = WHERE(LESS(index, place), zero, WHERE(LESS(place, index), zero, numbers))
    return placed(SUM(matching, arg=(1,)), plan, shape, left)


def placed(x: Node, plan: Plan, shape: Shape, left: Shape) -> Node:
    """Picked numbers, with the axes of the index where they belong."""
    before = plan.shape.index(None)
    k = len(shape)
    order = (*range(k, k + before), *range(k), *range(k + before, k + len(left)))
    return x.reshape(shape + left).permute(order)


def picked_now(x: Node, plan: Plan) -> Node:
    """The same from numbers in memory: a new leaf."""
    device = Device.known[x.device]
    part = device.read(device.memory(x.buffer)).reshape(x.shape)
    part = part[tuple(slice(a, b) for a, b in plan.bounds)]
    part = np.flip(part, tuple(plan.flips))[tuple(slice(None, None, s) for s in plan.steps)]
    index = [device.download(i.buffer) for i in plan.arrays]
    rest = [a for a in range(part.ndim) if a not in plan.axes]
    left = tuple(n for n in plan.shape if n is not None)
    picked = part.transpose((*plan.axes, *rest))[tuple(index)]
    shape, before = index[0].shape, plan.shape.index(None)
    k = len(shape)
    order = (*range(k, k + before), *range(k), *range(k + before, k + len(left)))
    return buffer(upload(picked.reshape(shape + left).transpose(order), x.device))
