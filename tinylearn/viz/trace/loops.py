"""How each kernel's loops came to run as they do: every rewrite and transform, before and after."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

from tinylearn.changes import alone_on
from tinylearn.devices.c_device import loops_here
from tinylearn.errors import ScheduleError
from tinylearn.loops.chosen import Cook
from tinylearn.loops.lower import lower
from tinylearn.loops.nest import Nest
from tinylearn.loops.rewrites import REWRITES, applied
from tinylearn.loops.text import shown
from tinylearn.loops.tree import Body, If, Loop, accessed, plain
from tinylearn.plan.plan import LOCK, scheduled
from tinylearn.plan.request import Request
from tinylearn.schedule.kernel import Kernel, is_alone, is_source
from tinylearn.schedule.schedule import schedule
from tinylearn.viz.trace.decisions import title_of
from tinylearn.viz.trace.tracer import Tracer, nodes_of
from tinylearn.viz.trace.variables import called

Data = dict[str, Any]
ONCE = ("vector", "unrolled")  # loops whose rounds share what they read alike
LOWERED = "Every move is index arithmetic now, and every axis a loop"


def loops_of(tensors: tuple[Any, ...], frame: FrameType | None) -> list[Data]:
    """For each kernel {"title", "steps"}; a step is {"name", "says", "text"}: the tree after it.

    Raises   ValueError for what is no tensor
    """
    tracer = Tracer(nodes_of(tensors, frame), False, frame)
    kernels = schedule([n for n in tracer.results if not is_source(n)]).kernels
    return [
        {"title": f"kernel {number}: {title_of(k)}", "steps": list(steps_of(k, f"kernel_{number}"))}
        for number, k in enumerate(kernels, 1)
        if not is_alone(k.outputs[0])
    ]


def kernels_of(tensors: tuple[Any, ...], frame: FrameType | None) -> list[Kernel]:
    """The kernels that computing these tensors will run, in order; as a plan has them.

    Raises   ValueError for what is no tensor, ScheduleError where nothing is left to compute
    """
    nodes = [n for n in nodes_of(tensors, frame) if n.buffer is None and n.inputs]
    kernels = alone_on(LOCK, lambda: scheduled(Request(nodes))[1]) if nodes else []
    if not kernels:
        x = called(tensors[0], frame, "x")
        says = f"{x} needs no kernel: its numbers are in memory, or are one constant"
        raise ScheduleError(f"{says}\nTry tl.schedule({x} * 2)")
    return kernels


def one_kernel(
    kernels: Sequence[Kernel], number: int | None, call: Callable[[int], str]
) -> tuple[int, Kernel]:
    """The kernel of this number, or the only one there is.

    call     the text that asks for a kernel by its number, for the repair
    Raises   ScheduleError with the kernels that can be chosen
    """
    loops = {k: kernel for k, kernel in enumerate(kernels, 1) if not is_alone(kernel.outputs[0])}
    if number is None and len(loops) == 1:
        number = next(iter(loops))
    if number in loops:
        return number, loops[number]
    if not loops:
        raise ScheduleError("no kernel is loops of ours: each looks up, sorts or copies as a whole")
    says = "there are several kernels" if number is None else f"kernel {number} has no loops"
    rows = [f"    {k}  {title_of(kernel)}" for k, kernel in loops.items()]
    largest = max(loops, key=lambda k: loops[k].flops)
    raise ScheduleError("\n".join([f"{says}: choose one", *rows, f"Try {call(largest)}"]))


def steps_of(
    kernel: Kernel, name: str, cooked: Callable[[Nest, str], Cook] = loops_here
) -> Iterator[Data]:
    """The tree as it is lowered, and after each change of it.

    cooked   makes the last changes; those of the c device if not given
    """
    nest = lower(kernel)
    yield step("lower", LOWERED, nest, name)
    for part in REWRITES:
        before, nest = nest, applied(part, nest)
        if nest != before:
            yield step(part.name, part.says, nest, name)
    for done in cooked(nest, name).steps:
        yield {"name": str(done), "says": done.transform.says, "text": shown(done.after)}


def step(name: str, says: str, nest: Nest, function: str) -> Data:
    """A step whose loops still run one round after the other."""
    return {"name": name, "says": says, "text": shown(plain(nest, function))}


def bytes_asked(body: Body, sizes: Mapping[str, int], around: tuple[Loop, ...] = ()) -> int:
    """Bytes that the lines of a body read and write, line by line, as if there were no cache.

    What is the same in all lanes of a vector, or in all copies of a line that is written out, is
    read once for them.

    sizes   bytes of a number, by the name of the memory that counts
    """
    total = 0
    for s in body:
        if isinstance(s, Loop | If):
            total += bytes_asked(s.body, sizes, (*around, s) if isinstance(s, Loop) else around)
        elif (found := accessed(s)) and found[0] in sizes:
            memory, place = found
            moving = [t for t in around if t.kind not in ONCE or t.variable in place.variables]
            total += sizes[memory] * math.prod(t.variable.size for t in moving)
    return total
