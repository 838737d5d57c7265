"""A loop moves inside the loops in it; of what it made one at a time, there is then one per round.

    for i in 4                          register t[4]
        register t[1]                   for i in 4
        t[0] = 0                            t[i] = 0
        for r in 9                      for r in 9
            t[0] += in0[9*i + r]            for i in 4
        out0[i] = t[0]                          t[i] += in0[9*i + r]
                                        for i in 4
                                            out0[i] = t[i]

That is a register tile; where nothing is kept, it is a change of order. What stood before, between
and after the inner loops becomes a loop of its own.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import replace

from tinylearn.loops.index import variable
from tinylearn.loops.statements import Let, Memory
from tinylearn.loops.tree import (
    Allocate,
    Barrier,
    Body,
    Function,
    Loop,
    Refused,
    Statement,
    each_loop,
    moved,
    names_in,
    read_and_written,
    statements,
)
from tinylearn.parts import part


@part("loops.sink")
def sink(function: Function, name: str, past: Sequence[str], space: str = "register") -> Function:
    """A loop moves inside others; each total that it passes gets a number for each of its rounds.

    name    the loop
    past    the names of those it moves inside of
    space   where the totals are kept: register, or local (an array)
    """

    def change(s: Loop) -> Body:
        for memory, read, written in read_and_written(s):
            if read != written:
                raise Refused(f"{name} reads {memory}, which it also writes")
        return Sinking(s, past, space).into(s.body)

    return each_loop(function, name, change)


class Sinking:
    """One loop on its way inwards.

    loop   the loop that moves; its own body is left behind
    """

    def __init__(self, loop: Loop, past: Sequence[str], space: str):
        self.loop, self.past, self.space = loop, past, space

    def passes(self, s: Statement) -> bool:
        """Whether the loop moves into this one."""
        return isinstance(s, Loop) and s.variable.name in self.past

    def into(self, body: Body) -> Body:
        """The body, with the loop around the parts of it that are no loop to be passed."""
        if not any(map(self.passes, body)):
            return (replace(self.loop, body=body),)
        if any(isinstance(s, Loop) and s.kind == "vector" for s in filter(self.passes, body)):
            raise Refused(f"{self.loop.variable} would stand inside a vector")
        self.refuse_parted_values(body)
        made: list[Statement] = []
        group: list[Statement] = []
        for s in body:
            if isinstance(s, Allocate):
                made.append(Allocate(self.grown(s.memory)))
            elif isinstance(s, Barrier):  # once for all rounds
                made += [*self.closed(group), s]
            elif isinstance(s, Loop) and self.passes(s):
                made += self.closed(group)
                made.append(replace(s, body=self.into(s.body)))
            else:
                group.append(s)
        made += self.closed(group)
        return self.with_one_each(tuple(made), [s.memory for s in body if isinstance(s, Allocate)])

    def closed(self, group: list[Statement]) -> list[Statement]:
        """The loop around what has gathered, if anything has."""
        body = tuple(group)
        group.clear()
        return [replace(self.loop, body=body)] if body else []

    def refuse_parted_values(self, body: Body) -> None:
        """Raise Refused where a value would be computed in one loop and used in the next."""
        group, home = 0, dict[str, int]()
        for s in body:
            group += self.passes(s) or isinstance(s, Barrier)
            here = 2 * group + self.passes(s)  # inside a passed loop is nowhere else
            for used in [name for t in statements((s,)) for name in names_in(t)]:
                if home.get(used, here) != here:
                    raise Refused(f"{used} would be computed in one loop and used in another")
            if isinstance(s, Let):
                home[s.name] = here

    def grown(self, m: Memory) -> Memory:
        """Memory for all rounds of the loop."""
        space = self.space if m.space == "register" else m.space
        lanes = m.lanes if space == "register" else 1
        shape = (self.loop.variable.size, *m.shape)
        return replace(m, shape=shape, space=space, lanes=lanes)

    def with_one_each(self, body: Body, memories: list[Memory]) -> Body:
        """Each round finds its own numbers in what was made for all of them."""
        step = variable(self.loop.variable.name, self.loop.variable.size)
        for m in memories:
            move = functools.partial(operator.add, step * m.size)
            body = moved(body, m.name, move)
        return body
