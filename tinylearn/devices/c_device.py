"""The c device: kernels are C functions, compiled once and called through ctypes.

Large products are left to NumPy's BLAS, which is faster than the loops written here.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinylearn.devices import compiler
from tinylearn.devices.buffer import Buffer, Pool
from tinylearn.devices.device import Device, Program
from tinylearn.devices.numpy_device import RENDER as RENDER_NUMPY
from tinylearn.devices.numpy_device import compiled
from tinylearn.graph.dtype import DType
from tinylearn.graph.node import Shape
from tinylearn.loops.ir import Nest
from tinylearn.loops.lower import lower
from tinylearn.loops.transforms import transformed
from tinylearn.parts import Part
from tinylearn.render.cstyle import PRELUDE, render_c
from tinylearn.render.product import product_form
from tinylearn.schedule.kernel import Kernel

RENDER = Part("render.c", render_c)
BLAS_FROM = 16_384  # multiplications: below, a C loop is done before BLAS has begun


class Memory:
    """Host memory with its address at hand: asking an array for it takes longer than a call."""

    __slots__ = ("address", "array", "dtype", "nbytes", "size")

    def __init__(self, array: np.ndarray):
        self.array, self.size, self.dtype = array, array.size, array.dtype
        self.nbytes = array.nbytes
        self.address = array.ctypes.data


POOL = Pool(lambda size, dtype: Memory(np.empty(size, dtype)))


class CDevice(Device):
    """The processor, through a C compiler: cc, clang, gcc, or the ziglang package."""

    name = "c"

    def unavailable(self) -> str:
        """Why there is no compiler to work with, or ""."""
        return "" if compiler.compiler() else compiler.MISSING

    def allocate(self, shape: Shape, dtype: DType) -> Buffer:
        """Memory with arbitrary values, with its address."""
        memory = POOL.take(math.prod(shape), dtype.numpy)
        return Buffer(shape, dtype, self.name, memory, pool=POOL)

    def take(self, size: int, numpy: np.dtype) -> Memory:
        """Memory for a while."""
        return POOL.take(size, numpy)

    def give(self, memory: Memory) -> None:
        """Memory that `take` gave is no longer needed."""
        POOL.give(memory)

    def read(self, memory: Memory) -> np.ndarray:
        """The numbers in memory."""
        return memory.array

    def write(self, memory: Memory, numbers: np.ndarray) -> None:
        """Put numbers into memory."""
        memory.array[...] = numbers

    def memory(self, buffer: Buffer) -> Memory:
        """The buffer's memory."""
        if buffer.data is None:
            array = np.full(buffer.size, buffer.fill, buffer.dtype.numpy)
            buffer.data = Memory(array)
        return buffer.data

    def compile(self, kernels: Sequence[Kernel]) -> list[Program]:
        """One library for all kernels that are written in C."""
        nests = [transformed(lower(k)) for k in kernels]
        sources = []
        for k, (kernel, nest) in enumerate(zip(kernels, nests, strict=True)):
            render = RENDER_NUMPY if for_blas(nest) else RENDER
            sources.append(render(kernel, nest, f"kernel_{k}"))
        texts = [s.text for s, n in zip(sources, nests, strict=True) if not for_blas(n)]
        loaded = compiler.library("\n".join([PRELUDE, *texts])) if texts else None
        programs = []
        for k, (kernel, nest, source) in enumerate(zip(kernels, nests, sources, strict=True)):
            name = f"kernel_{k}"
            if for_blas(nest):
                run = on_arrays(compiled(source.text, name))
                programs.append(Program(kernel, "numpy", source, run))
            else:
                run = on_addresses(getattr(loaded, name), len(kernel.outputs + kernel.loaded))
                programs.append(Program(kernel, "c", source, run))
        return programs


def for_blas(nest: Nest) -> bool:
    """Whether the nest is a matrix product large enough for BLAS."""
    product = product_form(nest) if nest.is_strided else None
    rounds = math.prod(v.size for v in nest.outer_loops + nest.reduced_loops)
    return product is not None and rounds >= BLAS_FROM and bool(product.rows and product.columns)


def on_arrays(function: Callable) -> Callable[..., None]:
    """A NumPy kernel that is given this device's memory."""
    return lambda *memories: function(*[m.array for m in memories])


def on_addresses(function: Any, count: int) -> Callable[..., None]:
    """A C function that is given this device's memory."""
    function.restype = None
    function.argtypes = [ctypes.c_void_p] * count
    return lambda *memories: function(*[m.address for m in memories])
