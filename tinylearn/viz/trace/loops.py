"""How each kernel's loops came to run as they do: every rewrite and transform, before and after."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType
from typing import Any

from tinylearn.devices.c_device import here
from tinylearn.loops.lower import lower
from tinylearn.loops.nest import Nest
from tinylearn.loops.recipe import cooked
from tinylearn.loops.rewrites import REWRITES, applied
from tinylearn.loops.text import shown
from tinylearn.loops.tree import plain
from tinylearn.schedule.kernel import Kernel, is_alone, is_source
from tinylearn.schedule.schedule import schedule
from tinylearn.viz.trace.decisions import title_of
from tinylearn.viz.trace.tracer import Tracer, nodes_of

Data = dict[str, Any]
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


def steps_of(kernel: Kernel, name: str) -> Iterator[Data]:
    """The tree as it is lowered, and after each change of it."""
    nest = lower(kernel)
    yield step("lower", LOWERED, nest, name)
    for part in REWRITES:
        before, nest = nest, applied(part, nest)
        if nest != before:
            yield step(part.name, part.says, nest, name)
    for done in cooked(nest, name, here()).steps:
        yield {"name": str(done), "says": done.transform.says, "text": shown(done.after)}


def step(name: str, says: str, nest: Nest, function: str) -> Data:
    """A step whose loops still run one round after the other."""
    return {"name": name, "says": says, "text": shown(plain(nest, function))}
