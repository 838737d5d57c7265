"""Who touched each place of a memory since the last barrier: where two threads meet is a race.

Two threads of a block that touch one place may do so if a barrier stands between, or if neither
writes. Threads of different blocks have no barrier: nothing that one writes may be touched by
another in the same launch. What is added up atomically may be added up by all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinylearn.loops.statements import Memory

VERBS = {"write": "writes", "read": "reads", "add": "adds to"}
NEVER, SEVERAL = -1, -2


@dataclass
class Last:
    """Who did one kind of thing last: for each place the thread, when, and on which line.

    thread   its number, in its block for shared memory and else in the grid; NEVER if nobody did;
             SEVERAL for threads of several blocks, and SEVERAL - 1 - b for several of block b
    """

    thread: np.ndarray
    when: np.ndarray
    line: np.ndarray

    @classmethod
    def nobody(cls, blocks: int, size: int) -> Last:
        return cls(*(np.full((blocks, size), NEVER) for _ in range(3)))

    def repeated(self, blocks: int) -> Last:
        """The same for each block."""
        return Last(*(a.repeat(blocks, 0) for a in (self.thread, self.when, self.line)))


@dataclass(frozen=True)
class Met:
    """Two threads at one place, in the row of a block: what each does, its number, and its line.

    crowd   whether several threads do the later thing there at once
    """

    place: int
    row: int
    now: tuple[str, int, int]
    before: tuple[str, int, int]
    crowd: bool


class Touches:
    """The places of one memory.

    threads   of a block
    shared    each block has a memory of its own. While all blocks touch the same places, only one
              is looked at
    """

    def __init__(self, m: Memory, threads: int, shared: bool):
        self.memory, self.threads, self.shared = m, threads, shared
        self.last = {how: Last.nobody(1, m.size) for how in VERBS}

    def touch(
        self,
        how: str,
        places: np.ndarray,
        who: np.ndarray,
        blocks: np.ndarray,
        when: int,
        line: int,
    ) -> Met | None:
        """Note an access, and give the first two threads that meet, if any do.

        places, who, blocks   of each thread at work: the place, its number (see Last), and the row
                              of its block (0 while all blocks do the same)
        when                  how many barriers came before
        """
        if self.shared and blocks.size and blocks.max() >= len(self.last["read"].thread):
            rows = int(blocks.max()) + 1
            self.last = {h: last.repeated(rows) for h, last in self.last.items()}
        at = (blocks, places) if self.shared else (np.zeros_like(blocks), places)
        for other in ("write", "add", "read"):
            if how == other != "write":
                continue
            met = self.met(self.last[other], at, who, when)
            if met.any():
                k = int(np.argmax(met))
                before = self.last[other]
                where = tuple(a[k] for a in at)
                then = (other, self.one_of(before.thread[where], who[k]), int(before.line[where]))
                crowd = int(((at[0] == where[0]) & (at[1] == where[1])).sum()) > 1
                return Met(int(places[k]), int(blocks[k]), (how, int(who[k]), line), then, crowd)
        return self.note(how, at, who, when, line)

    def one_of(self, code: int, other: int) -> int:
        """A thread that a number of `Last` stands for, not the other one: any of several."""
        if code >= 0:
            return int(code)
        if code == SEVERAL:  # of several blocks
            return 0 if other >= self.threads else self.threads
        first = (SEVERAL - 1 - int(code)) * self.threads
        return first if other != first else first + 1

    def block_of(self, who: np.ndarray) -> np.ndarray:
        """The block of threads, or of several threads of one block; -2 for those of several."""
        one = who // self.threads
        return np.where(who >= 0, one, np.where(who <= SEVERAL - 1, SEVERAL - 1 - who, SEVERAL))

    def met(self, last: Last, at: Any, who: np.ndarray, when: int) -> np.ndarray:
        """Where another thread came before, and nothing stands between."""
        before = last.thread[at]
        other = (before != NEVER) & (before != who)
        if not other.any():
            return other
        same_time = last.when[at] == when
        if self.shared:
            return other & same_time
        return other & (same_time | (self.block_of(before) != self.block_of(who)))

    def note(self, how: str, at: Any, who: np.ndarray, when: int, line: int) -> Met | None:
        """Remember who came; two threads that write one place in one line have met, too."""
        last = self.last[how]
        before = last.thread[at]
        several = (before != NEVER) & (before != who)
        if several.any():
            counts = last.when[at] == when
            if not self.shared:
                counts |= self.block_of(before) != self.block_of(who)
            several &= counts
        last.thread[at], last.when[at], last.line[at] = who, when, line
        final = last.thread[at]
        twice = final != who
        if how == "write" and twice.any():
            k = int(np.argmax(twice))
            one, other = (how, int(who[k]), line), (how, int(final[k]), line)
            return Met(int(at[1][k]), int(at[0][k]), one, other, True)
        many = several | twice
        if many.any():
            self.note_several(
                last, tuple(a[many] for a in at), who[many], before[many], final[many]
            )
        return None

    def note_several(
        self, last: Last, at: Any, who: np.ndarray, before: np.ndarray, final: np.ndarray
    ) -> None:
        """Several threads read a place: of which block, if it is one block alone."""
        block = np.zeros_like(who) if self.shared else self.block_of(who)
        last.thread[at] = SEVERAL - 1 - block
        if self.shared:
            return
        past = (before != NEVER) & (self.block_of(before) != block)
        apart = past | (self.block_of(final) != block)
        last.thread[at[0][apart], at[1][apart]] = SEVERAL
