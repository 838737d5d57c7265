"""Programs that are no loops of ours: numbers that are copied or put in order as a whole.

copy            to another device
cat             many parts side by side
dynamic_slice   a part that begins where it is said at run time
dynamic_pad     into zeros, to a place that is said at run time
later           when other numbers are known
ranked          places in order of size
searched        places among sorted numbers
running_sum     at each place the sum so far
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinylearn.devices.device import Device, Program
from tinylearn.graph.later import LATER
from tinylearn.graph.node import Node
from tinylearn.graph.order import RANKED, RUNNING_SUM, SEARCHED
from tinylearn.graph.primitives import CAT, CONST, COPY, DYNAMIC_PAD, DYNAMIC_SLICE
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel, loaded_for


def program(kernel: Kernel) -> Program:
    """The program of a kernel whose one node runs by itself."""
    (node,) = kernel.outputs
    run = {CAT: side_by_side, COPY: across}.get(node.op, by_numpy)(kernel, node)
    return Program(kernel, node.op.name, source(node), run)


def source(node: Node) -> Source:
    """What it does, in words."""
    text = Source()
    if node.op is CAT:
        text.add(f"copy {len(node.inputs)} parts side by side along axis {node.arg}", node)
    elif node.op is DYNAMIC_SLICE:
        text.add(f"copy a part of shape {node.shape}, from a place that is given", node)
    elif node.op is DYNAMIC_PAD:
        text.add(f"copy into zeros of shape {node.shape}, to a place that is given", node)
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
        target.write(new, home.read(old))

    return run


def side_by_side(kernel: Kernel, node: Node) -> Any:
    """Copies parts to their places."""
    device = Device.known[node.device]
    place = {x: k for k, x in enumerate(kernel.loaded)}
    members, parts = set(kernel.members), []
    for part in node.inputs:
        x = part.inputs[0] if part in members else part  # a reshape: the same memory
        parts.append((part.shape, place.get(loaded_for(x) or x), x))

    def run(new: Any, *memories: Any) -> None:
        arrays = []
        for shape, k, x in parts:
            if k is None or x.op is CONST:
                value = x.arg if k is None else device.read(memories[k])
                arrays.append(np.broadcast_to(np.asarray(value, x.dtype.numpy), shape))
            else:
                arrays.append(device.read(memories[k]).reshape(shape))
        device.write(new, np.concatenate(arrays, node.arg))

    return run


def by_numpy(kernel: Kernel, node: Node) -> Any:
    """Runs the op's NumPy meaning: a part copied out or in, numbers put in order."""
    device = Device.known[node.device]
    place = {x: k for k, x in enumerate(kernel.loaded)}
    known = [place.get(loaded_for(n) or n) for n in node.inputs]

    def run(new: Any, *memories: Any) -> None:
        arrays = []
        for k, x in zip(known, node.inputs, strict=True):
            numbers = np.asarray(x.arg, x.dtype.numpy) if k is None else device.read(memories[k])
            one = numbers.shape == ()
            arrays.append(np.broadcast_to(numbers, x.shape) if one else numbers.reshape(x.shape))
        device.write(new, node.op.numpy(*arrays, node.arg))

    return run
