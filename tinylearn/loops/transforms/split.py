"""A loop as blocks: the outer loop goes from block to block, the inner one through a block.

for i in 10                 for io in 3
    out0[i] = ...               for ii in 4 (the last time 2)
                                    out0[4*io + ii] = ...
"""

from __future__ import annotations

from tinylearn.loops.index import Variable, variable
from tinylearn.loops.statements import Guard
from tinylearn.loops.tree import (
    Accumulate,
    Body,
    Function,
    If,
    Loop,
    Refused,
    allocated,
    around,
    each_loop,
    read_and_written,
    statements,
    substituted,
)
from tinylearn.parts import part

RESTS = ("tile", "overlap", "plain", "guard")


@part("loops.split")
def split(function: Function, name: str, by: int, rest: str = "tile") -> Function:
    """A loop becomes two: one from block to block, inside it one through the rounds of a block.

    name   the loop; the two are called <name>o and <name>i
    by     rounds of a block
    rest   what becomes of rounds that fill no block:
           tile      a shorter block, whose loops have the same names
           overlap   a full block that does some rounds again (never what is added up)
           plain     a loop `<name>r` of its own
           guard     a full block, each round of it behind an If
    """
    if by < 1:
        raise Refused("a block has at least one round")
    if rest not in RESTS:
        raise Refused(f"the rest can be {', '.join(RESTS)}, not {rest!r}")

    def change(s: Loop) -> Body:
        blocks, left = divmod(s.variable.size, by)
        if left and rest == "guard":
            return guarded(s, blocks + 1, by)
        made = block(s, blocks, by, 0) if blocks else ()
        if not left:
            return made
        if rest == "plain":
            return (*made, *remainder(s, left))
        if rest == "tile":
            return (*made, *block(s, 1, left, s.variable.size - left))
        if not blocks or adds_outside(s) or read_and_written(s):
            why = "too short, or they change what they read"
            raise Refused(f"{name} cannot do rounds twice: {why}")
        return (*made, *block(s, 1, by, s.variable.size - by))

    return each_loop(function, name, change)


def block(s: Loop, count: int, by: int, first: int) -> Body:
    """`count` blocks of `by` rounds of a loop, from round `first` on."""
    high, low = Variable(f"{s.variable}o", count), Variable(f"{s.variable}i", by)
    value = variable(high.name, count) * by + variable(low.name, by) + first
    inner = Loop(low, substituted(s.body, {s.variable: value}), s.kind)
    return (Loop(high, (inner,), s.kind),)


def adds_outside(s: Loop) -> bool:
    """Whether a round adds to what lies outside: done twice, it would be in there twice."""
    inside = allocated(s.body)
    return any(isinstance(t, Accumulate) and t.memory not in inside for t in statements(s.body))


def remainder(s: Loop, left: int) -> Body:
    """The last rounds of a loop, as a loop of their own."""
    last = Variable(f"{s.variable}r", left)
    value = variable(last.name, left) + (s.variable.size - left)
    return (Loop(last, substituted(s.body, {s.variable: value}), s.kind),)


def guarded(s: Loop, count: int, by: int) -> Body:
    """Full blocks only; a round that the loop did not have does nothing."""
    high, low = Variable(f"{s.variable}o", count), Variable(f"{s.variable}i", by)
    value = variable(high.name, count) * by + variable(low.name, by)
    inside = If((Guard(value, s.variable.size),), substituted(s.body, {s.variable: value}))
    return around((high, low), (inside,))
