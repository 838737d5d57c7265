"""What a loop adds up in a total from outside, it adds up for itself first.

    for r in 8                  register t_ro[1]
        t[0] += in0[r]          t_ro[0] = 0
                                for r in 8
                                    t_ro[0] += in0[r]
                                t[0] += t_ro[0]

Several such subtotals side by side are the lanes of a vector; one for each of many rounds keeps a
sum from growing long, which makes it more exact too.
"""

from __future__ import annotations

from dataclasses import replace

from tinylearn.loops.statements import Let, Load
from tinylearn.loops.tree import (
    HERE,
    Body,
    Function,
    Loop,
    Refused,
    Statement,
    added_up_outside,
    each_loop,
    moved,
    started,
    statements,
)
from tinylearn.parts import part


@part("loops.subtotal")
def subtotal(function: Function, name: str) -> Function:
    """What a loop adds up it first adds up for itself, and then gives the whole to the total."""

    def change(s: Loop) -> Body:
        found = added_up_outside(s)
        inside = {t.variable for t in statements(s.body) if isinstance(t, Loop)}
        if not found:
            raise Refused(f"{name} adds nothing up")
        if any(a.place.variables & inside for a in found):
            raise Refused(f"{name} adds up several totals: take the subtotal before the sink")
        before, body, after = list[Statement](), s.body, list[Statement]()
        for a in {(a.memory, a.place): a for a in found}.values():
            own = f"{a.memory}_{name}"
            before += started(own, a.op, a.dtype, a.node)
            body = moved(body, a.memory, lambda place: HERE, own)
            after.append(Let(f"{own}_sum", Load(own, HERE), a.dtype, a.node))
            after.append(replace(a, value=f"{own}_sum"))
        return (*before, replace(s, body=body), *after)

    return each_loop(function, name, change)
