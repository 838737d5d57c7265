"""Runs a tree as it stands: one round after the other, one number at a time.

This is the judge of every transform. It knows loops and nothing of vectors, threads or languages:
threads run one after the other, and as no barrier stands inside their loops none has to wait. It
checks each place that is read or written, and says in words what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinylearn.graph.primitives import CAST
from tinylearn.loops.index import Divided, Index, Looked, Variable
from tinylearn.loops.statements import (
    Apply,
    Constant,
    Expression,
    Guard,
    Guarded,
    Let,
    Load,
    Store,
    Whole,
)
from tinylearn.loops.tree import Accumulate, Allocate, Barrier, Body, Function, If, Loop

Step = Callable[[], None]


class Broken(Exception):
    """What is wrong with loops, in words."""


class Run:
    """A function while it runs.

    at       the round in which each loop is, by its name
    values   what each name stands for in this round
    known    {memory: which of its numbers have been written}; all of what is only read
    """

    def __init__(self, function: Function, given: Mapping[str, np.ndarray]):
        self.function = function
        self.at: dict[str, int] = {}
        self.values: dict[str, Any] = {}
        self.memory: dict[str, np.ndarray] = {}
        self.known: dict[str, np.ndarray] = {}
        for m in function.arguments:
            written = m.name in function.written
            self.memory[m.name] = (
                np.zeros(m.size, m.dtype.numpy) if written else given[m.name].reshape(-1)
            )
            self.known[m.name] = np.full(m.size, not written)

    def outputs(self) -> dict[str, np.ndarray]:
        """The numbers of what it writes; raises Broken with the first thing that is wrong."""
        with np.errstate(all="ignore"):
            for step in self.steps(self.function.body):
                step()
        for m in self.function.arguments:
            known = self.known[m.name]
            if not known.all():
                where, count = int(np.argmin(known)), int(known.sum())
                says = f"number {where} of {m.name} is never written"
                raise Broken(f"{says}; {count} of {m.size} are")
        written = [m for m in self.function.arguments if m.name in self.function.written]
        return {m.name: self.memory[m.name].reshape(m.shape) for m in written}

    # ------------------------------------------------------------ statements

    def steps(self, body: Body) -> list[Step]:
        """A function without arguments for each statement."""
        return [self.step(s) for s in body]

    def step(self, s: Any) -> Step:
        match s:
            case Loop(v, body):
                return self.loop(v, self.steps(body))
            case If(guards, body, value):
                return self.where(self.holds(guards, value), self.steps(body))
            case Barrier():
                return lambda: None
            case Allocate(m):
                return lambda: self.fresh(m.name, m.size, m.dtype.numpy)
            case Let(name, expression):
                return self.let(s, name, self.expression(s, expression))
            case Store(memory, place, value):
                where = self.place(place)
                return lambda: self.write(memory, where(), self.values[value])
            case Accumulate():
                return self.accumulate(s)
        raise Broken(f"{s!r} is no statement")

    def loop(self, v: Variable, steps: Sequence[Step]) -> Step:
        def run() -> None:
            for k in range(v.size):
                self.at[v.name] = k
                for step in steps:
                    step()

        return run

    def where(self, holds: Callable[[], bool], steps: Sequence[Step]) -> Step:
        def run() -> None:
            if holds():
                for step in steps:
                    step()

        return run

    def fresh(self, name: str, size: int, dtype: np.dtype) -> None:
        """Memory in which nothing has been written yet."""
        self.memory[name] = np.zeros(size, dtype)
        self.known[name] = np.zeros(size, bool)

    def let(self, s: Let, name: str, compute: Callable[[], Any]) -> Step:
        def run() -> None:
            value = self.values[name] = compute()
            if value.dtype != s.dtype.numpy:
                raise Broken(f"{name} is said to be {s.dtype}, and is {value.dtype}")

        return run

    def accumulate(self, s: Accumulate) -> Step:
        where, memory, value = self.place(s.place), s.memory, s.value
        add = s.op.name == "sum"

        def run() -> None:
            k = where()
            old, new = self.read(memory, k), self.values[value]
            total = np.add(old, new) if add else np.maximum(old, new)
            self.memory[memory][k] = total

        return run

    # ------------------------------------------------------------ values and places

    def expression(self, s: Let, expression: Expression) -> Callable[[], Any]:
        """A function that gives the value of the right side of a line."""
        kind = s.dtype.numpy.type
        match expression:
            case Constant(value):
                return lambda: kind(value)
            case Load(memory, place, guards):
                where, holds = self.place(place), self.holds(guards)
                return lambda: self.read(memory, where()) if holds() else kind(0)
            case Guarded(name, guards):
                holds = self.holds(guards)
                return lambda: self.values[name] if holds() else kind(0)
            case Whole(index):
                whole = self.place(index)
                return lambda: kind(whole())
            case Apply(op, (number,)) if op is CAST:
                return lambda: np.asarray(self.values[number]).astype(kind)[()]
            case Apply(op, args):
                return lambda: np.asarray(op.numpy(*[self.values[a] for a in args]))[()]
        raise Broken(f"{s.name} is no Load, Constant, Apply, Guarded or Whole: {expression!r}")

    def place(self, index: Index) -> Callable[[], int]:
        """A function that gives an index in this round."""
        plain = [(a.name, f) for a, f in index.terms if isinstance(a, Variable)]
        rest = [(a, f, self.place(a.of)) for a, f in index.terms if isinstance(a, Divided)]
        looked = [(a, f) for a, f in index.terms if isinstance(a, Looked)]
        at, values, constant = self.at, self.values, index.constant

        def value() -> int:
            total = constant + sum(f * at[name] for name, f in plain)
            for number, f in looked:
                found = int(values[number.value])
                if number.size and not 0 <= found < number.size:
                    raise Broken(f"{number.value} is {found}, and no place of {number.size}")
                total += f * found
            for atom, f, of in rest:
                total += f * (of() // atom.by if atom.op == "//" else of() % atom.by)
            return total

        return value

    def holds(self, guards: Sequence[Guard], value: str = "") -> Callable[[], bool]:
        """A function that says whether all guards hold in this round, and a truth value."""
        asked = [(self.place(g.index), g.size) for g in guards]
        if value:
            inside = self.holds(guards)
            return lambda: inside() and bool(self.values[value])
        return lambda: all(0 <= index() < size for index, size in asked)

    def read(self, memory: str, place: int) -> Any:
        numbers = self.memory[memory]
        if not 0 <= place < numbers.size:
            raise Broken(f"place {place} of {memory} is read, which has {numbers.size} numbers")
        if not self.known[memory][place]:
            raise Broken(f"place {place} of {memory} is read before anything is written there")
        return numbers[place]

    def write(self, memory: str, place: int, value: Any) -> None:
        numbers, known = self.memory[memory], self.known[memory]
        if not 0 <= place < numbers.size:
            raise Broken(f"place {place} of {memory} is written, which has {numbers.size} numbers")
        if memory in self.function.written and known[place] and not same(numbers[place], value):
            raise Broken(f"two rounds write different numbers to place {place} of {memory}")
        numbers[place], known[place] = value, True


def same(x: Any, y: Any) -> bool:
    """Whether two numbers are one; NaN is."""
    return bool(x == y) or bool(x != x and y != y)


def run(function: Function, given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The numbers that a function writes, by the names of its arguments.

    Raises Broken with the first thing that is wrong.
    """
    return Run(function, given).outputs()
