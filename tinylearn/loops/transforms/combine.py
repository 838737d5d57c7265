"""The rounds of a loop add one total up together: each for itself first, then two by two.

    for x in 8                      shared t_x[8]
        ...                         for x in 8
        t[0] = sum(t[0], t0)            ...
                                        t_x[x] = t0
                                    barrier
                                    for x in 4
                                        t_x[x] = add(t_x[x], t_x[x + 4])
                                    barrier
                                    for x in 2  ...

The loop can then be bound to the threads of a block: nobody waits for another but at barriers.
"""

from __future__ import annotations

from dataclasses import replace

from tinylearn.graph.primitives import ADD
from tinylearn.loops.index import Variable, variable
from tinylearn.loops.statements import MAXIMUM, Apply, Let, Load, Memory, Store
from tinylearn.loops.tree import (
    HERE,
    Accumulate,
    Allocate,
    Barrier,
    Body,
    Function,
    Loop,
    Refused,
    Statement,
    added_up_outside,
    each_loop,
)
from tinylearn.parts import part


@part("loops.combine")
def combine(function: Function, name: str) -> Function:
    """What the rounds of a loop add up goes to shared memory, and is added up there two by two."""

    def change(s: Loop) -> Body:
        found = added_up_outside(s)
        if not found or not s.variable.size:
            raise Refused(f"{name} adds nothing up")
        for a in found:
            if a not in s.body or a.place.variables:
                raise Refused(f"{name} adds up several totals: take the subtotal before")
        if len({a.memory for a in found}) < len(found):
            raise Refused(f"{name} adds to one total twice: take the subtotal before")
        return together(s, found)

    return each_loop(function, name, change)


def together(s: Loop, found: list[Accumulate]) -> Body:
    """The loop that fills shared memory, and the rounds in which that is added up."""
    v, n = s.variable, s.variable.size
    homes = {a.memory: f"{a.memory}_{v}" for a in found}
    kept = [
        Store(homes[t.memory], variable(v.name, n), t.value, t.node)
        if isinstance(t, Accumulate) and t in found
        else t
        for t in s.body
    ]
    made: list[Statement] = [
        Allocate(Memory(homes[a.memory], a.dtype, (n,), "shared", node=a.node)) for a in found
    ]
    made += [Barrier(), replace(s, body=tuple(kept)), Barrier()]
    while n > 1:
        half = n // 2
        left = n - half  # of an odd number the one in the middle waits for the next round
        made.append(Loop(Variable(v.name, half), halved(v.name, half, left, found, homes), s.kind))
        made.append(Barrier())
        n = left
    for a in found:
        whole = f"{homes[a.memory]}_all"
        made.append(Let(whole, Load(homes[a.memory], HERE), a.dtype, a.node))
        made.append(replace(a, value=whole))
    return tuple(made)


def halved(name: str, half: int, left: int, found: list[Accumulate], homes: dict[str, str]) -> Body:
    """Each of the first half takes in one of the rest."""
    x = variable(name, half)
    made: list[Statement] = []
    for a in found:
        home = homes[a.memory]
        one, two, both = f"{home}_one", f"{home}_two", f"{home}_both"
        op = ADD if a.op.name == "sum" else MAXIMUM
        made += [
            Let(one, Load(home, x), a.dtype, a.node),
            Let(two, Load(home, x + left), a.dtype, a.node),
            Let(both, Apply(op, (one, two)), a.dtype, a.node),
            Store(home, x, both, a.node),
        ]
    return tuple(made)
