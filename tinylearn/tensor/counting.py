"""Counting ints: one_hot, bincount, and histc, which counts floats by the bin they fall into."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import numpy as np

from tinylearn.errors import DTypeError, ShapeError, describe
from tinylearn.graph.dtype import bool_, float32, float64, int64
from tinylearn.graph.lookup import SCATTER
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import LESS, WHERE, const
from tinylearn.repairs.userline import name_of
from tinylearn.tensor.along import places
from tinylearn.tensor.compare import is_number
from tinylearn.tensor.indexing import computed_if_cheap, known, one_of, outside
from tinylearn.tensor.state import State, made

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Counting(State):
    """How often, and where."""

    __slots__ = ()

    def one_hot(self, classes: int) -> Tensor:
        """(...) ints -> (..., classes) float32: 1 at the place it names. PyTorch: one_hot"""
        index = ints("one_hot", self.node)
        shape = index.shape + (operator.index(classes),)
        index = computed_if_cheap(index)
        if not known(index):
            index = one_of(index, shape[-1])
        elif (wrong := outside(index, 0, shape[-1])) is not None:
            raise ValueError(f"one_hot: class {wrong} is not one of 0 to {shape[-1] - 1}")
        index = index.cast(int64).reshape(index.shape + (1,)).expand(shape)
        place = places(shape, len(shape) - 1, index.device)
        one, zero = (const(n, shape, float32, index.device) for n in (1.0, 0.0))
        return made(WHERE(LESS(index, place), zero, WHERE(LESS(place, index), zero, one)), False)

    def bincount(self, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
        """How often each int from 0 on stands in a row; computed, for the largest is the length.

        weights   what each counts, in a row as long; else 1
        NumPy, PyTorch: bincount
        """
        x = ints("bincount", self.node)
        numbers = made(x, False).numpy()
        if len(x.shape) != 1 or (numbers < 0).any():
            says = "bincount counts ints from 0 on, in a row"
            raise describe(ShapeError, says, [(name_of(), x)], f"{name_of()}.flatten().bincount()")
        size = max(int(numbers.max(initial=-1)) + 1, minlength)
        if weights is None:
            return made(SCATTER(const(1, x.shape, int64, x.device), x, arg=(size,)), False)
        if weights.shape != x.shape:
            says = "bincount needs as many weights as ints"
            raise describe(ShapeError, says, [("x", x), ("weights", weights)])
        given = weights.node if weights.dtype.is_float else weights.node.cast(float64)
        return made(SCATTER(given, x, arg=(size,)), False)

    def histc(self, bins: int = 100, low: float = 0, high: float = 0) -> Tensor:
        """How many numbers fall into each of so many bins, all as wide, from low to high.

        low, high   if they are equal: the smallest and the largest number, which are computed
        Numbers outside, and those that are none, do not count. PyTorch: histc
        """
        x = self.node.reshape((self.node.size,))
        if not x.dtype.is_float:
            raise DTypeError(f"histc counts floats, not {x.dtype}\nTry {name_of()}.float().histc()")
        if low > high:
            raise ValueError(f"histc needs low <= high, got {low} and {high}")
        if low == high and x.size:
            numbers = made(x, False).numpy()
            low, high = float(np.min(numbers)), float(np.max(numbers))
        if low == high:
            low, high = low - 1, high + 1
        one = is_number(x).where(1.0, x.const_like(0))
        inside = LESS(x, x.const_like(low)).where(0.0, LESS(x.const_like(high), x).where(0.0, one))
        bin_of = ((x - low) * (bins / (high - low))).cast(int64)
        last = bin_of.const_like(bins - 1)
        bin_of = LESS(last, bin_of).where(last, LESS(bin_of, bin_of.const_like(0)).where(0, bin_of))
        return made(SCATTER(inside, bin_of, arg=(bins,)), False)


def ints(op: str, x: Node) -> Node:
    """x, if it is made of ints."""
    if x.dtype.is_float or x.dtype is bool_:
        raise DTypeError(f"{op} needs ints, not {x.dtype}\nTry {name_of()}.long()")
    return x
