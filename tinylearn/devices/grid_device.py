"""What devices with blocks, threads and memory of their own have in common: cuda, opencl.

Kernels become trees on blocks and threads (loops/grid.py); a language writes them down, and all
kernels of a plan are one module. Numbers are copied there and back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from tinylearn.devices.buffer import Buffer, Pool, repeated
from tinylearn.devices.device import Device, Program, Row
from tinylearn.devices.library import checks_of
from tinylearn.errors import DeviceError
from tinylearn.graph.dtype import DType
from tinylearn.graph.node import Shape
from tinylearn.loops.grid import on_threads
from tinylearn.loops.lower import lower
from tinylearn.loops.rewrites import rewritten
from tinylearn.loops.tree import Function
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel

MIRRORED = 1 << 16  # bytes: so many whole numbers that came from the host stay there, too


class OwnMemory:
    """Memory of a device: so many numbers, at an address that the device understands.

    mirror   the same numbers on the host, where they came from there: few whole numbers, such as
             labels, which are looked at before kernels use them as places. Asking the device for
             them would wait for all that it has to do
    """

    __slots__ = ("address", "dtype", "mirror", "nbytes", "shape")

    def __init__(self, shape: Shape, dtype: np.dtype) -> None:
        self.mirror: np.ndarray | None = None
        self.shape, self.dtype = shape, dtype
        self.nbytes = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        self.address: Any = 0


class GridDevice(Device):
    """A device whose memory is not the host's, and whose kernels run on blocks and threads."""

    is_host = False

    @cached_property
    def pool(self) -> Pool:
        """Memory that was used, to be given out again."""
        raise NotImplementedError

    def reserve(self, shape: Shape, dtype: np.dtype) -> OwnMemory | None:
        """New memory; None if the device has none left."""
        raise NotImplementedError

    def room(self) -> tuple[str, int, int]:
        """What the device is called, how many bytes are free there, and how many there are."""
        raise NotImplementedError

    def new_memory(self, shape: Shape, dtype: np.dtype) -> OwnMemory:
        """Memory with arbitrary values; where none is left, what lies in the pool goes first.

        Raises   DeviceError with how much was asked for and how much is free
        """
        memory = self.reserve(shape, dtype)
        if memory is None:
            self.pool.clear()
            memory = self.reserve(shape, dtype)
        if memory is not None:
            return memory
        asked = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize / 1e9
        name, *sizes = self.room()
        free, total = (n / 1e9 for n in sizes)
        says = f"{name} has {free:.3g} of {total:.3g} GB free, and shape {shape} of"
        raise DeviceError(f"{says} {dtype} needs {asked:.3g} GB\nTry smaller batches")

    def allocate(self, shape: Shape, dtype: DType) -> Buffer:
        """Memory with arbitrary values."""
        return Buffer(shape, dtype, self.name, self.take(shape, dtype.numpy), pool=self.pool)

    def take(self, shape: Shape, numpy: np.dtype) -> OwnMemory:
        """Memory for a while."""
        memory: OwnMemory = self.pool.take(shape, numpy)
        memory.mirror = None
        return memory

    def give(self, memory: OwnMemory) -> None:
        """Memory that `take` gave is no longer needed."""
        self.pool.give(memory)

    def read(self, memory: OwnMemory) -> np.ndarray:
        """The numbers, not to be changed."""
        return self.fetch(memory) if memory.mirror is None else memory.mirror

    def write(self, memory: OwnMemory, numbers: np.ndarray) -> None:
        """Put numbers into memory."""
        spread = np.broadcast_to(np.asarray(numbers, memory.dtype), memory.shape)
        memory.mirror = None
        self.send(memory, np.ascontiguousarray(spread))

    def upload(self, array: np.ndarray) -> Buffer:
        """A buffer with the numbers of an array: no kernel ever writes there."""
        buffer = super().upload(array)
        memory: OwnMemory = buffer.data
        if memory.dtype.kind in "iub" and memory.nbytes <= MIRRORED:
            memory.mirror = np.array(array, memory.dtype)
            memory.mirror.flags.writeable = False
        return buffer

    def fetch(self, memory: OwnMemory) -> np.ndarray:
        """A copy of the numbers, once all launches before are done."""
        raise NotImplementedError

    def send(self, memory: OwnMemory, numbers: np.ndarray) -> None:
        """Put numbers of the same shape and dtype into memory."""
        raise NotImplementedError

    def memory(self, buffer: Buffer) -> OwnMemory:
        """The buffer's memory."""
        if buffer.data is None:
            buffer.data = self.new_memory(buffer.shape, buffer.dtype.numpy)
            self.write(buffer.data, repeated(buffer.shape, buffer.dtype, buffer.fill))
        return buffer.data  # type: ignore[no-any-return]

    def trees(self, kernels: Sequence[Kernel]) -> list[Function]:
        """The kernels' loops on blocks and threads."""
        return [self.tree(kernel, f"kernel_{k}") for k, kernel in enumerate(kernels)]

    def tree(self, kernel: Kernel, name: str) -> Function:
        """A kernel's loops on blocks and threads."""
        return on_threads(rewritten(lower(kernel)), name).function


def program(
    kernel: Kernel,
    language: str,
    source: Source,
    launcher: Callable[..., None],
    rows: Callable[..., Row] | None = None,
) -> Program:
    """What runs a kernel; where it looks numbers up, their places are checked first."""
    check, first = checks_of(kernel), len(kernel.outputs)
    if check is None:
        return Program(kernel, language, source, launcher, "{}.address", rows)

    def run(*memories: OwnMemory) -> None:
        check(memories[first:])
        launcher(*[m.address for m in memories])

    return Program(kernel, language, source, run)
