"""Padding: numbers put around a tensor, of one value or of its own.

x.pad((1, 2), None)          a pair for each axis from the first: before, after
x.pad((3, 4, 1, 2))          PyTorch's list of four or more: the last axis first
x.pad((-1, 0), None)         a width below zero cuts
x.pad((1, 1), mode=...)      "reflect", "replicate", "circular": what lies at the other side of
                             the edge, the edge itself, or what comes from the other end
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tinylearn.errors import ShapeError, describe, nearest
from tinylearn.graph.node import Node
from tinylearn.repairs.shapes import pad_repair
from tinylearn.repairs.userline import name_of
from tinylearn.tensor.data import short
from tinylearn.tensor.joining import joined
from tinylearn.tensor.moves import for_each_axis, part_of, surrounded
from tinylearn.tensor.state import State, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

MODES = ("constant", "reflect", "replicate", "circular")


class Padding(State):
    """Numbers put around."""

    __slots__ = ()

    def pad(self, *widths: Any, mode: str = "constant", value: float | None = None) -> Tensor:
        """(before, after) numbers around each axis; None adds none, below zero they are cut off.

        mode    "constant", "reflect", "replicate" or "circular": see above
        value   what is put around in the mode "constant"; 0 if not given
        NumPy: pad, the same order of axes. PyTorch: nn.functional.pad, whose flat list of four or
        more widths counts from the last axis, is understood too.
        """
        x = self.node
        pairs = read(x, widths)
        if pairs is None:
            says = f"pad needs (before, after) for each axis, got {short(widths)}"
            name = name_of()
            raise describe(ShapeError, says, [(name, x)], pad_repair(name, x.shape, widths))
        if mode not in MODES:
            says = f"pad: mode is one of {', '.join(MODES)}, not {mode!r}{nearest(mode, MODES)}"
            raise ValueError(f"{says}\nTry {name_of()}.pad({', '.join(map(str, pairs))})")
        for axis, (before, after) in enumerate(pairs):
            if before < 0 or after < 0:
                x = cut(x, axis, max(0, -before), max(0, -after))
        wider = tuple((max(0, a), max(0, b)) for a, b in pairs)
        if mode == "constant":
            return result(surrounded(x, wider, value or 0.0), self)
        for axis, (before, after) in enumerate(wider):
            if before or after:
                x = continued(x, axis, before, after, mode)
        return result(x, self)

    def pad2d(self, padding: Sequence[int], value: float = 0.0) -> Tensor:
        """(left, right, top, bottom) numbers around images. tinygrad: pad2d"""
        return self.pad(tuple(padding), value=value)


# ---------------------------------------------------------------- reading the widths


def read(x: Node, widths: tuple) -> list[tuple[int, int]] | None:
    """A pair for each axis, or None where the widths do not say that."""
    flat = widths[0] if len(widths) == 1 and isinstance(widths[0], tuple | list) else widths
    if len(flat) >= 4 and len(flat) % 2 == 0 and all(type(n) is int for n in flat):
        pairs = [(flat[k], flat[k + 1]) for k in range(0, len(flat), 2)][::-1]
        return (
            [(0, 0)] * (len(x.shape) - len(pairs)) + pairs if len(pairs) <= len(x.shape) else None
        )
    whole = [(0, 0) if w is None else w for w in for_each_axis(x, widths)]
    if len(whole) != len(x.shape) or not all(map(is_pair, whole)):
        return None
    return [(a.__index__(), b.__index__()) for a, b in whole]


def is_pair(given: Any) -> bool:
    """Whether this is two whole numbers."""
    return (
        isinstance(given, tuple | list)
        and len(given) == 2
        and all(hasattr(n, "__index__") for n in given)
    )


# ---------------------------------------------------------------- on nodes


def cut(x: Node, axis: int, before: int, after: int) -> Node:
    """x without so many numbers at either end of an axis."""
    n = x.shape[axis]
    if before + after > n:
        says = f"pad: {before + after} numbers cannot be cut off axis {axis}, which has size {n}"
        raise describe(ShapeError, says, [(name_of(), x)])
    return part_of(x, axis, before, n - after)


def continued(x: Node, axis: int, before: int, after: int, mode: str) -> Node:
    """x with its own numbers at either end of an axis."""
    n = x.shape[axis]
    most = {"reflect": n - 1, "circular": n, "replicate": max(before, after) if n else 0}[mode]
    if max(before, after) > most:
        says = f"pad: mode {mode!r} can put at most {max(most, 0)} numbers beside the {n} of"
        raise describe(ShapeError, f"{says} axis {axis}", [(name_of(), x)])
    if mode == "circular":
        ends = part_of(x, axis, n - before, n), part_of(x, axis, 0, after)
    elif mode == "reflect":
        ends = part_of(x, axis, 1, before + 1), part_of(x, axis, n - 1 - after, n - 1)
        ends = ends[0].flip((axis,)), ends[1].flip((axis,))
    else:
        ends = repeated(x, axis, 0, before), repeated(x, axis, n - 1, after)
    parts: Sequence[Node] = [p for p in (ends[0], x, ends[1]) if p.shape[axis]]
    return joined(parts, axis)


def repeated(x: Node, axis: int, place: int, times: int) -> Node:
    """The numbers at one place of an axis, so many times."""
    shape = x.shape[:axis] + (times,) + x.shape[axis + 1 :]
    return part_of(x, axis, place, place + 1).expand(shape)
