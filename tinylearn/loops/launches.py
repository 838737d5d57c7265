"""A tree in which all blocks wait for each other is several launches, one after the other.

    kernel(out0, in0)               kernel_1(t0s_ro, in0)
        global t0s_ro[8]                for ro in 8, block.x
        for ro in 8, block.x                ...
            ...                             t0s_ro[ro] = t1
            t0s_ro[ro] = t1
        for roz in 8                kernel_2(out0, t0s_ro)
            t0s[0] += t0s_ro[roz]       for roz in 8
        out0[0] = t0s[0]                    ...

No barrier reaches beyond a block: on a GPU blocks wait for blocks only between two launches. Memory
in the space "global" lies between them: what one launch leaves there, the next one finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tinylearn.loops.statements import Memory
from tinylearn.loops.tree import (
    Allocate,
    Body,
    Function,
    Statement,
    accessed,
    memory_written,
    statements,
)


def left_between(function: Function) -> list[Memory]:
    """The memory in which a launch leaves something for the next."""
    made = (s.memory for s in function.body if isinstance(s, Allocate))
    return [m for m in made if m.space == "global"]


def is_global(s: Statement) -> bool:
    """Whether a statement makes memory that lies between launches."""
    return isinstance(s, Allocate) and s.memory.space == "global"


def launches(function: Function) -> list[Function]:
    """The launches of a tree, in order; each has those arguments that it touches."""
    bodies = list(cut(function.body))
    if len(bodies) == 1:
        return [function]
    between = [replace(m, space="argument") for m in left_between(function)]
    written = {*function.written, *(m.name for m in between)}
    found = []
    for number, body in enumerate(bodies, 1):
        touched = {at[0] for at in map(accessed, statements(body)) if at is not None}
        arguments = tuple(m for m in (*function.arguments, *between) if m.name in touched)
        name = f"{function.name}_{number}"
        found.append(Function(name, arguments, frozenset(written & memory_written(body)), body))
    return found


def cut(body: Body) -> Iterator[Body]:
    """What each launch does: memory between launches is followed by what fills it, then the rest.

    That is the form in which `rfactor` leaves a tree.
    """
    while body and is_global(body[0]):
        made = next(k for k, s in enumerate(body) if not is_global(s))
        yield body[made : made + 1]
        body = body[made + 1 :]
    yield body
