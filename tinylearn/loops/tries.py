"""Other choices than the recipe's, near to it: what tuning tries instead of counting cycles.

    counted(nest, machine)        the recipe's own way: its choice for each pass over the rows
    near(nest, way, machine)      the same with one number changed
    loops_for(nest, name, way, machine)    the loops that it leads to

All of them do what the recipe does, with other numbers: so they may add up in another order, and
differ in nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from tinylearn.loops import tiles
from tinylearn.loops.chosen import Cook
from tinylearn.loops.index import Variable
from tinylearn.loops.machine import MORE_TOTALS, NEAR_LOOPS, SHORTEST, WIDEST, Machine
from tinylearn.loops.nest import Nest
from tinylearn.loops.recipe import (
    Choice,
    Reduction,
    along_memory,
    by_cycles,
    cooked,
    in_vectors,
    lanes_of,
)
from tinylearn.loops.tiles import width

Way = tuple[Choice | None, ...]  # one for each part of a nest; None makes no vectors


def counted(nest: Nest, machine: Machine) -> Way:
    """What the recipe chooses for each part."""
    lanes = lanes_of(nest, machine)
    return tuple(
        by_cycles(one, lanes, machine) if one.totals else along_memory(one, lanes)
        for one in nest.parts
    )


def said(way: Way) -> str:
    """A way in words."""
    return "; ".join(str(choice) if choice else "plain" for choice in way)


def loops_for(nest: Nest, name: str, way: Way, machine: Machine) -> Cook | None:
    """The loops of a way; None where a transform is refused."""
    choices = iter(way)

    def recipe(cook: Cook, one: Nest, lanes: int, machine: Machine) -> None:
        choice = next(choices)
        if choice is not None and one.totals:
            Reduction(cook, one, choice, machine).run()
        elif choice is not None:
            in_vectors(cook, one, choice)

    cook = cooked(nest, name, machine, recipe, recipe)
    return cook if cook.steps else None


def near(nest: Nest, way: Way, machine: Machine) -> Iterator[Way]:
    """Ways in which one part has another choice."""
    lanes = lanes_of(nest, machine)
    for k, (one, choice) in enumerate(zip(nest.parts, way, strict=True)):
        for other in near_choices(one, choice, lanes, machine) if choice else ():
            yield (*way[:k], other, *way[k + 1 :])


def near_choices(nest: Nest, choice: Choice, lanes: int, machine: Machine) -> Iterator[Choice]:
    """Choices in which one thing is different: the loop, the lanes, or a side of the tile."""
    loops = [v for v in nest.outer_loops + nest.reduced_loops if v.size >= SHORTEST]
    if not nest.totals:
        loops = [v for v in loops if v in nest.outer_loops]
    loops.sort(key=lambda v: tiles.cycles(nest, v, lanes))
    for v in loops[:NEAR_LOOPS]:
        if v != choice.v:
            yield Choice(v, width(v, lanes), usual_tile(nest, v, width(v, lanes), machine))
    for n in (choice.n // 2, choice.n * 2):
        if 2 <= n <= width(choice.v, lanes):
            yield replace(choice, n=n)
    for tile in near_tiles(choice):
        if math.prod(by for _, by in tile) <= machine.totals * MORE_TOTALS:
            yield replace(choice, tile=tile)


def usual_tile(nest: Nest, v: Variable, n: int, machine: Machine) -> tuple:
    """The tile that the recipe takes with vectors along v."""
    return tuple(tiles.tile(nest, v, n, machine).items()) if nest.totals else ((v, 1),)


def near_tiles(choice: Choice) -> Iterator[tuple[tuple[Variable, int], ...]]:
    """Tiles of which one side is longer or shorter, or one is longer and another shorter."""
    sides = dict(choice.tile)
    longest = {u: u.size // (choice.n if u == choice.v else 1) for u in sides}
    for u, by in sides.items():
        for other in dict.fromkeys([by * 2, by // 2, by + 1, by - 1, by + 2, by - 2]):
            if other != by and 1 <= other <= min(longest[u], WIDEST):
                yield tuple((sides | {u: other}).items())
        for w in sides:
            if w != u and by * 2 <= min(longest[u], WIDEST) and sides[w] > 1:
                yield tuple((sides | {u: by * 2, w: sides[w] // 2}).items())
