"""Guards as slices: where each guard asks about one loop, it holds in a box of the loops.

    0 <= i - 2 < 10 and 0 <= j < 5, for i in 0..13 and j in 0..9:   i in 2..11, j in 0..4

What lies outside the box is 0: a number is put into a part of an array, or added to a part of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from tinylearn.loops.index import Variable
from tinylearn.loops.nest import Nest
from tinylearn.loops.product import is_product
from tinylearn.loops.shortloops import guards
from tinylearn.loops.statements import Guard

Box = dict[Variable, tuple[int, int]]  # loop -> first round inside, first round behind


def has_boxes(nest: Nest) -> bool:
    """Whether all places are plain walks through memory, and all guards hold in boxes.

    Several passes over a row do not: whole arrays have no rows.
    """
    if nest.passes:
        return False
    places = [load.place for load in nest.loads]
    places += [s.place for s in nest.stores]
    asked = [g for _, g in guards(nest.inner + nest.outer)]
    if not all(place.is_affine for place in places) or (asked and is_product(nest)):
        return False
    return all(bounds(g) is not None for g in asked)


def box_of(asked: Iterable[Guard]) -> Box:
    """The box in which all these guards hold."""
    box: Box = {}
    for guard in asked:
        found = bounds(guard)
        assert found is not None, "see has_boxes"
        v, low, high = found
        first, behind = box.get(v, (0, v.size))
        box[v] = max(first, low), max(min(behind, high), max(first, low))
    return box


def bounds(guard: Guard) -> tuple[Variable, int, int] | None:
    """(loop, first round inside, first round behind), if the guard asks about one loop only."""
    match guard.index.terms:
        case ((Variable() as v, f),):
            constant, last = guard.index.constant, guard.size - 1 - guard.index.constant
            low, high = (-constant, last) if f > 0 else (-last, constant)
            low, high = -(-low // abs(f)), high // abs(f)
            first, behind = max(low, 0), min(high + 1, v.size)
            return (v, first, behind) if first < behind else None
    return None
