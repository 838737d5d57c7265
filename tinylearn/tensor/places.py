"""Where the numbers of a replay lie: memory of arguments, and of tensors that change."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import buffer

ARRAY = 2  # how much is known of the look of an array


def home(known: Buffer) -> Device:
    """The device of a buffer."""
    return Device.known[known.device]  # type: ignore[no-any-return]


def twin(tensor: Any, known: Buffer, filled: bool = True) -> Node:
    """A leaf for a tensor, in memory of its own; filled: with the numbers of a buffer."""
    place = home(known)
    memory = place.allocate(known.shape, known.dtype)
    if filled:
        place.write(memory.data, place.read(place.memory(known)))
    node = buffer(memory, tensor.node.made_at)
    node.owner = weakref.ref(tensor)
    return node


def memories(nodes: Sequence[Node]) -> tuple[Any, Any]:
    """The memory of two nodes."""
    return nodes[0].buffer.data, nodes[1].buffer.data


def memory_for(given: Buffer, look: Any) -> Buffer:
    """A buffer like that of an argument; for an array new, since what a call gave may hold it."""
    return given if len(look) != ARRAY else home(given).allocate(given.shape, given.dtype)


def memory_of(leaf: Any, own: Buffer) -> Any:
    """An argument's memory; the numbers of an array are put in memory that is at hand."""
    place = home(own)
    if isinstance(leaf, np.ndarray):
        place.write(place.memory(own), leaf)
        return place.memory(own)
    if leaf.node.buffer is None:
        leaf.realize()
    return place.memory(leaf.node.buffer)


def numbers_of(leaf: Any) -> np.ndarray:
    """An argument's numbers, not to be kept."""
    if isinstance(leaf, np.ndarray):
        return leaf
    place = home(leaf.node.buffer)
    return place.read(place.memory(leaf.node.buffer))
