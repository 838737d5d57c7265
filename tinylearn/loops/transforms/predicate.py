"""No if around a loop: what it guards goes to what is read, which is then 0, and to what is stored.

    for ii in 4                         for ii in 4
        if 0 <= 4*io + ii < 10              for r in 9
            for r in 9                          t0 = in0[...] if 0 <= 4*io + ii < 10
                t0 = in0[...]                   t[0] = sum(t[0], t0)
                t[0] = sum(t[0], t0)        if 0 <= 4*io + ii < 10
            out0[...] = t[0]                    out0[...] = t[0]

Loops then have nothing between them, so that others can move inside; and threads that have nothing
to do still come by at every barrier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tinylearn.graph.primitives import MUL
from tinylearn.loops.statements import Apply, Guard, Let, Load, Store
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
)
from tinylearn.parts import part

Guards = tuple[Guard, ...]


@part("loops.predicate")
def predicate(function: Function) -> Function:
    """What an if guards is read as 0 outside, and only what it stores is left behind an if."""
    return replace(function, body=Pushing({}, {}).into(function.body, ()))


class Pushing:
    """Guards on their way inwards.

    made    memory that is made on the way, and the guards around its making: who gets to it at all
            may touch it
    zero    values that are 0 where some guards do not hold, with these guards
    """

    def __init__(self, made: Mapping[str, Guards], zero: Mapping[str, frozenset[Guard]]):
        self.made, self.zero = dict(made), dict(zero)

    def into(self, body: Body, guards: Guards) -> Body:
        """The body without ifs around loops; it stands behind these guards."""
        done: list[Statement] = []
        inside = Pushing(self.made, self.zero)
        for s in body:
            match s:
                case If(asked, rest, ""):
                    done += inside.into(rest, guards + asked)
                case If():
                    raise Refused("an if that asks for a value stays where it is")
                case Loop(_, rest):
                    done.append(replace(s, body=inside.into(rest, guards)))
                case _:
                    done += inside.line(s, guards)
        return tuple(done)

    def line(self, s: Statement, guards: Guards) -> Body:
        """One line, with the guards that it needs itself."""
        match s:
            case Allocate(m):
                self.made[m.name] = guards
            case Barrier() if guards:
                raise Refused("a barrier stands behind an if")
            case Let(name, Load(memory, place, old)) if memory not in self.made:
                mine = tuple(g for g in guards if g.index.variables & place.variables)
                self.zero[name] = frozenset(mine)
                return (replace(s, expression=Load(memory, place, old + mine)),)
            case Let(name, Apply(op, args)) if op is MUL:
                self.zero[name] = frozenset[Guard]().union(*(self.of(a) for a in args))
            case Store() | Accumulate():
                known = set(self.made.get(s.memory, ()))
                if isinstance(s, Accumulate) and s.op.name == "sum":
                    known |= self.of(s.value)
                needed = tuple(g for g in guards if g not in known)
                return (If(needed, (s,)),) if needed else (s,)
        return (s,)

    def of(self, value: str) -> frozenset[Guard]:
        """The guards outside of which a value is 0."""
        return self.zero.get(value, frozenset())
