"""Runs a tree for a GPU on arrays, checks every access of every thread, and counts the costs.

simulate(function, {"out0": out, "in0": x}) -> Report; what is written is in `out` afterwards
simulate_all(...) -> a Report for each launch, of a tree that is several
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from tinylearn.devices.simulator.counting import WARP, Count
from tinylearn.devices.simulator.lanes import Lanes, numbered, poison
from tinylearn.devices.simulator.launched import Launched
from tinylearn.devices.simulator.report import Report
from tinylearn.devices.simulator.touches import Touches
from tinylearn.loops.launches import launches, left_between
from tinylearn.loops.phases import launch
from tinylearn.loops.private import private
from tinylearn.loops.text import shown
from tinylearn.loops.tree import Function

AT_ONCE = 1 << 17  # threads: so many fill the caches with a few arrays


def simulate(
    function: Function,
    given: Mapping[str, np.ndarray],
    lines: Sequence[str] = (),
    *,
    races: bool = True,
    seed: int | None = None,
) -> Report:
    """Run all blocks; the arrays that the function writes hold its numbers afterwards.

    given    an array for each argument, with as many numbers, next to each other
    lines    what each statement is called, in the order of the tree's text; its text if not given
    races    whether two threads that meet at one place are an error; if not, the last one wins
    seed     shuffles blocks and warps, for kernels that hang on their order; None: no shuffling
    Raises   RaceError, BoundsError, BarrierError with the first thing that goes wrong
    """
    start = launch(function)
    names = tuple(lines) or tuple(row.strip() for row in shown(function).splitlines()[1:])
    own = private(function)
    rows = {name: array.reshape(1, -1) for name, array in given.items()}
    written = [m for m in function.arguments if m.name in function.written]
    launched = Launched(
        start,
        {m.name: m for m in function.arguments},
        rows,
        {m.name: Touches(m, start.thread_count, False) for m in written},
        names,
        [Count() for _ in names],
        races,
        None if seed is None else np.random.default_rng(seed),
    )
    body = numbered(own.body, itertools.count())
    width = -(-start.thread_count // WARP) * WARP
    blocks = np.arange(start.block_count)
    if launched.order is not None:
        launched.order.shuffle(blocks)
    step = max(1, AT_ONCE // width)
    with np.errstate(all="ignore"):
        for first in range(0, len(blocks), step):
            lanes = Lanes(launched, blocks[first : first + step])
            lanes.run(body, lanes.everybody, frozenset())
    counts, accesses = tuple(launched.counts), tuple(launched.accesses.values())
    return Report(function.name, start, names, counts, accesses)


def simulate_all(function: Function, given: Mapping[str, np.ndarray]) -> list[Report]:
    """Run all launches of a tree, one after the other, on the same memory."""
    between = {m.name: np.full(m.size, poison(m.dtype)) for m in left_between(function)}
    there = {**given, **between}
    return [simulate(f, {m.name: there[m.name] for m in f.arguments}) for f in launches(function)]
