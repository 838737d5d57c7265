"""A tape: the kernels of a whole training step in a row, on memory that stays, to be run again.

    tape = Tape(runs); tape.close(pairs)
    tape.put(slot, memory)     where an argument, or an answer, lies this time
    tape.run()

Every piece of memory has a slot. What changes from call to call (weights, what an optimizer
remembers) lies in two: a turn reads the one and writes the other, the next turn the other way
round. So what a turn began with is there until the next, and a turn that is interrupted has changed
nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device, Program, Row
from tinylearn.devices.recorder import Run
from tinylearn.plan.memory import one_after_another

Calls = list[tuple[Program, list[int]]]


class Pair(NamedTuple):
    """What changes: the slot that is read (None: it is not), the slot that is written, and the
    memory in which it lies after an even and after an odd turn.
    """

    old: int | None
    new: int
    where: tuple[Any, Any]


class Tape:
    """The programs of some runs, and the memory of their slots in even and in odd turns.

    turn     0 or 1: whose memory the next run takes
    memory   of each turn: the memory of each slot
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self.turn = 0
        self.memory: tuple[list[Any], list[Any]] = ([], [])
        self.slots: dict[int, int] = {}  # by the id of a buffer
        self.kept: list[Buffer] = []
        self.taken: list[tuple[Device, Any]] = []
        self.calls: Calls = []
        self.rows: list[Row] = []
        self.pieces: list[Callable[[int], None]] = []
        for run in runs:
            self.add(run)

    def add(self, run: Run) -> None:
        """One more run, its programs on slots of the tape."""
        layout = run.plan.layout
        slots = [self.slot(b) for b in run.given]
        made = dict(zip(layout.outputs, run.made, strict=True))
        for k, shape, dtype, device in layout.results:
            slots.append(self.slot(made[k]) if k in made else self.room(shape, dtype.numpy, device))
        slots += [self.room(shape, numpy, device) for _, shape, numpy, device in layout.scratch]
        self.calls += [(program, [slots[k] for k in places]) for program, places in layout.calls]

    def slot(self, buffer: Buffer) -> int:
        """The slot of a buffer; a new one if it has none."""
        if id(buffer) not in self.slots:
            self.kept.append(buffer)  # or its id would go to another
            self.slots[id(buffer)] = len(self.memory[0])
            self.memory[0].append(Device.known[buffer.device].memory(buffer))
        return self.slots[id(buffer)]

    def room(self, shape: Sequence[int], numpy: np.dtype, device: str) -> int:
        """A slot of memory that is the tape's own."""
        home = Device.known[device]
        self.taken.append((home, home.take(tuple(shape), numpy)))
        self.memory[0].append(self.taken[-1][1])
        return len(self.memory[0]) - 1

    def __del__(self) -> None:
        for home, memory in self.taken:
            home.give(memory)

    def close(self, pairs: Sequence[Pair]) -> None:
        """All runs are there: from now on the tape can be run."""
        self.memory[1][:] = self.memory[0]
        for turn, memory in enumerate(self.memory):
            for old, new, where in pairs:
                memory[new] = where[turn]
                if old is not None:
                    memory[old] = where[1 - turn]
        for (rows, _), calls in itertools.groupby(self.calls, how_and_where):
            self.pieces.append(self.piece(rows, list(calls)))

    def piece(self, rows: Callable[..., Row] | None, calls: Calls) -> Callable[[int], None]:
        """A function of the turn that makes these calls."""
        if rows is not None:
            self.rows.append(rows([(program.run, slots) for program, slots in calls], self.memory))
            return self.rows[-1].run
        steps, memory = one_after_another(calls), self.memory

        def run(turn: int) -> None:
            with np.errstate(all="ignore"):
                steps(memory[turn])

        return run

    def put(self, slot: int, memory: Any, turn: int | None = None) -> None:
        """Where a slot lies in a turn; None: in the next."""
        turn = self.turn if turn is None else turn
        self.memory[turn][slot] = memory
        for row in self.rows:
            row.put(turn, slot, memory)

    def run(self) -> None:
        """Run everything, and take the other turn next. An interrupt leaves it as it was."""
        for piece in self.pieces:
            piece(self.turn)


def how_and_where(call: tuple[Program, list[int]]) -> tuple[Any, str]:
    """What calls in a row have in common that are made as one: how, and on which device."""
    program = call[0]
    return program.rows, program.kernel.outputs[0].device
