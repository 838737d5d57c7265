"""Runs a batch of blocks: one statement after the other, each for all threads at once.

at       what each loop variable is: a number, or an array of (blocks, threads)
values   what each name stands for, likewise
active   which threads take part
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tinylearn.devices.simulator import faults
from tinylearn.devices.simulator.counting import WARP
from tinylearn.devices.simulator.launched import Launched, Reach
from tinylearn.graph.dtype import DType
from tinylearn.graph.primitives import CAST, EXP, LOG
from tinylearn.loops.index import Index, Variable
from tinylearn.loops.statements import (
    Apply,
    Constant,
    Expression,
    Guard,
    Guarded,
    Let,
    Load,
    Memory,
    Store,
    Whole,
)
from tinylearn.loops.tree import (
    BLOCKS,
    THREADS,
    Accumulate,
    Allocate,
    Barrier,
    Body,
    If,
    Loop,
    Statement,
    memory_written,
)

Numbered = tuple[int, Statement, tuple[Any, ...]]


def numbered(body: Body, number: Iterator[int]) -> tuple[Numbered, ...]:
    """Each statement with its number, counted as the lines of the tree's text are."""
    made = []
    for s in body:
        mine = next(number)
        made.append((mine, s, numbered(s.body, number) if isinstance(s, Loop | If) else ()))
    return tuple(made)


def poison(dtype: DType) -> Any:
    """What fresh memory holds: no number, or the least one."""
    if dtype.is_float:
        return dtype.numpy.type(np.nan)
    return dtype.numpy.type(True) if dtype.kind == 0 else np.iinfo(dtype.numpy).min


def in_groups(place: Index, v: Variable) -> bool:
    """Whether a short loop reads neighbours that begin at a multiple of its rounds."""
    others = [f for a, f in place.terms if a != v]
    return v.size in (2, 4) and all(f % v.size == 0 for f in (*others, place.constant))


class Lanes:
    """A batch of blocks while it runs.

    blocks   their numbers
    memory   what there is now, by name
    numbers  what lies in it: a row for all blocks of an argument, one for each of shared memory
    kept     what each thread has in its registers: an array for each place
    written_out   loops around whose rounds are written out, and the memory that is written there
    """

    def __init__(self, launched: Launched, blocks: np.ndarray):
        self.launched, self.blocks = launched, blocks
        self.reach = Reach(launched, blocks)
        launch = launched.launch
        self.threads = np.arange(self.reach.width)[None]
        self.everybody = self.threads < launch.thread_count
        self.coordinates = launch.coordinates(self.threads)
        self.coordinates |= dict(zip(BLOCKS, launch.block(blocks[:, None]), strict=True))
        self.memory: dict[str, Memory] = dict(launched.arguments)
        self.numbers: dict[str, np.ndarray] = dict(launched.numbers)
        self.kept: dict[str, list[Any]] = {}
        self.at: dict[str, Any] = {}
        self.values: dict[str, Any] = {}
        self.written_out: dict[Variable, set[str]] = {}

    # ------------------------------------------------------------ statements

    def run(self, body: Sequence[Numbered], active: np.ndarray, kinds: frozenset[str]) -> None:
        """The statements of a body, for the threads that are active.

        kinds   of the loops over threads around them
        """
        alone = self.one_alone(active, kinds)
        for number, s, inside in body:
            match s:
                case Loop(v, _, kind) if kind in BLOCKS:
                    self.at[v.name] = self.coordinates[kind]
                    self.run(inside, active, kinds)
                case Loop(v, _, kind) if kind in THREADS:
                    place = self.at[v.name] = self.coordinates[kind]
                    self.run(inside, active & (place < v.size), kinds | {kind})
                case Loop():
                    self.rounds(number, s, inside, active, kinds)
                case If():
                    self.branch(number, s, inside, active, kinds)
                case Barrier():
                    self.barrier(number, active)
                case Allocate(m):
                    self.fresh(m)
                case Let():
                    if self.width(s.expression):
                        self.ran(number, alone)
                    value = self.expression(number, s, s.expression, alone)
                    value = self.values[s.name] = np.asarray(value, s.dtype.numpy)
                    if s.dtype.kind == 1:  # it may be a place
                        self.at[s.name] = value.astype(np.int64)
                case Store():
                    self.store(number, s, alone, kinds)
                case Accumulate():
                    self.accumulate(number, s, alone, kinds)

    def one_alone(self, active: np.ndarray, kinds: frozenset[str]) -> np.ndarray:
        """Of the threads along axes that no loop goes along, the first: the others have no part."""
        for kind, size in zip(THREADS, self.launched.launch.threads, strict=True):
            if kinds and kind not in kinds and size > 1:
                active = active & (self.coordinates[kind] == 0)
        return active

    def rounds(self, number: int, s: Loop, inside: Any, active: np.ndarray, kinds: Any) -> None:
        """A loop whose rounds follow each other, or are written out."""
        if s.kind != "serial":
            self.written_out[s.variable] = memory_written(s.body)
        for k in range(s.variable.size):
            self.ran(number, active)
            self.at[s.variable.name] = k
            self.run(inside, active, kinds)
        self.written_out.pop(s.variable, None)

    def width(self, e: Expression) -> int:
        """How many numbers a thread reads in one access; 0 if an earlier access brings this one.

        Where the rounds of a loop are written out, a compiler reads the same number of shared
        memory once for all of them, and two or four side by side at once.
        """
        if not isinstance(e, Load) or self.memory[e.memory].space != "shared":
            return 1
        wide = 1
        for v, written in self.written_out.items():
            if e.memory in written:
                continue
            if v not in e.place.variables:
                again = True
            elif again := e.place.factor(v) == 1 and in_groups(e.place, v):
                wide = v.size
            if again and self.at[v.name]:
                return 0
        return wide

    def branch(self, number: int, s: If, inside: Any, active: np.ndarray, kinds: Any) -> None:
        """An if: only some go in; the warps that go both ways are counted."""
        self.ran(number, active)
        holds = self.holds(s.guards)
        if s.value:
            holds = holds & self.values[s.value]
        going = active & holds
        staying = np.broadcast_to(active & ~going, going.shape)
        both = self.by_warp(going).any(1) & self.by_warp(staying).any(1)
        count = self.launched.counts[number]
        count.divergent += int(both.sum()) * (len(self.blocks) // len(going))
        if going.any():
            self.run(inside, going, kinds)

    def barrier(self, number: int, active: np.ndarray) -> None:
        """All threads of each block wait for each other."""
        launch = self.launched.launch
        active = active & self.everybody
        here = active.sum(1)
        partly = (here > 0) & (here < launch.thread_count)
        if partly.any():
            row = int(np.argmax(partly))
            absent = self.launched.who(int(self.blocks[row]), int(np.argmin(active[row])), number)
            raise faults.missed_barrier(int(here[row]), launch.thread_count, absent)
        times = len(self.blocks) // len(active)
        self.launched.counts[number].barriers += int((here > 0).sum()) * times
        self.reach.when += 1

    def ran(self, number: int, active: np.ndarray) -> None:
        """One instruction more, of each warp that has an active thread."""
        count, times = self.launched.counts[number], len(self.blocks) // len(active)
        count.runs += int(self.by_warp(active).any(1).sum()) * times
        count.lanes += int(active.sum()) * times

    def by_warp(self, active: np.ndarray) -> np.ndarray:
        """A row for each warp."""
        return active.reshape(-1, WARP)

    # ------------------------------------------------------------ memory

    def fresh(self, m: Memory) -> None:
        """Memory in which nothing has been written."""
        self.memory[m.name] = m
        if m.space == "shared":
            self.reach.fresh(m)
            self.numbers[m.name] = np.full((len(self.blocks), m.size), poison(m.dtype))
        else:
            self.kept[m.name] = [np.asarray(poison(m.dtype))[None, None]] * m.size

    def store(self, number: int, s: Store, active: np.ndarray, kinds: frozenset[str]) -> None:
        """memory[place] = value."""
        self.ran(number, active)
        m, value = self.memory[s.memory], self.values[s.value]
        if m.space in ("register", "local"):
            self.keep(number, m, s.place.value(self.at), value, active)
            return
        places, each = self.reached(
            number, m, "write", s.place.value(self.at), value, active, kinds
        )
        self.numbers[m.name][places] = each

    def accumulate(self, number: int, s: Accumulate, active: np.ndarray, kinds: Any) -> None:
        """memory[place] = op(memory[place], value), in memory one thread after the other."""
        self.ran(number, active)
        m, value, place = self.memory[s.memory], self.values[s.value], s.place.value(self.at)
        take_in = np.add if s.op.name == "sum" else np.maximum
        if m.space in ("register", "local"):
            old = self.own(number, m, place, active)
            self.keep(number, m, place, take_in(old, value), active)
            return
        places, each = self.reached(number, m, "add", place, value, active, kinds)
        take_in.at(self.numbers[m.name], places, each)

    def reached(
        self,
        number: int,
        m: Memory,
        how: str,
        place: Any,
        value: Any,
        active: np.ndarray,
        kinds: frozenset[str],
    ) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        """((row, place), value) of each thread that writes, those last that come last."""
        if not kinds:  # outside all loops over threads it is done once
            active = active & (self.threads == 0)
        places = self.reach.check(number, m, how, place, active)
        shape = (len(self.blocks), self.reach.width)
        rows, lanes = np.nonzero(np.broadcast_to(active, shape))
        if self.launched.order is not None:
            first = self.launched.order.permutation(len(self.blocks) * shape[1] // WARP)
            turn = np.argsort(first[(rows * shape[1] + lanes) // WARP], kind="stable")
            rows, lanes = rows[turn], lanes[turn]
        each = np.broadcast_to(value, shape)[rows, lanes]
        home = rows if m.space == "shared" else np.zeros_like(rows)
        return (home, np.broadcast_to(places, shape)[rows, lanes]), each

    def load(self, number: int, m: Memory, place: Any, active: np.ndarray, wide: int) -> Any:
        """The number at a place, for each thread; anything for those that are not active."""
        if m.space in ("register", "local"):
            return self.own(number, m, place, active)
        places = self.reach.check(number, m, "read", place, active, wide)
        if m.size == 0:
            return m.dtype.numpy.type(0)
        places = np.where(active, places, 0)
        numbers = self.numbers[m.name]
        if len(numbers) == 1:
            return numbers[0][places]
        if len(places) == 1:
            return numbers[:, places[0]]
        return np.take_along_axis(numbers, places, 1)

    def own(self, number: int, m: Memory, place: Any, active: np.ndarray) -> Any:
        """What each thread has in one of its registers."""
        places = self.reach.check(number, m, "read", place, active)
        kept, where = self.kept[m.name], self.distinct(place, places, active)
        found = kept[where[0]] if where else np.asarray(poison(m.dtype))
        for k in where[1:]:
            found = np.where(places == k, kept[k], found)
        return found

    def keep(self, number: int, m: Memory, place: Any, value: Any, active: np.ndarray) -> None:
        """Each active thread puts a value into one of its registers."""
        places = self.reach.check(number, m, "write", place, active)
        kept = self.kept[m.name]
        for k in self.distinct(place, places, active):
            here = active if isinstance(place, int) else active & (places == k)
            everybody = here is self.everybody or bool((here | ~self.everybody).all())
            kept[k] = value if everybody else np.where(here, value, kept[k])

    def distinct(self, place: Any, places: np.ndarray, active: np.ndarray) -> list[int]:
        """Which places the active threads mean: mostly one."""
        if isinstance(place, int):
            return [place]
        return [int(k) for k in np.unique(places[np.broadcast_to(active, places.shape)])]

    # ------------------------------------------------------------ what a line computes

    def expression(self, number: int, s: Let, e: Expression, active: np.ndarray) -> Any:
        """The value of the right side, for all threads at once."""
        match e:
            case Constant(value):
                return value
            case Whole(index):
                return index.value(self.at)
            case Load(memory, place, guards):
                there = active & self.holds(guards) if guards else active
                where, wide = place.value(self.at), self.width(e)
                found = self.load(number, self.memory[memory], where, there, wide)
                return np.where(there, found, 0) if guards else found
            case Guarded(name, guards):
                return np.where(self.holds(guards), self.values[name], 0)
            case Apply(op, (name,)) if op is CAST:
                return self.values[name]
            case Apply(op, (name,)) if op in (EXP, LOG) and s.dtype.name == "float32":
                return op.numpy(self.values[name], dtype=np.float64)
            case Apply(op, names):
                return op.numpy(*[self.values[n] for n in names])

    def holds(self, guards: Sequence[Guard]) -> np.ndarray:
        """For which threads all guards hold, as an array of two axes."""
        true = np.ones((1, 1), bool)
        for g in guards:
            index = g.index.value(self.at)
            true = true & ((index >= 0) & (index < g.size))
        return true
