"""What loops are made of, whatever their order: memory, values, and where numbers are written.

    t0 = in0[4*i + j]           Let("t0", Load("in0", 4*i + j), float32)
    t1 = exp(t0)                Let("t1", Apply(EXP, ("t0",)), float32)
    out0[4*i + j] = t1          Store("out0", 4*i + j, "t1")

Every statement may have a link to the node of the graph that it computes: for the explainer alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinylearn.changes import run_once
from tinylearn.graph.dtype import DType
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import MAX, Primitive
from tinylearn.loops.index import Index

run_once(globals())


@dataclass(frozen=True)
class Instruction:
    """An operation that machines have and the primitives compose: see rewrites.py."""

    name: str
    numpy: Callable
    text: str


SUBTRACT = Instruction("subtract", np.subtract, "({0} - {1})")
DIVIDE = Instruction("divide", np.true_divide, "({0} / {1})")
EQUAL = Instruction("equal", np.equal, "({0} == {1})")
MINIMUM = Instruction("minimum", np.minimum, "smaller_{kind}({0}, {1})")
MAXIMUM = Instruction("maximum", np.maximum, MAX.text)
Operation = Primitive | Instruction


@dataclass(frozen=True)
class Memory:
    """Numbers in a row under a name.

    shape    what they are in the graph; all that counts here is how many they are
    space    argument (given by the caller), register (a variable for each, without an address),
             local (an array), shared (an array that all threads of a block see) or global (what
             one launch leaves for the next)
    lanes    how many neighbours one register holds
    """

    name: str
    dtype: DType
    shape: Shape
    space: str = "argument"
    lanes: int = 1
    node: Node | None = None

    @property
    def size(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Guard:
    """The condition 0 <= index < size, for numbers that may lie in a pad's zeros."""

    index: Index
    size: int


@dataclass(frozen=True)
class Load:
    """A number from the memory of this name; 0 where a guard does not hold."""

    memory: str
    place: Index
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True)
class Constant:
    """A number that stands in the text."""

    value: float | int | bool


@dataclass(frozen=True)
class Apply:
    """An operation on earlier values, by name."""

    op: Operation
    args: tuple[str, ...]


@dataclass(frozen=True)
class Guarded:
    """An earlier value; 0 where a guard does not hold."""

    value: str
    guards: tuple[Guard, ...]


@dataclass(frozen=True)
class Whole:
    """The whole number that an index is in this round."""

    index: Index


Expression = Load | Constant | Apply | Guarded | Whole


@dataclass(frozen=True)
class Let:
    """name = expression."""

    name: str
    expression: Expression
    dtype: DType
    node: Node | None = None


@dataclass(frozen=True)
class Store:
    """memory[place] = value.

    streamed   past the cache, for what is not read again soon
    """

    memory: str
    place: Index
    value: str
    node: Node | None = None
    streamed: bool = False


Statement = Let | Store


# ---------------------------------------------------------------- looked at and changed


def names_in(statement: Statement) -> set[str]:
    """The values that a statement uses."""
    match statement:
        case Store(_, place, value):
            return {value, *place.looked}
        case Let(_, Guarded(value, guards)):
            return {value}.union(*(g.index.looked for g in guards))
        case Let(_, Apply(_, args)):
            return set(args)
        case Let(_, Load(_, place, guards)):
            return set(place.looked).union(*(g.index.looked for g in guards))
        case Let(_, Whole(index)):
            return set(index.looked)
    return set()


def needed(statements: Sequence[Statement], wanted: Iterable[str] = ()) -> tuple[Statement, ...]:
    """The statements without values that nobody uses, except those that are wanted."""
    used = set(wanted)
    kept: list[Statement] = []
    for s in reversed(statements):
        if isinstance(s, Store) or s.name in used:
            used |= names_in(s)
            kept.append(s)
    return tuple(reversed(kept))


def renamed(s: Statement, names: dict[str, str]) -> Statement:
    """The statement with other names of values."""

    def new(name: str) -> str:
        return names.get(name, name)

    s = with_indices(s, lambda index: index.renamed(names))
    match s:
        case Store():
            return replace(s, value=new(s.value))
        case Let(name, Guarded(value, guards)):
            return replace(s, name=new(name), expression=Guarded(new(value), guards))
        case Let(name, Apply(op, args)):
            return replace(s, name=new(name), expression=Apply(op, tuple(map(new, args))))
    return replace(s, name=new(s.name))


def indices(statements: Iterable[Statement]) -> list[Index]:
    """Every index in the statements."""
    found: list[Index] = []
    for s in statements:
        with_indices(s, lambda index: found.append(index) or index)  # type: ignore[func-returns-value]
    return found


def with_indices(s: Statement, change: Callable[[Index], Index]) -> Statement:
    """The statement with `change` applied to each index in it."""
    match s:
        case Store():
            return replace(s, place=change(s.place))
        case Let(_, Load(memory, place, asked)):
            return replace(s, expression=Load(memory, change(place), changed(asked, change)))
        case Let(_, Guarded(value, asked)):
            return replace(s, expression=Guarded(value, changed(asked, change)))
        case Let(_, Whole(index)):
            return replace(s, expression=Whole(change(index)))
    return s


def changed(guards: Iterable[Guard], change: Callable[[Index], Index]) -> tuple[Guard, ...]:
    """The guards with `change` applied to each index."""
    return tuple(Guard(change(g.index), g.size) for g in guards)


def zero(dtype: DType) -> Constant:
    """The constant 0 of a kind of numbers."""
    return Constant(dtype.numpy.type(0).item())
