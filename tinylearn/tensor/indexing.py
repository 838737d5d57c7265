"""x[...]: NumPy's indexing, made of moves; index tensors look up.

    x[2]  x[-1]  x[1:4]  x[::-2]  x[..., 0]  x[None]     moves only: nothing is copied
    x[index]    index an int tensor, array or list       a gather: see graph/lookup.py
    x[mask]     mask a bool tensor or array              the mask is computed, for its number
                                                         of trues is the result's shape

A place that is not there is refused when it is computed; an index that costs little is computed at
once, so that it is refused on the line that asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.devices.device import Device
from tinylearn.devices.recorder import RECORDER
from tinylearn.errors import PlaceError, describe
from tinylearn.graph.dtype import bool_
from tinylearn.graph.lookup import GATHER
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import LESS, buffer, copy
from tinylearn.plan.plan import realize
from tinylearn.repairs.userline import index_repair, mask_repair, name_of
from tinylearn.tensor.along import counted, places
from tinylearn.tensor.data import short, upload
from tinylearn.tensor.operands import broadcast, common_shape
from tinylearn.tensor.reduce import Reduce
from tinylearn.tensor.state import State, piece, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


CHEAP = 1 << 16  # numbers on the way to an index, up to which it is computed at once
SHORT = 100  # nodes on the way to it
HOST = ("numpy", "c", "simulator")  # devices whose memory NumPy can look at


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
        return result(gathered(cut_out(x, plan), plan), self)

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
                raise PlaceError(f"an index is made of ints, not {entry.dtype}\nTry index.long()")
            return [copy(entry.node, device)]
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
        raise PlaceError(says + (index_repair() if isinstance(entry, float) else ""))
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
        says = f"too many: {used} indices for a tensor of {len(x.shape)} axes"
        repair = f"{name}[{', '.join('0' * len(x.shape))}]" if x.shape else f"{name}.item()"
        raise describe(IndexError, says, [(name, x)], "" if 0 in x.shape else repair)
    dots = [k for k, e in enumerate(entries) if e is ...]
    if len(dots) > 1:
        raise describe(IndexError, "an index has at most a single ellipsis, ...", [(name_of(), x)])
    place = dots[0] if dots else len(entries)
    rest = [slice(None)] * (len(x.shape) - used)
    return entries[:place] + rest + entries[place + 1 :]


def inside(k: int, axis: int, x: Node) -> int:
    """A place on an axis, counted from 0."""
    n = x.shape[axis]
    if -n <= k < n:
        return k % n
    name = name_of()
    says = f"out of bounds: there is no place {k} on axis {axis}, which has size {n}"
    last = f"{name}[{':, ' * axis}-1]" if n else ""
    raise describe(IndexError, says, [(name, x)], last)


def sliced(plan: Plan, entry: slice, axis: int, n: int) -> int:
    """Note what a slice asks of an axis of size n; gives the size that is left."""
    if entry.step == 0:
        raise describe(ValueError, "a slice cannot step by 0")
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


def in_memory(x: Node) -> bool:
    """Whether the numbers are computed already, in memory that NumPy can look at."""
    return x.buffer is not None and x.device in HOST


def known(x: Node) -> bool:
    """Whether the numbers may decide what is computed: not if other numbers follow in a replay."""
    return in_memory(x) and RECORDER.get() is None


def computed_if_cheap(index: Node) -> Node:
    """An index, computed if few nodes of few numbers lead to it; else it waits."""
    if RECORDER.get() is not None:
        return index
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
    """The first number of a known index that is not from low to high - 1, or None.

    Without their sign, numbers below 0 are larger than all: mostly one look is enough.
    """
    device = Device.known[index.device]
    numbers = device.read(device.memory(index.buffer))
    if not numbers.size or np.maximum.reduce(numbers.view(f"u{numbers.itemsize}"), None) < high:
        return None
    wrong = numbers[(numbers < low) | (numbers >= high)]
    return int(wrong.flat[0]) if wrong.size else None


def one_of(index: Node, n: int) -> Node:
    """The index as int64, looked up among 0 to n - 1: what is not there is an error when it runs.

    What is below 0 is none of them, though in a look-up it counts from the end.
    """
    return GATHER(counted(n, index.device), index.less(0).where(n, index))


def in_range(index: Node, axis: int, x: Node) -> Node:
    """The index; raises IndexError for a place that is not there, where that is known already."""
    n = x.shape[axis]
    if known(computed_if_cheap(index)) and (wrong := outside(index, -n, n)) is not None:
        inside(wrong, axis, x)
    return index


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


def gathered(x: Node, plan: Plan) -> Node:
    """What the index arrays pick."""
    rest = tuple(a for a in range(len(x.shape)) if a not in plan.axes)
    picked = GATHER(x.permute((*plan.axes, *rest)), *plan.arrays)
    left = tuple(n for n in plan.shape if n is not None)
    return placed(picked, plan, plan.arrays[0].shape, left)


def placed(x: Node, plan: Plan, shape: Shape, left: Shape) -> Node:
    """Picked numbers, with the axes of the index where they belong."""
    before = plan.shape.index(None)
    k = len(shape)
    order = (*range(k, k + before), *range(k), *range(k + before, k + len(left)))
    return x.reshape(shape + left).permute(order)
