"""The device "cuda": trees on blocks and threads, written as CUDA, run on an NVIDIA card."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from tinylearn.devices.buffer import Pool
from tinylearn.devices.cuda import nvrtc
from tinylearn.devices.cuda.driver import OUT_OF_MEMORY, Card, CudaError, Launcher, Launchers
from tinylearn.devices.cuda.graph import CudaRow
from tinylearn.devices.device import Device, Program
from tinylearn.devices.grid_device import GridDevice, OwnMemory, program
from tinylearn.errors import DeviceError
from tinylearn.graph.node import Shape
from tinylearn.loops.launches import launches, left_between
from tinylearn.loops.phases import launch
from tinylearn.loops.tree import Function
from tinylearn.render.cuda import PRELUDE, render_cuda
from tinylearn.schedule.kernel import Kernel


class Memory(OwnMemory):
    """Memory of a card; it is given back when nobody has it any more, and then has no address."""

    __slots__ = ("card",)

    def __init__(self, card: Card, shape: Shape, dtype: np.dtype) -> None:
        super().__init__(shape, dtype)
        self.card = card
        self.address = card.allocate(self.nbytes)

    def __del__(self) -> None:
        address, self.address = self.address, 0
        if address and not sys.is_finalizing():
            self.card.free(address)


class CardPool(Pool):
    """Memory of a card that was used. What was in a circle may be given back already."""

    def give(self, memory: Memory) -> None:
        """Take memory back that nobody looks at any more."""
        if memory.address:
            super().give(memory)
        else:
            self.out -= memory.nbytes + self.EACH


class CudaDevice(GridDevice):
    """An NVIDIA card, through its driver and NVRTC."""

    name = "cuda"
    number = 0

    def instance(self, number: int) -> CudaDevice:
        """The card of this number."""
        if number == self.number:
            return self
        other = CudaDevice()
        other.name, other.number = f"cuda:{number}", number
        return other

    @cached_property
    def card(self) -> Card:
        """The card, opened when it is needed first."""
        return Card(self.number)

    @cached_property
    def pool(self) -> Pool:
        """Memory that was used, to be given out again: up to half of the card's."""
        return CardPool(self.new_memory, self.card.memory()[1] // 2)

    def unavailable(self) -> str:
        """Why there is no card to work with, or ""."""
        try:
            self.card.enter()
            nvrtc.library()
        except DeviceError as error:
            return str(error)
        return ""

    def room(self) -> tuple[str, int, int]:
        """The card's name, its free memory and all of it."""
        return self.card.name, *self.card.memory()

    def reserve(self, shape: Shape, dtype: np.dtype) -> Memory | None:
        """New memory; None if the card has none left."""
        try:
            return Memory(self.card, shape, dtype)
        except CudaError as error:
            if error.code != OUT_OF_MEMORY:
                raise
            return None

    def fetch(self, memory: OwnMemory) -> np.ndarray:
        """A copy of the numbers, once all launches before are done."""
        numbers = np.empty(memory.shape, memory.dtype)
        self.card.download(numbers, memory.address)
        return numbers

    def send(self, memory: OwnMemory, numbers: np.ndarray) -> None:
        """Put numbers into memory; of a single one nobody has to wait until it is there."""
        if memory.nbytes in (4, 8):
            self.card.put(memory.address, numbers.tobytes())
        else:
            self.card.upload(memory.address, numbers)

    def copy(self, memory: OwnMemory, home: Device, there: Any) -> None:
        """Put the numbers into memory that lie in another device's; from card to card directly."""
        if isinstance(home, CudaDevice):
            self.card.copy(memory.address, home.card, there.address, memory.nbytes)
        else:
            super().copy(memory, home, there)

    def wait(self) -> None:
        """Until all launches are done."""
        self.card.wait()

    def compile(self, kernels: Sequence[Kernel]) -> list[Program]:
        """One module for all kernels."""
        trees = self.trees(kernels)
        sources = [render_cuda(tree) for tree in trees]
        text = "\n".join([PRELUDE, *(source.text for source in sources)])
        loaded = Module(self.card, nvrtc.machine_code(text, self.card.capability))
        return [
            program(kernel, "cuda", source, loaded.launcher(tree), CudaRow)
            for kernel, source, tree in zip(kernels, sources, trees, strict=True)
        ]


class Module:
    """Machine code that is loaded, as long as one of its kernels is there."""

    def __init__(self, card: Card, code: bytes) -> None:
        self.card, self.module = card, card.module(code)
        weakref.finalize(self, card.unload, self.module).atexit = False

    def launcher(self, tree: Function) -> Launcher | Launchers:
        """A kernel, ready to be launched: in one launch, or in several with memory in between."""
        steps = launches(tree)
        if len(steps) == 1:
            return self.one(tree)
        names = [m.name for m in (*tree.arguments, *left_between(tree))]
        slots = [tuple(names.index(m.name) for m in step.arguments) for step in steps]
        between = [Memory(self.card, m.shape, m.dtype.numpy) for m in left_between(tree)]
        return Launchers(list(zip(map(self.one, steps), slots, strict=True)), between)

    def one(self, tree: Function) -> Launcher:
        """A launch."""
        grid = launch(tree)
        self.card.enter()
        found = self.card.function(self.module, tree.name)
        launcher = Launcher(self.card, found, grid.blocks, grid.threads, len(tree.arguments))
        launcher.module = self  # type: ignore[attr-defined]  # kept loaded
        return launcher
