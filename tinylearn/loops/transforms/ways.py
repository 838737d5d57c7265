"""In which way the rounds of a loop run: in one instruction, or written out; and past the cache."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from tinylearn.loops.index import Variable, number
from tinylearn.loops.statements import Let, Store
from tinylearn.loops.tree import (
    Accumulate,
    Allocate,
    Barrier,
    Body,
    Function,
    If,
    Loop,
    Refused,
    Statement,
    accessed,
    each_loop,
    rebuilt,
    statements,
)
from tinylearn.parts import part

LANES = (2, 4, 8, 16)
WORDS = {Loop: "a loop", If: "an if", Allocate: "memory of its own", Barrier: "a barrier"}


@part("loops.vectorize")
def vectorize(function: Function, name: str) -> Function:
    """All rounds of a loop run in one instruction; its registers hold a number for each of them."""

    def change(s: Loop) -> Body:
        if s.variable.size not in LANES:
            says = f"{name} has {s.variable.size} rounds"
            raise Refused(f"{says}: a vector has {', '.join(map(str, LANES))}")
        for t in s.body:
            if not isinstance(t, Let | Store | Accumulate):
                raise Refused(f"inside {name} stands {WORDS[type(t)]}: a vector has plain lines")
            if isinstance(t, Let) and t.dtype.name == "float16":
                raise Refused("not every compiler knows vectors of float16")
        return (replace(s, kind="vector"),)

    function = each_loop(function, name, change)
    return replace(function, body=widened(function.body, name))


def widened(body: Body, name: str) -> Body:
    """The body in which the registers of the vector `name` are as wide as it is."""
    made: list[Statement] = []
    for k, s in enumerate(body):
        match s:
            case Loop() | If():
                s = replace(s, body=widened(s.body, name))
            case Allocate(m) if m.space == "register":
                s = Allocate(replace(m, lanes=lanes_of(m.name, body[k + 1 :], name)))
        made.append(s)
    return tuple(made)


def lanes_of(memory: str, body: Body, name: str) -> int:
    """How many numbers a register holds; raises Refused where it is also used one by one."""
    vectors = [
        s
        for s in statements(body)
        if isinstance(s, Loop) and s.kind == "vector" and along(s, memory)
    ]
    sizes = {s.variable.size for s in vectors}
    if not sizes:
        return 1
    inside = sum(is_of(memory, t) for s in vectors for t in s.body)
    if len(sizes) > 1 or inside < sum(is_of(memory, t) for t in statements(body)):
        raise Refused(f"{memory} is also used in other loops than {name}")
    return sizes.pop()


def along(s: Loop, memory: str) -> bool:
    """Whether a loop goes through a memory number by number."""
    places = [found[1] for t in s.body if (found := accessed(t)) and found[0] == memory]
    return any(place.is_affine and place.factor(s.variable) == 1 for place in places)


def is_of(memory: str, s: Statement) -> bool:
    """Whether one statement reads or writes a memory."""
    found = accessed(s)
    return found is not None and found[0] == memory


@part("loops.unroll")
def unroll(function: Function, name: str) -> Function:
    """The rounds of a loop are written out one after the other."""
    return each_loop(function, name, lambda s: (replace(s, kind="unrolled"),))


@part("loops.stream")
def stream(function: Function) -> Function:
    """What vectors store goes past the cache: nobody reads it before it has left there anyway.

    Only vectors that begin at a multiple of their width: memory takes whole lines, or refuses.
    """

    outside = {m.name for m in function.arguments}

    def change(s: Statement) -> Body:
        if isinstance(s, Loop) and s.kind == "vector":
            return (replace(s, body=tuple(past(t, s.variable, outside) for t in s.body)),)
        return (s,)

    return replace(function, body=rebuilt(function.body, change))


def past(s: Statement, v: Variable, outside: Container[str]) -> Statement:
    """A store of the vector v, past the cache if it always begins at a multiple of its width.

    outside   the memory that is not made for a while only: that is read again at once
    """
    if not isinstance(s, Store) or s.memory not in outside:
        return s
    first = s.place.substitute({v: number(0)})
    whole = all(step % v.size == 0 for step in (first.constant, *(f for _, f in first.terms)))
    return replace(s, streamed=whole)
