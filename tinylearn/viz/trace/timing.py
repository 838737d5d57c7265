"""How long each kernel takes, beside what it moves and computes.

Every kernel runs some times on the memory of its plan, round after round; the median counts. What
a kernel writes is written again each time: nothing else changes.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinylearn.changes import alone_on
from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device
from tinylearn.plan.plan import LOCK, WATCHERS, Plan, plan_for
from tinylearn.plan.request import Request
from tinylearn.schedule.kernel import Kernel
from tinylearn.tensor import Tensor
from tinylearn.viz.trace.decisions import title_of
from tinylearn.viz.trace.tracer import Refused, nodes_of


@dataclass(frozen=True)
class KernelTime:
    """One kernel.

    seconds   the median of the rounds
    read, written   bytes, if every number is moved once
    flops     arithmetic operations
    """

    title: str
    device: str
    language: str
    seconds: float
    read: int
    written: int
    flops: int

    @property
    def bandwidth(self) -> float:
        """Bytes a second."""
        return (self.read + self.written) / self.seconds if self.seconds else 0.0

    @property
    def speed(self) -> float:
        """Operations a second."""
        return self.flops / self.seconds if self.seconds else 0.0


def times_of(what: tuple[Any, ...], rounds: int, frame: Any) -> list[KernelTime]:
    """The kernels of tensors that are not computed yet, or of a call: a function, its arguments.

    Raises   ValueError for tensors without a kernel, or what is neither
    """
    if what and callable(what[0]) and not isinstance(what[0], Tensor):
        return times_of_call(what[0], what[1:], rounds)
    nodes = [n for n in nodes_of(what, frame) if n.buffer is None and n.inputs]
    if not nodes:
        says = "there is nothing to time: the numbers are in memory already"
        raise Refused(f"{says}. Try tl.profile(lambda: ...), a function that makes them again")
    return alone_on(LOCK, lambda: times_of_plan(Request(nodes), rounds))  # type: ignore[no-any-return]


def times_of_call(
    function: Callable[..., Any], inputs: Sequence[Any], rounds: int
) -> list[KernelTime]:
    """The kernels of everything that one call computes, its answer included."""
    found: list[KernelTime] = []

    def watch(request: Request, made: list[Buffer]) -> None:
        found.extend(times_of_plan(request, rounds))

    WATCHERS.append(watch)
    try:
        answer = function(*inputs)
        answers = answer if isinstance(answer, tuple | list) else [answer]
        Tensor.realize_all(*[a for a in answers if isinstance(a, Tensor)])
    finally:
        WATCHERS.remove(watch)
    if not found:
        raise Refused("the function computed nothing that a kernel would do")
    return found


def times_of_plan(request: Request, rounds: int) -> list[KernelTime]:
    """The kernels of one plan, on memory of its own but for what is only read."""
    plan = plan_for(request)
    buffers, memory = plan.memory_for(request)
    places = plan.layout.scratch
    scratch = [Device.known[device].take(shape, numpy) for _, shape, numpy, device in places]
    seconds = measured(plan, memory + scratch, rounds)
    for piece, (_, _, _, device) in zip(scratch, places, strict=True):
        Device.known[device].give(piece)
    del buffers
    return [
        kernel_time(p.kernel, p.language, s)
        for (p, _), s in zip(plan.layout.calls, seconds, strict=True)
    ]


def measured(plan: Plan, memory: list[Any], rounds: int) -> list[float]:
    """Seconds of each program: the median of the rounds, after one that does not count."""
    calls = []
    for program, slots in plan.layout.calls:
        given = [eval(program.argument.format("m"), {"m": memory[k]}) for k in slots]
        calls.append((program.run, given, Device.known[program.kernel.outputs[0].device].wait))
    times: list[list[float]] = [[] for _ in calls]
    with np.errstate(all="ignore"):
        for turn in range(rounds + 1):
            for k, (run, given, wait) in enumerate(calls):
                wait()
                began = time.perf_counter()
                run(*given)
                wait()
                if turn:
                    times[k].append(time.perf_counter() - began)
    return [statistics.median(t) for t in times]


def kernel_time(kernel: Kernel, language: str, seconds: float) -> KernelTime:
    """A kernel with its numbers."""
    return KernelTime(
        title_of(kernel),
        kernel.outputs[0].device,
        language,
        seconds,
        kernel.bytes_read,
        kernel.bytes_written,
        kernel.flops,
    )
