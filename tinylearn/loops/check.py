"""Whether loops are well formed: others can read them, and each line knows what it stands for.

    nest_in_form(nest)    a nest that rewrites, recipes and NumPy's writers can read
    in_form(function)     a tree that transforms, the interpreter and every language can read
    well_formed(function) the same, but for races, which the simulator sees as well

All raise Broken with the first thing that is wrong, in words.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from tinylearn.loops.index import Divided, Index, Looked, Variable
from tinylearn.loops.nest import Nest
from tinylearn.loops.phases import refuse_races
from tinylearn.loops.run import Broken
from tinylearn.loops.statements import Apply, Constant, Guarded, Let, Load, Memory, Store, Whole
from tinylearn.loops.tree import (
    KINDS,
    Accumulate,
    Allocate,
    Barrier,
    Function,
    If,
    Loop,
    names_in,
)

TAKEN = (  # names that renderers use themselves, and words of their languages
    " lane auto break case char const continue default do double else enum extern float for goto if"
    " inline int long register restrict return short signed sizeof static struct switch typedef"
    " union unsigned void volatile while exp log sin sqrt "
)


# ---------------------------------------------------------------- nests


def nest_in_form(nest: Any) -> None:
    """Raise Broken unless it is a nest."""
    if not isinstance(nest, Nest):
        raise Broken(f"it must return a Nest, not {type(nest).__name__}")
    for field in fields(Nest):
        part = getattr(nest, field.name)
        if not isinstance(part, tuple):
            raise Broken(f"{field.name} must be a tuple, not {type(part).__name__}")
    for v in nest.outer_loops + nest.reduced_loops:
        variable_in_form(v)
    if not nest.totals and (nest.inner or nest.reduced_loops):
        raise Broken("without totals nothing is reduced, and no inner statement runs")
    taken = [t.name for t in nest.totals]
    for level, loops in (
        (nest.inner, nest.outer_loops + nest.reduced_loops),
        (nest.outer, nest.outer_loops),
    ):
        for s in level:
            if not isinstance(s, Let | Store):
                raise Broken(f"a statement is a Let or a Store, not {type(s).__name__}")
        values = set() if level is nest.inner else set(taken)
        straight(level, Scope(nest.memory, nest.written, {v.name: v for v in loops}, values))
    made = {s.name for s in nest.inner if isinstance(s, Let)}
    for t in nest.totals:
        if t.value not in made:
            raise Broken(f"{t.name} takes in {t.value!r}, which no inner statement makes")
    own_names(nest)


def own_names(nest: Nest) -> None:
    """Raise Broken unless each loop and value has a name of its own, fit for any language."""
    values = [[s.name for s in level if isinstance(s, Let)] for level in (nest.inner, nest.outer)]
    shared = [t.name for t in nest.totals]
    shared += [v.name for v in nest.outer_loops + nest.reduced_loops]
    for names in ([*shared, *values[0]], [*shared, *values[1]]):
        for name in names:
            fit(name)
            if names.count(name) > 1:
                raise Broken(f"{name!r} is the name of two things")


def fit(name: Any) -> None:
    """Raise Broken for what cannot be a name: out0, lane and while are used for something else."""
    free = isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)
    if not free or f" {name} " in TAKEN or name.rstrip("0123456789") in ("in", "out"):
        raise Broken(f"{name!r} cannot be the name of a loop or a value")


def loops_text(nest: Nest) -> str:
    """The loops in one line.

    >>> loops_text(Nest((), (), (Variable("i", 4),), (Variable("r", 3),), (), (), ()))
    'for i in 4, reduced: r in 3'
    """
    parts = [f"{v.name} in {v.size}" for v in nest.outer_loops]
    text = "for " + ", ".join(parts) if parts else "no outer loop"
    reduced = ", ".join(f"{v.name} in {v.size}" for v in nest.reduced_loops)
    return f"{text}, reduced: {reduced}" if reduced else text


# ---------------------------------------------------------------- trees


class Scope:
    """What a line may use: the memory, the loops around it, the values made before it."""

    def __init__(
        self,
        memory: Mapping[str, Memory],
        written: Iterable[str],
        loops: Mapping[str, Variable],
        values: Iterable[str],
    ):
        self.memory, self.written = dict(memory), set(written)
        self.loops, self.values = dict(loops), set(values)

    def inside(self) -> Scope:
        """A copy for the statements inside another."""
        return Scope(self.memory, self.written, self.loops, self.values)

    def index(self, index: Any, where: str) -> None:
        """Raise Broken unless the loops around give the index its value."""
        if not isinstance(index, Index):
            raise Broken(f"the place in {where} must be an Index, not {index!r}")
        for atom, _ in index.terms:
            if isinstance(atom, Divided):
                self.index(atom.of, where)
            elif isinstance(atom, Looked):
                self.uses(atom.value, where)
                if atom.of is not None:
                    self.index(atom.of, where)
            elif not isinstance(atom, Variable):
                raise Broken(f"{index} holds a fact that only `lower` may use: {atom!r}")
            elif self.loops.get(atom.name) != atom:
                says = f"{index} uses the loop variable {atom}, and no loop around it"
                raise Broken(f"{says} is {atom} with {atom.size} rounds")

    def uses(self, name: str, where: str) -> None:
        if name not in self.values:
            raise Broken(f"{where} uses {name!r}, which nothing before it makes")


def in_form(function: Any) -> None:
    """Raise Broken unless it is a tree whose threads may run at once."""
    well_formed(function)
    refuse_races(function)


def well_formed(function: Any) -> None:
    """Raise Broken unless it is a tree."""
    if not isinstance(function, Function):
        raise Broken(f"it must return a Function, not {type(function).__name__}")
    memory = {m.name: m for m in function.arguments}
    if len(memory) < len(function.arguments):
        raise Broken("two arguments have one name")
    body_in_form(function.body, Scope(memory, function.written, {}, set()))


def body_in_form(body: Any, scope: Scope) -> None:
    """Raise Broken for the first statement in a body that is not in order."""
    if not isinstance(body, tuple):
        raise Broken(f"a body must be a tuple, not {type(body).__name__}")
    for s in body:
        match s:
            case Loop():
                loop_in_form(s, scope)
            case If(guards, inside, value):
                for g in guards:
                    scope.index(g.index, "an if")
                if value:
                    scope.uses(value, "an if")
                body_in_form(inside, scope.inside())
            case Allocate(m):
                fit(m.name)
                if m.name in scope.memory:
                    raise Broken(f"{m.name} is made twice")
                scope.memory[m.name] = m
                scope.written.add(m.name)
            case Let() | Store() | Accumulate():
                straight((s,), scope)
            case Barrier():
                pass
            case _:
                raise Broken(f"{s!r} is no statement")


def loop_in_form(s: Loop, scope: Scope) -> None:
    """Raise Broken for a loop that no language can write."""
    variable_in_form(s.variable)
    fit(s.variable.name)
    if s.kind not in KINDS:
        raise Broken(f"the loop {s.variable} is {s.kind!r}, which is none of {', '.join(KINDS)}")
    if s.variable.name in scope.loops:
        raise Broken(f"a loop {s.variable} stands inside another loop {s.variable}")
    if s.kind == "vector" and any(not isinstance(t, Let | Store | Accumulate) for t in s.body):
        raise Broken(f"the loop {s.variable} is a vector, and more than plain lines are inside")
    inner = scope.inside()
    inner.loops[s.variable.name] = s.variable
    body_in_form(s.body, inner)


def variable_in_form(v: Any) -> None:
    """Raise Broken unless it is a loop's variable."""
    if not isinstance(v, Variable) or not isinstance(v.size, int) or v.size < 0:
        raise Broken(f"{v!r} is no loop variable: a name and a number of rounds")


def straight(body: Sequence[Let | Store | Accumulate], scope: Scope) -> None:
    """Raise Broken for a plain line that uses what is not there."""
    for s in body:
        where = said(s)
        for name in names_in(s):
            scope.uses(name, where)
        match s:
            case Let(_, Load(memory, place, guards)):
                if memory not in scope.memory:
                    raise Broken(f"it loads from {memory}, which it does not have")
                for index in (place, *(g.index for g in guards)):
                    scope.index(index, where)
            case Let(_, Guarded(_, guards)):
                for g in guards:
                    scope.index(g.index, where)
            case Let(_, Whole(index)):
                scope.index(index, where)
            case Let(_, Apply() | Constant()):
                pass
            case Let(name, other):
                raise Broken(f"{name} is no Load, Constant, Apply, Guarded or Whole: {other!r}")
            case Store(memory, place) | Accumulate(memory, place):
                if memory not in scope.memory or memory not in scope.written:
                    raise Broken(f"it writes to {memory}, which this kernel does not store")
                scope.index(place, where)
        if isinstance(s, Let):
            fit(s.name)
            scope.values.add(s.name)


def said(s: Let | Store | Accumulate) -> str:
    """A line in few words."""
    match s:
        case Store(memory, _, value):
            return f"the store of {value} to {memory}"
        case Accumulate(memory, _, _, value):
            return f"what adds {value} to {memory}"
        case Let(name, Load(memory, place)):
            return f"{name} = {memory}[{place}]"
        case Let(name, Apply(op, args)):
            return f"{name} = {getattr(op, 'name', op)}({', '.join(map(str, args))})"
    return f"{s.name} = {s.expression!r}"
