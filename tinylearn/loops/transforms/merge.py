"""Two loops, one right inside the other, become one: its rounds are those of both.

for i in 4                      for n in 20
    for j in 5                      out0[n] = in0[(n % 5)]
        out0[5*i + j] = in0[j]
"""

from __future__ import annotations

from dataclasses import replace

from tinylearn.loops.index import Index, Variable, variable
from tinylearn.loops.statements import Let, Store, changed, with_indices
from tinylearn.loops.tree import (
    Accumulate,
    Body,
    Function,
    If,
    Loop,
    Refused,
    Statement,
    each_loop,
    rebuilt,
)
from tinylearn.parts import part


@part("loops.merge")
def merge(function: Function, outer: str, inner: str, name: str) -> Function:
    """Two loops become one, which goes through all rounds of both in the same order.

    outer, inner   the loops; nothing stands between them
    name           of the new loop
    """
    if not name.isidentifier() or name in (outer, inner):
        raise Refused(f"the loop of both needs a name of its own, not {name!r}")

    def change(s: Loop) -> Body:
        match s.body:
            case (Loop(second, body, "serial"),) if second.name == inner and s.kind == "serial":
                return (Merging(s.variable, second, name).loop(body),)
        raise Refused(f"{inner} is not the only thing in {outer}, or they run in another way")

    return each_loop(function, outer, change)


class Merging:
    """Two loop variables on their way to one."""

    def __init__(self, first: Variable, second: Variable, name: str):
        self.first, self.second = first, second
        self.both = Variable(name, first.size * second.size)

    def loop(self, body: Body) -> Loop:
        """The loop of both around what stood in the inner one."""
        return Loop(self.both, rebuilt(body, self.statement))

    def statement(self, s: Statement) -> Body:
        match s:
            case Accumulate():
                return (replace(s, place=self.index(s.place)),)
            case If():
                return (replace(s, guards=changed(s.guards, self.index)),)
            case Let() | Store():
                return (with_indices(s, self.index),)
            case Loop(v) if v == self.both:
                raise Refused(f"there is a loop {v} inside already")
        return (s,)

    def index(self, place: Index) -> Index:
        """A place by the round of both: rows that follow each other in memory need no division."""
        n = variable(self.both.name, self.both.size)
        step, rest = place.factor(self.second), self.rest(place)
        follows = place.factor(self.first) == step * self.second.size
        if follows and not {self.first, self.second} & rest.variables:
            return rest + n * step
        size = self.second.size
        return place.substitute({self.first: n // size, self.second: n % size})

    def rest(self, place: Index) -> Index:
        """A place without what the two loops add to it."""
        kept = tuple((a, f) for a, f in place.terms if a not in (self.first, self.second))
        return Index(kept, place.constant)
