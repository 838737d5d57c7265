"""Buffers: numbers in the memory of a device, and a pool that gives used memory out again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinylearn.graph.dtype import DType
from tinylearn.graph.node import Shape


class Pool:
    """Host memory by size. Fresh pages cost the system more than small kernels cost us."""

    LIMIT = 512 * 1024 * 1024  # bytes kept for later at the most
    SMALL = 512  # bytes: below this NumPy's own cache is as fast

    def __init__(self) -> None:
        self.free: dict[tuple[int, np.dtype], list[np.ndarray]] = {}
        self.kept = 0

    def take(self, size: int, dtype: np.dtype) -> np.ndarray:
        """A one-dimensional array of `size` numbers with arbitrary values."""
        stack = self.free.get((size, dtype))
        if stack:
            self.kept -= size * dtype.itemsize
            return stack.pop()
        return np.empty(size, dtype)

    def give(self, array: np.ndarray) -> None:
        """Take memory back that nobody looks at any more."""
        if array.nbytes >= self.SMALL and self.kept + array.nbytes <= self.LIMIT:
            self.kept += array.nbytes
            self.free.setdefault((array.size, array.dtype), []).append(array)


POOL = Pool()


class Buffer:
    """Numbers of one shape and dtype on one device.

    data   the device's memory: for numpy and c a one-dimensional array; None until first use
           if the buffer is one value everywhere (fill)
    """

    __slots__ = ("__weakref__", "data", "device", "dtype", "fill", "pooled", "shape")

    def __init__(
        self, shape: Shape, dtype: DType, device: str, data: Any = None, fill: Any = None,
        pooled: bool = False,
    ):
        self.shape, self.dtype, self.device = shape, dtype, device
        self.data, self.fill, self.pooled = data, fill, pooled

    def __del__(self) -> None:
        if self.pooled and POOL is not None:
            POOL.give(self.data)

    @property
    def size(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)

    def __repr__(self) -> str:
        return f"Buffer({self.shape}, {self.dtype}, {self.device})"
