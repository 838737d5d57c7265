"""The device "opencl": trees on blocks and threads, written as OpenCL, run by pyopencl.

Any OpenCL device will do: a graphics card, or the processor itself by way of PoCL. PYOPENCL_CTX in
the environment chooses among several, as for every program that uses pyopencl.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from tinylearn.devices.buffer import Pool
from tinylearn.devices.device import Program
from tinylearn.devices.grid_device import GridDevice, OwnMemory, program
from tinylearn.errors import DeviceError, describe
from tinylearn.graph.node import Shape
from tinylearn.loops.launches import launches, left_between
from tinylearn.loops.phases import launch
from tinylearn.loops.tree import Function
from tinylearn.render.opencl import OPENCL, PRELUDE, render_opencl
from tinylearn.schedule.kernel import Kernel

ROUNDED = "-cl-fp32-correctly-rounded-divide-sqrt"


class OpenclDevice(GridDevice):
    """A device of OpenCL: its context, and a queue whose launches run in order."""

    name = "opencl"

    def unavailable(self) -> str:
        """Why there is no device to work with, or ""."""
        try:
            import pyopencl
        except ImportError:
            return "pyopencl is not installed\nTry pip install 'tinylearn[opencl]'"
        try:
            self.queue  # noqa: B018  # opened here
        except pyopencl.Error as error:
            says = f"OpenCL has no device here ({error})"
            return f"{says}\nTry pip install pocl-binary-distribution, which runs on the processor"
        return ""

    @cached_property
    def context(self) -> Any:
        """Where memory and programs belong."""
        import pyopencl

        return pyopencl.create_some_context(interactive=False)

    @cached_property
    def queue(self) -> Any:
        """What is launched runs one after the other."""
        import pyopencl

        return pyopencl.CommandQueue(self.context)

    @cached_property
    def pool(self) -> Pool:
        """Memory that was used, to be given out again: up to half of the device's."""
        return Pool(self.new_memory, self.room()[2] // 2)

    def room(self) -> tuple[str, int, int]:
        """The device's name; OpenCL says how much memory it has, and not how much is free."""
        device = self.queue.device
        return device.name, device.global_mem_size, device.global_mem_size

    def reserve(self, shape: Shape, dtype: np.dtype) -> OwnMemory | None:
        """New memory; None if the device has none left."""
        import pyopencl

        memory = OwnMemory(shape, dtype)
        try:
            flags = pyopencl.mem_flags.READ_WRITE
            memory.address = pyopencl.Buffer(self.context, flags, max(memory.nbytes, 1))
        except (pyopencl.MemoryError, pyopencl.LogicError):  # too large for the device, or full
            return None
        return memory

    def fetch(self, memory: OwnMemory) -> np.ndarray:
        """A copy of the numbers, once all launches before are done."""
        import pyopencl

        numbers = np.empty(memory.shape, memory.dtype)
        if memory.nbytes:
            pyopencl.enqueue_copy(self.queue, numbers, memory.address)
        return numbers

    def send(self, memory: OwnMemory, numbers: np.ndarray) -> None:
        """Put numbers into memory."""
        import pyopencl

        if memory.nbytes:
            pyopencl.enqueue_copy(self.queue, memory.address, numbers)

    def wait(self) -> None:
        """Until all launches are done."""
        self.queue.finish()

    def compile(self, kernels: Sequence[Kernel]) -> list[Program]:
        """One program of OpenCL for all kernels."""
        import pyopencl

        trees = self.trees(kernels)
        sources = [render_opencl(tree) for tree in trees]
        text = "\n".join([PRELUDE, *(source.text for source in sources)])
        built = pyopencl.Program(self.context, text).build(options=self.options())
        return [
            program(kernel, "opencl", source, Launches(self, built, tree))
            for kernel, source, tree in zip(kernels, sources, trees, strict=True)
        ]

    def tree(self, kernel: Kernel, name: str) -> Function:
        """A kernel's loops, unless it has numbers for which OpenCL's table has no words."""
        every = (*kernel.outputs, *kernel.loaded, *kernel.members)
        strange = next((n.dtype for n in every if n.dtype.name not in OPENCL.types), None)
        if strange is not None:
            says = f"the opencl device has no {strange}"
            raise describe(DeviceError, says, [("x", kernel.outputs[0])], "x.float()")
        return super().tree(kernel, name)

    def options(self) -> list[str]:
        """No warnings; and division and roots as exact as everywhere, if the device can do that."""
        import pyopencl

        exact = pyopencl.device_fp_config.CORRECTLY_ROUNDED_DIVIDE_SQRT
        return ["-w", *([ROUNDED] if self.queue.device.single_fp_config & exact else [])]


class Launches:
    """A kernel, ready to be launched: launches(buffer, buffer, ...).

    steps     (OpenCL's kernel, threads in all, threads of a block, which buffers it takes)
    between   what one launch leaves for the next
    """

    def __init__(self, device: OpenclDevice, built: Any, tree: Function) -> None:
        self.queue = device.queue
        names = [m.name for m in (*tree.arguments, *left_between(tree))]
        self.between = [device.new_memory(m.shape, m.dtype.numpy) for m in left_between(tree)]
        self.steps = []
        for step in launches(tree):
            grid = launch(step)
            most = device.queue.device.max_work_group_size
            if grid.thread_count > most:
                says = f"a block of {step.name} has {grid.thread_count} threads"
                raise DeviceError(f"{says}, and {device.room()[0]} takes {most}\nTry device='c'")
            whole = tuple(b * t for b, t in zip(grid.blocks, grid.threads, strict=True))
            slots = [names.index(m.name) for m in step.arguments]
            kernel = getattr(built, f"run_{step.name}")
            self.steps.append((kernel, whole, grid.threads, slots))

    def __call__(self, *buffers: Any) -> None:
        there = [*buffers, *(m.address for m in self.between)]
        for kernel, whole, block, slots in self.steps:
            kernel(self.queue, whole, block, *[there[k] for k in slots])
