"""Times of several columns, taken in turns: A B C D A B C D ...

A machine's speed drifts; columns that take turns drift together, so a ratio is taken within each
round, and the median of the ratios is reported. The time of the thread's own work ("CPU") leaves
out what other processes took; the wall time is what a user waits.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from benchmarks import THREADS
from benchmarks.works import Step

TURN = 0.01  # seconds: a turn repeats short steps until it lasts about so long
WARM = 3  # steps before anything is timed; the columns are compared after them
PAUSE = 0.3  # seconds in which a peer's idle threads stop spinning, where there are any
LARGE = 31 * 1024 * 1024  # bytes: the largest block after which glibc changes its habits


@dataclass
class Times:
    """What one column took for one step, in microseconds, a number for each round."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def ratio(self, to: Times, kind: str) -> float:
        """The median over the rounds of this column's time divided by another's."""
        pairs = zip(getattr(self, kind), getattr(to, kind), strict=True)
        return median(mine / theirs for mine, theirs in pairs)


def clocks() -> tuple[int, int]:
    """CPU time of this thread and wall time, in nanoseconds."""
    return time.thread_time_ns(), time.perf_counter_ns()


def threads() -> str:
    """How many threads the libraries may start, as the environment says."""
    return "/".join(sorted({os.environ.get(name, "?") for name in THREADS}))


def keep_freed_memory() -> None:
    """Let the C library keep what is freed, as it does in a process that has run for a while.

    A young process gives every freed array of more than 128 kB back to the system and pays for
    fresh pages: 3,000 of them and 6 ms in a step of LeNet by hand. Once a large block has been
    freed, glibc keeps all smaller ones. So it is for every column, whoever comes first.
    """
    np.empty(LARGE, np.uint8)


def warmed(steps: dict[str, Step]) -> dict[str, float]:
    """Run the first steps of each column: what each came to."""
    values = {}
    for name, step in steps.items():
        for k in range(WARM):
            step.run(k)
        values[name] = float(step.value())
    return values


def check(values: dict[str, float], tolerance: float = 1e-3) -> None:
    """Raise ValueError if the columns did not compute the same."""
    middle = median(values.values())
    for name, value in values.items():
        if not abs(value - middle) <= tolerance * max(1.0, abs(middle)):
            raise ValueError(f"{name} came to {value!r}, the columns together to {values!r}")


def in_turns(steps: dict[str, Step], rounds: int) -> dict[str, Times]:
    """The times of the columns; they must be warm."""
    counts = {name: repeats(step) for name, step in steps.items()}
    times = {name: Times() for name in steps}
    pause = PAUSE if threads() != "1" else 0.0
    done = WARM + 1
    for _ in range(rounds):
        for name, step in steps.items():
            time.sleep(pause)
            step.run(done)  # not timed: it brings this column's memory back into the cache
            cpu, wall = timed(step.run, done + 1, counts[name])
            times[name].cpu.append(cpu)
            times[name].wall.append(wall)
        done += 1
    return times


def repeats(step: Step) -> int:
    """How many steps make a turn."""
    _, wall = timed(step.run, WARM, 1)
    return max(1, min(100, round(TURN * 1e6 / wall)))


def timed(run: Callable[[int], None], first: int, count: int) -> tuple[float, float]:
    """CPU and wall microseconds of one of `count` steps."""
    cpu, wall = clocks()
    for k in range(first, first + count):
        run(k)
    later_cpu, later_wall = clocks()
    return (later_cpu - cpu) / count / 1000, (later_wall - wall) / count / 1000
