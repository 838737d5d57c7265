"""The rows of a kernel while it is read, and the memory that they use."""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tinylearn.graph.dtype import DType
from tinylearn.kernels.rows import Row, thread_number
from tinylearn.kernels.values import Array, Value
from tinylearn.loops.check import TAKEN
from tinylearn.loops.phases import Launch
from tinylearn.loops.statements import Expression, Let, Load, Memory, Store
from tinylearn.loops.tree import Accumulate, Allocate, Barrier, Statement, unlike


@dataclass(frozen=True)
class Local:
    """A name that changes while the kernel runs: a register of each thread."""

    array: Array

    @property
    def dtype(self) -> DType:
        """Its kind of number."""
        return self.array.memory.dtype


class Program:
    """What one thread does, row after row.

    made      the memory that is there from the beginning
    line      the line of Python that is being read
    written   the names of arguments that are stored to
    """

    def __init__(self, launch: Launch, taken: set[str]):
        self.launch, self.taken = launch, taken
        self.made: list[Row] = []
        self.rows: list[Row] = []
        self.line = 0
        self.written: set[str] = set()

    def name(self, wish: str) -> str:
        """A name that nothing has yet, near the one that is wished for."""
        if keyword.iskeyword(wish) or f" {wish} " in TAKEN:
            wish += "_"
        found = wish if wish != "t" else "t0"
        number = 0
        while found in self.taken:
            number += 1
            found = f"{wish}{number}" if wish == "t" else unlike(found, self.taken)
        self.taken.add(found)
        return found

    def add(self, statement: Statement) -> None:
        """One more row."""
        self.rows.append(Row(statement, self.line))

    def let(self, wish: str, expression: Expression, dtype: DType) -> str:
        """A row that computes a value; its name."""
        name = self.name(wish)
        self.add(Let(name, expression, dtype))
        return name

    def called(self, value: Value, wish: str) -> Value:
        """A value that was just computed under the name that the program has for it."""
        last = self.rows[-1].statement if self.rows else None
        if isinstance(last, Let) and last.name == value.name and value.name[1:].isdigit():
            self.taken.discard(value.name)
            new = self.name(wish)
            self.rows[-1] = replace(self.rows[-1], statement=replace(last, name=new))
            return Value(new, value.dtype)
        return value

    @contextmanager
    def inside(self, statement: Statement, other: bool = False) -> Iterator[list[Row]]:
        """The rows that are added stand inside this statement; they are in the list afterwards."""
        outer, self.rows, line = self.rows, [], self.line
        found: list[Row] = []
        yield found
        found += self.rows
        self.rows = outer
        if found:
            self.rows.append(Row(statement, line, tuple(found), other))

    # ------------------------------------------------------------ memory

    def shared(self, wish: str, shape: tuple[int, ...], dtype: DType) -> Array:
        """Memory that a block has."""
        memory = Memory(self.name(wish), dtype, shape, "shared")
        self.made.append(Row(Allocate(memory), self.line))
        return Array(memory)

    def private(self, wish: str, shape: tuple[int, ...], dtype: DType, space: str) -> Array:
        """Memory that each thread has for itself: in the tree, one part of it for each thread."""
        size, threads = 1, self.launch.thread_count
        for n in shape:
            size *= n
        home = Memory(self.name(wish), dtype, (threads, *shape), space)
        self.made.append(Row(Allocate(home), self.line))
        return Array(replace(home, shape=shape), thread_number(self.launch) * size)

    def local(self, wish: str, dtype: DType) -> Local:
        """A register for a name that changes."""
        return Local(self.private(wish, (1,), dtype, "register"))

    def load(self, local: Local) -> Value:
        """What a register holds now."""
        place = Load(local.array.memory.name, local.array.owner)
        return Value(self.let("t", place, local.dtype), local.dtype)

    def store(self, array: Array, place: object, value: Value) -> None:
        """array[place] = value."""
        self.add(Store(array.memory.name, place, value.name))  # type: ignore[arg-type]
        self.written.add(array.memory.name)

    def take_in(self, statement: Accumulate) -> None:
        """An atomic addition."""
        self.add(statement)
        self.written.add(statement.memory)

    def barrier(self) -> None:
        """All threads of the block wait for each other."""
        self.add(Barrier())
