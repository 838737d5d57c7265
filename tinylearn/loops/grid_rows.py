"""Passes over rows on a GPU: a block for each row, its threads side by side along it.

In every pass the same thread has the same numbers of the row. So what a pass leaves along the row
stays in the thread's own registers, and so does what several passes read: it is read once. Only
totals are seen by all threads, through shared memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from tinylearn.loops import transforms
from tinylearn.loops.grid_sums import Ways, count, merged, shared_sum
from tinylearn.loops.index import Index, Variable, flat, variable
from tinylearn.loops.machine import BLOCK_OF_THREADS, LARGEST_BLOCK, PLACES_OF_A_THREAD
from tinylearn.loops.nest import Nest
from tinylearn.loops.recipe import Cook
from tinylearn.loops.statements import Let, Load, Memory, Statement, Store

# ---------------------------------------------------------------- blocks and threads


def length_of(nest: Nest) -> int:
    """How many numbers a row has."""
    return max(count(columns_of(one)) for one in nest.passes)


def columns_of(one: Nest) -> tuple[Variable, ...]:
    """The loops of a pass along the row."""
    return one.outer_loops + one.reduced_loops


def threads_of(length: int) -> int:
    """So many threads share a row: a power of two, each of them with a few places."""
    wanted = max(BLOCK_OF_THREADS, -(-length // PLACES_OF_A_THREAD))
    return min(LARGEST_BLOCK, 1 << (min(wanted, length).bit_length() - 1))


def passes(cook: Cook, nest: Nest) -> None:
    """A block for each row; in each pass a thread goes to every so-many-th place of it."""
    ways: Ways = [(merged(cook, [v.name for v in nest.outer_loops], "all"), "block.x")]
    threads = threads_of(length_of(nest))
    for number, one in enumerate(nest.passes):
        loops = columns_of(one)
        if not loops:
            continue
        r, rounds = merged(cook, [v.name for v in loops], f"row{number}"), count(loops)
        if one.totals:
            ways.append(shared_sum(cook, r, rounds, threads=threads))
        else:
            cook.do(transforms.split, r, threads, "guard")
            cook.do(transforms.sink, f"{r}o", (f"{r}i",))
            ways.append((f"{r}i", "thread.x"))
        if rounds <= threads * PLACES_OF_A_THREAD:
            cook.do(transforms.unroll, f"{r}o")
    cook.do(transforms.bind, *ways)


# ---------------------------------------------------------------- what several passes read


def read_once(nest: Nest) -> Nest:
    """The nest in which what several passes read along the row is kept by the first of them."""
    if length_of(nest) > PLACES_OF_A_THREAD * LARGEST_BLOCK:
        return nest  # it would fill more registers than a thread has
    places = [dict(reads_along(one)) for one in nest.passes]
    names: dict[Load, Memory] = {}
    made: list[Nest] = []
    for number, one in enumerate(nest.passes):
        later = {load for found in places[number + 1 :] for load in found.values()}
        level = "inner" if one.totals else "outer"
        statements: list[Statement] = []
        for s in getattr(one, level):
            load = places[number].get(s.name) if isinstance(s, Let) else None
            if isinstance(s, Let) and load in names:
                s = replace(s, expression=Load(names[load].name, column(one)))
            statements.append(s)
            if isinstance(s, Let) and load is not None and load in later - names.keys():
                size = (length_of(nest),)
                names[load] = Memory(f"row{len(names)}", s.dtype, size, "local", node=s.node)
                statements.append(Store(names[load].name, column(one), s.name, s.node))
        made.append(replace(one, **{level: tuple(statements)}))  # type: ignore[arg-type]
    return replace(nest, passes=tuple(made), kept=(*nest.kept, *names.values()))


def column(one: Nest) -> Index:
    """The place in the row, by the loops of a pass."""
    loops = columns_of(one)
    return flat(tuple(variable(v.name, v.size) for v in loops), tuple(v.size for v in loops))


def reads_along(one: Nest) -> Iterator[tuple[str, Load]]:
    """(value, what it reads) of each number from memory that is another at each place of each row.

    All passes call the place in the row by the same name.
    """
    loops = columns_of(one)
    here = variable("column", math.prod(v.size for v in loops))
    step = 1
    at: dict[Variable, Index] = {}
    for v in reversed(loops):
        at[v] = here // step % v.size
        step *= v.size
    for s in one.inner if one.totals else one.outer:
        match s:
            case Let(name, Load(memory, place, ())) if not place.looked:
                rows = place.variables - set(loops)
                if rows and set(loops) <= place.variables and memory in one.memory:
                    yield name, Load(memory, place.substitute(at))
