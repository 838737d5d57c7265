"""Runs what an answer's kernel was read as, beside the grader, and counts there.

    launched(question, packed, args)     what the question's `run` measures
    hidden_numbers(args)                 the arguments as an answer's process may know them

The child says only what tree each launch is (inside/traces.py). It is read from its text, looked
through before it runs, and launched on numbers that the child has never seen. Whatever counts,
checks and refuses stands here. Runs in the assessor's process (assess.py), never in the grader's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...devices.simulator.report import Report
from ...graph.primitives import Primitive
from ...kernels.launch import extent
from ...kernels.traced import Traced, as_array, unpacked
from ...kernels.words import KernelError
from ...loops.check import well_formed
from ...loops.phases import Launch, launch, nested
from ...loops.run import Broken
from ...loops.statements import Apply, Let, Memory, Store
from ...loops.text import INDENT
from ...loops.tree import Accumulate, Allocate, Body, Function, If, Loop, statements
from ..inside.values import BadValue, Raised, Thing
from ..question import Question

MOST_ROWS, LONGEST_ROW = 2_000, 1_000  # of a tree's text, and characters
DEEPEST = 24  # loops and ifs inside each other
MOST_STEPS = 20_000  # statements that one launch runs: a fifth of a millisecond each, at most
MOST_WORK = 8_000_000  # numbers that they compute, over all threads
MOST_MADE = 1_000_000  # numbers of shared memory and registers, over all blocks


def launched(question: Question, packed: Any, args: tuple[Any, ...]) -> Any:
    """What `run` gives for a kernel whose launches were read as these trees."""
    if isinstance(packed, Raised | Thing) or not isinstance(packed, list) or not packed:
        return packed
    return question.call(Sent(packed), args)


def hidden_numbers(value: Any) -> Any:
    """The same shapes, kinds and plain numbers; arrays full of zeros."""
    if isinstance(value, np.ndarray):
        return np.zeros_like(value)
    if isinstance(value, list | tuple):
        return type(value)(hidden_numbers(item) for item in value)
    return value


class Sent:
    """Stands for a kernel: each launch runs what was sent for it."""

    def __init__(self, packed: Sequence[Any]) -> None:
        self.left = iter(packed)

    def __getitem__(self, sizes: tuple[Any, Any]) -> Callable[..., Report]:
        asked = Launch(extent(sizes[0], "blocks"), extent(sizes[1], "threads"))

        def run(*arguments: Any, races: bool = True, seed: int | None = None) -> Report:
            traced = looked_through(next(self.left, None), asked, [as_array(a) for a in arguments])
            return traced.run(arguments, races, seed)

        return run


# ---------------------------------------------------------------- looked through before it runs


def looked_through(data: Any, asked: Launch, arguments: Sequence[Any]) -> Traced:
    """The launch that some data describe. Raises BadValue unless it is one for these arguments."""
    try:
        refuse_size(data["tree"])
        traced = unpacked(data)
        fits(traced, asked, arguments)
        well_formed(traced.function)
        nested(traced.function.body, ())
    except (Broken, BadValue) as error:
        raise BadValue(f"not a kernel's tree: {error}") from None
    except Exception as error:  # a stranger wrote it: any line of the reader may stumble
        raise BadValue(f"not a kernel's tree: {type(error).__name__}") from None
    refuse_work(traced.function, asked)
    return traced


def refuse_size(text: Any) -> None:
    """Raise BadValue for a text that takes long to read."""
    rows = text.splitlines()
    deep = INDENT * DEEPEST
    if len(rows) > MOST_ROWS or any(len(r) > LONGEST_ROW or r.startswith(deep) for r in rows):
        raise BadValue("too long a text")


def fits(traced: Traced, asked: Launch, arguments: Sequence[Any]) -> None:
    """Raise BadValue unless it is a launch of this size for these arrays, with lines of its own."""
    function, rows = traced.function, traced.python.rows
    arrays = [(a.shape, a.dtype.name) for a in arguments if isinstance(a, np.ndarray)]
    if [(m.shape, m.dtype.name) for m in function.arguments] != arrays:
        raise BadValue("other arguments")
    works = any(isinstance(s, Let | Store | Accumulate) for s in statements(function.body))
    if works and launch(function) != asked:  # a kernel with nothing to do has no loop over threads
        raise BadValue("another number of blocks or threads")
    count = len(list(statements(function.body)))
    places = range(traced.python.first, traced.python.first + len(rows))
    good = all(line in places for line in traced.lines) and all(type(r) is str for r in rows)
    if not good or not len(traced.lines) == len(traced.counted) == count:
        raise BadValue("statements that stand on no line")
    for s in statements(function.body):
        if isinstance(s, Let) and isinstance(s.expression, Apply):
            op = s.expression.op
            if isinstance(op, Primitive) and op.kind != "elementwise":
                raise BadValue(f"{op.name} is nothing that a thread computes")


def refuse_work(function: Function, asked: Launch) -> None:
    """Raise KernelError for a tree that takes too long to run, or too much memory."""
    count = steps(function.body)
    if count > MOST_STEPS:
        says = f"a launch runs {few(count)} statements, and a check waits for {MOST_STEPS:,}"
        raise KernelError(says, "fewer rounds, or more threads")
    lanes = asked.block_count * max(32, asked.thread_count)
    if count * lanes > MOST_WORK:
        says = f"its threads compute {few(count * lanes)} numbers: a check waits for {MOST_WORK:,}"
        raise KernelError(says, "fewer rounds")
    own = sum(made(s.memory, asked) for s in statements(function.body) if isinstance(s, Allocate))
    if own > MOST_MADE:
        says = f"it makes {few(own)} numbers of memory, and {MOST_MADE:,} are allowed"
        raise KernelError(says, "a smaller tl.shared or tl.private")


def few(count: int) -> str:
    """A count in words that fit a line."""
    return f"{count:,}" if count < 10**12 else "more than 10^12"


def steps(body: Body) -> int:
    """How many statements run at most, those of blocks and threads once for all of them."""
    count = 0
    for s in body:
        inside = steps(s.body) if isinstance(s, Loop | If) else 0
        serial = isinstance(s, Loop) and "." not in s.kind
        count += 1 + inside * (s.variable.size if isinstance(s, Loop) and serial else 1)
    return count


def made(memory: Memory, asked: Launch) -> int:
    """How many numbers a piece of memory has in all blocks together."""
    return memory.size * (asked.block_count if memory.space == "shared" else 1)
