"""Finds good loops for a kernel by trying: compile, run in turns, keep what took least.

    tune(kernel) -> Tried         every choice with its time, the recipe's first
    compared(kernel, cooks)       seconds of one run of the recipe's loops, and of others

It begins with the recipe's choice and tries what lies near the best so far, until nothing there is
better. The processor time of this thread counts, not the clock on the wall: others may use the
machine too.
"""

from __future__ import annotations

import hashlib
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinylearn.devices import loading
from tinylearn.devices.buffer import aligned
from tinylearn.devices.c_device import Memory, Written, here
from tinylearn.devices.device import Program
from tinylearn.devices.tuned import keep
from tinylearn.graph.node import Node
from tinylearn.loops.chosen import Cook
from tinylearn.loops.lower import lower
from tinylearn.loops.machine import MOST_TRIED, SAMPLE, SAMPLES, TRIES, WORTH_KEEPING
from tinylearn.loops.rewrites import rewritten
from tinylearn.loops.tree import Function, Refused, plain
from tinylearn.loops.tries import Way, counted, loops_for, near, said
from tinylearn.render.c import before
from tinylearn.schedule.kernel import Kernel

RECIPE = "the recipe"
CLOSE = {"float32": 1e-4, "float64": 1e-9}  # of the largest: other orders of adding are fine


@dataclass(frozen=True)
class Row:
    """One way that was tried.

    seconds   of one run
    ratio     to the recipe's, which ran in turns with it
    """

    says: str
    seconds: float
    ratio: float


@dataclass(frozen=True)
class Tried:
    """What came of tuning one kernel.

    tree     its plain loops
    rows     every way, the recipe first
    winner   the one that runs from now on; the recipe's if none is better
    """

    kernel: Kernel
    tree: Function
    rows: tuple[Row, ...]
    winner: Row


def tune(kernel: Kernel) -> Tried:
    """Try ways to run a kernel's loops, and keep the best on disk for this machine.

    A way is kept only if it wins a second match against the recipe, by more than chance: the best
    of many medians looks better than it is.
    """
    trial = Trial(kernel)
    best: Way | None = trial.first if any(trial.first) else None
    for _ in range(TRIES):
        fresh = list(trial.fresh(best)) if best else []
        if not fresh:
            break
        trial.match(fresh)
        if best == (best := trial.best()):
            break
    return trial.finish()


def compared(kernel: Kernel, *cooks: Cook) -> list[float]:
    """Seconds of one run with the recipe's loops, and with others, which run in turns with them.

    Raises   Refused for loops that cannot be written in C
    """
    trial = Trial(kernel)
    written = {0: trial.recipe}
    for number, cook in enumerate(cooks, 1):
        function = replace(cook.function, name=f"kernel_{number}")
        written[number] = Written.as_cooked(kernel, Cook(function))
    return timed([trial.call(p) for p in trial.programs(written).values()], SAMPLES)


class Trial:
    """A kernel, numbers for it to run on, and what was found so far.

    ratios   the time of each choice as a part of the recipe's; inf for one that cannot be written,
             or whose numbers are others
    """

    def __init__(self, kernel: Kernel):
        self.kernel, self.machine = kernel, here()
        self.nest = rewritten(lower(kernel))
        self.recipe = Written.by_recipe(kernel, self.nest, "kernel_0")
        self.first = counted(self.nest, self.machine)
        self.ratios: dict[Way, float] = {}
        self.rows: dict[Way | None, Row] = {}
        if self.recipe.by_blas is None:
            self.ratios[self.first] = 1.0  # that is the recipe itself
        draw = np.random.default_rng(0)
        self.outputs = [memory_for(n) for n in kernel.outputs]
        self.given = [memory_for(n, draw) for n in kernel.loaded]

    def fresh(self, best: Way) -> Iterator[Way]:
        """What lies near the best so far and was not tried yet."""
        around = dict.fromkeys([best, *near(self.nest, best, self.machine)])
        yield from [c for c in around if c not in self.ratios][:MOST_TRIED]

    def match(self, choices: Sequence[Way], samples: int = SAMPLES) -> None:
        """Run the recipe's loops and these in turns; note the times."""
        written: dict[Way | None, Written] = {None: self.recipe}
        for number, choice in enumerate(choices, 1):
            cook = loops_for(self.nest, f"kernel_{number}", choice, self.machine)
            self.ratios[choice] = math.inf
            try:
                if cook is not None:
                    written[choice] = Written.as_cooked(self.kernel, cook)
            except Refused:
                continue
        calls = self.right(self.programs(written))
        seconds = dict(zip(calls, timed(list(calls.values()), samples), strict=True))
        self.rows.setdefault(None, Row(RECIPE, seconds[None], 1.0))
        for choice in set(choices) & set(seconds):
            self.ratios[choice] = seconds[choice] / seconds[None]
            self.rows[choice] = Row(said(choice), seconds[choice], self.ratios[choice])

    def programs(self, written: Mapping[Any, Written]) -> dict[Any, Program]:
        """All of them compiled, in a library that is not kept."""
        texts = [w.in_c.text for w in written.values() if w.in_c is not None]
        data = loading.compiled("\n".join([before(texts), *texts]))
        name = hashlib.sha256(data).hexdigest()  # a file that is loaded must not be written again
        library = loading.loaded(f"{name}.so", data, None)
        return {which: w.program(library) for which, w in written.items()}

    def right(self, programs: Mapping[Way | None, Program]) -> dict[Way | None, Callable]:
        """What calls each of them, but for those whose numbers are not the recipe's."""
        expected, found = None, {}
        for choice, program in programs.items():
            for memory in self.outputs:
                memory.array.fill(0)
            call = self.call(program)
            call()
            numbers = [memory.array.copy() for memory in self.outputs]
            expected = expected or numbers
            if all(map(close, numbers, expected)):
                found[choice] = call
        return found

    def call(self, program: Program) -> Callable[[], None]:
        """A program on the numbers of this trial."""
        memory = [*self.outputs, *self.given]
        arguments = [eval(program.argument.format("m"), {"m": m}) for m in memory]
        return lambda: program.run(*arguments)

    def best(self) -> Way | None:
        """The choice that took least."""
        return min(self.ratios, key=lambda choice: self.ratios[choice], default=None)

    def finish(self) -> Tried:
        """The second match, and its result on disk."""
        best, won = self.best(), False
        if best is not None and self.ratios[best] <= WORTH_KEEPING:
            self.match([best], 2 * SAMPLES)
            won = self.ratios[best] <= WORTH_KEEPING
        cook = loops_for(self.nest, "kernel", best, self.machine) if best and won else None
        tree, rows = plain(self.nest), tuple(self.rows.values())
        keep(tree, None if cook is None else cook.moves)
        winner = self.rows.get(None if cook is None else best, Row(RECIPE, math.nan, 1.0))
        return Tried(self.kernel, tree, rows, winner)


def memory_for(node: Node, draw: np.random.Generator | None = None) -> Memory:
    """Memory for a node: numbers around 1, places that are there, or nothing yet."""
    array = aligned(node.shape, node.dtype.numpy)
    array.fill(0)
    if draw is not None and node.dtype.is_float:
        array[...] = draw.uniform(0.5, 1.5, node.shape)
    return Memory(array)


def close(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether numbers differ by no more than the order of sums explains."""
    most = np.abs(expected).max(initial=0) * CLOSE.get(str(expected.dtype), 0.0)
    return bool(np.allclose(found, expected, rtol=0, atol=most, equal_nan=True))


def timed(calls: Sequence[Callable[[], None]], samples: int) -> list[float]:
    """Processor seconds of one run of each: all in turns, the median of the samples."""
    often = [max(1, round(SAMPLE / (seconds_of(call, 3) or 1e-7))) for call in calls]
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(samples):
        for k, call in enumerate(calls):
            times[k].append(seconds_of(call, often[k]))
    return [statistics.median(t) for t in times]


def seconds_of(call: Callable[[], None], often: int) -> float:
    """Processor seconds of one run."""
    began = time.thread_time()
    for _ in range(often):
        call()
    return (time.thread_time() - began) / often
