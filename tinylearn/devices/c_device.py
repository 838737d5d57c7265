"""The c device: kernels are C functions, compiled once and called through ctypes.

The largest products are left to NumPy's BLAS: see c_blas.py.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tinylearn.devices import compiler, loading
from tinylearn.devices.buffer import Buffer, Pool, aligned, repeated
from tinylearn.devices.c_blas import Halves, halves
from tinylearn.devices.c_row import MOST, CRow
from tinylearn.devices.device import Device, Program
from tinylearn.devices.library import checks_of
from tinylearn.devices.numpy_device import compiled
from tinylearn.devices.tuned import TUNED
from tinylearn.graph.dtype import DType
from tinylearn.graph.dtype import dtype as dtype_of
from tinylearn.graph.lookup import GATHER
from tinylearn.graph.node import Shape
from tinylearn.loops.chosen import Cook, by_choice, carried_out
from tinylearn.loops.lower import lower
from tinylearn.loops.machine import AVX2, AVX512, BLAS_FROM, NEON, Machine
from tinylearn.loops.nest import Nest
from tinylearn.loops.recipe import ELEMENTWISE, REDUCTION, cooked
from tinylearn.loops.rewrites import rewritten
from tinylearn.loops.statements import Memory as Numbers
from tinylearn.loops.tree import plain
from tinylearn.parts import Part
from tinylearn.render.c import before, render_c
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel

RENDER = Part("render.c", render_c)
MACHINES = {64: AVX512, 32: AVX2, 16: NEON}  # by the bytes of a vector


class Memory:
    """Host memory with its address at hand: asking an array for it takes longer than a call."""

    __slots__ = ("address", "array", "dtype", "nbytes", "shape")

    def __init__(self, array: np.ndarray):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.nbytes = array.nbytes
        self.address = array.ctypes.data


POOL = Pool(lambda shape, dtype: Memory(aligned(shape, dtype)))


class CDevice(Device):
    """The processor, through a C compiler: cc, clang, gcc, or the ziglang package."""

    name = "c"

    def unavailable(self) -> str:
        """Why there is no compiler to work with, or ""."""
        return compiler.find().problem

    def allocate(self, shape: Shape, dtype: DType) -> Buffer:
        """Memory with arbitrary values, with its address."""
        memory = POOL.take(shape, dtype.numpy)
        return Buffer(shape, dtype, self.name, memory, pool=POOL)

    def take(self, shape: Shape, numpy: np.dtype) -> Memory:
        """Memory for a while."""
        return POOL.take(shape, numpy)

    def give(self, memory: Memory) -> None:
        """Memory that `take` gave is no longer needed."""
        POOL.give(memory)

    def read(self, memory: Memory) -> np.ndarray:
        """The numbers in memory."""
        return memory.array

    def write(self, memory: Memory, numbers: np.ndarray) -> None:
        """Put numbers into memory."""
        memory.array[...] = numbers

    def adopt(self, array: np.ndarray) -> Buffer:
        """A buffer in the array's own memory, if that is in order."""
        if not (array.flags.c_contiguous and array.flags.aligned):
            return self.upload(array)
        return Buffer(array.shape, dtype_of(array.dtype), self.name, Memory(array))

    def memory(self, buffer: Buffer) -> Memory:
        """The buffer's memory."""
        if buffer.data is None:
            array = repeated(buffer.shape, buffer.dtype, buffer.fill)
            buffer.data = Memory(array)
        return buffer.data

    def viewed(self, buffer: Buffer, shape: Shape) -> Buffer:
        """A buffer of another shape in the same memory."""
        memory = Memory(self.read(self.memory(buffer)).reshape(shape))
        return Buffer(shape, buffer.dtype, self.name, memory, whole=buffer)

    def compile(self, kernels: Sequence[Kernel]) -> list[Program]:
        """One library for all kernels, or parts of them, that are written in C."""
        written = [Written.of(kernel, f"kernel_{k}") for k, kernel in enumerate(kernels)]
        texts = [w.in_c.text for w in written if w.in_c is not None]
        loaded = loading.library("\n".join([before(texts), *texts])) if texts else None
        return [w.program(loaded) for w in written]


def here() -> Machine:
    """The machine that the compiler of this process writes for."""
    return MACHINES[compiler.find().vector]


def chosen_here(nest: Nest, name: str) -> Cook | None:
    """The loops that somebody chose for this kernel, by hand or by trying; None if nobody did.

    Where a recipe is a student's, what was tried beside tinylearn's own does not count.
    """
    tree = plain(nest, name)
    own = ELEMENTWISE.is_default and REDUCTION.is_default
    return by_choice(tree) or carried_out(tree, TUNED(tree) if own else None)


def loops_here(nest: Nest, name: str) -> Cook:
    """The loops as this device runs them."""
    return chosen_here(nest, name) or cooked(nest, name, here())


@dataclass(frozen=True)
class Written:
    """A kernel whose texts are written: C, a call of BLAS, or both."""

    kernel: Kernel
    name: str
    in_c: Source | None
    by_blas: Halves | None

    @staticmethod
    def of(kernel: Kernel, name: str) -> Written:
        """The kernel as somebody chose its loops, or as the recipe does."""
        nest = rewritten(lower(kernel))
        cook = chosen_here(nest, name)
        return (
            Written.by_recipe(kernel, nest, name)
            if cook is None
            else Written.as_cooked(kernel, cook)
        )

    @staticmethod
    def as_cooked(kernel: Kernel, cook: Cook) -> Written:
        """The kernel with these loops."""
        return Written(kernel, cook.function.name, RENDER(cook.function), None)

    @staticmethod
    def by_recipe(kernel: Kernel, nest: Nest, name: str) -> Written:
        """The kernel in the form that should be fastest."""
        by_blas = halves(nest, name, BLAS_FROM)
        after = nest if by_blas is None else by_blas.nest
        in_c = None if after is None else RENDER(cooked(after, name, here()).function)
        return Written(kernel, name, in_c, by_blas)

    @property
    def source(self) -> Source:
        """All texts, for reading."""
        whole, pieces = Source(), []
        for n in self.kernel.members:
            if n.op is GATHER:
                whole.add(f"# first NumPy checks that {n} finds each of its places", n)
        if self.by_blas is not None:
            says = "# the product: a call of BLAS, through NumPy"
            pieces.append((says, self.by_blas.multiply))
        if self.in_c is not None:
            pieces.append(("// what follows: a loop in C" if pieces else "", self.in_c))
        for says, piece in pieces:
            if whole.lines:
                whole.add()
            if says:
                whole.add(says, self.kernel.outputs[0])
            whole.lines += piece.lines
            whole.nodes += piece.nodes
        return whole

    def program(self, loaded: ctypes.CDLL | None) -> Program:
        """What runs it."""
        check = checks_of(self.kernel)
        if self.by_blas is None and check is not None:
            run = checked_first(self.kernel, check, by_address(self.follow(loaded)))
            return Program(self.kernel, "c", self.source, run)
        if self.by_blas is None:
            run, few = self.follow(loaded), len(self.kernel.outputs + self.kernel.loaded) <= MOST
            return Program(self.kernel, "c", self.source, run, "{}.address", CRow if few else None)
        multiply = compiled(self.by_blas.multiply.text, self.name)
        if self.in_c is None:
            return Program(self.kernel, "blas", self.source, multiply, "{}.array")
        run = one_after_the_other(multiply, self.follow(loaded), self.by_blas.scratch)
        if check is not None:
            run = checked_first(self.kernel, check, run)
        return Program(self.kernel, "blas+c", self.source, run)

    def follow(self, loaded: ctypes.CDLL | None) -> Callable[..., None]:
        """The C function."""
        scratch = self.by_blas is not None and self.by_blas.scratch is not None
        function = getattr(loaded, self.name)
        function.restype = None
        count = len(self.kernel.outputs + self.kernel.loaded) + scratch
        function.argtypes = [ctypes.c_void_p] * count
        return function


def by_address(function: Callable[..., None]) -> Callable[..., None]:
    """A C function of memories."""
    return lambda *memories: function(*[m.address for m in memories])


def checked_first(
    kernel: Kernel, check: Callable[[Sequence[Memory]], None], run: Callable[..., None]
) -> Callable[..., None]:
    """A function that runs after a check of what it reads."""
    first = len(kernel.outputs)

    def both(*memories: Memory) -> None:
        check(memories[first:])
        run(*memories)

    return both


def one_after_the_other(
    multiply: Callable[..., None], follow: Callable[..., None], scratch: Numbers | None
) -> Callable[..., None]:
    """First the product, then what follows it, with scratch memory between them if need be.

    multiply   is given arrays
    follow     is given addresses
    """

    def run(*memories: Memory) -> None:
        multiply(*[m.array for m in memories])
        follow(*[m.address for m in memories])

    def run_with_scratch(*memories: Memory) -> None:
        between = POOL.take(scratch.shape, scratch.dtype.numpy)  # type: ignore[union-attr]
        run(*memories, between)
        POOL.give(between)

    return run if scratch is None else run_with_scratch
