"""Kernels on a GPU, products of matrices apart: a thread for each number, or many for each sum.

    one by one    all outer loops are one; a thread computes each of its rounds
    rows          a block for each sum, its threads side by side along what is summed up
    columns       a thread for each sum, side by side along the sums

Where sums are few and long, many blocks share each: in a first pass every block leaves a part of
it, and a second pass adds the parts up. Sums that read the same are computed a few at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from tinylearn.loops import transforms
from tinylearn.loops.chosen import Cook
from tinylearn.loops.index import Variable
from tinylearn.loops.machine import (
    BLOCK_OF_THREADS,
    BLOCKS_AT_ONCE,
    FEWEST_COLUMNS,
    LONG_TEXT,
    MANY_ROUNDS,
    ROUNDS_OF_A_THREAD,
    ROWS_OF_BLOCKS,
    SHORTEST_COLUMN,
    SHORTEST_PIECE,
    SUMS_OF_A_THREAD,
    THREADS_AT_ONCE,
)
from tinylearn.loops.nest import Nest
from tinylearn.loops.statements import Let, Load
from tinylearn.loops.transforms.rfactor import SECOND

Ways = list[tuple[str, str]]  # (name of a loop, the kind that it becomes)
Counted = tuple[str, int]  # a loop's name and its rounds
Tile = dict[Variable, int]  # rounds of outer loops that are computed together

# ---------------------------------------------------------------- how the loops stand


def count(loops: Iterable[Variable]) -> int:
    """The rounds of loops inside each other."""
    return math.prod(v.size for v in loops)


def merged(cook: Cook, names: Sequence[str], name: str) -> str:
    """The loops of these names, one right inside the other, as one; what it is called then."""
    first, *others = names
    for number, other in enumerate(others):
        cook.do(transforms.merge, first, other, f"{name}{number}")
        first = f"{name}{number}"
    return first


def one_each(cook: Cook, name: str, size: int) -> Ways:
    """A thread for each round of a loop."""
    cook.do(transforms.split, name, min(BLOCK_OF_THREADS, size), "guard")
    return [(f"{name}o", "block.x"), (f"{name}i", "thread.x")]


def in_pieces(cook: Cook, r: str, by: int) -> None:
    """A sum in two passes: first in pieces of so many rounds, then over the pieces."""
    cook.do(transforms.split, r, by, "guard")
    cook.do(transforms.subtotal, f"{r}i")
    cook.do(transforms.rfactor, f"{r}o")


def loads_of(nest: Nest) -> list[Load]:
    """What the sum reads."""
    return [
        s.expression for s in nest.inner if isinstance(s, Let) and isinstance(s.expression, Load)
    ]


# ---------------------------------------------------------------- a thread for each number


def one_by_one(cook: Cook, nest: Nest) -> None:
    """A thread for each round of the outer loops, which are one loop before they are cut up.

    Of many rounds each thread does a few, a block apart: while it waits for the numbers of one it
    asks for those of the next.
    """
    size = count(nest.outer_loops)
    lines = sum(len(one.inner + one.outer) for one in nest.parts)
    most = min(size // THREADS_AT_ONCE, LONG_TEXT // lines)
    tile = shared_reads(nest, most, nest.outer_loops[-1:])
    n = merged(cook, tiled(cook, nest, tile), "all")
    if size < MANY_ROUNDS or nest.reduced_loops:
        written_out(cook, tile, [v.name for v in nest.reduced_loops])
        cook.do(transforms.bind, *one_each(cook, n, size // math.prod(tile.values())))
        return
    cook.do(transforms.split, n, BLOCK_OF_THREADS * ROUNDS_OF_A_THREAD, "guard")
    cook.do(transforms.split, f"{n}i", BLOCK_OF_THREADS, "plain")
    cook.do(transforms.unroll, f"{n}io")
    cook.do(transforms.bind, (f"{n}o", "block.x"), (f"{n}ii", "thread.x"))


def shared_reads(nest: Nest, most: int, but: Sequence[Variable] = ()) -> Tile:
    """Up to two outer loops along which sums read the same, and how many of their rounds at once.

    They come in the order in which the loops stand.

    most   sums at once
    but    loops that are left alone
    """
    tile: Tile = {}
    for load in loads_of(nest):
        free = [v for v in nest.outer_loops if v not in load.place.variables and v not in but]
        for v in free:
            room = most // math.prod(tile.values())
            by = next((n for n in SUMS_OF_A_THREAD if v.size % n == 0 and n <= room), 1)
            if by > 1 and v not in tile and len(tile) < 2:
                tile[v] = by
                break
    return {v: tile[v] for v in nest.outer_loops if v in tile}


def tiled(cook: Cook, nest: Nest, tile: Tile) -> list[str]:
    """The loops of a tile inside all other outer loops; the names of those others."""
    names = [v.name for v in nest.outer_loops]
    for v, by in tile.items():
        cook.do(transforms.split, v.name, by)
        names[names.index(v.name)] = f"{v}o"
    for v in reversed(tile):
        after = names[names.index(f"{v}o") + 1 :]
        if after:
            cook.do(transforms.sink, f"{v}i", tuple(after))
    return names


def written_out(cook: Cook, tile: Tile, past: Sequence[str]) -> None:
    """The loops of a tile inside those of the sum, written out: each round has its own total."""
    inner = [f"{v}i" for v in tile]
    for name in reversed(inner):
        cook.do(transforms.sink, name, tuple(past))
    for name in inner:
        cook.do(transforms.unroll, name)


# ---------------------------------------------------------------- many threads for each sum


def way_of_sums(nest: Nest) -> Callable[[Cook, Nest], None]:
    """Who shares long sums, by what threads side by side read, and how many sums there are."""
    if not nest.outer_loops:
        return rows
    if reads(nest, nest.reduced_loops[-1]) < reads(nest, nest.outer_loops[-1]):
        return rows
    if pieces_of_columns(nest) > 1:
        return columns
    return rows if count(nest.outer_loops) < THREADS_AT_ONCE else one_by_one


def reads(nest: Nest, v: Variable) -> int:
    """The sectors that 32 threads side by side along a loop read for each of their rounds."""
    return sum(sectors(load, v) for load in loads_of(nest))


def sectors(load: Load, v: Variable) -> int:
    """Sectors of 8 numbers that 32 threads read: one for all of them, a few, or one for each."""
    if v not in load.place.variables:
        return 1
    step = abs(load.place.factor(v))
    return min(32, 4 * step) if step else 32


def rows(cook: Cook, nest: Nest) -> None:
    """A block for each round of the outer loops, or for a few: its threads share the sum."""
    sums, rounds = count(nest.outer_loops), count(nest.reduced_loops)
    most = max(1, rounds // SHORTEST_PIECE)  # pieces of a sum
    lines = len(nest.inner) + (len(nest.outer) if most == 1 else 0)
    tile = shared_reads(nest, min(4 * sums * most // BLOCKS_AT_ONCE, LONG_TEXT // lines))
    blocks = sums // math.prod(tile.values())
    pieces = min(-(-BLOCKS_AT_ONCE // blocks), most)
    names = tiled(cook, nest, tile)
    out = merged(cook, names, "all") if names else ""
    far, near = loops_of_sum(cook, nest, pieces)
    cut, size = far or near
    by = -(-size // pieces)
    ways = [(out, "block.x")] if out else []
    if by < size:
        in_pieces(cook, cut, by)
        ways.append((f"{cut}o", "block.y"))
        again = [out, *(f"{v}i" for v in tile)] if out else []
        ways += [(f"{n}{SECOND}", f"block.{axis}") for n, axis in zip(again, "xyz", strict=False)]
        ways.append(shared_sum(cook, f"{cut}o{SECOND}", -(-size // by)))
        far, near = ((f"{cut}i", by), near) if far else (None, (f"{cut}i", by))
    around = far[0] if far else ""
    ways.append(shared_sum(cook, *near, around))
    written_out(cook, tile, (around, f"{near[0]}o", f"{near[0]}i"))
    cook.do(transforms.bind, *ways)


def loops_of_sum(cook: Cook, nest: Nest, pieces: int) -> tuple[Counted | None, Counted]:
    """The loop of a sum along which threads stand, before it the one around it, if there is any.

    All loops of the sum are one if the last is short, or if the others make too few pieces.
    """
    *others, last = nest.reduced_loops
    short = last.size < BLOCK_OF_THREADS * SUMS_OF_A_THREAD[0]
    if not others or short or SUMS_OF_A_THREAD[0] * count(others) < pieces:
        r = merged(cook, [v.name for v in nest.reduced_loops], "sum")
        return None, (r, count(nest.reduced_loops))
    far = merged(cook, [v.name for v in others], "far")
    return (far, count(others)), (last.name, last.size)


def shared_sum(
    cook: Cook, r: str, rounds: int, around: str = "", threads: int = BLOCK_OF_THREADS
) -> tuple[str, str]:
    """The threads of a block share a sum; the name of their loop, and its kind.

    r        the loop along which they stand, of so many rounds
    around   another loop of the sum around it, which each thread goes through
    threads  at most so many
    """
    threads = min(threads, 1 << rounds.bit_length() - 1)
    cook.do(transforms.split, r, threads, "guard")
    own = [around] if around else []
    if rounds > threads:
        cook.do(transforms.sink, f"{r}o", (f"{r}i",))
        own.append(f"{r}o")
    if around:
        cook.do(transforms.sink, around, (f"{r}i",))
    if own:
        cook.do(transforms.subtotal, own[0])
    cook.do(transforms.combine, f"{r}i")
    return f"{r}i", "thread.x"


def columns(cook: Cook, nest: Nest) -> None:
    """A thread for each sum, which reads beside its neighbours."""
    out = merged(cook, [v.name for v in nest.outer_loops], "all")
    r = merged(cook, [v.name for v in nest.reduced_loops], "sum")
    in_pieces(cook, r, -(-count(nest.reduced_loops) // pieces_of_columns(nest)))
    sums = count(nest.outer_loops)
    ways = [*one_each(cook, out, sums), *one_each(cook, f"{out}{SECOND}", sums)]
    cook.do(transforms.bind, (f"{r}o", "block.y"), *ways)


def pieces_of_columns(nest: Nest) -> int:
    """Into how many pieces long sums side by side are cut: few sums, and they are not cut."""
    sums = count(nest.outer_loops)
    if sums < FEWEST_COLUMNS:
        return 1
    pieces = min(-(-THREADS_AT_ONCE // sums), count(nest.reduced_loops) // SHORTEST_COLUMN)
    return min(pieces, ROWS_OF_BLOCKS)
