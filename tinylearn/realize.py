"""Makes numbers: graph -> simplified graph -> schedule -> programs of a device -> buffers.

    realize([node, ...])      each node gets its buffer; all are computed in one schedule

What is worked out for a graph is kept as a Plan under the graph's structure: which operations on
which shapes, not whose data. The second training step finds the first one's plan. Constants are
arguments of a plan, too, but for a few that simplify what is done with them: what has run before
never decides how a graph is computed.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinylearn.changes import alone_on, free_in_child
from tinylearn.devices import library
from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device, Program
from tinylearn.graph.deferred import spelled_out, with_inputs
from tinylearn.graph.node import Given, Node, Shape, built_for, inputs_first, walk_unrealized
from tinylearn.graph.primitives import (
    BUFFER,
    CONST,
    COPY,
    DETACH,
    DYNAMIC_PAD,
    DYNAMIC_SLICE,
    SHRINK,
)
from tinylearn.graph.simplify import Simplified, simplify, stand_in_for
from tinylearn.request import Request
from tinylearn.schedule.kernel import ALONE, Kernel, is_source, loaded_for
from tinylearn.schedule.schedule import schedule

PLAN_LIMIT = 512  # plans kept; the oldest goes first: one that is still needed is made again
LARGE = 30_000  # nodes; a plan for so many takes tens of megabytes
NUMBER_LIMIT = 4096  # constants kept as numbers in memory
IDLE_LIMIT = 1 << 18  # bytes of scratch memory that a plan keeps between its runs
LOCK = threading.RLock()  # whoever makes plans, runs them, or changes what they are found by
free_in_child(LOCK)


@dataclass
class Plan:
    """How a graph of some structure is computed.

    simplified              the graph on stand-ins
    kernels                 in running order
    programs                in running order
    calls                   (program, slots of its arguments)
    steps                   runs all calls on the memory of the slots
    scratch                 (slot, shape, dtype, device) of memory only needed in between
    little                  whether that is so little that it is kept from the second run on
    again                   whether it ran before
    idle                    the memory that was kept
    results                 (slot, shape, dtype, device) of memory that stays
                            (slots are counted: what is given, results, scratch)
    outputs                 the slot of each output; None for an output that is a constant
    """

    simplified: Simplified
    kernels: list[Kernel]
    programs: list[Program] = field(default_factory=list)
    calls: list[tuple[Program, list[int]]] = field(default_factory=list)
    steps: Callable[[list], None] = field(default=lambda memory: None)
    scratch: list[tuple[int, Shape, np.dtype, str]] = field(default_factory=list)
    little: bool = False
    again: bool = False
    idle: list | None = None
    results: list[tuple] = field(default_factory=list)
    outputs: list[int | None] = field(default_factory=list)

    def run(self, request: Request) -> list[Buffer]:
        """Compute: the buffers of the outputs."""
        known = Device.known
        buffers = [n.buffer for n in request.leaves]
        buffers += [one_number(n) for n in request.given]
        memory: list[Any] = [
            known[b.device].memory(b) if b.data is None else b.data for b in buffers
        ]
        for _, shape, dtype, device in self.results:
            buffers.append(known[device].allocate(shape, dtype))
            memory.append(buffers[-1].data)
        scratch, self.idle = self.idle, None  # taken: nobody else runs on it meanwhile
        if scratch is None:
            scratch = [known[d].take(shape, numpy) for _, shape, numpy, d in self.scratch]
        with np.errstate(all="ignore"):
            self.steps(memory + scratch)
        if self.little and self.again:
            self.idle = scratch
        else:
            self.again = True
            for piece, (_, _, _, device) in zip(scratch, self.scratch, strict=True):
                known[device].give(piece)
        return [
            filled(n, request) if slot is None else buffers[slot]
            for n, slot in zip(self.simplified.outputs, self.outputs, strict=True)
        ]


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


NUMBERS: dict[tuple, Buffer] = {}
PLANS: dict[tuple, Plan] = {}


def realize(nodes: Sequence[Node]) -> None:
    """Give each node its numbers. All are computed together, as one schedule."""
    alone_on(LOCK, compute, nodes)


def compute(nodes: Sequence[Node]) -> None:
    """What `realize` does, one thread at a time. A node has all of its numbers, or none."""
    outputs = []
    for n in dict.fromkeys(nodes):
        if n.op is CONST and n.buffer is None:
            n.buffer = Device.known[n.device].filled(n.shape, n.dtype, n.arg)
        elif n.buffer is None:
            outputs.append(n)
    if outputs:
        request = Request(outputs)
        for n, buffer in zip(outputs, plan_for(request).run(request), strict=True):
            n.buffer = buffer


def plan_for(request: Request) -> Plan:
    """The plan kept for graphs of this structure, or a new one."""
    plan = PLANS.get(request.key)
    if plan is None and request.starts and request.moved():
        plan = PLANS.get(request.key)
    if plan is None:
        plan = make_plan(request)
        if len(request.order) > LARGE and Large.last != hash(request.key):
            Large.last = hash(request.key)
            return plan
        PLANS[request.key] = plan
        if len(PLANS) > PLAN_LIMIT:
            del PLANS[next(iter(PLANS))]
    return plan


class Large:
    """The last graph whose plan is so large that it is only kept if it comes twice, by its hash."""

    last = 0


def make_plan(request: Request) -> Plan:
    """Simplify, schedule, compile, and lay out memory."""
    outputs, leaves = twins(request)
    simplified = simplify(walk_unrealized(outputs, set(leaves)), outputs, leaves)
    wanted = [n for n in simplified.outputs if not is_source(n)]
    simplified.steps.clear()  # they are for the explainer, which asks for its own
    plan = Plan(simplified, schedule(wanted).kernels)
    lay_out(plan, compile_all(plan.kernels))
    return plan


def twins(request: Request) -> tuple[list[Node], list[Node]]:
    """The graph of primitives on sources of its own: its outputs, and what is given at run time.

    On sources of its own, because what is spelled out must not meet nodes that happen to be there:
    the plan is kept for all graphs of this structure.
    """
    twin: dict[Node, Node] = {}
    stored = [n for n in request.leaves if n not in request.through]
    sources = {n: stand_in_for(n, k) for k, n in enumerate(stored + request.given)}
    order = inputs_first(request.outputs, lambda n: () if n in sources else n.inputs)
    for node in order:
        if node in request.placed:
            starts = [sources[n] for n in request.placed[node]]
            twin[node] = built_for(node.made_at, None, dynamic, node, twin[node.inputs[0]], starts)
        else:
            twin[node] = sources.get(node) or with_inputs(node, twin)
    leaves = [sources.get(n) or twin[n] for n in request.leaves + request.given]
    spelled = spelled_out([twin[n] for n in request.outputs] + leaves)
    return spelled[: len(request.outputs)], spelled[len(request.outputs) :]


def dynamic(part: Node, x: Node, starts: Sequence[Node]) -> Node:
    """A shrink or a pad that begins where it is said at run time."""
    op = DYNAMIC_SLICE if part.op is SHRINK else DYNAMIC_PAD
    return op(x, *starts, arg=part.shape)


def compile_all(kernels: Sequence[Kernel]) -> list[Program]:
    """A program for each kernel; a device compiles all of its kernels in one go."""
    programs: dict[Kernel, Program] = {}
    by_device: dict[str, list[Kernel]] = {}
    for kernel in kernels:
        root = kernel.outputs[0]
        if root.op in ALONE:
            programs[kernel] = library.program(kernel)
        else:
            by_device.setdefault(root.device, []).append(kernel)
    for name, group in by_device.items():
        programs |= dict(zip(group, Device.known[name].compile(group), strict=True))
    return [programs[k] for k in kernels]


def lay_out(plan: Plan, programs: Sequence[Program]) -> None:
    """Give each stored node a slot; memory that is only needed in between is used again."""
    slots: dict[Node, int] = {}
    for k, leaf in enumerate(plan.simplified.leaves):
        slots[loaded_for(leaf) or leaf] = k
    for node in plan.simplified.outputs:
        if not is_source(node) and node not in slots:
            plan.results.append((len(slots), node.shape, node.dtype, node.device))
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
                    plan.scratch.append((count, *kind))
                    scratch.add(count)
                    count += 1
        for node in program.kernel.loaded:
            kind = (node.shape, node.dtype.numpy, node.device)
            if last_use[node] == k and slots[node] in scratch:
                free.setdefault(kind, []).append(slots[node])
        arguments = program.kernel.outputs + program.kernel.loaded
        plan.calls.append((program, [slots[n] for n in arguments]))
    needed = sum(math.prod(shape) * numpy.itemsize for _, shape, numpy, _ in plan.scratch)
    plan.little = needed <= IDLE_LIMIT
    plan.steps = one_after_another(plan.calls)
    plan.programs = list(programs)
    plan.outputs = [slots.get(n) for n in plan.simplified.outputs]


def one_after_another(calls: Sequence[tuple[Program, list[int]]]) -> Callable[[list], None]:
    """A function of the slots' memory that makes these calls: written out, so that it costs less.

    def steps(memory): kernel0(memory[3], memory[0], memory[1]); kernel1(...); ...
    """
    lines = ["def steps(memory):", "    pass"]
    for k, (program, slots) in enumerate(calls):
        arguments = [program.argument.format(f"memory[{slot}]") for slot in slots]
        lines.append(f"    kernel{k}({', '.join(arguments)})")
    names = {f"kernel{k}": program.run for k, (program, _) in enumerate(calls)}
    exec(compile("\n".join(lines), "<generated steps>", "exec"), names)
    return names["steps"]


def check_fused(*tensors: Any, tolerance: float = 1e-4) -> float:
    """Run the kernels of tensors (or nodes) against node by node NumPy; the largest difference.

    Differences are taken relative to the largest number, or to 1 if all are smaller.
    Raises AssertionError if it is above `tolerance`.
    """
    nodes = [getattr(t, "node", t) for t in tensors]
    request = Request([n for n in nodes if n.inputs])
    outputs = spelled_out(request.outputs)
    numbers = interpret(walk_unrealized(outputs))
    wanted = {n: numbers[m] for n, m in zip(request.outputs, outputs, strict=True)}
    worst = 0.0
    buffers = alone_on(LOCK, lambda: plan_for(request).run(request))
    for node, buffer in zip(request.outputs, buffers, strict=True):
        got, want = Device.known[node.device].download(buffer), wanted[node]
        with np.errstate(all="ignore"):
            off = np.abs(got - want) / max(1, np.abs(want[np.isfinite(want)]).max(initial=0))
        off = np.where((got == want) | (np.isnan(got) & np.isnan(want)), 0, off)
        worst = max(worst, float(off.max(initial=0)))
    assert worst <= tolerance, f"fused and unfused numbers differ by {worst:.3g}"
    return worst


def interpret(order: Sequence[Node]) -> dict[Node, np.ndarray]:
    """The numbers of nodes, each by its NumPy meaning, without a schedule."""
    numbers: dict[Node, np.ndarray] = {}
    with np.errstate(all="ignore"):
        for n in order:
            stored = n.buffer is not None and n.op is not CONST
            numbers[n] = (
                Device.known[n.device].download(n.buffer)
                if stored
                else meaning(n, [numbers[x] for x in n.inputs])
            )
    return numbers


def meaning(node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """The numbers of one node in the NumPy meaning of its op, from those of its inputs."""
    if node.op is BUFFER:
        return Device.known[node.device].download(node.buffer)
    if node.op is CONST:
        return np.full(node.shape, node.arg, node.dtype.numpy)
    if node.op in (COPY, DETACH):
        return inputs[0]  # the same numbers
    return np.asarray(node.op.numpy(*inputs, *([] if node.arg is None else [node.arg])))
