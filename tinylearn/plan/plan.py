"""Makes numbers: graph -> simplified graph -> schedule -> programs of a device -> buffers.

    realize([node, ...])      each node gets its buffer; all are computed in one schedule

What is worked out for a graph is kept as a Plan under the graph's structure: which operations on
which shapes, not whose data. The second training step finds the first one's plan. Constants are
arguments of a plan, too, but for a few that simplify what is done with them: what has run before
never decides how a graph is computed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinylearn.changes import alone_on, free_in_child
from tinylearn.devices import library
from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device, Program
from tinylearn.devices.recorder import RECORDER, Run
from tinylearn.graph.deferred import spelled_out, with_inputs
from tinylearn.graph.node import Node, built_for, inputs_first, walk_unrealized
from tinylearn.graph.primitives import CONST, DYNAMIC_PAD, DYNAMIC_SLICE, RESHAPE, SHRINK
from tinylearn.graph.simplify import Simplified, simplify, stand_in_for
from tinylearn.plan.memory import Layout, filled, lay_out, one_number
from tinylearn.plan.request import Request
from tinylearn.schedule.kernel import Kernel, is_alone, is_source
from tinylearn.schedule.schedule import schedule

PLAN_LIMIT = 512  # plans kept; the oldest goes first: one that is still needed is made again
LARGE = 30_000  # nodes; a plan for so many takes tens of megabytes
LOCK = threading.RLock()  # whoever makes plans, runs them, or changes what they are found by
free_in_child(LOCK)
WATCHERS: list[Callable[[Request, list[Buffer]], None]] = []  # told what each run has computed


@dataclass
class Plan:
    """How a graph of some structure is computed.

    simplified   the graph on stand-ins
    kernels      in running order
    programs     in running order
    layout       where everything lies meanwhile
    again        whether it ran before
    idle         scratch memory that was kept
    """

    simplified: Simplified
    kernels: list[Kernel]
    programs: list[Program]
    layout: Layout
    again: bool = False
    idle: list | None = None

    def memory_for(self, request: Request) -> tuple[list[Buffer], list[Any]]:
        """What is given and what is left behind: buffers, and their memory. Scratch comes after."""
        known = Device.known
        buffers = [n.buffer for n in request.leaves]
        buffers += [one_number(n) for n in request.given]
        memory: list[Any] = [
            known[b.device].memory(b) if b.data is None else b.data for b in buffers
        ]
        for _, shape, dtype, device in self.layout.results:
            buffers.append(known[device].allocate(shape, dtype))
            memory.append(buffers[-1].data)
        return buffers, memory

    def run(self, request: Request) -> list[Buffer]:
        """Compute: the buffers of the outputs."""
        known = Device.known
        buffers, memory = self.memory_for(request)
        places = self.layout.scratch
        scratch, self.idle = self.idle, None  # taken: nobody else runs on it meanwhile
        if scratch is None:
            scratch = [known[device].take(shape, numpy) for _, shape, numpy, device in places]
        with np.errstate(all="ignore"):
            self.layout.steps(memory + scratch)
        if self.layout.little and self.again:
            self.idle = scratch
        else:
            self.again = True
            for piece, (_, _, _, device) in zip(scratch, places, strict=True):
                known[device].give(piece)
        made = [
            filled(n, request) if slot is None else buffers[slot]
            for n, slot in zip(self.simplified.outputs, self.layout.outputs, strict=True)
        ]
        for watch in WATCHERS:
            watch(request, made)
        return made


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
        elif n.buffer is None and (view := in_memory(n)) is not None:
            n.buffer = view
        elif n.buffer is None:
            outputs.append(n)
    if outputs:
        request = Request(outputs)
        for n, buffer in zip(outputs, run(request), strict=True):
            n.buffer = buffer


def in_memory(node: Node) -> Buffer | None:
    """What is only another shape of numbers in memory, as a view of them; None if it is more.

    A captured function has it computed: a replay has other memory.
    """
    x = node
    while x.op is RESHAPE and x.buffer is None:
        (x,) = x.inputs
    if x is node or x.buffer is None or RECORDER.get() is not None:
        return None
    return Device.known[x.device].viewed(x.buffer, node.shape)


def run(request: Request) -> list[Buffer]:
    """The buffers of the outputs; raises IndexError for a looked-up place that is not there."""
    plan = plan_for(request)
    try:
        made = plan.run(request)
    except IndexError:
        made = None  # a plan that was kept names the lines of the graph that it was made for
    if made is None:
        made = make_plan(request).run(request)
    if (recorder := RECORDER.get()) is not None:
        leaves = [*request.leaves, *request.given]
        owners = [None if n.owner is None else n.owner() for n in leaves]
        given = [one_number(n) if n.op is CONST else n.buffer for n in leaves]
        recorder.runs.append(Run(request.key, plan, given, owners, made))
    return made


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
    simplified, kernels = scheduled(request)
    programs = compile_all(kernels)
    return Plan(simplified, kernels, programs, lay_out(simplified, programs))


def scheduled(request: Request) -> tuple[Simplified, list[Kernel]]:
    """The graph as it will run, and its kernels in running order."""
    outputs, leaves = twins(request)
    simplified = simplify(walk_unrealized(outputs, set(leaves)), outputs, leaves)
    wanted = [n for n in simplified.outputs if not is_source(n)]
    simplified.steps.clear()  # they are for the explainer, which asks for its own
    return simplified, schedule(wanted).kernels


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
        if is_alone(root):
            programs[kernel] = library.program(kernel)
        else:
            by_device.setdefault(root.device, []).append(kernel)
    for name, group in by_device.items():
        programs |= dict(zip(group, Device.known[name].compile(group), strict=True))
    return [programs[k] for k in kernels]
