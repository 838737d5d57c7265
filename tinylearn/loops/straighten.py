"""Unrolled loops, written out: each round stands in the text, what is equal in several only once.

    for i in 2, unrolled            t0_0 = in0[0]
        t0 = in0[i]                 t1 = in1[5]
        t1 = in1[5]                 t2_0 = mul(t0_0, t1)
        t2 = mul(t0, t1)            out0[0] = t2_0
        out0[i] = t2                t0_1 = in0[1] ...

Every language gets its text from this form: then each register has a number of its own.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace

from tinylearn.loops.index import Index
from tinylearn.loops.statements import Let, Load
from tinylearn.loops.tree import (
    Allocate,
    Body,
    Function,
    If,
    Loop,
    Statement,
    accessed,
    allocated,
    moved,
    renamed,
    statements,
    substituted,
)


def straightened(function: Function) -> Function:
    """The function without unrolled loops."""
    return replace(function, body=written_out(function.body))


def written_out(body: Body, before: AbstractSet[str] = frozenset()) -> Body:
    """The body with each unrolled loop replaced by its rounds.

    before   the names that stand in front of it
    """
    made: list[Statement] = []
    for s in body:
        if isinstance(s, Loop) and s.kind == "unrolled":
            for k in range(s.variable.size):
                taken = before | declared(made)
                made += written_out(one_round(s, k, taken), taken)
        elif isinstance(s, Loop | If):
            made.append(replace(s, body=written_out(s.body)))
        else:
            made.append(s)
    return tuple(with_equal_once(s) for s in joined(made))


def one_round(s: Loop, k: int, taken: AbstractSet[str]) -> Body:
    """The body of a loop in its round k; what it makes has names that nothing before it has.

    taken   the names that stand there already
    """
    body = substituted(s.body, {s.variable: Index((), k)})
    lets = [t.name for t in statements(body) if isinstance(t, Let)]
    after = f"_{k}"
    while taken & {f"{name}{after}" for name in (*lets, *allocated(body))}:
        after += "_"
    for memory in allocated(body):
        body = moved(body, memory, lambda place: place, f"{memory}{after}")
    return renamed(body, {name: f"{name}{after}" for name in lets})


def declared(body: list[Statement]) -> set[str]:
    """The names that statements make for those after them."""
    names = {s.name for s in body if isinstance(s, Let)}
    return names | {s.memory.name for s in body if isinstance(s, Allocate)}


def joined(body: list[Statement]) -> list[Statement]:
    """Vector loops over the same lanes that follow each other, as one."""
    made: list[Statement] = []
    for s in body:
        match s, made[-1:]:
            case Loop(v, inside, "vector"), [Loop(w, before, "vector") as last] if v == w:
                made[-1] = replace(last, body=before + inside)
            case _:
                made.append(s)
    return made


def with_equal_once(s: Statement) -> Statement:
    """A vector loop in which an equal value is not computed twice."""
    if not isinstance(s, Loop) or s.kind != "vector":
        return s
    known: dict[object, str] = {}
    names: dict[str, str] = {}
    made: list[Statement] = []
    for old in s.body:
        (t,) = renamed((old,), names)
        if isinstance(t, Let):
            key = (t.expression, t.dtype)
            if key in known:
                names[t.name] = known[key]
                continue
            known[key] = t.name
        elif (found := accessed(t)) is not None:  # what was read there before may have changed
            memory = found[0]
            known = {k: n for k, n in known.items() if not reads(k[0], memory)}  # type: ignore[index]
        made.append(t)
    return replace(s, body=tuple(made))


def reads(expression: object, memory: str) -> bool:
    return isinstance(expression, Load) and expression.memory == memory
