"""Nodes: what is to be computed. Building a node checks it and runs nothing.

Nodes are immutable and interned: the same operation on the same inputs is the same node. Only
`buffer` is ever set later, when the node's numbers have been computed.
"""

from __future__ import annotations

import itertools
import math
import weakref
from collections.abc import Callable, Container, Iterable
from contextvars import ContextVar, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from tinylearn.changes import run_once
from tinylearn.errors import Origin, nearest, user_place
from tinylearn.graph.dtype import DType
from tinylearn.parts import part

if TYPE_CHECKING:
    from tinylearn.graph.primitives import Primitive

run_once(globals())

Shape = tuple[int, ...]
SYMBOLS = {"add": "a + b", "sub": "a - b", "mul": "a * b", "div": "a / b", "neg": "-a"}


INTERNED: dict[tuple, weakref.ref[Node]] = {}


class Node:
    """One operation applied to nodes.

    op, inputs, arg       what it does; arg is an axis, a shape, a value: whatever op needs
    shape, dtype, device  of the numbers it stands for
    made_at, origin       the user's line that made it: raw, and to be read
    gradient_of           the node whose gradient rule made it, or None
    call                  the call of a module during which it was made, or None
    interned              whether an equal node would be this one; not so for sources
    structure             a number that nodes of equal structure share (see `Structures`)
    buffer                its numbers, once they are computed; a source has them from the start
    owner                 a weak reference to the tensor whose leaf it is, or None
    """

    __slots__ = (
        "__weakref__",
        "arg",
        "buffer",
        "call",
        "device",
        "dtype",
        "gradient_of",
        "inputs",
        "interned",
        "made_at",
        "op",
        "owner",
        "shape",
        "structure",
    )

    op: Primitive
    inputs: tuple[Node, ...]
    arg: Any
    shape: Shape
    dtype: DType
    device: str
    interned: bool
    made_at: tuple | None
    gradient_of: Node | None
    call: Call | None
    structure: int
    buffer: Any
    owner: weakref.ref | None

    def __repr__(self) -> str:
        return f"{self.op.name}{list(self.shape)}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in ("x", "y"):
            hint = "\nTry x, y = node.inputs" if len(self.inputs) > 1 else "\nTry node.inputs[0]"
        elif name in SYMBOLS:
            hint = f"\nTry {SYMBOLS[name]}"
        else:
            hint = nearest(name, [word for word in dir(Node) if not word.startswith("_")])
        raise AttributeError(f"a node of the graph has no {name!r}{hint}")

    @property
    def origin(self) -> Origin | None:
        """The user's line that made it."""
        return None if self.made_at is None else Origin(*self.made_at)

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
        def cos(self) -> Node: ...
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


class Structures:
    """Numbers for structures: op, arg and the inputs' structures, but not whose data it is.

    A second training step builds new nodes of known structures. Their shape, dtype and device
    are looked up here and not worked out again, and plans are found by these numbers.
    """

    known: ClassVar[dict[tuple, tuple[int, Shape, DType, str]]] = {}
    older: ClassVar[dict[tuple, tuple[int, Shape, DType, str]]] = {}
    numbers = itertools.count()
    LIMIT = 8_192  # beside as many as there are nodes; see `add`

    @classmethod
    def add(cls, key: tuple, meaning: Callable[[], tuple]) -> tuple[int, Shape, DType, str]:
        """What is to be known of a structure that is not in `known`.

        meaning   gives its shape, dtype and device

        What was not asked for since `known` was filled the last time is forgotten. That costs time
        and never correctness: numbers are not given twice.
        """
        found = cls.older.get(key)
        if found is None:
            found = (next(cls.numbers), *meaning())
        enough = cls.LIMIT + len(INTERNED)
        if len(cls.known) >= enough:
            large_graph_is_gone = len(cls.known) > 4 * enough
            cls.older, cls.known = {} if large_graph_is_gone else cls.known, {}
        return cls.known.setdefault(key, found)


class Call:
    """One call of a module, as the nodes that are built meanwhile note it.

    module   a weak reference to it: a graph keeps no model alive
    kind     its class
    within   the call during which it was called, or None
    number   calls that began before have lower ones
    """

    __slots__ = ("kind", "module", "number", "within")

    numbers = itertools.count()

    def __init__(self, module: Any, within: Call | None) -> None:
        self.module, self.kind, self.within = weakref.ref(module), type(module), within
        self.number = next(self.numbers)


# Whose nodes are being built: (place, gradient_of, call).
#   place         the user's line that they are made for, raw; None: it is looked up for each
#   gradient_of   the node whose gradient rule makes them, or None
#   call          the call of a module that builds them, or None
BUILDING: ContextVar[tuple[tuple | None, Node | None, Call | None]] = ContextVar(
    "building", default=(None, None, None)
)


def built_by(module: Any, function: Callable, inputs: tuple, options: dict[str, Any]) -> Any:
    """function(*inputs, **options), whose nodes note that a call of this module builds them.

    Like `built_for`, it leaves nothing behind, however it ends.
    """
    return copy_context().run(_call, module, function, inputs, options)


def _call(module: Any, function: Callable, inputs: tuple, options: dict[str, Any]) -> Any:
    place, gradient_of, within = BUILDING.get()
    BUILDING.set((place, gradient_of, Call(module, within)))
    return function(*inputs, **options)


def built_for(
    place: tuple | None, gradient_of: Node | None, function: Callable, *inputs: Any
) -> Any:
    """function(*inputs), whose nodes are made for a line of the user, or for a gradient.

    It runs in a context of its own: however it ends, nothing of this is left behind, and other
    threads do not see it.
    """
    return copy_context().run(_build, (place, gradient_of, None), function, inputs)


def _build(
    for_whom: tuple[tuple | None, Node | None, None], function: Callable, inputs: tuple
) -> Any:
    BUILDING.set(for_whom)
    return function(*inputs)


def apply(
    op: Primitive, inputs: tuple[Node, ...], arg: Any = None, made_at: tuple | None = None
) -> Node:
    """The node `op(*inputs, arg)`; raises where shapes or dtypes do not fit the op.

    made_at   the user's place that it is made for; None: the one that led here
    """
    key = (op, arg, *inputs)
    try:
        ref = INTERNED.get(key)
    except TypeError:
        plain = tupled(arg)
        if type(plain) is type(arg) and plain == arg:
            raise
        return apply(op, inputs, plain, made_at)
    if ref is not None and (node := ref()) is not None:
        return node
    structure: tuple
    match inputs:  # written out: quicker than a loop over so few
        case (x, y):
            structure = (op, arg, x.structure, y.structure)
        case (x,) if op.unnamed is not None:
            structure = op.unnamed(x, arg)
        case (x,):
            structure = (op, arg, x.structure)
        case (x, y, z):
            structure = (op, arg, x.structure, y.structure, z.structure)
        case _:
            structure = (op, arg, *[x.structure for x in inputs])
    known = Structures.known.get(structure)
    if known is None:
        known = Structures.add(structure, lambda: op.check(inputs, arg))
    return _new(op, inputs, arg, known, key, made_at)


def tupled(arg: Any) -> Any:
    """An arg with tuples for lists and arrays: order, axes and widths may come as either.

    >>> tupled([[0, 1], (2, 3)])
    ((0, 1), (2, 3))
    """
    arg = arg.tolist() if hasattr(arg, "tolist") else arg
    return tuple(map(tupled, arg)) if isinstance(arg, list | tuple) else arg


def forget_inputs(node: Node) -> None:
    """Make a border whose numbers are known a source: nobody needs what it was made of."""
    INTERNED.pop((node.op, node.arg, *node.inputs), None)
    node.interned, node.inputs = False, ()


def _new(
    op: Primitive,
    inputs: tuple,
    arg: Any,
    known: tuple,
    key: tuple | None,
    made_at: tuple | None = None,
) -> Node:
    node = _object(Node)
    node.op, node.inputs, node.arg, node.interned = op, inputs, arg, key is not None
    node.structure, node.shape, node.dtype, node.device = known
    node.buffer = node.owner = None
    place, node.gradient_of, node.call = BUILDING.get()
    node.made_at = made_at or place or user_place(3)
    if key is not None:
        INTERNED[key] = weakref.ref(node, partial(_forget, key))
    return node


_object = object.__new__
_forget = INTERNED.pop  # called with (key, the dead reference)


def source(
    op: Primitive,
    shape: Shape,
    dtype: DType,
    device: str,
    buffer: Any,
    made_at: tuple | None = None,
) -> Node:
    """A node for numbers that exist: never interned, since each has its own memory."""
    structure = (op, shape, dtype, device)
    known = Structures.known.get(structure) or Structures.add(structure, lambda: structure[1:])
    node = _new(op, (), None, known, None, made_at)
    node.buffer = buffer
    return node


class Given:
    """The value of a constant that a plan is given anew for each run, as an int or a float.

    place   which of the plan's leaves it is

    It equals no number, so that no simplification is made for this value alone.
    """

    place: int

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, Given) and other.place == self.place
        return same and repr(other) == repr(self)

    def __hash__(self) -> int:
        return hash((Given, self.place))


class GivenInt(Given, int):
    pass


class GivenFloat(Given, float):
    pass


def given(value: float, place: int) -> Any:
    """The value as one that is given: nothing is decided by what it is."""
    new = GivenInt(value) if isinstance(value, int) else GivenFloat(value)
    new.place = place
    return new


def constant(op: Primitive, value: Any, shape: Shape, dtype: DType, device: str) -> Node:
    """A node for one value repeated in every place. Its value is no part of its structure."""
    key = (op, value, math.copysign(1, value), shape, dtype, device)
    ref = INTERNED.get(key)
    if ref is not None and (node := ref()) is not None:
        return node
    structure = (op, shape, dtype, device)
    known = Structures.known.get(structure) or Structures.add(structure, lambda: structure[1:])
    return _new(op, (), value, known, key)


def separate(op: Primitive, inputs: tuple[Node, ...], arg: Any = None) -> Node:
    """A node that is interned nowhere: equal nodes made elsewhere are other nodes."""
    like = apply(op, inputs, arg)
    known = like.structure, like.shape, like.dtype, like.device
    return _new(op, inputs, arg, known, None)


@part("graph.walk")
def walk(outputs: Iterable[Node]) -> list[Node]:
    """Every node below the outputs, inputs before their readers, in a loop and not a recursion."""
    return inputs_first(outputs, lambda node: node.inputs)


def walk_unrealized(outputs: Iterable[Node], ends: Container[Node] = ()) -> list[Node]:
    """Like `walk`, but numbers that exist are not looked behind, nor are the ends."""

    def unknown(node: Node) -> tuple[Node, ...]:
        return node.inputs if node.buffer is None and node not in ends else ()

    return inputs_first(outputs, unknown)


def inputs_first(outputs: Iterable[Node], inputs: Callable[[Node], Iterable[Node]]) -> list[Node]:
    """The outputs and everything below them: a node comes right after the last of its inputs."""
    order: dict[Node, None] = {}
    stack = list(outputs)[::-1]
    while stack:
        waiting = [x for x in inputs(stack[-1]) if x not in order]
        if waiting:
            stack += waiting[::-1]  # the first of them is looked at next
        else:
            order[stack.pop()] = None
    return list(order)
