"""HOW a kernel runs: loops in loops, memory that is made on the way, and what each round does.

    plain(nest) -> Function      the nest's own loops, one round after the other
    transforms/                  Function -> Function: the same numbers, other loops
    text.py                      the tree as text, and back

A body is a tuple of statements. Nothing here depends on the language that will be written.

The loops of a GPU run at once: those over blocks stand outermost, those over the threads of a block
stand between barriers and never around one. So a tree stays a program that runs one round after
the other; phases.py proves that the rounds may also run together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from tinylearn.changes import run_once
from tinylearn.graph.dtype import DType
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import Primitive
from tinylearn.loops import statements as ir
from tinylearn.loops.index import Index, Variable
from tinylearn.loops.nest import Nest, Total
from tinylearn.loops.statements import Constant, Guard, Let, Load, Memory, Store, changed

run_once(globals())

BLOCKS = ("block.x", "block.y", "block.z")
THREADS = ("thread.x", "thread.y", "thread.z")
KINDS = ("serial", "unrolled", "vector", *BLOCKS, *THREADS)
HERE = Index((), 0)  # the place of a register that holds one number


class Refused(Exception):
    """A transform does not fit this tree; the message says why."""


@dataclass(frozen=True)
class Accumulate:
    """memory[place] = op(memory[place], value): rounds may run in any order."""

    memory: str
    place: Index
    op: Primitive
    value: str
    dtype: DType
    node: Node | None = None


@dataclass(frozen=True)
class Allocate:
    """Fresh memory, for the statements after this one in the same body."""

    memory: Memory


@dataclass(frozen=True)
class If:
    """The body runs where all guards hold, and an earlier truth value if one is named."""

    guards: tuple[Guard, ...]
    body: Body
    value: str = ""


@dataclass(frozen=True)
class Barrier:
    """No thread of a block goes on before all of them are here."""


@dataclass(frozen=True)
class Loop:
    """The body runs once for each value of the variable.

    kind   serial, unrolled (written out), vector (all rounds in one instruction), block.x .y .z
           (each round is a block of threads) or thread.x .y .z (each round is a thread of a block)
    """

    variable: Variable
    body: Body
    kind: str = "serial"


Statement = Loop | If | Let | Store | Accumulate | Allocate | Barrier
Body = tuple[Statement, ...]


@dataclass(frozen=True)
class Function:
    """A kernel: the memory it is given, and what it does.

    written   the names of the arguments that it writes
    """

    name: str
    arguments: tuple[Memory, ...]
    written: frozenset[str]
    body: Body


# ---------------------------------------------------------------- from a nest


def plain(nest: Nest, name: str = "kernel") -> Function:
    """The nest's loops as they stand: each total is a register, started before and read after."""
    if nest.passes:
        fresh = map(Allocate, nest.kept)
        body: Body = (*fresh, *(s for one in nest.passes for s in one_pass(one)))
        body = around(nest.outer_loops, body)
    else:
        body = one_pass(nest)
    return Function(name, nest.arguments, frozenset(nest.written), body)


def one_pass(nest: Nest) -> Body:
    """The loops of a nest, or of one of its passes."""
    body: list[Statement] = []
    for t in nest.totals:
        body += started(register(t), t.op, t.dtype, t.node)
    if nest.totals:
        taken = [Accumulate(register(t), HERE, t.op, t.value, t.dtype, t.node) for t in nest.totals]
        body += around(nest.reduced_loops, (*nest.inner, *taken))
        body += [Let(t.name, Load(register(t), HERE), t.dtype, t.node) for t in nest.totals]
    return around(nest.outer_loops, (*body, *nest.outer))


def register(total: Total) -> str:
    """What the register of a total is called."""
    return f"{total.name}s"


def started(name: str, op: Primitive, dtype: DType, node: Node | None) -> list[Statement]:
    """A fresh register that holds what a total is before the first round."""
    first = f"{name}_start"
    return [
        Allocate(Memory(name, dtype, (1,), "register", node=node)),
        Let(first, Constant(Total("", op, "", dtype).start), dtype, node),
        Store(name, HERE, first, node),
    ]


def around(loops: Sequence[Variable], body: Sequence[Statement]) -> Body:
    """Loops around a body, the first outermost."""
    inside = tuple(body)
    for v in reversed(loops):
        inside = (Loop(v, inside),)
    return inside


# ---------------------------------------------------------------- looking at trees


def statements(body: Body) -> Iterator[Statement]:
    """Every statement, outer ones first."""
    for s in body:
        yield s
        if isinstance(s, Loop | If):
            yield from statements(s.body)


def names_in(s: Statement) -> set[str]:
    """The values that one statement uses, without those inside it."""
    if isinstance(s, Accumulate):
        return {s.value, *s.place.looked}
    if isinstance(s, If):
        return {s.value for _ in s.value[:1]}.union(*(g.index.looked for g in s.guards))
    return ir.names_in(s) if isinstance(s, Let | Store) else set()


def accessed(s: Statement) -> tuple[str, Index] | None:
    """The memory and the place that one statement reads or writes, if it does."""
    match s:
        case Store() | Accumulate():
            return s.memory, s.place
        case Let(_, Load(memory, place)):
            return memory, place
    return None


def memory_written(body: Body) -> set[str]:
    """The memory that a body writes, by name."""
    return {s.memory for s in statements(body) if isinstance(s, Store | Accumulate)}


def allocated(body: Body) -> dict[str, Memory]:
    """The memory that is made in a body, by name."""
    return {s.memory.name: s.memory for s in statements(body) if isinstance(s, Allocate)}


def loops_named(function: Function, name: str) -> list[Loop]:
    """Every loop of this name; there are several where the last rounds have one of their own."""
    loops = [s for s in statements(function.body) if isinstance(s, Loop)]
    return [s for s in loops if s.variable.name == name]


def read_and_written(s: Loop) -> list[tuple[str, Index, Index]]:
    """(memory, place read, place written) for memory from outside that a loop reads and stores."""
    inside = allocated(s.body)
    stores = [t for t in statements(s.body) if isinstance(t, Store) and t.memory not in inside]
    reads = [t.expression for t in statements(s.body) if isinstance(t, Let)]
    return [
        (e.memory, e.place, t.place)
        for e in reads
        for t in stores
        if isinstance(e, Load) and e.memory == t.memory
    ]


def added_up_outside(s: Loop) -> list[Accumulate]:
    """What the rounds of a loop add up at one place each, in memory from outside of it."""
    inside = allocated(s.body)
    return [
        a
        for a in statements(s.body)
        if isinstance(a, Accumulate)
        and a.memory not in inside
        and s.variable not in a.place.variables
    ]


# ---------------------------------------------------------------- changing trees


def rebuilt(body: Body, change: Callable[[Statement], Body]) -> Body:
    """The body with each statement replaced by what `change` makes of it, innermost first."""
    made: list[Statement] = []
    for s in body:
        if isinstance(s, Loop | If):
            s = replace(s, body=rebuilt(s.body, change))
        made += change(s)
    return tuple(made)


def each_loop(function: Function, name: str, change: Callable[[Loop], Body]) -> Function:
    """The function with every loop of this name changed; raises Refused if there is none.

    A loop that is a vector stays one: its registers hold a number for each of its rounds.
    """
    found = loops_named(function, name)
    if not found:
        raise Refused(f"there is no loop {name}")
    if any(s.kind == "vector" for s in found):
        raise Refused(f"{name} is a vector already")

    def at(s: Statement) -> Body:
        return change(s) if isinstance(s, Loop) and s.variable.name == name else (s,)

    return replace(function, body=distinct(rebuilt(function.body, at)))


def distinct(body: Body, taken: AbstractSet[str] = frozenset()) -> Body:
    """The body in which nothing has the name of something else that can be seen there.

    taken   the names of memory that is there already
    """
    made: list[Statement] = []
    memory, values = set(taken), set[str]()
    rest = body
    while rest:
        s = rest[0]
        if isinstance(s, Allocate) and s.memory.name in memory:
            name = unlike(s.memory.name, memory)
            rest = moved(rest, s.memory.name, lambda place: place, name)
        elif isinstance(s, Let) and s.name in values:
            rest = renamed(rest, {s.name: unlike(s.name, values)})
        s, rest = rest[0], rest[1:]
        match s:
            case Allocate(m):
                memory.add(m.name)
            case Let(name):
                values.add(name)
            case Loop() | If():
                s = replace(s, body=distinct(s.body, memory))
        made.append(s)
    return tuple(made)


def unlike(name: str, taken: AbstractSet[str]) -> str:
    """A name that is not taken."""
    while name in taken:
        name += "b"
    return name


def substituted(body: Body, values: dict[Variable, Index]) -> Body:
    """The body with loop variables replaced by indices."""

    def new(index: Index) -> Index:
        return index.substitute(values)

    def at(s: Statement) -> Body:
        match s:
            case Accumulate():
                return (replace(s, place=new(s.place)),)
            case If():
                return (replace(s, guards=changed(s.guards, new)),)
            case Let() | Store():
                return (ir.with_indices(s, new),)
        return (s,)

    return rebuilt(body, at)


def moved(body: Body, memory: str, change: Callable[[Index], Index], name: str = "") -> Body:
    """The body with each access to a memory at another place, and of another name if given one.

    What a loop inside makes for itself under the same name is another memory, and stays.
    """
    return tuple(moved_in(s, memory, change, name or memory) for s in body)


def moved_in(s: Statement, memory: str, change: Callable[[Index], Index], name: str) -> Statement:
    """What `moved` makes of one statement."""
    match s:
        case Loop() | If():
            own = any(isinstance(t, Allocate) and t.memory.name == memory for t in s.body)
            return s if own else replace(s, body=moved(s.body, memory, change, name))
        case Allocate(m) if m.name == memory:
            return Allocate(replace(m, name=name))
        case Let(_, Load(source, place, guards)) if source == memory:
            return replace(s, expression=Load(name, change(place), guards))
        case Store(target, place) | Accumulate(target, place) if target == memory:
            return replace(s, memory=name, place=change(place))
    return s


def renamed(body: Body, names: dict[str, str]) -> Body:
    """The body with other names of values."""

    def at(s: Statement) -> Body:
        match s:
            case Accumulate(_, place, _, value):
                return (replace(s, place=place.renamed(names), value=names.get(value, value)),)
            case If(guards, _, value):
                asked = changed(guards, lambda index: index.renamed(names))
                return (replace(s, guards=asked, value=names.get(value, value)),)
        return (ir.renamed(s, names),) if isinstance(s, Let | Store) else (s,)

    return rebuilt(body, at)
