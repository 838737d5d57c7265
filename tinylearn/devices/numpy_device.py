"""The numpy device: kernels are Python functions of NumPy calls. Always there."""

from __future__ import annotations

import itertools
import linecache
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device, Program
from tinylearn.graph.dtype import ALL, dtype
from tinylearn.graph.node import Shape
from tinylearn.graph.rules import numpy_pad, numpy_shrink
from tinylearn.loops.lower import lower
from tinylearn.loops.rewrites import rewritten
from tinylearn.parts import Part
from tinylearn.render.numpy_text import render_numpy
from tinylearn.schedule.kernel import Kernel

RENDER = Part("render.numpy", render_numpy)
NOTHING = np.array(-104, np.float32)  # exp of it is 0; below -708 NumPy takes twice as long
FEW = 4096  # numbers: fewer are chosen, or multiplied, by NumPy itself, in one call
EXACT = 2.0**53  # up to here float64 has every whole number
BITS = {np.dtype(f"{kind}{size}"): np.dtype(f"i{size}") for kind in "fi" for size in (2, 4, 8)}


def strided(memory: np.ndarray, start: int, shape: tuple, steps: tuple) -> np.ndarray:
    """A view of memory: start and steps count numbers, not bytes."""
    size = memory.itemsize
    return np.ndarray(shape, memory.dtype, memory, start * size, tuple(s * size for s in steps))


def keep(condition: Any, x: Any, out: np.ndarray | None = None) -> Any:
    """x where the condition holds, else 0: its bits times one or zero, twice as fast as where."""
    bits = BITS.get(x.dtype)
    if bits is None or x.ndim == 0:
        chosen = np.where(condition, x, x.dtype.type(0))
        if out is not None:
            out[...] = chosen
        return chosen
    if out is None:
        return np.multiply(x.view(bits), condition).view(x.dtype)
    np.multiply(x.view(bits), condition, out=out.view(bits))
    return out


def drop(condition: Any, x: Any, out: np.ndarray | None = None) -> Any:
    """0 where the condition holds, else x."""
    return keep(np.logical_not(condition), x, out)


def exactly(function: Callable, lowest: np.ndarray | None = None) -> Callable:
    """A function that computes float32 as float64: its own for float32 is off by up to 4 ulp.

    lowest   what smaller numbers are taken for
    """

    def compute(x: Any, out: np.ndarray | None = None) -> Any:
        if getattr(x, "dtype", None) != np.float32 or not isinstance(x, np.ndarray):
            return function(x) if out is None else function(x, out=out)
        out = np.empty_like(x) if out is None else out
        x = x if lowest is None else np.maximum(x, lowest, out=out)
        return function(x, out=out, dtype=np.float64, casting="unsafe")

    return compute


def choose(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, else y: by their bits, five times as fast as where."""
    many = x if isinstance(x, np.ndarray) and x.ndim else y
    bits = BITS.get(many.dtype) if isinstance(many, np.ndarray) else None
    if bits is None or many.size < FEW:
        return np.where(condition, x, y)
    other = np.asarray(y, many.dtype).view(bits)
    change = np.bitwise_xor(np.asarray(x, many.dtype).view(bits), other)
    return np.bitwise_xor(change * condition, other).view(many.dtype)


def matmul(x: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """The product of matrices; of ints through float64 where that holds all sums: NumPy's library
    multiplies floats alone, 8 to 50 times as fast.
    """
    many_ints = x.dtype.kind == "i" and min(x.size, y.size) >= FEW
    if many_ints and x.shape[-1] * largest(x) * largest(y) < EXACT:
        product = np.matmul(x.astype(np.float64), y.astype(np.float64)).astype(np.int64)
        if out is None:
            return product.astype(x.dtype)
        out[...] = product
        return out
    return np.matmul(x, y, out=out)


def largest(x: np.ndarray) -> float:
    """The largest distance from 0."""
    return max(-float(x.min()), float(x.max()))


def row_max(x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """The largest number of each row, kept as a row of one; the rows are stood upright first."""
    upright = np.ascontiguousarray(x.swapaxes(-1, -2))
    into = None if out is None else out.swapaxes(-1, -2)
    return np.maximum.reduce(upright, -2, out=into, keepdims=True).swapaxes(-1, -2)


NAMESPACE: dict[str, Any] = {
    name: getattr(np, name)
    for name in (
        "add",
        "multiply",
        "subtract",
        "true_divide",
        "reciprocal",
        "exp",
        "log",
        "sin",
        "sqrt",
        "less",
        "equal",
        "logical_not",
        "where",
        "maximum",
        "minimum",
        "einsum",
        "reshape",
        "transpose",
        "broadcast_to",
        "flip",
        "full",
        "zeros",
        "asarray",
        "ascontiguousarray",
        "inf",
        "nan",
    )
}
NAMESPACE |= {name: d.numpy.type for name, d in ALL.items()}
NAMESPACE |= {"divide": np.true_divide, "pad": numpy_pad, "shrink": numpy_shrink, "min": min}
NAMESPACE |= {"bool": bool, "strided": strided, "keep": keep, "drop": drop, "range": range}
NAMESPACE |= {"row_max": row_max, "choose": choose, "matmul": matmul}
NAMESPACE |= {"log": exactly(np.log), "exp": exactly(np.exp, lowest=NOTHING)}
NAMESPACE |= {"__builtins__": {}}
TEXTS = itertools.count(1)


def compiled(text: str, name: str) -> Callable[..., None]:
    """The function `name` defined by the text; tracebacks show the text's lines."""
    file = f"<generated {name} {next(TEXTS)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    names = dict(NAMESPACE)
    exec(compile(text, file, "exec"), names)
    function = names.pop(name)
    weakref.finalize(function, linecache.cache.pop, file, None)
    return function


class NumPyDevice(Device):
    """NumPy on the processor; products go to its BLAS."""

    name = "numpy"

    def adopt(self, array: np.ndarray) -> Buffer:
        """A buffer in the array's own memory, if that is in order."""
        if not array.flags.c_contiguous:
            return self.upload(array)
        return Buffer(array.shape, dtype(array.dtype), self.name, array)

    def viewed(self, buffer: Buffer, shape: Shape) -> Buffer:
        """A buffer of another shape in the same memory."""
        array = self.memory(buffer).reshape(shape)
        return Buffer(shape, buffer.dtype, self.name, array, whole=buffer)

    def compile(self, kernels: Sequence[Kernel]) -> list[Program]:
        """A Python function for each kernel."""
        programs = []
        for k, kernel in enumerate(kernels):
            source = RENDER(kernel, rewritten(lower(kernel)), f"kernel_{k}")
            run = compiled(source.text, f"kernel_{k}")
            programs.append(Program(kernel, "numpy", source, run))
        return programs
