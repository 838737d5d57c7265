"""Writes a tree as text in a language of C's family. It decides nothing: the tree has said it all.

    Function (loops, memory, values) + Dialect (a table) -> written() -> Source

What languages differ in stands in the table. An operation's text stands in its declaration, where
{0} {1} {2} are its operands and {kind} is the type of its result as the prelude names it: float32,
or float32x8 for eight side by side. A vector of truth values is a mask: 0 or -1 in each lane.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tinylearn.graph.dtype import DType, bool_
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import CAST, LESS
from tinylearn.loops.index import Index, Variable, number
from tinylearn.loops.phases import launch
from tinylearn.loops.statements import (
    EQUAL,
    Apply,
    Constant,
    Guard,
    Guarded,
    Let,
    Load,
    Memory,
    Operation,
    Store,
    Whole,
    changed,
)
from tinylearn.loops.straighten import straightened
from tinylearn.loops.tree import Accumulate, Allocate, Body, Function, If, Loop, Refused
from tinylearn.render.dialect import Dialect, guard_text, index_text, literal
from tinylearn.render.source import Source

COMPARED = (LESS, EQUAL)  # they give a mask as wide as what they compare


# ---------------------------------------------------------------- values


@dataclass(frozen=True)
class Value:
    """What a name stands for: its text, its kind of number, and how many lie side by side."""

    text: str
    dtype: DType
    lanes: int = 1


def kind(dtype: DType, lanes: int) -> str:
    """The name of a type as the prelude's functions have it.

    >>> kind(bool_, 1), kind(bool_, 8)
    ('bool', 'boolx8')
    """
    return dtype.name if lanes == 1 else f"{dtype.name}x{lanes}"


class Writer:
    """The text of one function, while it is being written.

    values   what each name stands for
    vector   the variable of the vector loop that is being written
    whole    the type of a loop's variable, in languages in which it is not always the same
    """

    whole = "int"

    def __init__(self, function: Function, dialect: Dialect):
        self.function, self.dialect = straightened(function), dialect
        self.memory = {m.name: m for m in function.arguments}
        self.source = Source()
        self.values: dict[str, Value] = {}
        self.vector: Variable | None = None
        self.streams = False

    def write(self) -> Source:
        """The whole function."""
        f, d = self.function, self.dialect
        arguments = ", ".join(
            d.argument.format(
                const="" if m.name in f.written else "const ",
                type=d.types[m.dtype.name],
                name=m.name,
            )
            for m in f.arguments
        )
        first = f.arguments[0].node if f.arguments else None
        threads = launch(f).thread_count
        head = d.function.format(name=f.name, arguments=arguments, threads=threads)
        with self.block(head, first):
            self.body(f.body)
            if self.streams:
                self.source.add(d.last)
        return self.source

    @contextmanager
    def block(self, head: str, node: Node | None = None) -> Iterator[None]:
        """Lines between braces."""
        self.source.add(f"{head} {{".lstrip(), node)
        self.source.indent += 1
        yield
        self.source.indent -= 1
        self.source.add("}")

    # ------------------------------------------------------------ statements

    def body(self, body: Body) -> None:
        """All statements, in order."""
        for s in body:
            match s:
                case Loop():
                    self.loop(s)
                case If(guards, inside, value):
                    asked = [guard_text(guards)] if guards or not value else []
                    asked += [self.values[value].text] if value else []
                    with self.block(f"if ({' & '.join(asked)})"):
                        self.body(inside)
                case Allocate(memory):
                    self.allocate(memory)
                case Let():
                    self.let(s)
                case Store():
                    self.store(s)
                case Accumulate():
                    self.accumulate(s)

    def loop(self, s: Loop) -> None:
        """A loop; of one round, or of vectors, there is only what it does."""
        v = s.variable
        if s.kind == "vector":
            self.vector = v
        plain = v.size != 1 and s.kind != "vector"
        head = self.dialect.loop.format(v=v, n=v.size, whole=self.whole) if plain else ""
        with self.block(head):
            self.body(s.body)
        self.vector = None

    def allocate(self, m: Memory) -> None:
        """A variable for each register, or an array."""
        self.memory[m.name] = m
        if m.space == "register":
            names = ", ".join(f"{m.name}{k}" for k in range(m.size // m.lanes))
            self.source.add(f"{self.type(m.dtype, m.lanes)} {names};", m.node)
        else:
            kind = self.dialect.types[m.dtype.name]
            text = self.dialect.local.format(type=kind, name=m.name, size=m.size)
            self.source.add(text, m.node)

    def let(self, s: Let) -> None:
        """A value; constants stand where they are used."""
        match s.expression:
            case Constant(value):
                self.values[s.name] = Value(literal(value, s.dtype, self.dialect), s.dtype)
                return
            case Load():
                found = self.load(s, s.expression)
            case Guarded(value, guards):
                found = self.guarded(self.values[value], guards)
            case Whole(index):
                found = Value(index_text(index), s.dtype)
            case Apply(op, args):
                found = self.apply(op, [self.values[a] for a in args], s.dtype)
        self.values[s.name] = Value(s.name, s.dtype, found.lanes)
        self.source.add(f"{self.type(s.dtype, found.lanes)} {s.name} = {found.text};", s.node)

    def store(self, s: Store) -> None:
        """A number or a vector to memory."""
        m, value, step = self.memory[s.memory], self.values[s.value], self.step(s.place)
        if m.space == "register":
            self.source.add(f"{self.register(m, s.place)} = {self.wide(value, m.lanes)};", s.node)
        elif step == 0:
            self.source.add(f"{m.name}[{index_text(s.place)}] = {value.text};", s.node)
        else:
            assert self.vector is not None
            if step is None:
                raise Refused(f"the lanes of {self.vector} go to uneven places of {m.name}")
            lanes = self.vector.size
            streamed = s.streamed and step == 1 and m.dtype.name == "float32"
            self.streams = self.streams or streamed
            how = "stream" if streamed else "store" if step == 1 else "scatter"
            between = "" if step == 1 else f", {step}"
            at = f"{m.name} + {index_text(self.first(s.place))}{between}"
            text = self.wide(value, lanes)
            self.source.add(f"{how}_{kind(m.dtype, lanes)}({at}, {text});", s.node)

    def accumulate(self, s: Accumulate) -> None:
        """A total takes in a value; the lanes of one vector may go to one total."""
        m, value, step = self.memory[s.memory], self.values[s.value], self.step(s.place)
        if step == 0 and value.lanes > 1:
            name = f"{s.op.name}_{kind(s.dtype, value.lanes)}"
            value = Value(f"{name}({value.text})", s.dtype)
        if m.space == "register":
            home = Value(self.register(m, s.place), s.dtype, m.lanes if step else 1)
        elif step == 1:
            assert self.vector is not None
            lanes = self.vector.size
            at = f"{m.name} + {index_text(self.first(s.place))}"
            home = Value(f"*({kind(s.dtype, lanes)} *)({at})", s.dtype, lanes)
        else:
            home = Value(f"{m.name}[{index_text(s.place)}]", s.dtype)
        self.source.add(f"{home.text} = {self.apply(s.op, [home, value], s.dtype).text};", s.node)

    # ------------------------------------------------------------ places

    def step(self, place: Index) -> int | None:
        """How far a place moves from lane to lane; None if not evenly."""
        if self.vector is None:
            return 0
        return None if place.is_uneven(self.vector) else place.factor(self.vector)

    def first(self, index: Index) -> Index:
        """An index in lane 0."""
        return self.in_lane(index, 0)

    def in_lane(self, index: Index, lane: int) -> Index:
        """An index in one lane."""
        if self.vector is None:
            return index
        wide = {name: f"{name}[{lane}]" for name in index.looked if self.values[name].lanes > 1}
        return index.substitute({self.vector: number(lane)}).renamed(wide)

    def register(self, m: Memory, place: Index) -> str:
        """The variable for a place in registers."""
        at = self.first(place)
        if at.variables:
            name = min(v.name for v in at.variables)
            raise Refused(f"the registers {m.name} have no address: {name} must be written out")
        return f"{m.name}{at.constant // m.lanes}"

    def differs(self, guards: Sequence[Guard]) -> bool:
        """Whether guards may hold in one lane and not in another."""
        return self.vector is not None and any(self.vector in g.index.variables for g in guards)

    def inside(self, guards: Sequence[Guard]) -> str:
        """Where guards hold: a condition, or a mask."""
        if not self.differs(guards):
            return guard_text(guards)
        lanes = [
            f"-({guard_text(changed(guards, lambda index, k=k: self.in_lane(index, k)))})"  # type: ignore[misc]
            for k in range(self.vector.size)  # type: ignore[union-attr]
        ]
        return f"({kind(bool_, len(lanes))}){{{', '.join(lanes)}}}"

    # ------------------------------------------------------------ what a line computes

    def type(self, dtype: DType, lanes: int) -> str:
        """The type of a variable."""
        if lanes > 1:
            return kind(dtype, lanes)
        return self.dialect.values.get(dtype.name, self.dialect.types[dtype.name])

    def wide(self, value: Value, lanes: int) -> str:
        """A value in all lanes."""
        if value.lanes == lanes:
            return value.text
        return f"all_{kind(value.dtype, lanes)}({value.text})"

    def load(self, s: Let, e: Load) -> Value:
        """A number, or as many neighbours as the vector has lanes; 0 where guards do not hold."""
        m, step = self.memory[e.memory], self.step(e.place)
        if m.space == "register":
            return Value(self.register(m, e.place), s.dtype, m.lanes if step else 1)
        if step == 0 and not self.differs(e.guards):
            return self.one_number(s, m, e)
        assert self.vector is not None
        lanes = self.vector.size
        if step == 1 and not self.differs(e.guards):
            at = f"{m.name} + {index_text(self.first(e.place))}"
            text = f"load_{kind(m.dtype, lanes)}({at})"
            if e.guards:
                text = f"({guard_text(e.guards)}) ? {text} : ({kind(m.dtype, lanes)}){{0}}"
            return Value(text, s.dtype, lanes)
        each = [self.in_one_lane(m, e, k) for k in range(lanes)]
        return Value(f"({kind(m.dtype, lanes)}){{{', '.join(each)}}}", s.dtype, lanes)

    def in_one_lane(self, m: Memory, e: Load, lane: int) -> str:
        """The number of one lane, from wherever it lies."""
        text = f"{m.name}[{index_text(self.in_lane(e.place, lane))}]"
        text = f"-{text}" if m.dtype.kind == 0 else text
        guards = changed(e.guards, lambda index: self.in_lane(index, lane))
        condition = guard_text(guards) if guards else "1"
        return text if condition == "1" else f"({condition}) ? {text} : 0"

    def one_number(self, s: Let, m: Memory, e: Load) -> Value:
        """One number; what guards forbid is not read, and chosen without a branch."""
        place = index_text(e.place)
        if not e.guards:
            return Value(f"{m.name}[{place}]", s.dtype)
        inside = f"{s.name}_in"
        self.source.add(f"int {inside} = {guard_text(e.guards)};", s.node)
        text = f"{m.name}[({place}) & -(long){inside}]" if m.size else "0"
        return Value(f"choose_{kind(s.dtype, 1)}({inside}, {text}, 0)", s.dtype)

    def guarded(self, value: Value, guards: Sequence[Guard]) -> Value:
        """A value where guards hold, else 0."""
        inside = self.inside(guards)
        if not self.differs(guards):
            zero = "0" if value.lanes == 1 else f"({kind(value.dtype, value.lanes)}){{0}}"
            if value.lanes > 1:
                return Value(f"({inside}) ? {value.text} : {zero}", value.dtype, value.lanes)
            text = f"choose_{kind(value.dtype, 1)}({inside}, {value.text}, 0)"
            return Value(text, value.dtype)
        lanes = self.vector.size  # type: ignore[union-attr]
        name = kind(value.dtype, lanes)
        text = f"choose_{name}({inside}, {self.wide(value, lanes)}, ({name}){{0}})"
        return Value(text, value.dtype, lanes)

    def apply(self, op: Operation, args: Sequence[Value], dtype: DType) -> Value:
        """An operation, as its declaration says it."""
        lanes = max(a.lanes for a in args)
        truth = getattr(op, "truth", "") if dtype.kind == 0 else ""
        pattern = truth or op.text
        function = "{kind}" in pattern
        texts = []
        for a in args:
            text = a.text
            if lanes > 1 and (function or a.dtype.kind == 0):
                text = self.wide(a, lanes)
            if lanes > 1 and a.dtype.kind == 0 and op in (CAST, *COMPARED):
                text = f"(-{text})"  # a mask as the numbers 0 and 1
            texts.append(text)
        text = pattern.format(*texts, kind=kind(dtype, lanes))
        if lanes > 1 and op in COMPARED and args[0].dtype.itemsize == 8:
            text = f"cast_{kind(dtype, lanes)}({text})"
        return Value(text, dtype, lanes)


def written(function: Function, dialect: Dialect) -> Source:
    """The function as text."""
    return Writer(function, dialect).write()
