"""A kernel as loops: what is computed once per round, what is added up, what is written where.

    for each value of the outer variables:
        totals start
        for each value of the reduced variables:
            inner statements; totals take their value in
        outer statements, which may use the totals

A kernel without a reduction has outer statements only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinylearn.changes import run_once
from tinylearn.graph.dtype import DType
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import MAX, Primitive
from tinylearn.loops.index import Index, Variable

run_once(globals())


@dataclass(frozen=True)
class Instruction:
    """An operation that machines have and the primitives compose: see transforms.py."""

    name: str
    numpy: Callable
    text: str


SUBTRACT = Instruction("subtract", np.subtract, "({0} - {1})")
DIVIDE = Instruction("divide", np.true_divide, "({0} / {1})")
EQUAL = Instruction("equal", np.equal, "({0} == {1})")
MINIMUM = Instruction("minimum", np.minimum, "({0} < {1} ? {0} : {1})")
MAXIMUM = Instruction("maximum", np.maximum, MAX.text)


@dataclass(frozen=True)
class Guard:
    """The condition 0 <= index < size, for numbers that may lie in a pad's zeros."""

    index: Index
    size: int


@dataclass(frozen=True)
class Load:
    """A number from memory; 0 where a guard does not hold."""

    source: Node
    place: Index
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True)
class Constant:
    """The value of a CONST node."""

    node: Node


@dataclass(frozen=True)
class Apply:
    """An operation on earlier values, by name."""

    op: Primitive | Instruction
    args: tuple[str, ...]


@dataclass(frozen=True)
class Guarded:
    """An earlier value; 0 where a guard does not hold."""

    value: str
    guards: tuple[Guard, ...]


Expression = Load | Constant | Apply | Guarded


@dataclass(frozen=True)
class Let:
    """name = expression. `node` is what the value belongs to in the graph."""

    name: str
    expression: Expression
    dtype: DType
    node: Node


@dataclass(frozen=True)
class Write:
    """memory of `target` at `place` = value."""

    target: Node
    place: Index
    value: str


@dataclass(frozen=True)
class Total:
    """What a reduction collects: name = op(name, value) in each round."""

    name: str
    op: Primitive
    value: str
    node: Node

    @property
    def start(self) -> float | int | bool:
        """What the total is before the first round."""
        if self.op.name == "sum":
            return 0
        dtype = self.node.dtype
        if dtype.is_float:
            return -np.inf
        return False if dtype.kind == 0 else int(np.iinfo(dtype.numpy).min)


Statement = Let | Write


@dataclass(frozen=True)
class Nest:
    """The loops of one kernel.

    lanes   a variable whose rounds run side by side, chosen by a transform; or None
    """

    outer_loops: tuple[Variable, ...]
    reduced_loops: tuple[Variable, ...]
    inner: tuple[Statement, ...]
    totals: tuple[Total, ...]
    outer: tuple[Statement, ...]
    lanes: Variable | None = None

    @property
    def loads(self) -> list[Load]:
        """Every load, inner and outer."""
        lets = [s for s in self.inner + self.outer if isinstance(s, Let)]
        return [s.expression for s in lets if isinstance(s.expression, Load)]

    @property
    def is_strided(self) -> bool:
        """Whether every access is a plain strided walk: no guard, no // and no %."""
        guarded = any(
            isinstance(s, Let) and isinstance(s.expression, Guarded)
            for s in self.inner + self.outer
        )
        writes = [s.place for s in self.inner + self.outer if isinstance(s, Write)]
        loads = self.loads
        return (
            not guarded
            and not any(load.guards for load in loads)
            and all(place.is_affine for place in [*writes, *(load.place for load in loads)])
        )


# ---------------------------------------------------------------- statements, looked at and changed


def names_in(statement: Statement) -> set[str]:
    """The values that a statement uses."""
    match statement:
        case Write(_, _, value) | Let(_, Guarded(value, _)):
            return {value}
        case Let(_, Apply(_, args)):
            return set(args)
    return set()


def needed(statements: Sequence[Statement], wanted: Iterable[str] = ()) -> tuple[Statement, ...]:
    """The statements without values that nobody uses, except those that are wanted."""
    used = set(wanted)
    kept: list[Statement] = []
    for s in reversed(statements):
        if isinstance(s, Write) or s.name in used:
            used |= names_in(s)
            kept.append(s)
    return tuple(reversed(kept))


def renamed(s: Statement, names: dict[str, str]) -> Statement:
    """The statement with other names of values."""

    def new(name: str) -> str:
        return names.get(name, name)

    match s:
        case Write(target, place, value):
            return Write(target, place, new(value))
        case Let(name, Guarded(value, guards), dtype, node):
            return Let(new(name), Guarded(new(value), guards), dtype, node)
        case Let(name, Apply(op, args), dtype, node):
            return Let(new(name), Apply(op, tuple(map(new, args))), dtype, node)
    return replace(s, name=new(s.name))


def with_all_indices(nest: Nest, change: Callable[[Index], Index]) -> Nest:
    """The nest with `change` applied to each index in it."""
    return replace(
        nest,
        inner=tuple(with_indices(s, change) for s in nest.inner),
        outer=tuple(with_indices(s, change) for s in nest.outer),
    )


def indices(statements: Iterable[Statement]) -> list[Index]:
    """Every index in the statements."""
    found: list[Index] = []
    for s in statements:
        with_indices(s, lambda index: found.append(index) or index)  # type: ignore[func-returns-value]
    return found


def with_indices(s: Statement, change: Callable[[Index], Index]) -> Statement:
    """The statement with `change` applied to each index in it."""

    def guards(old: tuple[Guard, ...]) -> tuple[Guard, ...]:
        return tuple(Guard(change(g.index), g.size) for g in old)

    match s:
        case Write(_, place, _):
            return replace(s, place=change(place))
        case Let(_, Load(source, place, old)):
            return replace(s, expression=Load(source, change(place), guards(old)))
        case Let(_, Guarded(value, old)):
            return replace(s, expression=Guarded(value, guards(old)))
    return s
