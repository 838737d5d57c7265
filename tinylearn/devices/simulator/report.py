"""What a simulated kernel has cost: a table line by line, totals, and where one warp looked."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import add

import numpy as np

from tinylearn.devices.simulator.counting import WARP, Count
from tinylearn.devices.simulator.picture import table
from tinylearn.loops.phases import Extent, Launch

COLUMNS = (  # numbers of a Count; a column is shown if any line has one
    "runs",
    "requests",
    "sectors",
    "ideal",
    "shared",
    "conflicts",
    "divergent",
    "barriers",
)


def by_axes(extent: Extent) -> str:
    """How many there are along x, y and z, without axes of one at the end.

    >>> by_axes((4, 1, 1)), by_axes((4, 2, 1)), by_axes((1, 2, 1))
    ('4', '4×2', '1×2')
    """
    x, y, z = extent
    return f"{x}×{y}×{z}" if z > 1 else f"{x}×{y}" if y > 1 else f"{x}"


@dataclass(frozen=True)
class Access:
    """Where one warp touched memory, each time that it came by one line.

    memory, space   what was touched
    places          a row for each time, a column for each of 32 threads; -1: it did nothing
    """

    line: int
    memory: str
    space: str
    itemsize: int
    places: list[np.ndarray] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """What a launch has cost.

    lines      what each line is called: the tree's, or those of the Python function
    counts     what each line has cost
    accesses   where the first warp of the first block touched memory
    """

    name: str
    launch: Launch
    lines: tuple[str, ...]
    counts: tuple[Count, ...]
    accesses: tuple[Access, ...]

    @property
    def total(self) -> Count:
        """All lines together."""
        return reduce(add, self.counts, Count())

    @property
    def loads_per_store(self) -> float:
        """Numbers loaded from global memory for each that is stored there; 0 if none is."""
        total = self.total
        return total.loads / total.stores if total.stores else 0.0

    def text(self) -> str:
        """The table: a row for each line that has run, and their sum."""
        shown = self.columns()
        rows = [[line, *self.cells(count, shown)] for line, count in self.rows()]
        rows.append(["all lines", *self.cells(self.total, shown)])
        heads = [self.title(), *shown]
        widths = [max(len(row[k]) for row in [heads, *rows]) for k in range(len(heads))]
        lines = ["  ".join(self.aligned(row, widths)).rstrip() for row in [heads, *rows]]
        return "\n".join([*lines, *self.sentences()])

    def columns(self) -> list[str]:
        """The columns in which anything stands."""
        return [c for c in COLUMNS if any(getattr(count, c) for count in self.counts)]

    def rows(self) -> list[tuple[str, Count]]:
        """The lines that have run, each with what it has cost."""
        return [
            (n, c) for n, c in zip(self.lines, self.counts, strict=True) if c.runs or c.barriers
        ]

    def title(self) -> str:
        """What was launched."""
        grid, block = self.launch.blocks, self.launch.threads
        blocks = "block" if self.launch.block_count == 1 else "blocks"
        threads = "thread" if self.launch.thread_count == 1 else "threads"
        return f"{self.name}: {by_axes(grid)} {blocks} of {by_axes(block)} {threads}"

    def cells(self, count: Count, shown: list[str]) -> list[str]:
        return [f"{getattr(count, c):,}" if getattr(count, c) else "" for c in shown]

    def aligned(self, row: list[str], widths: list[int]) -> list[str]:
        first, *others = zip(row, widths, strict=True)
        return [first[0].ljust(first[1]), *(cell.rjust(w) for cell, w in others)]

    def sentences(self) -> list[str]:
        """What the totals mean."""
        total, said = self.total, []
        if total.sectors:
            used = total.ideal / total.sectors
            said.append(f"{used:.0%} of the bytes that were moved are needed")
        if total.stores:
            numbers = "number" if self.loads_per_store == 1 else "numbers"
            said.append(f"{self.loads_per_store:.3g} {numbers} loaded for each one stored")
        if total.conflicts:
            said.append(
                f"{total.passes / total.shared:.3g} passes for each access to shared memory"
            )
        if total.runs:
            said.append(
                f"{total.lanes / (WARP * total.runs):.0%} of each warp's 32 threads at work"
            )
        return ["", *said] if said else []

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        """The table for a notebook, with a picture of each access of the first warp."""
        return table(self, self.columns())
