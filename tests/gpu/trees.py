"""Trees for a GPU that several tests look at: a product by tiles, and trees by chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from tests.core.test_transforms import nest_of, zeros
from tinylearn.loops import transforms
from tinylearn.loops.tree import (
    BLOCKS,
    THREADS,
    Barrier,
    Function,
    Loop,
    Refused,
    plain,
    rebuilt,
    statements,
)

SQUARE = (
    ("io", "block.y"),
    ("jo", "block.x"),
    ("ii", "thread.y"),
    ("ji", "thread.x"),
    ("t0_ii", "thread.y"),
    ("t0_ri", "thread.x"),
    ("t1_ri", "thread.y"),
    ("t1_ji", "thread.x"),
)


def tiled_product(n: int, tile: int, bound: bool = True) -> Function:
    """An n x n product: a thread for each number, tile x tile threads a block, shared tiles."""
    f = plain(nest_of(zeros(n, n) @ zeros(n, n)))
    for name in "ijr":
        f = transforms.split(f, name, tile)
    f = transforms.sink(f, "ji", ("ro", "ri"))
    f = transforms.sink(f, "ii", ("jo", "ro", "ri"))
    f = transforms.stage(f, "t0", "ro", ("ii", "ri"), "shared")
    f = transforms.stage(f, "t1", "ro", ("ri", "ji"), "shared")
    return transforms.bind(f, *SQUARE) if bound else f


def without_barrier(f: Function, number: int) -> Function:
    """The tree without its barrier of that number, counted from 0."""
    count = 0

    def at(s):
        nonlocal count
        count += isinstance(s, Barrier)
        return () if isinstance(s, Barrier) and count == number + 1 else (s,)

    return replace(f, body=rebuilt(f.body, at))


def bound_by_chance(f: Function, dice: random.Random) -> Function:
    """The tree with some of its loops on blocks and threads; raises Refused where none can be."""
    names = list(dict.fromkeys(s.variable.name for s in statements(f.body) if isinstance(s, Loop)))
    for _ in range(6):
        kinds = [*BLOCKS, *THREADS, *THREADS]
        chosen = [(n, kinds.pop(dice.randrange(len(kinds)))) for n in names if dice.random() < 0.5]
        try:
            if chosen:
                return transforms.bind(f, *chosen)
        except Refused:
            continue
    raise Refused("no way was found")


def everywhere(f: Function, change: Callable) -> Function:
    """The tree with each of its statements changed."""
    return replace(f, body=rebuilt(f.body, change))
