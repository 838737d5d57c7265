"""Nodes: what is to be computed. Building a node checks it and runs nothing.

Nodes are immutable and interned: the same operation on the same inputs is the same node. Only
`buffer` is ever set later, when the node's numbers have been computed.
"""

from __future__ import annotations

import itertools
import math
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from tinylearn.errors import Origin, user_origin
from tinylearn.graph.dtype import DType
from tinylearn.parts import part

if TYPE_CHECKING:
    from tinylearn.graph.primitives import Primitive

Shape = tuple[int, ...]


class Node:
    """One operation applied to nodes.

    op, inputs, arg       what it does; arg is an axis, a shape, a value: whatever op needs
    shape, dtype, device  of the numbers it stands for
    origin                the user's line that made it
    gradient_of           the node whose gradient rule made it, or None
    structure             a number that nodes of equal structure share (see `Structures`)
    buffer                its numbers, once they are computed; a source has them from the start
    """

    __slots__ = (
        "__weakref__",
        "arg",
        "buffer",
        "device",
        "dtype",
        "gradient_of",
        "inputs",
        "op",
        "origin",
        "shape",
        "structure",
    )

    op: Primitive
    inputs: tuple[Node, ...]
    arg: Any
    shape: Shape
    dtype: DType
    device: str
    origin: Origin | None
    gradient_of: Node | None
    structure: int
    buffer: Any

    def __repr__(self) -> str:
        return f"{self.op.name}{list(self.shape)}"

    @property
    def size(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """How many bytes the numbers take in memory."""
        return self.size * self.dtype.itemsize

    # The methods of computation (+, .exp(), .sum(...)) are attached by primitives.py.
    if TYPE_CHECKING:

        def __add__(self, other: Node | float) -> Node: ...
        def __radd__(self, other: float) -> Node: ...
        def __sub__(self, other: Node | float) -> Node: ...
        def __rsub__(self, other: float) -> Node: ...
        def __mul__(self, other: Node | float) -> Node: ...
        def __rmul__(self, other: float) -> Node: ...
        def __truediv__(self, other: Node | float) -> Node: ...
        def __rtruediv__(self, other: float) -> Node: ...
        def __neg__(self) -> Node: ...
        def recip(self) -> Node: ...
        def exp(self) -> Node: ...
        def log(self) -> Node: ...
        def sin(self) -> Node: ...
        def sqrt(self) -> Node: ...
        def less(self, other: Node | float) -> Node: ...
        def where(self, x: Node | float, y: Node | float) -> Node: ...
        def cast(self, dtype: DType) -> Node: ...
        def sum(self, axes: tuple[int, ...]) -> Node: ...
        def max(self, axes: tuple[int, ...]) -> Node: ...
        def reshape(self, shape: Shape) -> Node: ...
        def permute(self, order: tuple[int, ...]) -> Node: ...
        def expand(self, shape: Shape) -> Node: ...
        def pad(self, widths: tuple[tuple[int, int], ...]) -> Node: ...
        def shrink(self, bounds: tuple[tuple[int, int], ...]) -> Node: ...
        def flip(self, axes: tuple[int, ...]) -> Node: ...
        def const_like(self, value: float) -> Node: ...


class InternedRef(weakref.ref):
    """A weak reference that knows under which key its node is interned."""

    __slots__ = ("key",)
    key: tuple


INTERNED: dict[tuple, InternedRef] = {}


def _forget(ref: InternedRef, table: dict = INTERNED) -> None:
    if table.get(ref.key) is ref:
        del table[ref.key]


class Structures:
    """Numbers for structures: op, arg and the inputs' structures, but not whose data it is.

    A second training step builds new nodes of known structures. Their shape, dtype and device
    are looked up here and not worked out again, and plans are found by these numbers.
    """

    known: ClassVar[dict[tuple, tuple[int, Shape, DType, str]]] = {}
    numbers = itertools.count()
    LIMIT = 500_000  # forgetting costs time and never correctness: numbers are not given twice

    @classmethod
    def add(
        cls, key: tuple, shape: Shape, dtype: DType, device: str
    ) -> tuple[int, Shape, DType, str]:
        if len(cls.known) >= cls.LIMIT:
            cls.known.clear()
        return cls.known.setdefault(key, (next(cls.numbers), shape, dtype, device))


class Building:
    """What the node being built belongs to: None, or the node whose gradient is being made."""

    gradient_of: Node | None = None


def _new(op: Primitive, inputs: tuple[Node, ...], arg: Any, known: tuple) -> Node:
    node = Node.__new__(Node)
    node.op, node.inputs, node.arg = op, inputs, arg
    node.structure, node.shape, node.dtype, node.device = known
    node.buffer = None
    node.gradient_of = origin = Building.gradient_of
    node.origin = user_origin(3) if origin is None else origin.origin
    return node


def _intern(key: tuple, node: Node) -> Node:
    ref = InternedRef(node, _forget)
    ref.key = key
    INTERNED[key] = ref
    return node


def apply(op: Primitive, inputs: tuple[Node, ...], arg: Any = None) -> Node:
    """The node `op(*inputs, arg)`; raises where shapes or dtypes do not fit the op."""
    key = (op, arg, *inputs)
    ref = INTERNED.get(key)
    if ref is not None and (node := ref()) is not None:
        return node
    structure = (op, arg, *[x.structure for x in inputs])
    known = Structures.known.get(structure)
    if known is None:
        known = Structures.add(structure, *op.check(inputs, arg))
    return _intern(key, _new(op, inputs, arg, known))


def source(op: Primitive, shape: Shape, dtype: DType, device: str, buffer: Any) -> Node:
    """A node for numbers that exist: never interned, since each has its own memory."""
    structure = (op, shape, dtype, device)
    known = Structures.known.get(structure) or Structures.add(structure, shape, dtype, device)
    node = _new(op, (), None, known)
    node.buffer = buffer
    return node


def constant(op: Primitive, value: Any, shape: Shape, dtype: DType, device: str) -> Node:
    """A node for one value repeated in every place. Its value is no part of its structure."""
    key = (op, value, math.copysign(1, value), shape, dtype, device)
    ref = INTERNED.get(key)
    if ref is not None and (node := ref()) is not None:
        return node
    structure = (op, shape, dtype, device)
    known = Structures.known.get(structure) or Structures.add(structure, shape, dtype, device)
    return _intern(key, _new(op, (), value, known))


@part("graph.walk")
def walk(outputs: Iterable[Node]) -> list[Node]:
    """Every node below the outputs, inputs before their readers, in a loop and not a recursion."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack = list(outputs)[::-1]
    while stack:
        node = stack[-1]
        if node in seen:
            stack.pop()
            continue
        waiting = [x for x in node.inputs if x not in seen]
        if waiting:
            stack.extend(reversed(waiting))
        else:
            seen.add(node)
            order.append(node)
            stack.pop()
    return order


def walk_unrealized(outputs: Iterable[Node]) -> list[Node]:
    """Like `walk`, but numbers that exist are not looked behind."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack = list(outputs)[::-1]
    while stack:
        node = stack[-1]
        if node in seen:
            stack.pop()
            continue
        waiting = () if node.buffer is not None else [x for x in node.inputs if x not in seen]
        if waiting:
            stack.extend(reversed(waiting))
        else:
            seen.add(node)
            order.append(node)
            stack.pop()
    return order
