"""Buffers: numbers in the memory of a device, and a pool that gives used memory out again."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from tinylearn.errors import ShapeError
from tinylearn.graph.dtype import DType
from tinylearn.graph.node import Shape

LINE = 64  # bytes of a cache line


class Pool:
    """Memory by shape, given out again. Fresh pages cost the system more than a kernel costs us.

    make   (shape, NumPy dtype) -> new memory, a thing with .shape, .dtype and .nbytes
    limit  bytes kept for later at the most
    free   what lies there
    older  what lies there of shapes that nobody has given back for a while
    kept   bytes that lie there; out: bytes in use; most: how many were ever in use at once
    room   bytes that may lie there: twice the most, and a little

    Shapes that nobody asks for any more make room for those that are.
    """

    LIMIT = 512 * 1024 * 1024
    LITTLE = 4 * 1024 * 1024
    EACH = 256  # bytes that a piece takes beside its numbers

    def __init__(self, make: Callable[[Shape, np.dtype], Any], limit: int = LIMIT):
        self.make, self.limit = make, limit
        self.free: dict[tuple[Shape, np.dtype], list] = {}
        self.older: dict[tuple[Shape, np.dtype], list] = {}
        self.kept = self.out = self.most = 0
        self.room = self.LITTLE

    def take(self, shape: Shape, dtype: np.dtype) -> Any:
        """Memory with arbitrary values."""
        kind = shape, dtype
        stack = self.free.get(kind) or self.older.get(kind)
        if stack:
            memory = stack.pop()
            size = memory.nbytes + self.EACH
            self.kept -= size
        else:
            memory = self.make(shape, dtype)
            size = memory.nbytes + self.EACH
        self.out += size
        if self.out > self.most:
            self.most = self.out
            self.room = min(self.limit, 2 * self.most + self.LITTLE)
        return memory

    def give(self, memory: Any) -> None:
        """Take memory back that nobody looks at any more."""
        size = memory.nbytes + self.EACH
        self.out -= size
        if size > self.limit:
            return
        kind = memory.shape, memory.dtype
        stack = self.free.get(kind)
        if stack is None:
            stack = self.free[kind] = self.older.pop(kind, [])
        stack.append(memory)
        self.kept += size
        while self.kept > self.room:
            self.let_go()

    def clear(self) -> None:
        """Forget all that lies here."""
        self.free, self.older, self.kept = {}, {}, 0

    def let_go(self) -> None:
        """Forget a piece of a shape that nobody has given back for a while.

        Other threads, and the memory of what dies meanwhile, may come in between: what the counts
        then say too much is forgotten when nothing is left.
        """
        if not self.older:
            self.older, self.free = self.free, {}
        kinds = list(self.older)
        if not kinds:
            self.kept = 0
            return
        stack = self.older.get(kinds[0])
        if stack:
            self.kept -= stack.pop().nbytes + self.EACH
        if not stack:
            self.older.pop(kinds[0], None)


def aligned(shape: Shape, dtype: np.dtype) -> np.ndarray:
    """An array with arbitrary values that begins at a cache line: vectors are read in one go."""
    fits(shape, dtype)
    size = math.prod(shape) * dtype.itemsize
    raw = np.empty(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(dtype).reshape(shape)


def fits(shape: Shape, dtype: DType | np.dtype) -> None:
    """Raises ShapeError if so many numbers cannot be held in memory."""
    need = math.prod(shape) * dtype.itemsize
    if need > 1 << 28 and need > available_memory():
        have = available_memory() / 1e9
        raise ShapeError(
            f"shape {shape} of {dtype} needs {need / 1e9:.4g} GB of memory, {have:.3g} GB are free"
        )


def available_memory() -> float:
    """Bytes that could be used now; infinite where the system does not say."""
    try:
        with open("/proc/meminfo") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return math.inf


POOL = Pool(aligned)


class Buffer:
    """Numbers of one shape and dtype on one device.

    data   the device's memory: for numpy an array of this shape; None until first use if the
           buffer is one value everywhere (fill)
    pool   where the memory goes when nobody has the buffer any more
    whole  the buffer whose memory this is, in another shape: it is kept as long
    """

    __slots__ = ("__weakref__", "data", "device", "dtype", "fill", "pool", "shape", "whole")

    def __init__(
        self,
        shape: Shape,
        dtype: DType,
        device: str,
        data: Any = None,
        fill: Any = None,
        pool: Pool | None = None,
        whole: Buffer | None = None,
    ):
        self.shape, self.dtype, self.device = shape, dtype, device
        self.data, self.fill, self.pool, self.whole = data, fill, pool, whole

    def __del__(self) -> None:
        try:
            pool = self.pool
        except AttributeError:  # Ctrl-C ended __init__
            return
        if pool is not None:
            pool.give(self.data)

    @property
    def size(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)

    def __repr__(self) -> str:
        return f"Buffer({self.shape}, {self.dtype}, {self.device})"


def repeated(shape: Shape, dtype: DType, value: float) -> np.ndarray:
    """An array of one value; one that is too large for the dtype is infinite, as everywhere."""
    with np.errstate(over="ignore"):
        return np.full(shape, value, dtype.numpy)
