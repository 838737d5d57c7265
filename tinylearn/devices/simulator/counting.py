"""What a warp's access to memory costs: sectors of global memory, conflicts of shared banks.

A warp is 32 threads in step. Global memory is fetched in sectors of 32 bytes: neighbours share one.
Shared memory has 32 banks of 4 bytes: two words in one bank are fetched one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

WARP = 32  # threads
SECTOR = 32  # bytes
BANKS, WORD = 32, 4  # of shared memory: how many, and bytes of each


@dataclass
class Count:
    """What one line has cost, in all blocks together.

    runs          instructions: one for each warp that has a thread at work
    lanes         threads at work in them, of 32 each
    requests      accesses of warps to global memory, and
    sectors       the sectors that they fetched or wrote
    ideal         the sectors, had the same numbers lain side by side
    shared        accesses of warps to shared memory, and
    passes        how often the banks were asked for them; more than `shared` are conflicts
    loads         numbers that threads loaded from global memory
    stores        numbers that threads stored there
    atomic        numbers that were added up atomically, one after the other where they meet
    divergent     ifs at which the threads of a warp went both ways
    barriers      barriers at which blocks waited
    """

    runs: int = 0
    lanes: int = 0
    requests: int = 0
    sectors: int = 0
    ideal: int = 0
    shared: int = 0
    passes: int = 0
    loads: int = 0
    stores: int = 0
    atomic: int = 0
    divergent: int = 0
    barriers: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Count)))

    @property
    def conflicts(self) -> int:
        """How often banks were asked again, as two words lay in one."""
        return self.passes - self.shared


def warps(values: np.ndarray, active: np.ndarray) -> np.ndarray:
    """A row for each warp: the values of its threads, -1 for those that do nothing."""
    shape = np.broadcast_shapes(values.shape, active.shape)
    rows = np.where(active, values, -1)
    return np.broadcast_to(rows, shape).reshape(-1, WARP)


def distinct(rows: np.ndarray) -> np.ndarray:
    """How many different values each row has, without -1.

    >>> distinct(np.array([[3, 3, -1, 5], [-1, -1, -1, -1]]))
    array([2, 0])
    """
    rows = np.sort(rows, axis=1)
    changes = (rows[:, 1:] != rows[:, :-1]) & (rows[:, 1:] >= 0)
    return changes.sum(1) + (rows[:, 0] >= 0)


def sectors(rows: np.ndarray, itemsize: int) -> tuple[int, int, int]:
    """(requests, sectors, ideal sectors) of warps that touch these places of global memory.

    >>> sectors(np.arange(32)[None], 4), sectors(np.arange(32)[None] * 8, 4)
    ((1, 4, 4), (1, 32, 4))
    """
    each = distinct(rows)
    ideal = -(-each * itemsize // SECTOR)
    real = distinct(np.where(rows < 0, -1, rows * itemsize // SECTOR))
    return int((each > 0).sum()), int(real.sum()), int(ideal.sum())


def bank_passes(rows: np.ndarray, itemsize: int, wide: int = 1) -> tuple[int, int]:
    """(accesses, passes) of warps that touch these places of shared memory.

    A word that several threads read is fetched once; other words of its bank wait.

    wide   numbers side by side that each thread reads from its place on; 32 words are one access

    >>> bank_passes(np.arange(32)[None], 4), bank_passes(np.arange(32)[None] * 32, 4)
    ((1, 1), (1, 32))
    >>> bank_passes(np.arange(32)[None] * 4, 4, wide=4)
    (4, 4)
    """
    beside = (rows[:, :, None] + np.arange(wide)).reshape(len(rows), -1)
    rows = np.where(rows.repeat(wide, axis=1) < 0, -1, beside)
    words = np.sort(np.where(rows < 0, -1, rows * itemsize // WORD), axis=1)
    first = words >= 0
    first[:, 1:] &= words[:, 1:] != words[:, :-1]
    row, lane = np.nonzero(first)
    places = row * BANKS + words[row, lane] % BANKS
    asked = np.bincount(places, minlength=len(words) * BANKS).reshape(-1, BANKS).max(1)
    ideal = -(-first.sum(1) // BANKS) if wide > 1 else asked > 0
    return int(ideal.sum()), int(asked.sum())
