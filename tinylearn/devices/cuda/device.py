"""The device "cuda": trees on blocks and threads, written as CUDA, run on an NVIDIA card."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from tinylearn.devices.buffer import Buffer, Pool, repeated
from tinylearn.devices.cuda import nvrtc
from tinylearn.devices.cuda.driver import OUT_OF_MEMORY, Card, CudaError, Launcher, Launchers
from tinylearn.devices.cuda.graph import CudaRow
from tinylearn.devices.device import Device, Program
from tinylearn.devices.library import checks_of
from tinylearn.errors import DeviceError, describe
from tinylearn.graph.dtype import DType, float16
from tinylearn.graph.node import Shape
from tinylearn.loops.grid import on_threads
from tinylearn.loops.launches import launches, left_between
from tinylearn.loops.lower import lower
from tinylearn.loops.phases import launch
from tinylearn.loops.rewrites import rewritten
from tinylearn.loops.tree import Function
from tinylearn.render.cuda import PRELUDE, render_cuda
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel


class Memory:
    """Memory of a card; it is given back when nobody has it any more, and then has no address."""

    __slots__ = ("address", "card", "dtype", "nbytes", "shape")

    def __init__(self, card: Card, shape: Shape, dtype: np.dtype) -> None:
        self.card, self.shape, self.dtype = card, shape, dtype
        self.nbytes = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        self.address = 0
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


class CudaDevice(Device):
    """An NVIDIA card, through its driver and NVRTC."""

    name = "cuda"
    is_host = False

    @cached_property
    def card(self) -> Card:
        """The card, opened when it is needed first."""
        return Card(0)

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

    def new_memory(self, shape: Shape, dtype: np.dtype) -> Memory:
        """Memory with arbitrary values; where none is left, what lies in the pool goes first.

        Raises   DeviceError with how much was asked for and how much is free
        """
        try:
            return Memory(self.card, shape, dtype)
        except CudaError as error:
            if error.code != OUT_OF_MEMORY:
                raise
        self.pool.clear()
        try:
            return Memory(self.card, shape, dtype)
        except CudaError as error:
            if error.code != OUT_OF_MEMORY:
                raise
            asked = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize / 1e9
            free, total = (n / 1e9 for n in self.card.memory())
            says = f"{self.card.name} has {free:.3g} of {total:.3g} GB free, and shape {shape} of"
            raise DeviceError(f"{says} {dtype} needs {asked:.3g} GB\nTry smaller batches") from None

    def allocate(self, shape: Shape, dtype: DType) -> Buffer:
        """Memory with arbitrary values."""
        return Buffer(shape, dtype, self.name, self.pool.take(shape, dtype.numpy), pool=self.pool)

    def take(self, shape: Shape, numpy: np.dtype) -> Memory:
        """Memory for a while."""
        return self.pool.take(shape, numpy)  # type: ignore[no-any-return]

    def give(self, memory: Memory) -> None:
        """Memory that `take` gave is no longer needed."""
        self.pool.give(memory)

    def read(self, memory: Memory) -> np.ndarray:
        """A copy of the numbers."""
        numbers = np.empty(memory.shape, memory.dtype)
        self.card.download(numbers, memory.address)
        return numbers

    def write(self, memory: Memory, numbers: np.ndarray) -> None:
        """Put numbers into memory."""
        spread = np.broadcast_to(np.asarray(numbers, memory.dtype), memory.shape)
        self.card.upload(memory.address, np.ascontiguousarray(spread))

    def memory(self, buffer: Buffer) -> Memory:
        """The buffer's memory."""
        if buffer.data is None:
            buffer.data = self.new_memory(buffer.shape, buffer.dtype.numpy)
            self.write(buffer.data, repeated(buffer.shape, buffer.dtype, buffer.fill))
        return buffer.data  # type: ignore[no-any-return]

    def wait(self) -> None:
        """Until all launches are done."""
        self.card.wait()

    def compile(self, kernels: Sequence[Kernel]) -> list[Program]:
        """One module for all kernels."""
        trees = [self.tree(kernel, f"kernel_{k}") for k, kernel in enumerate(kernels)]
        sources = [render_cuda(tree) for tree in trees]
        text = "\n".join([PRELUDE, *(source.text for source in sources)])
        loaded = Module(self.card, nvrtc.machine_code(text, self.card.capability))
        launchers = [loaded.launcher(tree) for tree in trees]
        return [*map(program, kernels, sources, launchers)]

    def tree(self, kernel: Kernel, name: str) -> Function:
        """A kernel's loops on blocks and threads."""
        if float16 in (n.dtype for n in (*kernel.outputs, *kernel.loaded, *kernel.members)):
            says = "the cuda device has no float16 yet"
            raise describe(DeviceError, says, [("x", kernel.outputs[0])], "x.float()")
        return on_threads(rewritten(lower(kernel)), name).function


def program(kernel: Kernel, source: Source, launcher: Launcher | Launchers) -> Program:
    """What runs a kernel; where it looks numbers up, their places are checked first."""
    check, first = checks_of(kernel), len(kernel.outputs)
    if check is None:
        return Program(kernel, "cuda", source, launcher, "{}.address", CudaRow)

    def run(*memories: Memory) -> None:
        check(memories[first:])
        launcher(*[m.address for m in memories])

    return Program(kernel, "cuda", source, run)


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
