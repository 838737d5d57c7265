"""What a model costs before it runs: operations, bytes, memory, and how much of it is known before.

An access is static if its place depends on nothing but shapes: then a compiler knows it. Only
looked-up rows (an embedding's, a gather's) are read at places that are numbers themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tinylearn.changes import alone_on
from tinylearn.graph.lookup import GATHER, SCATTER
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import ADD, CONST, MUL, SUM
from tinylearn.plan.plan import LOCK, Plan, plan_for
from tinylearn.plan.request import Request
from tinylearn.schedule.kernel import Kernel, operations
from tinylearn.tensor import Tensor
from tinylearn.viz.trace.timing import KernelTime, times_of_plan
from tinylearn.viz.trace.tracer import Refused, nodes_of

COPIED = 1 << 22  # numbers: so many do not fit into a cache
SIDE = 512  # of the matrices whose product says how fast a device computes


@dataclass(frozen=True)
class Cost:
    """One kernel: what it does, how long that should take here, and how long it took.

    predicted   seconds: what it moves at the speed of a copy, or what it computes at the speed of
                a matrix product, whichever takes longer
    """

    time: KernelTime
    predicted: float

    @property
    def intensity(self) -> float:
        """Operations for each byte that is moved."""
        moved = self.time.read + self.time.written
        return self.time.flops / moved if moved else math.inf


@dataclass(frozen=True)
class Costs:
    """All kernels of a graph.

    memory    bytes that its plan holds at once: what it is given, its results, and in between
    accesses  numbers read and written; static: those at places known before
    arithmetic  operations; plain: those that add or multiply
    """

    kernels: Sequence[Cost]
    memory: int
    accesses: int
    static: int
    arithmetic: int
    plain: int


def costs_of(what: tuple[Any, ...], rounds: int, frame: Any) -> Costs:
    """The costs of tensors that are not computed yet, or of what a model gives for inputs.

    Raises   ValueError for tensors without a kernel, or what is neither
    """
    if what and callable(what[0]) and not isinstance(what[0], Tensor):
        answer = what[0](*what[1:])
        what = tuple(answer) if isinstance(answer, tuple | list) else (answer,)
    nodes = [n for n in nodes_of(what, frame) if n.buffer is None and n.inputs]
    if not nodes:
        says = "there is nothing to analyze: the numbers are in memory already"
        raise Refused(f"{says}. Try tl.analyze(model, x), which makes them again")
    return alone_on(LOCK, costs_of_request, Request(nodes), rounds)  # type: ignore[no-any-return]


def costs_of_request(request: Request, rounds: int) -> Costs:
    """The costs of one plan, measured here."""
    plan = plan_for(request)
    times = times_of_plan(request, rounds)
    members = [n for kernel in plan.kernels for n in kernel.members]
    looked_up = sum(places_of(n) for n in members)
    accesses = sum(map(numbers_moved, plan.kernels))
    return Costs(
        [Cost(t, predicted(t)) for t in times],
        memory_of(plan, request),
        accesses,
        accesses - min(looked_up, accesses),
        sum(map(operations, members)),
        sum(operations(n) for n in members if n.op in (ADD, MUL, SUM)),
    )


def places_of(node: Node) -> int:
    """How many numbers a node reads or writes at looked-up places."""
    if node.op is GATHER:
        return node.size
    return node.inputs[0].size if node.op is SCATTER else 0


def numbers_moved(kernel: Kernel) -> int:
    """How many numbers a kernel reads and writes, each once."""
    inputs = sum(n.size for n in kernel.inputs if n.op is not CONST)
    return inputs + sum(n.size for n in kernel.outputs)


def memory_of(plan: Plan, request: Request) -> int:
    """Bytes that lie in memory at once while a plan runs."""
    given = sum(n.nbytes for n in request.leaves)
    results = sum(math.prod(s) * d.itemsize for _, s, d, _ in plan.layout.results)
    between = sum(math.prod(s) * d.itemsize for _, s, d, _ in plan.layout.scratch)
    return given + results + between


def predicted(t: KernelTime) -> float:
    """Seconds that a kernel should take on its device."""
    bandwidth, speed = speeds(t.device)
    return max((t.read + t.written) / bandwidth, t.flops / speed)


@cache
def speeds(device: str) -> tuple[float, float]:
    """(bytes a second of a copy, operations a second of a matrix product), measured here."""
    long = Tensor(np.ones(COPIED, np.float32), device=device, requires_grad=False)
    square = Tensor(np.ones((SIDE, SIDE), np.float32), device=device, requires_grad=False)
    (copy,) = times_of_plan(Request([(long * 1.5).node]), 9)
    product = times_of_plan(Request([(square @ square).node]), 9)[-1]
    return copy.bandwidth, product.speed
