"""The rounds of a loop each leave a part of a total in memory, and a second pass adds the parts up.

    register t0s[1]                 global t0s_r[8]
    t0s[0] = 0                      for r in 8
    for r in 8                          ...
        ...                             t0s_r[r] = t1
        t0s[0] += t1                register t0s[1]
    out0[0] = t0s[0]                t0s[0] = 0
                                    for rz in 8
                                        t0s[0] += t0s_r[rz]
                                    out0[0] = t0s[0]

So one long sum is shared by many blocks of a GPU, which wait for each other between two launches
(launches.py). Which parts there are stands in the tree: the sum is the same in each run. Halide has
the name from "reduction factorization" (Suriana, Adams and Kamil 2017).
"""

from __future__ import annotations

import math
from dataclasses import replace

from tinylearn.loops.index import Index, Variable, number, variable
from tinylearn.loops.statements import Let, Load, Memory, Store
from tinylearn.loops.tree import (
    Accumulate,
    Allocate,
    Body,
    Function,
    Loop,
    Refused,
    Statement,
    added_up_outside,
    allocated,
    around,
    names_in,
    rebuilt,
    statements,
    substituted,
)
from tinylearn.parts import part

SECOND = "z"  # ends the names of the second pass's loops


@part("loops.rfactor")
def rfactor(function: Function, name: str) -> Function:
    """What a loop adds up, each of its rounds leaves in memory, for a second pass to add up.

    name   the loop; nothing but the totals' own loops stands around it. In the first pass it is
           the outermost; the loops of the second are called <loop>z
    """
    outer, before, s, after = place_of(function, name)
    found = added_up_outside(s)
    if not found:
        raise Refused(f"{name} adds nothing up")
    if any(a not in s.body or a.place.variables for a in found):
        raise Refused(f"{name} adds up several totals: take the subtotal before")
    if len({a.memory for a in found}) < len(found):
        raise Refused(f"{name} adds to one total twice: take the subtotal before")
    made_before = allocated(before).keys()
    if not {a.memory for a in found} <= made_before:
        raise Refused(f"what {name} adds up began outside of it")
    read = {t.expression.memory for t in lets_of((*before, s)) if isinstance(t.expression, Load)}
    if read & made_before:
        raise Refused(
            f"{name} reads what was made before it: {', '.join(sorted(read & made_before))}"
        )
    parts = {a.memory: parted(a, outer, s.variable) for a in found}
    at = place_in((s.variable, *outer))
    filled = tuple(
        Store(parts[t.memory].name, at, t.value, t.node)
        if isinstance(t, Accumulate) and t in found
        else t
        for t in s.body
    )
    first = around((s.variable, *outer), (*needed(before, s), *filled))
    made = tuple(Allocate(m) for m in parts.values())
    return replace(function, body=(*made, *first, *second(outer, before, s, found, parts, after)))


def place_of(function: Function, name: str) -> tuple[list[Variable], Body, Loop, Body]:
    """The loops around the loop of this name, what stands before it, itself, and what follows."""
    outer: list[Variable] = []
    body = function.body
    while True:
        here = [k for k, s in enumerate(body) if isinstance(s, Loop) and s.variable.name == name]
        if len(here) == 1:
            k = here[0]
            loop = body[k]
            assert isinstance(loop, Loop), "it was found as one"
            return outer, body[:k], loop, body[k + 1 :]
        match body:
            case (Loop(v, inside, "serial"),):
                outer.append(v)
                body = inside
            case _:
                raise Refused(f"{name} does not stand alone inside the loops around it")


def parted(a: Accumulate, outer: list[Variable], v: Variable) -> Memory:
    """Memory for the parts of a total: one for each round of the loop and of those around it."""
    shape = (v.size, *(u.size for u in outer))
    return Memory(f"{a.memory}_{v}", a.dtype, shape, "global", node=a.node)


def place_in(loops: tuple[Variable, ...]) -> Index:
    """Where a round lies in memory that is laid out as the loops go."""
    at = number(0)
    for k, v in enumerate(loops):
        at = at + variable(v.name, v.size) * math.prod(u.size for u in loops[k + 1 :])
    return at


def lets_of(body: Body) -> list[Let]:
    """Every value that is made in a body."""
    return [t for t in statements(body) if isinstance(t, Let)]


def needed(before: Body, s: Loop) -> Body:
    """What a loop uses of what stands before it, the start of its totals left out."""
    kept: list[Statement] = []
    used = {name for t in statements(s.body) for name in names_in(t)}
    for t in reversed(before):
        if isinstance(t, Let) and t.name in used:
            kept.insert(0, t)
            used |= names_in(t)
    return tuple(kept)


def second(
    outer: list[Variable],
    before: Body,
    s: Loop,
    found: list[Accumulate],
    parts: dict[str, Memory],
    after: Body,
) -> Body:
    """The second pass: the parts of each total are added up, and what followed follows."""
    adding: list[Statement] = []
    for a in found:
        name = f"{parts[a.memory].name}_part"
        at = place_in((s.variable, *outer))
        adding.append(Let(name, Load(parts[a.memory].name, at), a.dtype, a.node))
        adding.append(replace(a, value=name))
    again = around(outer, (*before, Loop(s.variable, tuple(adding)), *after))
    return with_other_names(again, {v.name for t in statements(again) if (v := loop_of(t))})


def loop_of(s: Statement) -> Variable | None:
    """The variable of a loop."""
    return s.variable if isinstance(s, Loop) else None


def with_other_names(body: Body, names: set[str]) -> Body:
    """The body with loops that end in z."""
    loops = {s.variable for s in statements(body) if isinstance(s, Loop)}
    values = {v: variable(f"{v}{SECOND}", v.size) for v in loops if v.name in names}

    def change(s: Statement) -> Body:
        if isinstance(s, Loop):
            return (replace(s, variable=Variable(f"{s.variable}{SECOND}", s.variable.size)),)
        return (s,)

    return rebuilt(substituted(body, values), change)
