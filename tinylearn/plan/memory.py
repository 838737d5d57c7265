"""Memory of a plan: a numbered slot for each node that is stored, and the numbers that are given.

    lay_out(simplified, programs) -> Layout      which slot each program reads and writes

Slots are counted: first what the plan is given, then what it leaves behind, then scratch, which is
only needed in between and used again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device, Program
from tinylearn.graph.node import Given, Node, Shape
from tinylearn.graph.simplify import Simplified
from tinylearn.plan.request import Request
from tinylearn.schedule.kernel import is_source, loaded_for

IDLE_LIMIT = 1 << 18  # bytes of scratch memory that a plan keeps between its runs
NUMBER_LIMIT = 4096  # constants kept as numbers in memory
NUMBERS: dict[tuple, Buffer] = {}


@dataclass
class Layout:
    """Where everything lies while a plan runs.

    calls     (program, slots of its arguments), in running order
    steps     runs all calls on the memory of the slots
    scratch   (slot, shape, dtype, device) of memory only needed in between
    little    whether that is so little that it is kept from the second run on
    results   (slot, shape, dtype, device) of memory that stays
    outputs   the slot of each output; None for an output that is a constant
    """

    calls: list[tuple[Program, list[int]]] = field(default_factory=list)
    steps: Callable[[list], None] = field(default=lambda memory: None)
    scratch: list[tuple[int, Shape, np.dtype, str]] = field(default_factory=list)
    little: bool = False
    results: list[tuple] = field(default_factory=list)
    outputs: list[int | None] = field(default_factory=list)


def lay_out(simplified: Simplified, programs: Sequence[Program]) -> Layout:
    """Give each stored node a slot; memory that is only needed in between is used again."""
    layout = Layout()
    slots: dict[Node, int] = {}
    for k, leaf in enumerate(simplified.leaves):
        slots[loaded_for(leaf) or leaf] = k
    for node in simplified.outputs:
        if not is_source(node) and node not in slots:
            layout.results.append((len(slots), node.shape, node.dtype, node.device))
            slots[node] = len(slots)
    last_use = {n: k for k, p in enumerate(programs) for n in p.kernel.loaded}
    scratch: set[int] = set()
    count = len(slots)
    free: dict[tuple, list[int]] = {}
    for k, program in enumerate(programs):
        for node in program.kernel.outputs:
            if node not in slots:
                kind = (node.shape, node.dtype.numpy, node.device)
                if free.get(kind):
                    slots[node] = free[kind].pop()
                else:
                    slots[node] = count
                    layout.scratch.append((count, *kind))
                    scratch.add(count)
                    count += 1
        for node in program.kernel.loaded:
            kind = (node.shape, node.dtype.numpy, node.device)
            if last_use[node] == k and slots[node] in scratch:
                free.setdefault(kind, []).append(slots[node])
        arguments = program.kernel.outputs + program.kernel.loaded
        layout.calls.append((program, [slots[n] for n in arguments]))
    needed = sum(math.prod(shape) * numpy.itemsize for _, shape, numpy, _ in layout.scratch)
    layout.little = needed <= IDLE_LIMIT
    layout.steps = one_after_another(layout.calls)
    layout.outputs = [slots.get(n) for n in simplified.outputs]
    return layout


def one_after_another(calls: Sequence[tuple[Program, list[int]]]) -> Callable[[list], None]:
    """A function of the slots' memory that makes these calls: written out, so that it costs less.

    def steps(memory): kernel0(memory[3], memory[0], memory[1]); kernel1(...); ...
    """
    lines = ["def steps(memory):", "    pass"]
    for k, (program, slots) in enumerate(calls):
        arguments = [program.argument.format(f"memory[{slot}]") for slot in slots]
        lines.append(f"    kernel{k}({', '.join(arguments)})")
    names: dict[str, Any] = {f"kernel{k}": program.run for k, (program, _) in enumerate(calls)}
    exec(compile("\n".join(lines), "<generated steps>", "exec"), names)
    steps: Callable[[list], None] = names["steps"]
    return steps


# ---------------------------------------------------------------- what a run is given


def filled(constant: Node, request: Request) -> Buffer:
    """The buffer of a constant that is an output."""
    value = constant.arg
    if isinstance(value, Given):
        value = request.given[value.place - len(request.leaves)].arg
    return Device.known[constant.device].filled(constant.shape, constant.dtype, value)


def one_number(constant: Node) -> Buffer:
    """A constant as a plan is given it: one number in memory, kept for the next time."""
    key = constant.arg, constant.dtype, constant.device
    found = NUMBERS.get(key)
    if found is None:
        found = Device.known[constant.device].filled((), constant.dtype, constant.arg)
        if len(NUMBERS) >= NUMBER_LIMIT:
            NUMBERS.clear()
        NUMBERS[key] = found
    return found
