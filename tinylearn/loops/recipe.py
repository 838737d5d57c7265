"""The recipe: which transforms a kernel gets, for which machine.

    elementwise   vectors along the loop in which memory is contiguous
    reductions    vectors along one loop, outer or reduced, and a tile of totals that share what
                  they read; what vectors cannot read from memory in one go is copied first

Cycles are counted roughly (tiles.py), and the cheapest way is taken. Every transform that is
applied leaves a Step: its name, its arguments, and the tree before and after.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tinylearn.graph.dtype import DType
from tinylearn.loops import tiles, transforms
from tinylearn.loops.chosen import Cook
from tinylearn.loops.index import Variable
from tinylearn.loops.machine import LITTLE, LONG, SHORTEST, Machine
from tinylearn.loops.nest import Nest
from tinylearn.loops.statements import Let, Load
from tinylearn.loops.tiles import loads_in, rounds, scattered, step_of, width
from tinylearn.loops.tree import Refused, plain
from tinylearn.parts import Part

Recipe = Callable[[Cook, Nest, int, Machine], None]


def cooked(
    nest: Nest,
    name: str,
    machine: Machine,
    elementwise: Recipe | None = None,
    reduction: Recipe | None = None,
) -> Cook:
    """The nest's tree after its recipe, and the Steps that led there.

    elementwise, reduction   other recipes than those of the Parts
    """
    cook = Cook(plain(nest, name))
    dtypes, totals = dtypes_of(nest), [t for one in nest.parts for t in one.totals]
    nothing = 0 in [v.size for v in nest.outer_loops + nest.reduced_loops]
    halves = any(d.name == "float16" for d in dtypes)  # no vectors of them
    if nothing or halves or any(t.dtype.kind == 0 for t in totals):
        return cook
    lanes = lanes_of(nest, machine)
    memory = nest.memory
    written = sum(memory[m].size * memory[m].dtype.itemsize for m in nest.written)
    try:
        for one in nest.parts:
            recipe = (reduction or REDUCTION) if one.totals else (elementwise or ELEMENTWISE)
            recipe(cook, one, lanes, machine)
    except Refused:  # a transform that was put in for ours: then one round after the other
        return Cook(plain(nest, name))
    with contextlib.suppress(Refused):  # the loops are as good without
        if written > machine.far:
            cook.do(transforms.stream)
    return cook


def lanes_of(nest: Nest, machine: Machine) -> int:
    """How many of the widest numbers that a kernel makes fit side by side."""
    return machine.vector // max([d.itemsize for d in dtypes_of(nest)] + [4])


def dtypes_of(nest: Nest) -> list[DType]:
    """The dtypes of all values and totals of a kernel, of each of its passes."""
    lets = [s for one in nest.parts for s in one.inner + one.outer if isinstance(s, Let)]
    return [s.dtype for s in lets] + [t.dtype for one in nest.parts for t in one.totals]


@dataclass(frozen=True)
class Choice:
    """What a recipe decides by counting, and what tuning tries.

    v      the loop along which the vectors lie
    n      their lanes
    tile   how many rounds of which loops make a tile; vectors along v count as one
    """

    v: Variable
    n: int
    tile: tuple[tuple[Variable, int], ...]

    def __str__(self) -> str:
        """In words.

        >>> str(Choice(Variable("j", 40), 16, ((Variable("j", 40), 2), (Variable("i", 9), 3))))
        '16 lanes along j, 2 vectors by 3 of i'
        """
        sides = [(u, by) for u, by in self.tile if by > 1]
        words = [f"{by} vectors" if u == self.v else f"{by} of {u}" for u, by in sides]
        return f"{self.n} lanes along {self.v}" + (f", {' by '.join(words)}" if words else "")


# ---------------------------------------------------------------- elementwise


def elementwise(cook: Cook, nest: Nest, lanes: int, machine: Machine) -> None:
    """Vectors along the loop in which memory is contiguous, moved inside all others."""
    choice = along_memory(nest, lanes)
    if choice is not None:
        in_vectors(cook, nest, choice)


def along_memory(nest: Nest, lanes: int) -> Choice | None:
    """Vectors along the loop in which fewest reads and writes are scattered."""
    loops = [v for v in reversed(nest.outer_loops) if v.size >= SHORTEST]
    if not loops:
        return None
    v = min(loops, key=lambda v: scattered(nest.outer, v) / width(v, lanes))
    return Choice(v, width(v, lanes), ((v, 1),))


def in_vectors(cook: Cook, nest: Nest, choice: Choice) -> None:
    """The transforms of a kernel without totals."""
    v, n, ((_, many),) = choice.v, choice.n, choice.tile
    others = tuple(w.name for w in nest.outer_loops if w != v)
    changes = {e.memory for e in loads_in(nest.outer)} & set(nest.written)  # not a second time
    cook.do(transforms.split, v.name, n * many, "plain" if changes else "overlap")
    vector = f"{v}i"
    if many > 1:
        cook.do(transforms.split, vector, n)
        vector = f"{v}ii"
    cook.do(transforms.sink, vector, others)
    cook.do(transforms.vectorize, vector)
    if many > 1:
        cook.do(transforms.sink, f"{v}io", others)
        cook.do(transforms.unroll, f"{v}io")


# ---------------------------------------------------------------- reductions


def reduction(cook: Cook, nest: Nest, lanes: int, machine: Machine) -> None:
    """Vectors along the loop that costs least, around them a tile of totals that share reads."""
    choice = by_cycles(nest, lanes, machine)
    if choice is not None:
        Reduction(cook, nest, choice, machine).run()


def by_cycles(nest: Nest, lanes: int, machine: Machine) -> Choice | None:
    """Vectors and a tile that take the fewest cycles, roughly counted."""
    loops = [v for v in reversed(nest.outer_loops + nest.reduced_loops) if v.size >= SHORTEST]
    work = rounds(nest.outer_loops + nest.reduced_loops)
    if not loops or not nest.reduced_loops or work < LITTLE:
        return None
    v = min(loops, key=lambda v: tiles.cycles(nest, v, lanes))
    n = width(v, lanes)
    return Choice(v, n, tuple(tiles.tile(nest, v, n, machine).items()))


ELEMENTWISE = Part("recipe.elementwise", elementwise)
REDUCTION = Part("recipe.reduction", reduction)


class Reduction:
    """A reduction's transforms, one after the other; v, n and tile are what was chosen.

    blocks   the names of the loops around the tile, from outside
    sums     the names of the reduced loops, where they are not vectors
    inside   the names of the tile's loops
    around   the loops over the blocks of a sum that does not fit the cache
    lanes    the names of the vector's loop and of the loop over the tile's vectors
    copied   the reads that are copied first
    """

    def __init__(self, cook: Cook, nest: Nest, choice: Choice, machine: Machine):
        self.cook, self.nest, self.machine = cook, nest, machine
        self.v, self.n, self.tile = choice.v, choice.n, dict(choice.tile)
        self.blocks = [u.name for u in nest.outer_loops]
        self.sums = [u.name for u in nest.reduced_loops]
        self.inside: list[str] = []
        self.around: list[str] = []
        self.lanes: list[str] = []
        self.copied = tiles.worth_a_copy(nest, self.v)
        self.at = ""  # the loop in whose rounds copies are made

    def run(self) -> None:
        """All transforms, in order."""
        across = self.v in self.nest.outer_loops
        self.vectors_across() if across else self.vectors_along()
        for u, by in self.tile.items():
            if u != self.v:
                self.cook.do(transforms.split, u.name, by)
                self.blocks[self.blocks.index(u.name)] = f"{u}o"
                self.inside.append(f"{u}i")
        if not across:
            self.keep_larger_half_near()
        if across:
            past = (*self.blocks, *self.inside, *self.around, *self.sums)
            self.to_the_inside(past)
        innermost_first = sorted(self.inside, key=lambda name: -self.blocks.index(f"{name[:-1]}o"))
        for name in innermost_first:
            self.cook.do(transforms.sink, name, (*self.blocks, *self.around, *self.sums))
            self.cook.do(transforms.unroll, name)
        written_out = [*self.lanes[1:], *innermost_first] if across else innermost_first
        if written_out and len(self.nest.outer) >= LONG and len(self.nest.totals) == 1:
            self.cook.do(transforms.park, written_out[-1], self.nest.totals[0].name)
        if self.around:
            rows = next(u for u in self.tile if u != self.v)
            self.cook.do(transforms.sink, f"{rows}o", (*self.blocks, *self.around), "local")
            self.at = self.around[-1]
        for load in self.copied:
            self.copy(load)

    def to_the_inside(self, past: Sequence[str]) -> None:
        """The vector's loop innermost, and outside of it the loop over a tile's vectors."""
        vector, several = self.lanes
        self.cook.do(transforms.sink, vector, (*past, several))
        self.cook.do(transforms.vectorize, vector)
        self.cook.do(transforms.sink, several, past)
        self.cook.do(transforms.unroll, several)

    # ------------------------------------------------------------ vectors of totals

    def vectors_across(self) -> None:
        """Vectors along an outer loop: each lane has a total of its own."""
        v, by = self.v, self.n * self.tile[self.v]
        again = (v.size % by) % self.n and v.size >= by
        self.cook.do(transforms.split, v.name, by, "overlap" if again else "tile")
        self.cook.do(transforms.split, f"{v}i", self.n)
        self.at = f"{v}o"
        self.blocks[self.blocks.index(v.name)] = self.at
        self.lanes = [f"{v}ii", f"{v}io"]
        rows = next((u for u in self.tile if u != v), None)
        shared = [e for e in loads_in(self.nest.inner) if v in e.place.variables]
        if rows is None or not shared:
            return
        panel = rounds(self.nest.reduced_loops) * by * 4
        fits = 4 * self.tile[rows] <= rows.size <= self.machine.stack // (by * 4)
        if panel > self.machine.near and fits and len(shared) == 1:
            self.sum_in_blocks(self.machine.near // (2 * by * 4))
            self.copied = shared
        for u in reversed(self.nest.outer_loops[: self.nest.outer_loops.index(v)]):
            if u not in shared[0].place.variables:  # what the vectors read is read for it again
                self.cook.do(transforms.sink, u.name, (self.at,))
                self.blocks.remove(u.name)
                self.blocks.insert(self.blocks.index(self.at) + 1, u.name)

    def sum_in_blocks(self, by: int) -> None:
        """A long sum in blocks, each with totals of its own: what a block reads stays near."""
        names = self.sums
        if len(names) == 1:
            self.cook.do(transforms.split, names[0], by)
            names = [f"{names[0]}o", f"{names[0]}i"]
        self.cook.do(transforms.subtotal, names[1])
        self.around, self.sums = names[:1], names[1:]

    def vectors_along(self) -> None:
        """Vectors along a reduced loop: round r goes to lane r % n, and the lanes are added up."""
        name, k, outside = self.v.name, self.sums.index(self.v.name), []
        sums = self.sums
        if self.v.size > self.machine.chunk:
            self.cook.do(transforms.split, name, self.machine.chunk)
            outside, sums, name, k = [f"{name}o"], [f"{name}i", *sums[k + 1 :]], f"{name}i", 0
        many = 1 if self.tile else tiles.vectors_beside(self.v.size, self.n)
        self.cook.do(transforms.split, name, self.n * many, "plain")
        self.cook.do(transforms.split, f"{name}i", self.n)
        self.lanes = [f"{name}ii", f"{name}io"]
        before = [*sums[:k], f"{name}o"]
        if many > 1:
            self.cook.do(transforms.sink, f"{name}io", (f"{name}ii",))
        for u in reversed(before):
            self.cook.do(transforms.sink, u, (f"{name}i", *self.lanes))
        self.cook.do(transforms.subtotal, before[0])
        if many > 1:
            self.cook.do(transforms.subtotal, f"{name}io")
        self.to_the_inside((*before, *sums[k + 1 :]))
        self.sums = [*outside, *before, *sums[k + 1 :], f"{name}r"]

    # ------------------------------------------------------------ what is read

    def keep_larger_half_near(self) -> None:
        """Of two loops in a tile the one with more rounds goes outside: its reads stay near."""
        if len(self.tile) != 2:
            return
        (b, many), (a, few) = self.tile.items()
        k = self.blocks.index(f"{a}o")
        if many > few and self.blocks[k + 1 : k + 2] == [f"{b}o"]:
            self.cook.do(transforms.sink, f"{a}o", (f"{b}o",))
            self.cook.do(transforms.sink, f"{a}i", (f"{b}o",))
            self.blocks[k : k + 2] = [f"{b}o", f"{a}o"]

    def copy(self, load: Load) -> None:
        """What is read again and again, laid out as the vectors read it."""
        value = next(s.name for s in self.nest.inner if isinstance(s, Let) and s.expression == load)
        order = (*self.blocks, *self.inside, *self.sums, *reversed(self.lanes))
        try:
            self.cook.do(transforms.stage, value, self.at, order)
        except Refused:  # it is read at several places: then from where it lies
            return
        if step_of(load.place, self.v) == 1 and self.n > 1:
            self.cook.do(transforms.vectorize, f"{value}_{self.lanes[0]}")
