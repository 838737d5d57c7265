"""What a loop reads again and again is copied at its beginning, in the order in which it is read.

for i in 8                              for i in 8
    for j in 4                              local b[36]
        for r in 9                          for t1_r in 9
            ... in1[r + 9*j] ...                for t1_j in 4
                                                    b[4*t1_r + t1_j] = in1[t1_r + 9*t1_j]
                                            for j in 4 ...
                                                for r in 9 ... b[4*r + j] ...

In shared memory, the copy of a round waits until nobody reads that of the round before, and the
reads wait until all has been copied: a barrier before it, and one behind it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from tinylearn.loops.index import Index, Variable, flat, variable
from tinylearn.loops.statements import Guard, Let, Load, Memory, Store
from tinylearn.loops.tree import (
    Allocate,
    Barrier,
    Body,
    Function,
    If,
    Loop,
    Refused,
    Statement,
    around,
    each_loop,
    rebuilt,
    statements,
)
from tinylearn.parts import part


@part("loops.stage")
def stage(
    function: Function,
    value: str,
    at: str,
    order: Sequence[str],
    space: str = "local",
    pad: int = 0,
) -> Function:
    """What is read again and again is copied first, in the order in which it is read.

    value   the name of what is read
    at      the loop at the begin of whose rounds it is copied; "" for the begin of the function
    order   the loops by which the copy is laid out, the last one fastest
    space   local, or shared: then all threads of a block copy together, and read together
    pad     numbers that stay unused behind each row of the copy: rows then begin in other banks
    """
    if space not in ("local", "shared"):
        raise Refused(f"a copy can be local or shared, not {space!r}")

    def change(body: Body) -> Body:
        return Staging(function, value, at, body, space).done(order, space, pad)

    if not at:
        return replace(function, body=change(function.body))
    return each_loop(function, at, lambda s: (replace(s, body=change(s.body)),))


class Staging:
    """The copy of what one value will be in all rounds of a body."""

    def __init__(self, function: Function, value: str, at: str, body: Body, space: str):
        self.body, self.value = body, value
        lets = {t for t in statements(body) if isinstance(t, Let) and t.name == value}
        if len(lets) != 1:
            where = at or "the function"
            raise Refused(f"{value} is read at {len(lets)} places inside {where}")
        (self.let,) = lets
        match self.let.expression:
            case Load(memory, place, asked) if not asked or space == "shared":
                self.memory, self.place, self.asked = memory, place, asked
            case _:
                raise Refused(f"{value} is not a plain load")
        if memory not in {m.name for m in function.arguments} - function.written:
            raise Refused(f"{memory} may still change")

    def done(self, order: Sequence[str], space: str, pad: int) -> Body:
        """The body that first copies, and then reads the copy."""
        axes = self.axes(order)
        sizes = tuple(v.size + pad * (v is axes[-1]) for v in axes)
        home = flat(tuple(variable(v.name, v.size) for v in axes), sizes)
        fill = {v: variable(f"{self.value}_{v.name}", v.size) for v in axes}
        copy = f"{self.value}_copy"
        made = f"{copy}_from"
        read = Load(self.memory, self.place.substitute(fill), self.guards(axes, fill))
        copied = (
            Let(made, read, self.let.dtype, self.let.node),
            Store(copy, home.substitute(fill), made, self.let.node),
        )
        fresh = Memory(copy, self.let.dtype, (math.prod(sizes),), space, node=self.let.node)
        loops = tuple(Variable(f"{self.value}_{v.name}", v.size) for v in axes)
        reads = replace(self.let, expression=Load(copy, home))

        def at(s: Statement) -> Body:
            return (reads if s == self.let else s,)

        filled, rest = around(loops, copied), rebuilt(self.body, at)
        if space == "local":
            return (Allocate(fresh), *filled, *rest)
        others, after = before_barrier(rest)
        if others:  # another copy is made here already: both between the same barriers
            return (*others, Allocate(fresh), Barrier(), *filled, *after)
        return (Allocate(fresh), Barrier(), *filled, Barrier(), *rest)

    def within(self) -> set[Variable]:
        """The loops in the body."""
        return {t.variable for t in statements(self.body) if isinstance(t, Loop)}

    def axes(self, order: Sequence[str]) -> list[Variable]:
        """The loops on which the value depends, in the order of the copy."""
        moving = self.place.variables & self.within()
        axes = [v for name in order for v in moving if v.name == name]
        if set(axes) != moving or not self.place.is_affine:
            raise Refused(f"{self.value} at {self.place} cannot be laid out by {', '.join(order)}")
        return axes

    def guards(self, axes: list[Variable], fill: dict[Variable, Index]) -> tuple[Guard, ...]:
        """Under which conditions there is something to copy: of the read and the Ifs around it."""
        asked = [
            g
            for t in statements(self.body)
            if isinstance(t, If) and self.let in statements(t.body)
            for g in t.guards
        ]
        asked += self.asked
        if any(g.index.variables & self.within() - set(axes) for g in asked):
            raise Refused(f"whether {self.value} is read depends on more than where")
        return tuple(Guard(g.index.substitute(fill), g.size) for g in asked)


def before_barrier(body: Body) -> tuple[Body, Body]:
    """The memory that a body makes before it begins with a barrier, and what follows that."""
    k = next((k for k, s in enumerate(body) if not isinstance(s, Allocate)), len(body))
    return (body[:k], body[k + 1 :]) if body[k : k + 1] == (Barrier(),) else ((), body)
