"""Programs that are no loops of ours: numbers that are copied or put in order as a whole.

copy            to another device
cat             many parts side by side
gather          numbers at places that are numbers themselves
scatter         into zeros, added up at such places
dynamic_slice   a part that begins where it is said at run time
dynamic_pad     into zeros, to a place that is said at run time
later           when other numbers are known
ranked          places in order of size
searched        places among sorted numbers
running_sum     at each place the sum so far
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinylearn.devices import lookups
from tinylearn.devices.device import Device, Program
from tinylearn.graph.later import LATER
from tinylearn.graph.lookup import GATHER, SCATTER
from tinylearn.graph.node import Node, walk_unrealized
from tinylearn.graph.order import RANKED, RUNNING_SUM, SEARCHED, numpy_running_sum
from tinylearn.graph.primitives import (
    CAT,
    CONST,
    COPY,
    DETACH,
    DYNAMIC_PAD,
    DYNAMIC_SLICE,
    Primitive,
)
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel, loaded_for


def program(kernel: Kernel) -> Program:
    """The program of a kernel whose one node runs by itself."""
    (node,) = kernel.outputs
    make = across if node.op is COPY else written if node.op in WRITTEN else as_a_whole
    return Program(kernel, node.op.name, source(node), make(kernel, node))


def source(node: Node) -> Source:
    """What it does, in words."""
    text = Source()
    if node.op is CAT:
        text.add(f"copy {len(node.inputs)} parts side by side along axis {node.arg}", node)
    elif node.op is DYNAMIC_SLICE:
        text.add(f"copy a part of shape {node.shape}, from a place that is given", node)
    elif node.op is DYNAMIC_PAD:
        text.add(f"copy into zeros of shape {node.shape}, to a place that is given", node)
    elif node.op is GATHER:
        text.add(f"read numbers of shape {node.shape}, at places that are given", node)
    elif node.op is SCATTER:
        text.add(f"fill shape {node.shape} with zeros", node)
        text.add(f"add {node.inputs[0].size} numbers to them, at places that are given", node)
    elif node.op is LATER:
        text.add(f"wait for {node.inputs[1]}, then copy {node.size} numbers: what is made of", node)
        text.add("them is made again, for the gradient of a checkpoint", node)
    elif node.op is RANKED:
        way, axis, count = node.arg
        text.add(f"find {count} places along axis {axis}, {way.replace('_', ' ')}", node)
    elif node.op is SEARCHED:
        text.add(f"find the places of {node.size} numbers among sorted ones, {node.arg}", node)
    elif node.op is RUNNING_SUM:
        text.add(f"add up along axis {node.arg[0]}, keeping each sum", node)
    else:
        here, there = node.inputs[0].device, node.device
        text.add(f"copy {node.size} numbers from {here} to {there}", node)
    return text


def across(kernel: Kernel, node: Node) -> Any:
    """Takes numbers from one device to another."""
    target, home = Device.known[node.device], Device.known[node.inputs[0].device]

    def run(new: Any, old: Any) -> None:
        target.copy(new, home, old)

    return run


def as_a_whole(kernel: Kernel, node: Node) -> Any:
    """Copies parts to their places: what the op means in NumPy."""
    device, inputs = Device.known[node.device], inputs_of(kernel, node)

    def run(new: Any, *memories: Any) -> None:
        device.write(new, node.op.numpy(*inputs(memories), node.arg))

    return run


def written(kernel: Kernel, node: Node) -> Any:
    """Has numbers written where they belong, without a copy."""
    device, inputs, work = Device.known[node.device], inputs_of(kernel, node), WRITTEN[node.op]

    def run(new: Any, *memories: Any) -> None:
        numbers = device.read(new)
        work(node, numbers, *inputs(memories))
        if not device.is_host:
            device.write(new, numbers)

    return run


def inputs_of(
    kernel: Kernel, node: Node, first: int = 0
) -> Callable[[Sequence[Any]], list[np.ndarray]]:
    """A function of the memory that a kernel is given: the inputs of a node in it as arrays.

    A move on the way is another look at the same memory; a constant is one number, seen many times.

    first   which input is the first that is wanted: memory that is not is not read
    """
    device, wanted = Device.known[node.device], node.inputs[first:]
    place = {x: k for k, x in enumerate(kernel.loaded)}
    below = set(walk_unrealized(wanted, set(kernel.inputs)))
    moves = [n for n in kernel.members if n in below]
    needed = {x for n in moves for x in n.inputs} | set(wanted)
    sources = [x for x in kernel.inputs if x in needed]

    def arrays(memories: Sequence[Any]) -> list[np.ndarray]:
        seen: dict[Node, np.ndarray] = {}
        for x in sources:
            k = place.get(loaded_for(x) or x)
            numbers = np.asarray(x.arg, x.dtype.numpy) if k is None else device.read(memories[k])
            constant = x.op is CONST
            seen[x] = np.broadcast_to(numbers, x.shape) if constant else numbers.reshape(x.shape)
        for n in moves:
            before = seen[n.inputs[0]]
            seen[n] = before if n.op is DETACH else n.op.numpy(before, n.arg)
        return [seen[x] for x in wanted]

    return arrays


def checks_of(kernel: Kernel) -> Callable[[Sequence[Any]], None] | None:
    """A function of the memory that a kernel reads, which raises for a place that is not there.

    None where its loops read nothing at places that are numbers.
    """
    found = [(n, inputs_of(kernel, n, 1)) for n in kernel.members if n.op is GATHER]

    def check(memories: Sequence[Any]) -> None:
        for node, indices in found:
            lookups.places(node, indices(memories), node.inputs[0].shape)

    return check if found else None


def add_up(node: Node, out: np.ndarray, x: np.ndarray) -> None:
    """At each place the sum so far."""
    numpy_running_sum(x, node.arg, out)


WRITTEN: dict[Primitive, Callable[..., None]] = {  # op -> (node, where it goes, inputs)
    GATHER: lookups.read,
    SCATTER: lookups.add,
    RUNNING_SUM: add_up,
}
