"""Proves that the threads of a block may run at once: the rules that the loops of a GPU keep.

    1. Loops over blocks stand outermost; loops over threads stand between barriers, not around one.
    2. A register whose place moves with a thread belongs to that thread alone (private.py).
    3. Where one thread writes shared memory and another reads or writes the same place, a barrier
       stands between.

    shared tile[4]                 thread 0 writes tile[0], thread 1 reads it: without the barrier
    for x in 4, thread.x           it would depend on who comes first
        tile[x] = t0
    barrier
    for x in 4, thread.x
        t1 = tile[3 - x]

Which places a thread touches depends on loop variables alone, and there are finitely many rounds.
So the proof goes through a block from barrier to barrier and notes who touched what.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from tinylearn.loops.index import Index
from tinylearn.loops.launches import launches
from tinylearn.loops.run import Broken
from tinylearn.loops.statements import Let, Memory
from tinylearn.loops.text import line
from tinylearn.loops.tree import (
    BLOCKS,
    THREADS,
    Accumulate,
    Allocate,
    Barrier,
    Body,
    Function,
    If,
    Loop,
    Statement,
    accessed,
    statements,
)

NOBODY, SEVERAL = -1, -2  # beside the numbers of threads
MOST = 1 << 24  # touches of one statement: a proof by counting takes a second for so many
ROUNDS = 1 << 12  # of a loop around barriers that the proof goes through one by one
Extent = tuple[int, int, int]


@dataclass(frozen=True)
class Launch:
    """How many blocks a kernel has along x, y and z, and how many threads a block."""

    blocks: Extent
    threads: Extent

    @property
    def thread_count(self) -> int:
        """The threads of a block."""
        return math.prod(self.threads)

    @property
    def block_count(self) -> int:
        """The blocks of the grid."""
        return math.prod(self.blocks)

    def coordinates(self, threads: Any) -> dict[str, Any]:
        """Where threads with these numbers stand, by the kind of loop: x runs fastest."""
        x, y, _ = self.threads
        return dict(zip(THREADS, (threads % x, threads // x % y, threads // (x * y)), strict=True))

    def thread(self, number: int) -> tuple[int, ...]:
        """(x, y, z) of a thread."""
        return tuple(int(c) for c in self.coordinates(number).values())

    def block(self, number: Any) -> tuple[Any, Any, Any]:
        """(x, y, z) of blocks with these numbers: x runs fastest."""
        x, y, _ = self.blocks
        return number % x, number // x % y, number // (x * y)


def launch(function: Function) -> Launch:
    """How many blocks and threads a tree asks for: of each kind of loop the longest."""
    sizes = dict.fromkeys((*BLOCKS, *THREADS), 1)
    for s in statements(function.body):
        if isinstance(s, Loop) and s.kind in sizes:
            sizes[s.kind] = max(sizes[s.kind], s.variable.size)
    x, y, z, tx, ty, tz = sizes.values()
    return Launch((x, y, z), (tx, ty, tz))


def runs_threads(body: Body) -> bool:
    """Whether a tree is for a GPU: it has blocks, threads or barriers."""
    return any(
        isinstance(s, Barrier) or (isinstance(s, Loop) and s.kind in (*BLOCKS, *THREADS))
        for s in statements(body)
    )


def refuse_races(function: Function) -> None:
    """Raise Broken with the first rule that a tree for a GPU breaks."""
    for each in launches(function):
        if runs_threads(each.body):
            nested(each.body, ())
            Proof(each).block(outermost(each.body))


def outermost(body: Body) -> Body:
    """What the blocks do: the body inside the loops over blocks."""
    while len(body) == 1 and isinstance(body[0], Loop) and body[0].kind in BLOCKS:
        body = body[0].body
    return body


def depth(body: Body) -> int:
    """How many loops stand inside each other."""
    inside = [depth(s.body) + isinstance(s, Loop) for s in body if isinstance(s, Loop | If)]
    return max(inside, default=0)


def nested(body: Body, kinds: tuple[str, ...]) -> None:
    """Raise Broken unless blocks stand around threads, and threads around no barrier.

    kinds   of the loops around the body, the outermost first
    """
    for s in body:
        match s:
            case Loop(v, inside, kind):
                if kind in BLOCKS and (set(kinds) - set(BLOCKS) or len(body) > 1):
                    raise Broken(
                        f"the blocks of {v} are no outermost loop: all of them start alone"
                    )
                if kind in kinds and kind != "serial":
                    raise Broken(f"the loop {v} is {kind}, and so is a loop around it")
                nested(inside, (*kinds, *((kind,) if kind in (*BLOCKS, *THREADS) else ("serial",))))
            case If():
                nested(s.body, (*kinds, "serial"))
            case Barrier() if set(kinds) & set(THREADS):
                raise Broken("a barrier stands inside a loop over threads: not all would reach it")
            case Allocate(m) if m.space == "shared" and set(kinds) & set(THREADS):
                raise Broken(f"the shared memory {m.name} is made inside a loop over threads")


# ---------------------------------------------------------------- who touches what


VERBS = {"writer": "writes", "reader": "reads", "adder": "adds to"}


@dataclass
class Touched:
    """Who has touched each place of one memory since the last barrier.

    writer, reader, adder   the number of a thread, NOBODY or SEVERAL, for each place
    by                      the last statement that wrote, read, or added up
    """

    memory: Memory
    launch: Launch
    by: dict[str, Statement] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """A barrier: what was touched before it is settled."""
        self.writer = np.full(self.memory.size, NOBODY)
        self.reader = np.full(self.memory.size, NOBODY)
        self.adder = np.full(self.memory.size, NOBODY)

    def touch(self, how: str, places: np.ndarray, threads: np.ndarray, s: Statement) -> None:
        """Note that threads touch places; raise Broken where two of them meet.

        how   writer, reader or adder: what is added up may be added up in any order
        """
        m = self.memory
        outside = (places < 0) | (places >= m.size)
        if outside.any():
            says = f"place {places[outside][0]} of {m.name} is touched, which has {m.size} numbers"
            raise Broken(f"{says}: `{line(s)}`")
        for other in VERBS:
            before = getattr(self, other)[places]
            met = (before != NOBODY) & (before != threads)
            if met.any() and (how != other or how == "writer"):
                self.refuse(how, places[met][0], threads[met][0], other, before[met][0], s)
        self.by[how] = s
        mine = getattr(self, how)
        several = (mine[places] != NOBODY) & (mine[places] != threads)
        mine[places] = threads
        several |= mine[places] != threads
        if several.any() and how == "writer":
            place = places[several][0]
            self.refuse(how, place, threads[several][0], how, mine[place], s)
        mine[places[several]] = SEVERAL

    def refuse(
        self, how: str, place: int, thread: int, other: str, before: int, s: Statement
    ) -> NoReturn:
        """Two threads at one place, in words."""
        one = self.launch.thread(thread)
        two = "another thread" if before == SEVERAL else f"thread {self.launch.thread(before)}"
        says = f"thread {one} {VERBS[how]} place {place} of {self.memory.name} (`{line(s)}`)"
        says += f", which {two} {VERBS[other]} (`{line(self.by[other])}`)"
        if self.memory.space == "shared":
            raise Broken(f"{says}, and no barrier stands between")
        raise Broken(f"{says}: a register belongs to one thread")


class Proof:
    """A block on its way from barrier to barrier.

    at       what each loop variable is: a number, or an array whose axis 0 is the threads and whose
             other axes are the rounds of loops inside the threads' loops
    deep     how many axes there can be
    sure     whether what is being looked at surely runs
    """

    def __init__(self, function: Function):
        self.launch = launch(function)
        self.threads = np.arange(self.launch.thread_count)
        self.coordinates = self.launch.coordinates(self.threads)
        self.deep = 1 + depth(function.body)
        self.at: dict[str, Any] = {}
        self.shared: dict[str, Touched] = {}
        self.kept: dict[str, Touched] = {}
        self.sure = True

    # ------------------------------------------------------------ outside the threads' loops

    def block(self, body: Body) -> None:
        """What stands around threads and barriers, in order."""
        for s in body:
            match s:
                case Loop(_, _, kind) if kind in THREADS:
                    self.inside((s,), np.ones(len(self.threads), bool), (), frozenset(), 1)
                case Loop():
                    self.rounds(s)
                case If(guards, inside, value):
                    self.perhaps(guards, inside, value)
                case Allocate(m):
                    home = self.shared if m.space == "shared" else self.kept
                    if m.name not in home or home[m.name].memory != m:
                        home[m.name] = Touched(m, self.launch)
                case Barrier():
                    if self.sure:
                        for touched in self.shared.values():
                            touched.clear()
                case _:
                    self.alone(s)

    def rounds(self, s: Loop) -> None:
        """The rounds of a loop around barriers: all, or two where they touch the same places."""
        v, size = s.variable, s.variable.size
        if not any(v in index.variables for index in self.indices_that_count(s.body)):
            size = min(size, 2)
        if size > ROUNDS:
            says = f"the loop {v} has {size} rounds, each of which touches other shared places"
            raise Broken(f"{says}: more than {ROUNDS} are not looked through")
        for k in range(size):
            self.at[v.name] = k
            self.block(s.body)

    def indices_that_count(self, body: Body) -> Iterable[Index]:
        """The places of shared memory and registers in a body, and the guards."""
        for s in statements(body):
            found = accessed(s)
            if found is not None and (found[0] in self.shared or found[0] in self.kept):
                yield found[1]
            if isinstance(s, If):
                yield from (g.index for g in s.guards)

    def perhaps(self, guards: Any, body: Body, value: str) -> None:
        """What stands behind an if, where it can be known; else it may run, and may not."""
        known = all(v.name in self.at for g in guards for v in g.index.variables)
        known = known and not any(g.index.looked for g in guards)
        if known and not all(0 <= g.index.value(self.at) < g.size for g in guards):
            return
        sure, self.sure = self.sure, self.sure and known and not value
        self.block(body)
        self.sure = sure

    def alone(self, s: Statement) -> None:
        """A line outside the threads' loops: all threads read, and the first one writes."""
        first = self.threads == 0
        everybody = np.ones(len(self.threads), bool)
        self.touch(s, everybody if isinstance(s, Let) else first, (), frozenset())

    # ------------------------------------------------------------ inside the threads' loops

    def inside(
        self, body: Body, who: np.ndarray, guards: tuple, kinds: frozenset[str], axis: int
    ) -> None:
        """What threads do between two barriers.

        who      the threads that are in their loops
        guards   under which conditions
        kinds    of threads' loops around
        axis     the next free one
        """
        for s in body:
            match s:
                case Loop(v, within, kind) if kind in THREADS:
                    place = self.coordinates[kind]
                    self.at[v.name] = self.shaped(place, 0)
                    self.inside(within, who & (place < v.size), guards, kinds | {kind}, axis)
                case Loop(v, within):
                    self.at[v.name] = self.shaped(np.arange(v.size), axis)
                    self.inside(within, who, guards, kinds, axis + 1)
                case If(more, within):
                    self.inside(within, who, (*guards, *more), kinds, axis)
                case Allocate(m):  # each thread's own, whatever had this name before
                    self.kept.pop(m.name, None)
                case _:
                    first = [self.coordinates[kind] == 0 for kind in set(THREADS) - kinds]
                    self.touch(s, np.logical_and.reduce([who, *first]), guards, kinds)

    def shaped(self, values: np.ndarray, axis: int) -> np.ndarray:
        """Values along one axis."""
        shape = [1] * self.deep
        shape[axis] = len(values)
        return values.reshape(shape)

    def touch(self, s: Statement, who: np.ndarray, guards: tuple, kinds: frozenset[str]) -> None:
        """Note what a line touches; raise Broken where two threads meet."""
        found = accessed(s)
        if found is None:
            return
        memory, place = found
        touched = self.shared.get(memory) or (self.kept.get(memory) if kinds else None)
        if touched is None:
            return
        if place.looked:
            says = f"place {place} of {memory} depends on numbers that are read"
            raise Broken(f"{says}: who touches it cannot be known (`{line(s)}`)")
        if not all(v.name in self.at for v in place.variables):
            raise Broken(f"place {place} of {memory} depends on the block")
        places = np.asarray(place.value(self.at))
        holds = self.shaped(who, 0)
        for g in guards:
            if all(v.name in self.at for v in g.index.variables) and not g.index.looked:
                index = g.index.value(self.at)
                holds = holds & (index >= 0) & (index < g.size)
        shape = np.broadcast_shapes(places.shape, holds.shape)
        if math.prod(shape) > MOST:
            raise Broken(f"`{line(s)}` touches more than {MOST} places: too many to look through")
        holds = np.broadcast_to(holds, shape)
        threads = np.broadcast_to(self.shaped(self.threads, 0), shape)[holds]
        places = np.broadcast_to(places, shape)[holds]
        how = "reader" if isinstance(s, Let) else "writer"
        if isinstance(s, Accumulate) and memory in self.shared:
            how = "adder"
        touched.touch(how, places, threads, s)
