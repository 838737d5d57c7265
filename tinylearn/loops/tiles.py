"""What a way of running costs, counted roughly, and how large a tile of totals is best.

A tile is what stays in registers: so many totals that share what they read. A round of it takes
half a cycle for each product, half for each read, and not less than four: so long takes an
addition, for which the next round waits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import product

from tinylearn.loops.index import Index, Variable
from tinylearn.loops.machine import (
    ALONE,
    BESIDE,
    FEW_ROWS,
    FEWEST_ROWS,
    OFTEN,
    READ_AGAIN,
    WIDEST,
    Machine,
)
from tinylearn.loops.nest import Nest
from tinylearn.loops.statements import Let, Load, Statement, Store

UNEVEN = 1 << 20  # how far neighbours lie apart where that is not even: never near


def step_of(place: Index, v: Variable) -> int:
    """How far a place moves with v."""
    return UNEVEN if place.is_uneven(v) else abs(place.factor(v))


def rounds(variables: Iterable[Variable]) -> int:
    """How many rounds these loops make together."""
    return math.prod(v.size for v in variables)


def loads_in(statements: Sequence[Statement]) -> list[Load]:
    """Every read of memory."""
    lets = [s.expression for s in statements if isinstance(s, Let)]
    return [e for e in lets if isinstance(e, Load)]


def scattered(statements: Sequence[Statement], v: Variable) -> int:
    """How many reads and writes do not go to neighbours when v makes a step."""
    loads = loads_in(statements)
    places = [e.place for e in loads] + [s.place for s in statements if isinstance(s, Store)]
    asked = [g for e in loads for g in e.guards if v in g.index.variables]
    return sum(step_of(p, v) > 1 for p in places) + len(asked)


def width(v: Variable, lanes: int) -> int:
    """The widest vector that fits into a loop."""
    return min(lanes, 1 << (v.size.bit_length() - 1))


# ---------------------------------------------------------------- along which loop


def worth_a_copy(nest: Nest, v: Variable) -> list[Load]:
    """What is read again and again, but not by neighbours where v makes a step."""
    loads = loads_in(nest.inner)
    if len(loads) > 2 or any(e.guards or not e.place.is_affine for e in loads):
        return []
    work = rounds(nest.outer_loops + nest.reduced_loops)
    far = [e for e in loads if step_of(e.place, v) > 1]
    return [e for e in far if work >= OFTEN * rounds(e.place.variables)]


def cycles(nest: Nest, v: Variable, lanes: int) -> float:
    """About how long a reduction takes with vectors along v."""
    loads, copied = loads_in(nest.inner), worth_a_copy(nest, v)
    work, count = rounds(nest.outer_loops + nest.reduced_loops), rounds(nest.outer_loops)
    far = sum(step_of(e.place, v) > 1 for e in loads) - len(copied)
    total = work * len(nest.inner) / width(v, lanes) + work * far
    total += sum(2 * rounds(e.place.variables) for e in copied)
    if v in nest.reduced_loops:
        again = READ_AGAIN if any(len(set(r)) == 2 for r in reads_of(nest).values()) else 1
        return again * total + count * (6 + len(nest.outer))  # lanes are added up one by one
    return total + count * scattered(nest.outer, v)


def reads_of(nest: Nest) -> dict[Variable, tuple[bool, ...]]:
    """For each outer loop, which of the reads of a sum move with it."""
    loads = loads_in(nest.inner)
    return {u: tuple(u in e.place.variables for e in loads) for u in nest.outer_loops}


# ---------------------------------------------------------------- how large a tile


def tile(nest: Nest, v: Variable, n: int, machine: Machine) -> dict[Variable, int]:
    """How many rounds of which outer loops make a tile, with vectors of n lanes along v."""
    outer, reads = nest.outer_loops, reads_of(nest)
    sharing = [u for u in reversed(outer) if u != v and len(set(reads[u])) == 2]
    if v in outer:
        rows = [u for u in sharing if reads[u] != reads[v]][:1]
        loops = {v: (-(-v.size // n), v.size // n)} | {u: (u.size, u.size) for u in rows}
    else:
        other = [u for u in sharing if reads[u] != reads[sharing[0]]][:1]
        loops = {u: (u.size, u.size) for u in (sharing[:1] + other or outer[-1:])}
    totals = machine.totals if sharing else ALONE
    sizes = best([s for s, _ in loops.values()], [m for _, m in loops.values()], totals, sharing)
    return dict(zip(loops, sizes, strict=True))


def vectors_beside(size: int, n: int) -> int:
    """How many vectors of n lanes add up one total side by side, so that few rounds are left."""
    return next((m for m in BESIDE if size >= m * n and size % (m * n) < n), 1)


def best(
    sizes: list[int], most: list[int], totals: int, shares: Sequence[object]
) -> tuple[int, ...]:
    """The tile that takes the fewest cycles for all rounds.

    sizes    rounds of each loop
    most     so many rounds of it a tile may have at most
    totals   registers for totals
    shares   whether the totals of a tile share what they read
    """

    def cost(tile: tuple[int, ...]) -> float:
        reads = sum(tile) if shares else math.prod(tile)
        one = max(math.prod(tile) / 2, reads / 2, 4) + 0.5
        if len(tile) == 2 and tile[1] < min(FEWEST_ROWS, sizes[1]):
            one *= FEW_ROWS
        return one * math.prod(-(-n // t) for n, t in zip(sizes, tile, strict=True))

    tiles = product(*[range(1, min(n, WIDEST) + 1) for n in most])
    fitting = (t for t in tiles if math.prod(t) <= totals)
    return min(fitting, key=cost, default=(1,) * len(sizes))
