"""A tree as text that people read, and the tree that such a text says.

>>> from tinylearn.graph.dtype import float32
>>> from tinylearn.loops.index import Variable, variable
>>> from tinylearn.loops.tree import Function, around
>>> i, x, y = variable("i", 3), Memory("in0", float32, (3,)), Memory("out0", float32, (3,))
>>> body = (Let("t0", Load("in0", i), float32), Store("out0", i, "t0"))
>>> copy = Function("copy", (y, x), frozenset({"out0"}), around((Variable("i", 3),), body))
>>> print(shown(copy))
copy(out0: float32[3], const in0: float32[3])
    for i in 3
        t0: float32 = in0[i]
        out0[i] = t0
>>> parsed(shown(copy)) == copy
True

The text does not say which nodes of a graph its lines belong to.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Sequence

from tinylearn.graph import primitives
from tinylearn.graph.dtype import ALL, DType
from tinylearn.loops import statements as ir
from tinylearn.loops.index import Index, Looked, Variable, number, variable
from tinylearn.loops.statements import (
    Apply,
    Constant,
    Expression,
    Guard,
    Guarded,
    Let,
    Load,
    Memory,
    Operation,
    Store,
    Whole,
)
from tinylearn.loops.tree import (
    Accumulate,
    Allocate,
    Barrier,
    Body,
    Function,
    If,
    Loop,
    Statement,
)

INDENT = "    "
SIGNS: dict[type[ast.operator], Callable] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def operations() -> dict[str, Operation]:
    """Every operation that a kernel can apply, by name."""
    here = [*vars(primitives).values(), *vars(ir).values()]
    return {v.name: v for v in here if isinstance(v, primitives.Primitive | ir.Instruction)}


# ---------------------------------------------------------------- to text


def shown(function: Function) -> str:
    """The function as text, a line for each statement."""
    arguments = [
        ("" if m.name in function.written else "const ") + memory_text(m)
        for m in function.arguments
    ]
    return "\n".join([f"{function.name}({', '.join(arguments)})", *lines(function.body, INDENT)])


def lines(body: Body, before: str) -> list[str]:
    """A line for each statement in a body, and for those inside it."""
    found: list[str] = []
    for s in body:
        match s:
            case Loop(v, inside, kind):
                found.append(
                    f"{before}for {v} in {v.size}{'' if kind == 'serial' else f', {kind}'}"
                )
                found += lines(inside, before + INDENT)
            case If(guards, inside, value):
                found.append(f"{before}if {guards_text(guards, value)}")
                found += lines(inside, before + INDENT)
            case _:
                found.append(before + line(s))
    return found


def line(s: Statement) -> str:
    """One statement that has no others inside it."""
    match s:
        case Barrier():
            return "barrier"
        case Allocate(memory):
            return f"{memory.space} {memory_text(memory)}"
        case Let(name, expression, dtype):
            return f"{name}: {dtype} = {expression_text(expression)}"
        case Store(memory, place, value):
            return f"{memory}[{place}] {'<' if s.streamed else ''}= {value}"
        case Accumulate(memory, place, op, value):
            return f"{memory}[{place}] = {op.name}({memory}[{place}], {value}: {s.dtype})"
    raise AssertionError(f"no text for {s!r}")


def memory_text(m: Memory) -> str:
    lanes = f" by {m.lanes}" if m.lanes > 1 else ""
    return f"{m.name}: {m.dtype}[{', '.join(map(str, m.shape))}]{lanes}"


def expression_text(expression: Expression) -> str:
    match expression:
        case Load(memory, place, guards):
            return f"{memory}[{place}]" + (f" if {guards_text(guards)}" if guards else "")
        case Guarded(value, guards):
            return f"{value} if {guards_text(guards)}"
        case Constant(value):
            return repr(value)
        case Apply(op, args):
            return f"{op.name}({', '.join(args)})"
        case Whole(index):
            return f"whole({index})"


def guards_text(guards: Sequence[Guard], value: str = "") -> str:
    asked = [f"0 <= {g.index} < {g.size}" for g in guards]
    return " and ".join([*asked, value] if value else asked)


# ---------------------------------------------------------------- from text


def parsed(text: str) -> Function:
    """The tree of a text that `shown` wrote. Raises ValueError with what it cannot read."""
    rows = [row for row in text.splitlines() if row.strip()]
    head = re.fullmatch(r"(\w+)\((.*)\)", rows[0])
    if head is None:
        raise ValueError(f"no function begins with {rows[0]!r}")
    arguments, written = [], set()
    for argument in re.findall(r"(?:const )?\w+: \w+\[[^]]*\](?: by \d+)?", head[2]):
        arguments.append(memory_of(argument.removeprefix("const "), "argument"))
        if not argument.startswith("const "):
            written.add(arguments[-1].name)
    body, rest = body_of(rows[1:], INDENT, {})
    if rest:
        raise ValueError(f"what stands here belongs to nothing: {rest[0]!r}")
    return Function(head[1], tuple(arguments), frozenset(written), body)


def body_of(rows: list[str], before: str, loops: dict[str, Index]) -> tuple[Body, list[str]]:
    """The statements that are indented so far, and the rows after them."""
    made: list[Statement] = []
    while rows and rows[0].startswith(before):
        row, rows = rows[0][len(before) :], rows[1:]
        if found := re.fullmatch(r"for (\w+) in (\d+)(?:, ([\w.]+))?", row):
            v = Variable(found[1], int(found[2]))
            inside = loops | {v.name: variable(v.name, v.size)}
            body, rows = body_of(rows, before + INDENT, inside)
            made.append(Loop(v, body, found[3] or "serial"))
        elif row.startswith("if "):
            body, rows = body_of(rows, before + INDENT, loops)
            asked, value = row[3:], ""
            if found := re.fullmatch(r"(?:(.*) and )?([^\W\d]\w*)", asked):
                asked, value = found[1] or "", found[2]
            made.append(If(guards_of(asked, loops), body, value))
        else:
            made.append(statement_of(row, loops))
    return tuple(made), rows


def statement_of(row: str, loops: dict[str, Index]) -> Statement:
    """One statement that has no others inside it."""
    if row == "barrier":
        return Barrier()
    if found := re.fullmatch(r"(register|local|shared|global) (.*)", row):
        return Allocate(memory_of(found[2], found[1]))
    if found := re.fullmatch(r"(\w+): (\w+) = (.*)", row):
        dtype = ALL[found[2]]
        return Let(found[1], expression_of(found[3], dtype, loops), dtype)
    if found := re.fullmatch(r"(\w+)\[(.*?)\] = (\w+)\(\1\[\2\], (\w+): (\w+)\)", row):
        op = operations()[found[3]]
        assert isinstance(op, primitives.Primitive)
        place = index_of(found[2], loops)
        return Accumulate(found[1], place, op, found[4], ALL[found[5]])
    if found := re.fullmatch(r"(\w+)\[(.*?)\] (<?)= (\w+)", row):
        return Store(found[1], index_of(found[2], loops), found[4], streamed=bool(found[3]))
    raise ValueError(f"no statement reads {row!r}")


def memory_of(text: str, space: str) -> Memory:
    found = re.fullmatch(r"(\w+): (\w+)\[([^]]*)\](?: by (\d+))?", text)
    if found is None:
        raise ValueError(f"no memory reads {text!r}")
    shape = tuple(int(n) for n in found[3].split(",") if n.strip())
    return Memory(found[1], ALL[found[2]], shape, space, int(found[4] or 1))


def expression_of(text: str, dtype: DType, loops: dict[str, Index]) -> Expression:
    plain, _, asked = text.partition(" if ")
    guards = guards_of(asked, loops) if asked else ()
    if found := re.fullmatch(r"(\w+)\[(.*)\]", plain):
        return Load(found[1], index_of(found[2], loops), guards)
    if found := re.fullmatch(r"whole\((.*)\)", plain):
        return Whole(index_of(found[1], loops))
    if found := re.fullmatch(r"(\w+)\((.*)\)", plain):
        return Apply(operations()[found[1]], tuple(a.strip() for a in found[2].split(",")))
    if guards:
        return Guarded(plain, guards)
    if dtype.kind == 0:
        return Constant(plain == "True")
    return Constant(float(plain) if dtype.is_float else int(plain))


def guards_of(text: str, loops: dict[str, Index]) -> tuple[Guard, ...]:
    asked = text.split(" and ") if text else []
    found = [re.fullmatch(r"0 <= (.*) < (\d+)", part) for part in asked]
    if not all(found):
        raise ValueError(f"no condition reads {text!r}")
    return tuple(Guard(index_of(f[1], loops), int(f[2])) for f in found if f)


def index_of(text: str, loops: dict[str, Index]) -> Index:
    """An index, computed as Python would compute it from the loops' variables."""

    def value(e: ast.expr) -> Index | int:
        match e:
            case ast.Name(id=name) if name in loops:
                return loops[name]
            case ast.Call(func=ast.Name(id="at"), args=[ast.Name(id=name)]):
                return Index(((Looked(name), 1),), 0)
            case ast.Call(args=[ast.Name(id=name), ast.Constant(value=int() as size), of]):
                return Index(((Looked(name, size, number(value(of))), 1),), 0)
            case ast.Constant(value=int() as n):
                return n
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -value(inner)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in SIGNS:
                return SIGNS[type(op)](value(left), value(right))
        raise ValueError(f"no index reads {text!r}")

    return number(value(ast.parse(text, mode="eval").body))
