"""Writes a kernel's loops as C text.

    Nest (loops) -> render_c() -> one C function; PRELUDE (prelude.py) stands before all of them

Sums run in lanes: several totals side by side, which a compiler turns into vector instructions
and which are also more exact than one long sum.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from tinylearn.graph.dtype import DType
from tinylearn.graph.primitives import ADD, CAST, MUL, WHERE
from tinylearn.loops.index import Divided, Index, Variable, Within
from tinylearn.loops.ir import (
    Apply,
    Constant,
    Expression,
    Guard,
    Guarded,
    Let,
    Load,
    Nest,
    Statement,
    Total,
    Write,
)
from tinylearn.loops.transforms import LANES
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel

TYPES = {
    "bool": "unsigned char", "int32": "int32_t", "int64": "int64_t",
    "float16": "_Float16", "float32": "float", "float64": "double",
}  # fmt: skip
SHORT = 16  # rounds of a loop that gcc may write out by itself
CHUNK = 4096  # rounds after which lanes are added to the total, so that no sum grows long
TILE = 64  # outer rounds that keep their totals side by side


def render_c(kernel: Kernel, nest: Nest, name: str = "kernel") -> Source:
    """The kernel as a C function of pointers to its outputs and to what it loads."""
    return CWriter(kernel, nest).write(name)


def value_type(dtype: DType) -> str:
    """The C type of a value in a register; a bool is an int there."""
    return "int" if dtype.kind == 0 else TYPES[dtype.name]


def literal(value: float | int | bool, dtype: DType) -> str:
    """A constant as C text.

    >>> from tinylearn.graph.dtype import float32, int64
    >>> literal(0.1, float32), literal(float("-inf"), float32), literal(3, int64)
    ('0.1f', '-INFINITY', '((int64_t)3)')
    """
    if dtype.kind == 0:
        return str(int(value))
    if dtype.kind == 1:
        if value == -(2**63):
            return "INT64_MIN"
        return str(value) if dtype.name == "int32" and value != -(2**31) else f"((int64_t){value})"
    value = float(value)
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    text = repr(value)
    return text if dtype.name == "float64" else f"{text}f"


def index_text(index: Index) -> str:
    """An index as C text."""
    parts = []
    for atom, factor in index.terms:
        assert not isinstance(atom, Within), "lower releases every index that it writes down"
        text = atom.name if isinstance(atom, Variable) else divided_text(atom)
        parts.append(text if factor == 1 else f"{factor}*{text}")
    if index.constant or not parts:
        parts.append(str(index.constant))
    return " + ".join(parts).replace("+ -", "- ")


def divided_text(atom: Divided) -> str:
    """// and % as C text. C rounds towards 0, so what may be negative is lifted above 0 first."""
    lift = -(min(atom.of.low, 0) // atom.by)
    text = f"(({index_text(atom.of + lift * atom.by)}) {atom.op[0]} {atom.by})"
    return f"({text} - {lift})" if lift and atom.op == "//" else text


def guard_text(guards: Sequence[Guard]) -> str:
    """The condition under which a number lies inside."""
    tests = []
    for g in guards:
        text = index_text(g.index)
        if g.index.low < 0:
            tests.append(f"({text} >= 0)")
        if g.index.high >= g.size:
            tests.append(f"({text} < {g.size})")
    return " & ".join(tests) or "1"


def walks_by_ones(nest: Nest) -> bool:
    """Whether the innermost loop is long, and all memory in it is visited number by number.

    Then what a guard forbids may be left to a branch, which a compiler makes a masked load of.
    Elsewhere gcc 12 joins masked loads of neighbours (in[2*i] and in[2*i + 1], both if i > 3) and
    gives each half of a long vector the mask of the first.
    """
    along = nest.outer_loops[-1:]
    if not along or (nest.totals and nest.lanes not in along):
        return False
    places = [load.place for load in nest.loads]
    places += [s.place for s in nest.inner + nest.outer if isinstance(s, Write)]
    return along[0].size > SHORT and all(
        place.is_affine and abs(place.factor(along[0])) <= 1 for place in places
    )


class CWriter:
    """The text of one kernel, while it is being written."""

    def __init__(self, kernel: Kernel, nest: Nest):
        self.nest = nest
        self.source = Source()
        self.memory = {n: f"out{k}" for k, n in enumerate(kernel.outputs)}
        self.memory |= {n: f"in{k}" for k, n in enumerate(kernel.loaded)}
        self.outputs = set(kernel.outputs)
        self.names: dict[str, str] = {}  # value -> its text, where that is not its name
        self.branches = walks_by_ones(nest)

    def write(self, name: str) -> Source:
        """The whole function."""
        arguments = ", ".join(
            f"{'' if n in self.outputs else 'const '}{TYPES[n.dtype.name]} *restrict {m}"
            for n, m in self.memory.items()
        )
        self.open(f"void {name}({arguments})")
        nest = self.nest
        if nest.lanes is None or nest.lanes in nest.reduced_loops:
            for v in nest.outer_loops:
                self.loop(v)
            if nest.totals:
                self.reduction_along() if nest.lanes else self.reduction_plain()
            self.statements(nest.outer)
        else:
            self.reduction_across()
        while self.source.indent:
            self.close()
        return self.source

    # ------------------------------------------------------------ blocks of text

    def open(self, head: str) -> None:
        self.source.add(head + " {")
        self.source.indent += 1

    def close(self) -> None:
        self.source.indent -= 1
        self.source.add("}")

    def loop(self, v: Variable) -> None:
        """A loop over all values of a variable."""
        self.open(f"for (long {v.name} = 0; {v.name} < {v.size}; {v.name}++)")

    def start(self, t: Total, name: str, count: int = 0) -> None:
        """Declare a total, or an array of them, at its start value."""
        value = literal(t.start, t.node.dtype)
        kind = value_type(t.node.dtype)
        if not count:
            self.source.add(f"{kind} {name} = {value};", t.node)
        else:
            self.source.add(f"{kind} {name}[{count}];", t.node)
            self.source.add(
                f"for (long lane = 0; lane < {count}; lane++) {name}[lane] = {value};", t.node
            )

    def take_in(self, t: Total, name: str, value: str) -> None:
        """A total takes a value in."""
        text = self.operation(t.op, (name, value), t.node.dtype)
        self.source.add(f"{name} = {text};", t.node)

    # ------------------------------------------------------------ reductions

    def reduction_plain(self) -> None:
        """One total each, one round after the other."""
        for t in self.nest.totals:
            self.start(t, t.name)
        for v in self.nest.reduced_loops:
            self.loop(v)
        self.statements(self.nest.inner)
        for t in self.nest.totals:
            self.take_in(t, t.name, self.text_of(t.value))
        for _ in self.nest.reduced_loops:
            self.close()

    def reduction_along(self) -> None:
        """Lanes along the innermost reduced loop: round r goes to total r % LANES."""
        v = self.nest.reduced_loops[-1]
        for t in self.nest.totals:
            self.start(t, t.name)
        for w in self.nest.reduced_loops[:-1]:
            self.loop(w)
        self.open(f"for (long chunk = 0; chunk < {v.size}; chunk += {CHUNK})")
        self.source.add(f"long stop = chunk + {CHUNK} < {v.size} ? chunk + {CHUNK} : {v.size};")
        for t in self.nest.totals:
            self.start(t, f"{t.name}_lanes", LANES)
        self.source.add("long step = chunk;")
        self.open(f"for (; step + {LANES} <= stop; step += {LANES})")
        self.open(f"for (long lane = 0; lane < {LANES}; lane++)")
        self.round(v, "step + lane", "lane")
        self.close()
        self.close()
        if v.size % LANES:
            self.open("for (; step < stop; step++)")
            self.round(v, "step", "0")
            self.close()
        for t in self.nest.totals:
            self.open(f"for (long lane = 0; lane < {LANES}; lane++)")
            self.take_in(t, t.name, f"{t.name}_lanes[lane]")
            self.close()
        self.close()
        for _ in self.nest.reduced_loops[:-1]:
            self.close()

    def round(self, v: Variable, value: str, lane: str) -> None:
        """One round of the inner statements; the totals of its lane take their values in."""
        self.source.add(f"long {v.name} = {value};")
        self.statements(self.nest.inner)
        for t in self.nest.totals:
            self.take_in(t, f"{t.name}_lanes[{lane}]", self.text_of(t.value))

    def reduction_across(self) -> None:
        """Lanes across the innermost outer loop: TILE totals side by side."""
        v = self.nest.outer_loops[-1]
        for w in self.nest.outer_loops[:-1]:
            self.loop(w)
        self.open(f"for (long tile = 0; tile < {v.size}; tile += {TILE})")
        width = str(TILE)
        if v.size % TILE:
            width = "width"
            self.source.add(f"long width = {v.size} - tile < {TILE} ? {v.size} - tile : {TILE};")
        for t in self.nest.totals:
            self.start(t, f"{t.name}_lanes", TILE)
        for w in self.nest.reduced_loops:
            self.loop(w)
        self.open(f"for (long lane = 0; lane < {width}; lane++)")
        self.round(v, "tile + lane", "lane")
        self.close()
        for _ in self.nest.reduced_loops:
            self.close()
        self.open(f"for (long lane = 0; lane < {width}; lane++)")
        self.source.add(f"long {v.name} = tile + lane;")
        self.names |= {t.name: f"{t.name}_lanes[lane]" for t in self.nest.totals}
        self.statements(self.nest.outer)

    # ------------------------------------------------------------ statements

    def statements(self, statements: Iterable[Statement]) -> None:
        """A line for each statement; constants stand where they are used."""
        for s in statements:
            match s:
                case Let(name, Constant(node), dtype, _):
                    self.names[name] = literal(node.arg, dtype)
                case Let(name, Load(_, _, guards) | Guarded(_, guards), dtype, node) if (
                    guards and not self.branches
                ):
                    self.source.add(f"int {name}_in = {guard_text(guards)};", node)
                    text = self.without_branch(s, f"{name}_in")
                    self.source.add(f"{value_type(dtype)} {name} = {text};", node)
                case Let(name, expression, dtype, node):
                    text = self.expression(expression, dtype)
                    self.source.add(f"{value_type(dtype)} {name} = {text};", node)
                case Write(target, place, value):
                    at = f"{self.memory[target]}[{index_text(place)}]"
                    self.source.add(f"{at} = {self.text_of(value)};", target)

    def text_of(self, value: str) -> str:
        return self.names.get(value, value)

    def without_branch(self, s: Let, inside: str) -> str:
        """A number under a guard, chosen by its bits; what is not inside is read at place 0."""
        match s.expression:
            case Load(source, place, _) if source.size:
                text = f"{self.memory[source]}[({index_text(place)}) & -(long){inside}]"
            case Guarded(value, _):
                text = self.text_of(value)
            case _:
                text = "0"
        return f"choose_{value_type(s.dtype)}({inside}, {text}, 0)"

    def expression(self, expression: Expression, dtype: DType) -> str:
        """The right side of a line."""
        match expression:
            case Load(source, place, guards):
                text = f"{self.memory[source]}[{index_text(place)}]"
                return f"({guard_text(guards)}) ? {text} : 0" if guards else text
            case Guarded(value, guards):
                return f"({guard_text(guards)}) ? {self.text_of(value)} : 0"
            case Apply(op, args):
                return self.operation(op, tuple(self.text_of(a) for a in args), dtype)
        raise AssertionError(f"no C text for {expression}")

    def operation(self, op: object, args: tuple[str, ...], dtype: DType) -> str:
        """An operation on texts of values."""
        if op is CAST:
            return f"({args[0]} != 0)" if dtype.kind == 0 else f"({TYPES[dtype.name]}){args[0]}"
        if (dtype.kind == 0 and op in (ADD, MUL)) or (dtype.kind == 0 and op.name == "sum"):  # type: ignore[attr-defined]
            return f"({args[0]} {'&' if op is MUL else '|'} {args[1]})"
        if op is WHERE:
            return f"choose_{value_type(dtype)}({', '.join(args)})"
        if dtype.name in ("float32", "float64"):
            kind = TYPES[dtype.name]
            if op.name in ("max", "maximum"):  # type: ignore[attr-defined]
                return f"larger_{kind}({', '.join(args)})"
        return op.text.format(*args)  # type: ignore[attr-defined]
