"""A launch: what all its blocks share, and what each access to memory is checked and counted by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinylearn.devices.simulator import faults
from tinylearn.devices.simulator.counting import WARP, Count, bank_passes, sectors, warps
from tinylearn.devices.simulator.report import Access
from tinylearn.devices.simulator.touches import VERBS, Met, Touches
from tinylearn.loops.phases import Launch
from tinylearn.loops.statements import Memory

KEPT = 64  # times that a line's addresses are remembered for the picture


@dataclass
class Launched:
    """One launch of a kernel.

    launch     how many blocks and threads
    arguments  the memory that it was given, by name, and
    numbers    what lies there, each as one row
    touches    who touched those arguments that are written
    lines      what each statement is called in errors
    counts     what each has cost
    accesses   where the first warp of the first block looked
    races      whether two threads at one place are an error
    order      shuffles the warps; None: they come in their order
    """

    launch: Launch
    arguments: Mapping[str, Memory]
    numbers: Mapping[str, np.ndarray]
    touches: Mapping[str, Touches]
    lines: Sequence[str]
    counts: Sequence[Count]
    races: bool = True
    order: np.random.Generator | None = None
    accesses: dict[tuple[int, str], Access] = field(default_factory=dict)

    def who(self, block: int, thread: int, number: int) -> faults.Who:
        """A thread on a line, in words."""
        launch = self.launch
        return faults.Who(launch.block(block), launch.thread(thread), self.lines[number])


class Reach:
    """How the blocks of a batch reach memory.

    blocks   their numbers
    touches  who touched what, of arguments and of shared memory
    when     how many barriers came before
    """

    def __init__(self, launched: Launched, blocks: np.ndarray):
        self.launched, self.blocks = launched, blocks
        self.touches = dict(launched.touches)
        self.width = -(-launched.launch.thread_count // WARP) * WARP
        self.when = 0

    def fresh(self, m: Memory) -> None:
        """Shared memory is made; in the next round of a loop it is the same again."""
        if m.name not in self.touches or self.touches[m.name].memory != m:
            self.touches[m.name] = Touches(m, self.launched.launch.thread_count, True)

    def check(
        self, number: int, m: Memory, how: str, place: Any, active: np.ndarray, wide: int = 1
    ) -> np.ndarray:
        """The places as an array (blocks or 1, threads), after all checks and counts of an access.

        wide     numbers that are read in one access; 0: an earlier access has brought this one
        Raises   BoundsError, RaceError
        """
        place = np.asarray(place)
        shape = np.broadcast_shapes(place.shape, active.shape)
        places, active = np.broadcast_to(place, shape), np.broadcast_to(active, shape)
        self.inside(number, m, how, places, active)
        if m.space in ("register", "local"):
            return places
        if wide:
            self.count(number, m, how, places, active, wide)
            self.remember(number, m, places, active)
        if self.launched.races and m.name in self.touches:
            self.settle(number, m, how, places, active)
        return places

    def inside(
        self, number: int, m: Memory, how: str, places: np.ndarray, active: np.ndarray
    ) -> None:
        """Raise BoundsError for the first thread that reaches out of a memory."""
        bad = active & ((places < 0) | (places >= m.size))
        if bad.any():
            row, lane = np.unravel_index(np.argmax(bad), bad.shape)
            who = self.launched.who(int(self.blocks[row]), int(lane), number)
            raise faults.outside(m, int(places[row, lane]), who, VERBS[how])

    def count(
        self,
        number: int,
        m: Memory,
        how: str,
        places: np.ndarray,
        active: np.ndarray,
        wide: int,
    ) -> None:
        """Note what an access costs."""
        count, times = self.launched.counts[number], len(self.blocks) // len(places)
        rows = warps(places, active)
        count.atomic += int(active.sum()) * times * (how == "add")
        if m.space == "shared":
            asked, passes = bank_passes(rows, m.dtype.itemsize, wide)
            count.shared += asked * times
            count.passes += passes * times
            return
        requests, real, ideal = sectors(rows, m.dtype.itemsize)
        count.requests += requests * times
        count.sectors += real * times
        count.ideal += ideal * times
        if how == "read":
            count.loads += int(active.sum()) * times
        else:
            count.stores += int(active.sum()) * times

    def remember(self, number: int, m: Memory, places: np.ndarray, active: np.ndarray) -> None:
        """Note where the first warp of the first block looked."""
        first = np.flatnonzero(self.blocks == 0)
        if not first.size:
            return
        row = int(first[0]) if len(places) > 1 else 0
        accesses, key = self.launched.accesses, (number, m.name)
        if key not in accesses:
            accesses[key] = Access(number, m.name, m.space, m.dtype.itemsize)
        kept = accesses[key].places
        if len(kept) < KEPT:
            kept.append(np.where(active[row, :WARP], places[row, :WARP], -1))

    def settle(
        self, number: int, m: Memory, how: str, places: np.ndarray, active: np.ndarray
    ) -> None:
        """Raise RaceError where two threads meet."""
        launch, shared = self.launched.launch, m.space == "shared"
        if not shared:
            places = np.broadcast_to(places, (len(self.blocks), self.width))
            active = np.broadcast_to(active, places.shape)
        rows, lanes = np.nonzero(active)
        touches = self.touches[m.name]
        if shared and len(touches.last["read"].thread) > 1 == len(places):
            rows, lanes = np.nonzero(np.broadcast_to(active, (len(self.blocks), self.width)))
            places = np.broadcast_to(places, (len(self.blocks), self.width))
        who = lanes if shared else self.blocks[rows] * launch.thread_count + lanes
        met = touches.touch(how, places[rows, lanes], who, rows, self.when, number)
        if met is not None:
            raise self.race(m, met, int(self.blocks[met.row]) if shared else None)

    def race(self, m: Memory, met: Met, block: int | None) -> faults.RaceError:
        """Two threads that have met, in words.

        block   for shared memory: whose; else the threads' numbers say it
        """
        threads = self.launched.launch.thread_count
        told = []
        for how, thread, number in (met.now, met.before):
            home = thread // threads if block is None else block
            who = self.launched.who(home, thread % threads, number)
            told.append((VERBS[how], who))
        return faults.race(m, met.place, told[0], told[1], met.crowd)
