"""Totals go from registers to memory before they are used, so that the use is a loop again.

    for i in 4, unrolled            local total0_parked[4]
        total0 = t[i]               for i in 4, unrolled
        ... ten lines ...               total0_parked[i] = t[i]
        out0[i] = ...               for i in 4
                                        total0 = total0_parked[i]
                                        ... ten lines ...

Registers have no address: without this each of them would need its own copy of the ten lines.
"""

from __future__ import annotations

from dataclasses import replace

from tinylearn.loops.index import Index
from tinylearn.loops.statements import Let, Load, Memory, Store
from tinylearn.loops.tree import (
    Allocate,
    Body,
    Function,
    If,
    Loop,
    Refused,
    added_up_outside,
    allocated,
    each_loop,
    names_in,
    statements,
)
from tinylearn.parts import part


@part("loops.park")
def park(function: Function, name: str, value: str) -> Function:
    """Totals go to memory before they are used: then all that follows them has one text.

    name    the unrolled loop that reads them; it becomes two, one that stores them and a plain one
    value   what it reads them as
    """
    made = allocated(function.body)
    parked = f"{value}_parked"

    def change(s: Loop) -> Body:
        reads = [t for t in statements((s,)) if isinstance(t, Let) and t.name == value]
        if not reads:
            return (s,)
        match reads:
            case [Let(_, Load(memory, place)) as let]:
                pass
            case _:
                raise Refused(f"{value} is not read once in {name}")
        if memory not in made or made[memory].space != "register" or parked in made:
            raise Refused(f"{value} is not in a register, or already parked")
        if added_up_outside(s):
            raise Refused(f"{name} adds up a total")
        first, second = cut((s,), let, parked, place)
        before = {t.name for t in statements(first) if isinstance(t, Let)} - {value}
        if used := before & {used for t in statements(second) for used in names_in(t)}:
            raise Refused(f"{min(used)} is computed before the total and used after it")
        home = Memory(parked, let.dtype, (1 + place.high,), "local", node=let.node)
        return (Allocate(home), *first, *second)

    return each_loop(function, name, change)


def cut(body: Body, let: Let, parked: str, place: Index) -> tuple[Body, Body]:
    """What stands before the read of a total, with it; and what stands after, reading it anew."""
    k = next(k for k, t in enumerate(body) if let in statements((t,)))
    before, at, after = body[:k], body[k], body[k + 1 :]
    if at == let:
        again = replace(let, expression=Load(parked, place))
        return (*before, let, Store(parked, place, let.name, let.node)), (again, *after)
    if not isinstance(at, Loop):
        assert isinstance(at, If)
        raise Refused(f"{let.name} is read behind an if")
    if at.variable.size > 1 and at.variable not in place.variables:
        raise Refused(f"{at.variable} has one {let.name} for all its rounds")
    first, second = cut(at.body, let, parked, place)
    kind = "serial" if at.kind == "unrolled" else at.kind
    return (*before, replace(at, body=first)), (replace(at, body=second, kind=kind), *after)
