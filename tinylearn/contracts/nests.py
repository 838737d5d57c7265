"""Runs loops with NumPy, all rounds at once, and says in words what is wrong with them.

A nest must say clearly what each round does: values are made before they are used, every place
lies inside its memory, and each number of a result is written.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tinylearn.graph.node import Node
from tinylearn.graph.primitives import CAST
from tinylearn.loops.index import Divided, Index, Variable
from tinylearn.loops.ir import (
    Apply,
    Constant,
    Guard,
    Guarded,
    Let,
    Load,
    Nest,
    Statement,
    Total,
    Write,
    indices,
)

Arrays = dict[str, np.ndarray]
Memory = dict[Node, np.ndarray]
FIELDS = ("outer_loops", "reduced_loops", "inner", "totals", "outer")
TAKEN = (
    " lane step chunk stop tile width"  # which renderers use themselves
    " auto break case char const continue default do double else enum extern float for goto if"
    " inline int long register restrict return short signed sizeof static struct switch typedef"
    " union unsigned void volatile while exp log sin sqrt "
)


class Broken(Exception):
    """What is wrong with a nest, in words."""


class Rounds:
    """A nest while it runs: every value is an array over all rounds, loops first to last.

    memory   {node: its numbers in one line}; what is written is added
    """

    def __init__(self, nest: Nest, loaded: Mapping[Node, np.ndarray], outputs: Sequence[Node]):
        self.nest = nest
        self.loops = nest.outer_loops + nest.reduced_loops
        self.memory: Memory = {n: a.reshape(-1) for n, a in loaded.items()}
        self.written = {n: np.zeros(n.size, bool) for n in outputs}
        self.memory |= {n: np.zeros(n.size, n.dtype.numpy) for n in outputs}
        self.values: Arrays = {}
        self.at: dict[Variable, np.ndarray] = {}
        for k, v in enumerate(self.loops):
            shape = [1] * len(self.loops)
            shape[k] = v.size
            self.at[v] = np.arange(v.size).reshape(shape)

    def run(self) -> Memory:
        """The numbers of the outputs; raises Broken with the first thing that is wrong."""
        inner: Arrays = {}
        for s in self.nest.inner:
            self.statement(s, inner, self.loops)
        totals = {t.name: self.total(t, inner) for t in self.nest.totals}
        for s in self.nest.outer:
            self.statement(s, totals, self.nest.outer_loops)
        for node, written in self.written.items():
            if not written.all():
                where = int(np.argmin(written))
                says = f"number {where} of {node} is never written"
                raise Broken(f"{says}; {int(written.sum())} of {node.size} are")
        return {n: self.memory[n].reshape(n.shape) for n in self.written}

    # ------------------------------------------------------------ statements

    def statement(self, s: Statement, values: Arrays, loops: Sequence[Variable]) -> None:
        """One statement, in all rounds of these loops."""
        match s:
            case Write(target, place, value):
                self.write(target, self.index(place, loops), self.value(value, values, s), loops)
            case Let(name, expression, dtype, _):
                with np.errstate(all="ignore"):
                    got = self.expression(s, expression, values, loops)
                if got.dtype != dtype.numpy:
                    raise Broken(f"{name} is said to be {dtype}, and {shown(s)} is {got.dtype}")
                values[name] = got

    def expression(
        self, s: Let, expression: Any, values: Arrays, loops: Sequence[Variable]
    ) -> np.ndarray:
        """The right side of a statement."""
        match expression:
            case Constant(node):
                return np.full([1] * len(self.loops), node.arg, node.dtype.numpy)
            case Load(source, place, asked):
                return self.load(source, self.index(place, loops), self.holds(asked, loops))
            case Guarded(value, asked):
                x = self.value(value, values, s)
                return np.where(self.holds(asked, loops), x, x.dtype.type(0))
            case Apply(op, args):
                arrays = [self.value(a, values, s) for a in args]
                if op is CAST:
                    return arrays[0].astype(s.dtype.numpy)
                return np.asarray(op.numpy(*arrays))
        raise Broken(f"{s.name} is no Load, Constant, Apply or Guarded, but {expression!r}")

    def value(self, name: str, values: Arrays, s: Statement) -> np.ndarray:
        """An earlier value."""
        if name not in values:
            raise Broken(f"{shown(s)} uses {name!r}, which nothing before it makes")
        return values[name]

    def load(self, source: Node, place: np.ndarray, inside: np.ndarray) -> np.ndarray:
        """Numbers from memory, 0 where the guards do not hold."""
        if source not in self.memory:
            raise Broken(f"it loads from {source}, which this kernel does not have in memory")
        memory = self.memory[source]
        place, inside = np.broadcast_arrays(place, inside)
        outside = inside & ((place < 0) | (place >= memory.size))
        if outside.any():
            where = int(place[outside][0])
            raise Broken(f"place {where} of {source} is read, which has {memory.size} numbers")
        if not memory.size:
            return np.zeros(place.shape, memory.dtype)
        return np.where(inside, memory[np.where(inside, place, 0)], memory.dtype.type(0))

    def write(
        self, target: Node, place: np.ndarray, value: np.ndarray, loops: Sequence[Variable]
    ) -> None:
        """Numbers to memory."""
        if target not in self.written:
            raise Broken(f"it writes to {target}, which this kernel does not store")
        shape = tuple(v.size if v in loops else 1 for v in self.loops)
        place, value = np.broadcast_to(place, shape), np.broadcast_to(value, shape)
        bad = (place < 0) | (place >= target.size)
        if bad.any():
            where = int(place[bad][0])
            raise Broken(f"place {where} of {target} is written, which has {target.size} numbers")
        memory = self.memory[target]
        memory[place] = value
        if not np.array_equal(memory[place], value, equal_nan=value.dtype.kind == "f"):
            raise Broken(f"two rounds write different numbers to one place of {target}")
        self.written[target][place] = True

    def total(self, t: Total, inner: Arrays) -> np.ndarray:
        """What a reduction has collected after all its rounds."""
        if t.value not in inner:
            raise Broken(f"{t.name} takes in {t.value!r}, which no inner statement makes")
        shape = tuple(v.size for v in self.loops)
        axes = tuple(range(len(self.nest.outer_loops), len(shape)))
        value = np.broadcast_to(inner[t.value], shape)
        start = np.asarray(t.start, t.node.dtype.numpy)
        with np.errstate(all="ignore"):
            if t.op.name == "sum":
                return np.add.reduce(value, axes, t.node.dtype.numpy, keepdims=True)
            return np.maximum.reduce(value, axes, keepdims=True, initial=start)

    # ------------------------------------------------------------ places

    def index(self, index: Index, loops: Sequence[Variable]) -> np.ndarray:
        """An index in all rounds."""
        total = np.full([1] * len(self.loops), index.constant)
        for atom, factor in index.terms:
            match atom:
                case Variable():
                    if atom not in loops:
                        says = f"{index} uses the loop variable {atom}, and no loop around it"
                        raise Broken(f"{says} is {atom} with {atom.size} rounds")
                    total = total + factor * self.at[atom]
                case Divided(op, of, by):
                    whole = self.index(of, loops)
                    total = total + factor * (whole // by if op == "//" else whole % by)
                case _:
                    raise Broken(f"{index} holds a fact that only `lower` may use: {atom!r}")
        return total

    def holds(self, asked: Iterable[Guard], loops: Sequence[Variable]) -> np.ndarray:
        """Where all guards hold."""
        inside = np.full([1] * len(self.loops), True)
        for guard in asked:
            index = self.index(guard.index, loops)
            inside = inside & (index >= 0) & (index < guard.size)
        return inside


def run(nest: Nest, loaded: Mapping[Node, np.ndarray], outputs: Sequence[Node]) -> Memory:
    """The numbers of the outputs; raises Broken with the first thing that is wrong."""
    return Rounds(nest, loaded, outputs).run()


# ---------------------------------------------------------------- the form


def well_formed(nest: Any) -> None:
    """Raise Broken unless it is a nest that other transforms and renderers can read."""
    if not isinstance(nest, Nest):
        raise Broken(f"it must return a Nest, not {type(nest).__name__}")
    for field in FIELDS:
        part = getattr(nest, field)
        if not isinstance(part, tuple):
            raise Broken(f"{field} must be a tuple, not {type(part).__name__}")
    loops = nest.outer_loops + nest.reduced_loops
    for v in loops:
        if not isinstance(v, Variable) or not isinstance(v.size, int) or v.size < 0:
            raise Broken(f"{v!r} is no loop variable: a name and a number of rounds")
    if not nest.totals and (nest.inner or nest.reduced_loops):
        raise Broken("without totals nothing is reduced, and no inner statement runs")
    if nest.lanes is not None and nest.lanes not in loops:
        raise Broken(f"lanes is {nest.lanes!r}, which is none of the loops")
    for level in (nest.inner, nest.outer):
        statements_in_form(level)
    own_names(nest)


def statements_in_form(level: Sequence[Any]) -> None:
    """Raise Broken for what is no statement, or has places that are no Index."""
    for s in level:
        if not isinstance(s, Let | Write):
            raise Broken(f"a statement is a Let or a Write, not {type(s).__name__}")
        for index in indices([s]):
            if not isinstance(index, Index):
                raise Broken(f"the place in {shown(s)} must be an Index, not {index!r}")


def own_names(nest: Nest) -> None:
    """Raise Broken unless each loop and value has a name of its own, fit for any language."""
    values = [[s.name for s in level if isinstance(s, Let)] for level in (nest.inner, nest.outer)]
    shared = [t.name for t in nest.totals]
    shared += [v.name for v in nest.outer_loops + nest.reduced_loops]
    for names in ([*shared, *values[0]], [*shared, *values[1]]):
        for name in names:
            if not name.isidentifier() or keyword.iskeyword(name) or is_taken(name):
                raise Broken(f"{name!r} cannot be the name of a loop or a value")
            if names.count(name) > 1:
                raise Broken(f"{name!r} is the name of two things")


def is_taken(name: str) -> bool:
    """Whether a renderer or a language uses the name for something else: out0, lane, while."""
    return f" {name} " in TAKEN or name.rstrip("0123456789") in ("in", "out")


def shown(s: Statement) -> str:
    """A statement in few words."""
    match s:
        case Write(target, _, value):
            return f"the write of {value} to {target}"
        case Let(name, Load(source, place, _)):
            return f"{name} = {source} at {place}"
        case Let(name, Apply(op, args)):
            return f"{name} = {getattr(op, 'name', op)}({', '.join(map(str, args))})"
    return f"{s.name} = {s.expression!r}"


def loops_text(nest: Nest) -> str:
    """The loops in one line.

    >>> loops_text(Nest((Variable("i", 4),), (Variable("r", 3),), (), (), ()))
    'for i in 4, reduced: r in 3'
    """
    parts = [f"{v.name} in {v.size}" for v in nest.outer_loops]
    text = "for " + ", ".join(parts) if parts else "no outer loop"
    reduced = ", ".join(f"{v.name} in {v.size}" for v in nest.reduced_loops)
    return f"{text}, reduced: {reduced}" if reduced else text
