"""The rounds of loops run at once: on the blocks of a grid, and on the threads of a block.

    for i in 4                  for i in 4, block.x
        for j in 8                  for j in 8, thread.x
            out0[8*i + j] = ...         out0[8*i + j] = ...

All loops are named in one call: with only some of them bound there is no moment at which the
threads' rules hold (phases.py). Where they do not hold afterwards, the reason is told.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from tinylearn.loops.launches import left_between
from tinylearn.loops.phases import refuse_races
from tinylearn.loops.private import private
from tinylearn.loops.run import Broken
from tinylearn.loops.statements import Store
from tinylearn.loops.tree import (
    BLOCKS,
    THREADS,
    Body,
    Function,
    Loop,
    Refused,
    added_up_outside,
    each_loop,
    read_and_written,
    statements,
)
from tinylearn.parts import part


@part("loops.bind")
def bind(function: Function, *ways: tuple[str, str]) -> Function:
    """Rounds run at once: each of a loop over blocks is a block, each over threads a thread.

    ways   (name of a loop, block.x .y .z or thread.x .y .z) pairs, all of them in one call
    """
    arguments = {m.name for m in (*function.arguments, *left_between(function))}
    for name, kind in ways:
        if kind not in (*BLOCKS, *THREADS):
            raise Refused(f"{name} can be {', '.join((*BLOCKS, *THREADS))}, not {kind!r}")
        function = each_loop(function, name, lambda s, kind=kind: bound(s, kind, arguments))  # type: ignore[misc]
    try:
        refuse_races(function)
        private(function)
    except Broken as broken:
        raise Refused(str(broken)) from None
    return function


def bound(s: Loop, kind: str, arguments: Container[str]) -> Body:
    """The loop with its rounds at once; raises Refused where one waits for another.

    arguments   memory that has no owner: of all other memory phases.py knows who touches it
    """
    name = s.variable.name
    if s.variable.size > 1 and added_up_outside(s):
        raise Refused(f"{name} adds up one total: its rounds wait for each other")
    for memory, read, written in read_and_written(s):
        if read != written and memory in arguments:
            raise Refused(f"{name} reads {memory}, which another round of it writes")
    stores = [t for t in statements(s.body) if isinstance(t, Store) and t.memory in arguments]
    for t in stores:
        if s.variable.size > 1 and s.variable not in t.place.variables:
            raise Refused(f"all rounds of {name} write place {t.place} of {t.memory}")
    return (replace(s, kind=kind),)
