"""What names stand for while a kernel is read: numbers of Python, places, and values of threads.

16, 0.5, (8, 8)     numbers that are known when a kernel is launched
Index               a place: sums of thread, block and loop numbers, as they are written in trees
Value               a number that each thread has to compute: a line of the tree
Condition           whether places lie in bounds: known for each thread before anything is read
Array               memory with a shape
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tinylearn.graph.dtype import DType, bool_, float32, int32
from tinylearn.graph.primitives import ADD, CAST, LESS, MUL, Primitive
from tinylearn.kernels.words import KernelError
from tinylearn.loops.index import Index, Looked, number
from tinylearn.loops.statements import (
    DIVIDE,
    EQUAL,
    MAXIMUM,
    MINIMUM,
    SUBTRACT,
    Apply,
    Constant,
    Expression,
    Guard,
    Guarded,
    Instruction,
    Memory,
    Operation,
    Whole,
)
from tinylearn.loops.tree import HERE


@dataclass(frozen=True)
class Value:
    """A number that each thread has: the name of a line of the tree."""

    name: str
    dtype: DType


@dataclass(frozen=True)
class Condition:
    """Holds where all guards do."""

    guards: tuple[Guard, ...]


@dataclass(frozen=True)
class Array:
    """Memory that a name stands for; owner: where a thread's own part of it begins."""

    memory: Memory
    owner: Index = HERE

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its axes."""
        return self.memory.shape


Known = int | float | bool
Number = Known | Index | Value | Condition
ARITHMETIC: dict[str, Operation] = {
    "+": ADD,
    "-": SUBTRACT,
    "*": MUL,
    "/": DIVIDE,
    "min": MINIMUM,
    "max": MAXIMUM,
}
ON_INDICES: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "//": lambda x, y: x // y,
    "%": lambda x, y: x % y,
}


def whole(x: Any) -> bool:
    """Whether it can be a place."""
    return isinstance(x, Index) or (isinstance(x, int) and not isinstance(x, bool))


def on_places(sign: str, x: Any, y: Any) -> Index | None:
    """What two places make together if that is a place again, else None.

    Raises   KernelError for a division by what is not a positive number
    """
    if not (whole(x) and whole(y)) or sign not in ON_INDICES:
        return None
    if sign == "*" and not isinstance(y, int):
        x, y = y, x
    if sign == "*" and not isinstance(y, int):
        x, y = settled(x), settled(y)
        if not isinstance(y, int):
            return None
    if sign in ("//", "%"):
        y = settled(y)
        if not isinstance(y, int) or y <= 0:
            raise KernelError(f"{sign} needs a number above 0 on its right, got {y}")
    made = ON_INDICES[sign](number(x), y)
    return number(made)


def looked(x: Value) -> Index:
    """A whole number that was read or computed, as a place."""
    return Index(((Looked(x.name), 1),), 0)


def depends_on_values(x: Any) -> bool:
    """Whether it is a place or condition that is made of what was read or computed."""
    if isinstance(x, Condition):
        return any(g.index.looked for g in x.guards)
    return isinstance(x, Index) and bool(x.looked)


def settled(x: Any) -> Any:
    """A place that is the same everywhere, as a plain number."""
    return x.constant if isinstance(x, Index) and not x.terms else x


def below(x: Any, y: Any) -> bool | Condition:
    """Whether place x < place y."""
    apart = number(y) - number(x) - 1
    if apart.low >= 0:
        return True
    if apart.high < 0:
        return False
    x, y = number(x), settled(number(y))
    if x.low >= 0 and isinstance(y, int):
        return Condition((Guard(x, y),))
    return Condition((Guard(apart, apart.high + 1),))


class Lines:
    """Writes the lines of the tree that compute values.

    add    puts one line at the end of the program: (wished name, expression, dtype) -> its name
    """

    def __init__(self, add: Callable[[str, Expression, DType], str]):
        self.add = add

    def line(self, expression: Expression, dtype: DType, name: str = "t") -> Value:
        """A new line and the value that it makes."""
        return Value(self.add(name, expression, dtype), dtype)

    def value(self, x: Number, dtype: DType | None = None) -> Value:
        """A number of any kind as a value, of a given kind if one is given."""
        match x:
            case Value():
                made = x
            case Condition(guards):
                yes = self.line(Constant(True), bool_)
                made = self.line(Guarded(yes.name, guards), bool_)
            case Index():
                made = self.line(Whole(x), int32)
            case _:
                kind = dtype or (bool_ if isinstance(x, bool) else own_kind(x))
                if not isinstance(x, bool | int | float):
                    raise KernelError(f"{x!r} is no number that a thread can compute with")
                return self.line(Constant(kind.numpy.type(x).item()), kind)
        return made if dtype in (None, made.dtype) else self.line(Apply(CAST, (made.name,)), dtype)

    def together(self, *numbers: Number) -> list[Value]:
        """Numbers as values of one kind: that of the highest among them."""
        kinds = [x.dtype for x in numbers if isinstance(x, Value)]
        kinds += [int32 for x in numbers if isinstance(x, Index)]
        most = max(kinds, key=lambda d: (d.kind, d.itemsize), default=None)
        if any(isinstance(x, float) for x in numbers) and (most is None or most.kind < 2):
            most = float32
        if most is bool_ or most is None:
            most = int32
        return [self.value(x, most) for x in numbers]

    def apply(self, op: Operation, *args: Value, dtype: DType | None = None) -> Value:
        """An operation on values."""
        return self.line(Apply(op, tuple(a.name for a in args)), dtype or args[-1].dtype)

    def compute(self, sign: str, x: Number, y: Number) -> Number:
        """x sign y, as a place if it is one."""
        if sign in ("//", "%") and isinstance(x, Value) and x.dtype.kind == 1:
            x = looked(x)
        place = on_places(sign, x, y)
        if place is not None:
            return settled(place)
        if sign not in ARITHMETIC:
            raise KernelError(f"{sign} works on places alone: thread, block and loop numbers")
        a, b = self.together(x, y)
        if sign == "/" and not a.dtype.is_float:
            a, b = self.value(a, float32), self.value(b, float32)
        return self.apply(ARITHMETIC[sign], a, b)

    def function(self, op: Primitive | Instruction, x: Number) -> Value:
        """exp(x) and the like: of a float."""
        value = self.value(x)
        return self.apply(op, value if value.dtype.is_float else self.value(value, float32))

    # ------------------------------------------------------------ truth

    def compare(self, sign: str, x: Number, y: Number) -> bool | Condition | Value:
        """x < y and the like."""
        if whole(x) and whole(y):
            return self.compare_places(sign, x, y)
        a, b = self.together(x, y)
        match sign:
            case "<":
                return self.apply(LESS, a, b, dtype=bool_)
            case ">":
                return self.apply(LESS, b, a, dtype=bool_)
            case "==":
                return self.apply(EQUAL, a, b, dtype=bool_)
            case "!=":
                return self.opposite(self.apply(EQUAL, a, b, dtype=bool_))
            case "<=":
                less = self.apply(LESS, a, b, dtype=bool_)
            case _:
                less = self.apply(LESS, b, a, dtype=bool_)
        return self.apply(ADD, less, self.apply(EQUAL, a, b, dtype=bool_))

    def compare_places(self, sign: str, x: Any, y: Any) -> bool | Condition | Value:
        """The same for places: known before anything is read."""
        match sign:
            case "<":
                return below(x, y)
            case ">":
                return below(y, x)
            case "<=":
                return below(x, number(y) + 1)
            case ">=":
                return below(y, number(x) + 1)
        apart = number(x) - number(y)
        if not apart.low <= 0 <= apart.high:
            return sign == "!="
        equal = Condition((Guard(apart, 1),)) if apart.terms else True
        return equal if sign == "==" else self.opposite(equal)

    def opposite(self, x: bool | Condition | Value) -> bool | Condition | Value:
        """not x."""
        match x:
            case bool():
                return not x
            case Condition((Guard(index, size),)) if index.high < size:
                return below(index, 0)
            case Condition((Guard(index, size),)) if index.low >= 0:
                return below(size - 1, index)
        value = self.value(x)
        return self.apply(EQUAL, value, self.value(False, value.dtype), dtype=bool_)

    def both(self, x: Any, y: Any) -> bool | Condition | Value:
        """x and y."""
        if isinstance(x, bool):
            return y if x else False
        if isinstance(y, bool):
            return x if y else False
        if isinstance(x, Condition) and isinstance(y, Condition):
            return Condition(x.guards + y.guards)
        return self.apply(MUL, self.value(x, bool_), self.value(y, bool_))

    def either(self, x: Any, y: Any) -> bool | Condition | Value:
        """x or y."""
        if isinstance(x, bool):
            return True if x else y
        if isinstance(y, bool):
            return True if y else x
        return self.apply(ADD, self.value(x, bool_), self.value(y, bool_))


def own_kind(x: float | int) -> DType:
    """What a number of Python is in a kernel."""
    return float32 if isinstance(x, float) else int32


def shape_of(sizes: Sequence[Any], what: str) -> tuple[int, ...]:
    """A shape, of numbers that are known at the launch."""
    found = tuple(settled(n) for n in sizes)
    if not found or not all(isinstance(n, int) and n > 0 for n in found):
        got = ", ".join(str(n) for n in found) or "nothing"
        raise KernelError(f"{what} needs sizes that are known at the launch, got {got}")
    return found
