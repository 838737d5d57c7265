"""Makes numbers: graph -> simplified graph -> schedule -> programs of a device -> buffers.

    realize([node, ...])      each node gets its buffer; all are computed in one schedule

What is worked out for a graph is kept as a Plan under the graph's structure: which operations on
which shapes, not whose data. The second training step finds the first one's plan. Constants that
turn out to change from step to step become arguments of the plan.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device, Program
from tinylearn.graph.deferred import DERIVATIVE, spelled_out, with_inputs
from tinylearn.graph.node import Node, Shape, walk, walk_unrealized
from tinylearn.graph.primitives import BUFFER, CONST, COPY
from tinylearn.graph.simplify import Simplified, shaped_like, simplify, stand_in_for
from tinylearn.parts import Part, bodies
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel, Schedule, is_source
from tinylearn.schedule.schedule import schedule

PLAN_LIMIT = 512  # plans kept; the oldest goes first: one that is still needed is made again
IDLE_LIMIT = 1 << 18  # bytes of scratch memory that a plan keeps between its runs
LOCK = threading.RLock()


class Request:
    """A graph to compute, written down so that graphs of equal structure have equal keys.

    deep        whether it goes behind numbers that exist
    order       the nodes, in the order in which they are met
    leaves      those whose numbers are in memory
    constants   those that are one value
    """

    order: list[Node]
    leaves: list[Node]
    constants: list[Node]

    def __init__(self, outputs: Sequence[Node]) -> None:
        self.outputs = outputs
        below = outputs[0].inputs if outputs else ()  # a guess: optimizers ask for what g is in
        self.deep = any([x.op is DERIVATIVE and x.buffer is None for x in below])
        words = self.written_down()
        if words is None:
            self.deep = True
            words = self.written_down() or []
        words.append(running_parts())
        self.key = tuple(words)

    def written_down(self) -> list[int] | None:
        """The outputs' structures, and the places of the inputs of each node below them.

        Numbers that exist are not looked behind, unless deep. None if there is a promised gradient,
        whose graph depends on how its output was made: then one must look behind.
        """
        deep, leaves, constants = self.deep, [], []
        order = list(dict.fromkeys(self.outputs))
        place = {node: k for k, node in enumerate(order)}
        words = [place[node] for node in self.outputs] + [node.structure for node in order]
        for node in order:  # which grows under way
            buffer, inputs = node.buffer, node.inputs
            if node.op is CONST:
                constants.append(node)
            elif buffer is None or (deep and inputs):
                if node.op is DERIVATIVE and not deep:
                    return None
                for x in inputs:
                    k = place.get(x)
                    if k is None:
                        place[x] = k = len(order)
                        order.append(x)
                    words.append(k)
                if buffer is not None:
                    words.append(-1)
                    leaves.append(node)
            else:
                if inputs:
                    words.append(-1)
                leaves.append(node)
        self.order, self.leaves, self.constants = order, leaves, constants
        return words

    @property
    def values(self) -> tuple:
        """The constants' values; the two zeros are told apart."""
        return tuple(n.arg or repr(n.arg) for n in self.constants)


class Running:
    """The bodies of the Parts that plans are made with, collected anew after each change."""

    version = -1
    number = 0
    known: ClassVar[dict[tuple[Callable, ...], int]] = {}


def running_parts() -> int:
    """What a plan depends on besides the graph: a number for the functions that make it."""
    if Running.version != Part.version:
        parts = sum(map(bodies, ("fuse.", "join.", "loops.", "render.", "kernel.")), ())
        Running.number = Running.known.setdefault(parts, len(Running.known))
        Running.version = Part.version
    return Running.number


@dataclass
class Plan:
    """How a graph of some structure is computed.

    simplified, schedule    what was worked out, on stand-ins: for the explainer
    values                  the constants it was made with
    given                   which of them are arguments
    programs                in running order
    calls                   (function, slots of its arguments) of each program
    steps                   runs all calls on the memory of the slots
    scratch                 (slot, shape, dtype, device) of memory only needed in between
    little                  whether that is so little that it is kept from run to run
    idle                    the memory that was kept
    results                 (slot, shape, dtype, device) of memory that stays
                            (slots are counted: what is given, results, scratch)
    outputs                 the slot of each output; None for an output that is a constant
    """

    simplified: Simplified
    schedule: Schedule
    values: tuple
    given: frozenset[int]
    programs: list[Program] = field(default_factory=list)
    calls: list[tuple[Callable, list[int]]] = field(default_factory=list)
    steps: Callable[[list], None] = field(default=lambda memory: None)
    scratch: list[tuple[int, Shape, np.dtype, str]] = field(default_factory=list)
    little: bool = False
    idle: list | None = None
    results: list[tuple] = field(default_factory=list)
    outputs: list[int | None] = field(default_factory=list)

    def fits(self, values: tuple) -> bool:
        """Whether the constants that are built in have these values."""
        if values == self.values:
            return True
        return bool(self.given) and all(
            a == b
            for k, (a, b) in enumerate(zip(values, self.values, strict=True))
            if k not in self.given
        )

    def run(self, request: Request) -> list[Buffer]:
        """Compute: the buffers of the outputs."""
        known = Device.known
        buffers = [n.buffer for n in request.leaves]
        for k in sorted(self.given) if self.given else ():
            n = request.constants[k]
            buffers.append(known[n.device].filled((1,) * len(n.shape), n.dtype, n.arg))
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
        if self.little:
            self.idle = scratch
        else:
            for piece, (_, _, _, device) in zip(scratch, self.scratch, strict=True):
                known[device].give(piece)
        return [
            filled(n) if slot is None else buffers[slot]
            for n, slot in zip(self.simplified.outputs, self.outputs, strict=True)
        ]


def filled(constant: Node) -> Buffer:
    """The buffer of a constant."""
    return Device.known[constant.device].filled(constant.shape, constant.dtype, constant.arg)


PLANS: dict[tuple, list[Plan]] = {}


def realize(nodes: Sequence[Node]) -> None:
    """Give each node its numbers. All are computed together, as one schedule."""
    with LOCK:
        outputs = []
        for n in dict.fromkeys(nodes):
            if n.op is CONST and n.buffer is None:
                n.buffer = filled(n)
            elif n.buffer is None:
                outputs.append(n)
        if outputs:
            request = Request(outputs)
            for n, buffer in zip(outputs, plan_for(request).run(request), strict=True):
                n.buffer = buffer


def plan_for(request: Request) -> Plan:
    """The plan kept for graphs of this structure, or a new one."""
    family = PLANS.get(request.key, [])
    values = request.values
    for plan in family:
        if plan.fits(values):
            return plan
    given: frozenset[int] = frozenset()
    if family:  # a constant that changes from run to run becomes an argument
        old = family[-1].values
        given = family[-1].given | {k for k, v in enumerate(values) if v != old[k]}
    plan = make_plan(request, values, given)
    PLANS[request.key] = [*family[-3:], plan]
    if len(PLANS) > PLAN_LIMIT:
        del PLANS[next(iter(PLANS))]
    return plan


def make_plan(request: Request, values: tuple, given: frozenset[int]) -> Plan:
    """Simplify, schedule, compile, and lay out memory."""
    outputs, leaves = twins(request, given)
    simplified = simplify(walk_unrealized(outputs, set(leaves)), outputs, leaves)
    wanted = [n for n in simplified.outputs if not is_source(n)]
    plan = Plan(simplified, schedule(wanted), values, given)
    lay_out(plan, compile_all(plan.schedule.kernels))
    return plan


def twins(request: Request, given: frozenset[int]) -> tuple[list[Node], list[Node]]:
    """The graph of primitives on sources of its own: its outputs, and what is given at run time.

    On sources of its own, because what is spelled out must not meet nodes that happen to be there:
    the plan is kept for all graphs of this structure.
    """
    twin: dict[Node, Node] = {}
    given_ones = [request.constants[k] for k in sorted(given)]
    stored = [n for n in request.leaves if not (request.deep and n.inputs)]
    sources = {n: stand_in_for(n) for n in stored + given_ones}
    order = walk.default(request.outputs) if request.deep else walk_unrealized(request.outputs)
    for node in order:
        if node in sources:
            twin[node] = shaped_like(sources[node], node)
        else:
            twin[node] = with_inputs(node, twin)
    leaves = [sources.get(n) or twin[n] for n in request.leaves + given_ones]
    spelled = spelled_out([twin[n] for n in request.outputs] + leaves)
    return spelled[: len(request.outputs)], spelled[len(request.outputs) :]


def compile_all(kernels: Sequence[Kernel]) -> list[Program]:
    """A program for each kernel; a device compiles all of its kernels in one go."""
    programs: dict[Kernel, Program] = {}
    by_device: dict[str, list[Kernel]] = {}
    for kernel in kernels:
        root = kernel.outputs[0]
        if root.op is COPY:
            programs[kernel] = copy_program(kernel)
        else:
            by_device.setdefault(root.device, []).append(kernel)
    for name, group in by_device.items():
        programs |= dict(zip(group, Device.known[name].compile(group), strict=True))
    return [programs[k] for k in kernels]


def copy_program(kernel: Kernel) -> Program:
    """The program that takes numbers from one device to another."""
    (node,) = kernel.outputs
    target, source = Device.known[node.device], Device.known[node.inputs[0].device]

    def run(new: Any, old: Any) -> None:
        target.write(new, source.read(old))

    text = Source()
    text.add(f"copy {node.size} numbers from {source.name} to {target.name}", node)
    return Program(kernel, "copy", text, run)


def lay_out(plan: Plan, programs: Sequence[Program]) -> None:
    """Give each stored node a slot; memory that is only needed in between is used again."""
    slots = {leaf: k for k, leaf in enumerate(plan.simplified.leaves)}
    for node in plan.simplified.outputs:
        if not is_source(node) and node not in slots:
            plan.results.append((len(slots), node.shape, node.dtype, node.device))
            slots[node] = len(slots)
    last_use = {n: k for k, p in enumerate(programs) for n in p.kernel.loaded}
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
                    count += 1
        for node in program.kernel.loaded:
            kind = (node.shape, node.dtype.numpy, node.device)
            if last_use[node] == k and any(slots[node] == s[0] for s in plan.scratch):
                free.setdefault(kind, []).append(slots[node])
        arguments = program.kernel.outputs + program.kernel.loaded
        plan.calls.append((program.run, [slots[n] for n in arguments]))
    needed = sum(math.prod(shape) * numpy.itemsize for _, shape, numpy, _ in plan.scratch)
    plan.little = needed <= IDLE_LIMIT
    plan.steps = one_after_another(plan.calls)
    plan.programs = list(programs)
    plan.outputs = [slots.get(n) for n in plan.simplified.outputs]


def one_after_another(calls: Sequence[tuple[Callable, list[int]]]) -> Callable[[list], None]:
    """A function of the slots' memory that makes these calls: written out, so that it costs less.

    def steps(memory): kernel0(memory[3], memory[0], memory[1]); kernel1(...); ...
    """
    lines = ["def steps(memory):", "    pass"]
    for k, (_, slots) in enumerate(calls):
        lines.append(f"    kernel{k}({', '.join(f'memory[{slot}]' for slot in slots)})")
    names = {f"kernel{k}": run for k, (run, _) in enumerate(calls)}
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
    for node, buffer in zip(request.outputs, plan_for(request).run(request), strict=True):
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
    if node.op.kind == "source":
        return inputs[0]  # copied or detached: the same numbers
    return np.asarray(node.op.numpy(*inputs, *([] if node.arg is None else [node.arg])))
