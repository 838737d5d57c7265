"""Launches in a row as one graph of the driver's: the card goes from kernel to kernel by itself.

A graph has its kernels' arguments inside. Where a piece of memory lies somewhere else in the next
run (an argument, an answer), the kernels that take it are told before the graph is launched.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from ctypes import byref, c_uint, c_void_p
from typing import Any, ClassVar

from tinylearn.devices.cuda.driver import Launcher, Launchers, call

Call = tuple[Launcher | Launchers, Sequence[int]]


class KernelNode(ctypes.Structure):
    """CUDA_KERNEL_NODE_PARAMS_v2 of the CUDA Driver API."""

    _fields_: ClassVar = [
        ("func", c_void_p),
        ("blocks", c_uint * 3),
        ("threads", c_uint * 3),
        ("shared", c_uint),
        ("arguments", c_void_p),
        ("extra", c_void_p),
        ("kern", c_void_p),
        ("ctx", c_void_p),
    ]


def single(calls: Sequence[Call]) -> Iterator[tuple[Launcher, list[Any]]]:
    """Each launch alone, with what it takes: the number of a slot, or memory between launches."""
    for launcher, slots in calls:
        if isinstance(launcher, Launchers):
            there = [*slots, *launcher.between]
            for each, chosen in launcher.steps:
                yield each, [there[k] for k in chosen]
        else:
            yield launcher, list(slots)


class Turn:
    """The graph of one turn: its kernels one after the other, on the memory of the turn."""

    def __init__(self, calls: Sequence[Call], memory: list[Any]) -> None:
        self.readers: dict[int, list[tuple[int, int]]] = {}  # slot -> (kernel, argument)
        self.values: list[Any] = []
        self.kernels: list[KernelNode] = []
        self.changed: set[int] = set()
        self.nodes: list[c_void_p] = []
        for number, (launcher, places) in enumerate(single(calls)):
            found = [memory[at].address if isinstance(at, int) else at.address for at in places]
            values = (c_void_p * len(found))(*found)
            self.values.append(values)
            self.kernels.append(node_of(launcher, values))
            for place, at in enumerate(places):
                if isinstance(at, int):
                    self.readers.setdefault(at, []).append((number, place))
        self.graph, self.ready = c_void_p(), c_void_p()
        call("cuGraphCreate", byref(self.graph), 0)
        for kernel in self.kernels:
            before = (c_void_p * 1)(self.nodes[-1]) if self.nodes else None
            node = c_void_p()
            count = ctypes.c_size_t(len(self.nodes[-1:]))
            call("cuGraphAddKernelNode_v2", byref(node), self.graph, before, count, byref(kernel))
            self.nodes.append(node)
        call("cuGraphInstantiateWithFlags", byref(self.ready), self.graph, ctypes.c_ulonglong(0))

    def put(self, slot: int, memory: Any) -> None:
        """Where a slot lies from now on."""
        for number, place in self.readers.get(slot, ()):
            if self.values[number][place] != memory.address:
                self.values[number][place] = memory.address
                self.changed.add(number)

    def run(self, stream: c_void_p) -> None:
        """Tell the kernels what has moved, and launch all of them."""
        for number in self.changed:
            kernel = byref(self.kernels[number])
            call("cuGraphExecKernelNodeSetParams_v2", self.ready, self.nodes[number], kernel)
        self.changed.clear()
        call("cuGraphLaunch", self.ready, stream)

    def __del__(self) -> None:
        for destroy, what in (("cuGraphExecDestroy", "ready"), ("cuGraphDestroy", "graph")):
            if getattr(self, what, None):
                call(destroy, getattr(self, what))


def node_of(launcher: Launcher, values: Any) -> KernelNode:
    """A launch as a node of a graph, on arguments of its own."""
    size = ctypes.sizeof(c_void_p)
    start = ctypes.addressof(values)
    pointers = (c_void_p * len(values))(*(start + k * size for k in range(len(values))))
    node = KernelNode(launcher.function, launcher.blocks, launcher.threads, 0)
    node.arguments = ctypes.cast(pointers, c_void_p)
    node.kept = values, pointers  # type: ignore[attr-defined]
    return node


class CudaRow:
    """Kernels in a row, as a graph for even and one for odd turns."""

    def __init__(
        self,
        calls: Sequence[Call],
        memory: tuple[list[Any], list[Any]],
    ) -> None:
        self.card = calls[0][0].card
        self.launchers = [launcher for launcher, _ in calls]  # kept loaded
        self.card.enter()
        self.turns = [Turn(calls, m) for m in memory]

    def put(self, turn: int, slot: int, memory: Any) -> None:
        """Where a slot lies in a turn."""
        self.turns[turn].put(slot, memory)

    def run(self, turn: int) -> None:
        """Launch all of them."""
        self.card.enter()
        self.turns[turn].run(self.card.stream)
