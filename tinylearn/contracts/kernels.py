"""Small awkward kernels, with their right numbers: what loops and texts are tried on.

Sizes that divide by nothing, sizes 0 and 1, every kind of number, moves that leave guards and
remainders, reductions that are short, long, and along either axis.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from tinylearn.contracts.measure import leaf, numbers
from tinylearn.graph import dtype as kinds
from tinylearn.graph.node import Node, walk
from tinylearn.graph.primitives import DETACH, const
from tinylearn.schedule.kernel import Kernel

Named = tuple[str, tuple[Node, ...]]
RANDOM = np.random.default_rng(4)
CLOSE = {"float16": 2e-2, "float32": 1e-4, "float64": 1e-9}  # other orders of adding are fine


@dataclass(frozen=True, eq=False)
class Sample:
    """A kernel, under a name that tells a student what is special about it.

    memory     the numbers of what it loads
    expected   the numbers of its outputs, by the interpreter of graphs
    """

    says: str
    kernel: Kernel
    memory: dict[Node, np.ndarray]
    expected: dict[Node, np.ndarray]


@cache
def samples() -> tuple[Sample, ...]:
    """All kernels, made once."""
    found = []
    for named in (plain(), instructions(), windows(), moved(), reductions(), mixed(), large()):
        found += [sample(says, outputs) for says, outputs in named]
    return tuple(found)


def sample(says: str, outputs: tuple[Node, ...]) -> Sample:
    """All of a graph as one kernel."""
    order = walk.default(outputs)
    members = tuple(n for n in order if n.inputs)
    kernel = Kernel(outputs, members, tuple(n for n in order if not n.inputs))
    memory = dict(zip(kernel.loaded, numbers(kernel.loaded), strict=True))
    return Sample(says, kernel, memory, dict(zip(outputs, numbers(outputs), strict=True)))


def floats(*shape: int, kind: type = np.float32) -> Node:
    """Random numbers: positive and negative ones, none of them near 0."""
    array = RANDOM.uniform(0.3, 2.5, shape) * RANDOM.choice([-1, 1], shape)
    return leaf(array.astype(kind))


def integers(*shape: int, kind: type = np.int32) -> Node:
    """Whole numbers from -9 to 9."""
    return leaf(RANDOM.integers(-9, 10, shape).astype(kind))


def plain() -> Iterator[Named]:
    """One number after the other."""
    x, y, row = floats(4, 3), floats(4, 3), floats(1, 3)
    yield "x + y * x", (x + y * x,)
    yield "(x + y) * x, where the sum comes first", ((x + y) * x,)
    yield "y times each row of x, which is repeated", (row.expand((4, 3)) * y,)
    yield "the root of an exponential, of one number", (leaf(np.float32(0.7)).exp().sqrt(),)
    yield "x of shape (3, 0): no numbers at all", (floats(3, 0).exp(),)
    yield "x of shape (1, 1)", (floats(1, 1).sin() + 1.0,)
    yield "two results of one loop", ((x + y).exp(), (x + y) * 2.0)
    yield "a number that is read back and detached", (DETACH(x * 2.0) * y,)


def instructions() -> Iterator[Named]:
    """What machines have one instruction for."""
    x, y = floats(5, 7), floats(5, 7)
    yield "x - y", (x - y,)
    yield "x / y, and 1 / x", (x / y, x.recip())
    yield "the logarithm of x*x, divided by y - x", ((x * x).log() / (y - x),)
    low = x.less(0.5).where(0.5, x)
    yield "x, but at least 0.5", (low,)
    yield (
        "x where x < 0 and else 0; y the other way around",
        (
            x.less(0.0).where(x, 0.0),
            x.less(0.0).where(0.0, y),
        ),
    )
    whole, other = integers(5, 7), integers(5, 7)
    one, zero = x.const_like(1.0), x.const_like(0.0)
    same = whole.less(other).where(zero, other.less(whole).where(zero, one))
    yield "1 where two integers are equal, else 0", (same,)
    chosen = whole.less(other).where(zero, other.less(whole).where(zero, x))
    yield "x where two integers are equal, else 0", (chosen,)


def windows() -> Iterator[Named]:
    """Reductions and loops so short that they may be written out."""
    x, y = floats(37, 15, 3), floats(37, 15, 3)
    yield "the largest of each 3 numbers", (x.max((2,)),)
    yield "the sum of 3 products, 555 times, halved", ((x * y).sum((2,)) * 0.5,)
    yield "the sum of windows of 2 by 3", (floats(300, 2, 2, 3).sum((1, 3)),)
    yield "a row of 3 added to 555 rows", (floats(555, 3) + floats(1, 3).expand((555, 3)),)
    sides = [floats(1, 20, 30) for _ in range(3)]
    laid = sides[0].pad(((0, 2), (0, 0), (0, 0)))
    for k in (1, 2):
        laid = laid + sides[k].pad(((k, 2 - k), (0, 0), (0, 0)))
    yield "three parts laid side by side", (laid,)
    edge = floats(600, 2).exp().pad(((0, 0), (1, 1)))
    yield "exp(x) with a zero before and behind each pair", (edge * 2.0,)
    twice = floats(600, 2).pad(((0, 0), (1, 0))).exp().pad(((2, 2), (0, 0)))
    yield "exp of pairs behind a zero, between rows of zeros", (twice,)


def moved() -> Iterator[Named]:
    """Moves, which become index arithmetic and guards."""
    x, y = floats(6, 4), floats(4, 6)
    yield "x transposed", (x.permute((1, 0)) * y,)
    yield "x transposed, in one line of 24", (x.permute((1, 0)).reshape((24,)) * 2.0,)
    line = x.permute((1, 0)).reshape((24,)).shrink(((1, 24),))
    yield "x transposed, in one line of 24, without the first", (line * floats(23),)
    yield "the sum of x transposed, in lines of 12", (x.permute((1, 0)).reshape((2, 12)).sum((1,)),)
    yield "x turned around", (x.flip((0, 1)) + x,)
    yield "every second number of 11", (floats(12).reshape((6, 2)).shrink(((0, 6), (1, 2))) * 3.0,)
    yield "x with zeros around", (x.pad(((1, 2), (0, 1))).exp(),)
    yield "exp(x) with zeros around, turned around", (x.exp().pad(((1, 2), (2, 0))).flip((0,)),)
    zeros = floats(2, 9).pad(((0, 1), (1, 1))).shrink(((2, 3), (2, 9)))
    yield "nothing but zeros, with more around them", (zeros.pad(((2, 2), (2, 0))) + 0.5,)
    comb = floats(28).pad(((3, 1),)).reshape((8, 4)).shrink(((0, 8), (1, 3)))
    comb = comb.pad(((0, 0), (1, 1))).reshape((32,))
    yield "zeros in the middle of a line, cut to 27", (comb.shrink(((2, 29),)) + 1.0,)
    yield (
        "27 numbers of three axes, in another order",
        (floats(3, 5, 2).permute((2, 0, 1)).reshape((30,)).shrink(((0, 27),)) * -1.0,),
    )


def reductions() -> Iterator[Named]:
    """Sums and maxima, along either axis, and what follows them."""
    x = floats(21, 37)
    yield "the sum of each row of 37", (x.sum((1,)),)
    yield "the sum of each column of 21", (x.sum((0,)).sqrt(),)
    yield "the largest of each column of 21", (x.max((0,)),)
    yield "one over the sum of exp(x), in each row", (x.exp().sum((1,)).recip(),)
    yield "the sum of all numbers of three axes", (floats(2, 5, 19).sum((0, 1, 2)).reshape(()),)
    yield "the sum over the outer two of three axes", (floats(3, 5, 4).sum((0, 1)),)
    turned = floats(3, 5, 4).permute((2, 1, 0))
    yield "the sum over the outer of three axes, the others transposed", (turned.sum((2,)),)
    yield "the sum over the outer and the inner of three axes", (floats(3, 5, 4).sum((0, 2)),)
    yield "sums of columns of x transposed", ((x.permute((1, 0)) * 2.0).sum((0,)),)
    yield "a sum of no numbers", (floats(3, 0).sum((1,)) + 1.0,)
    yield "the largest of numbers below zero", ((x * x * -1.0).max((1,)),)
    exponential = x.exp()
    yield "exp(x), and its sum", (exponential.sum((0, 1)), exponential)
    yield "a sum of a padded line turned around", (floats(19).pad(((2, 3),)).flip((0,)).sum((0,)),)
    yield "a matrix product and a bias", (product(floats(5, 7), floats(7, 6), floats(1, 6)),)
    yield "a matrix product for BLAS", (product(floats(32, 24), floats(24, 33), floats(1, 33)),)
    left = floats(2, 5, 1, 7).expand((2, 5, 4, 7))
    yield "two matrix products", ((left * floats(2, 1, 4, 7).expand((2, 5, 4, 7))).sum((3,)),)
    left, right = floats(5, 1, 4, 7), floats(1, 6, 1, 7)
    both = left.expand((5, 6, 4, 7)) * right.expand((5, 6, 4, 7))
    yield "a product whose columns lie between its rows", (both.sum((3,)),)
    holes = np.array([[1, np.nan, 2], [-np.inf, -3, -4], [np.inf, 5, 6]], np.float32)
    yield "the largest of rows with nan and infinity", (leaf(holes).max((1,)),)


def product(x: Node, w: Node, bias: Node) -> Node:
    """x @ w + bias."""
    (n, k), (_, m) = x.shape, w.shape
    left, right = x.reshape((n, k, 1)).expand((n, k, m)), w.reshape((1, k, m)).expand((n, k, m))
    return (left * right).sum((1,)).reshape((n, m)) + bias.expand((n, m))


def mixed() -> Iterator[Named]:
    """Kinds of numbers, from one to the other."""
    x, whole, count = floats(3, 5), integers(3, 5), integers(3, 5, kind=np.int64)
    float32, float64, bool_ = kinds.float32, kinds.float64, kinds.bool_
    yield (
        "two integers as floats, divided",
        (whole.cast(float32) / (whole * whole + 2).cast(float32),),
    )
    yield (
        "a float cut to an integer, then halved",
        ((x * 3.0).cast(kinds.int32).cast(float32) * 0.5,),
    )
    yield (
        "floats that are not 0, counted",
        ((x * whole.cast(float32)).cast(bool_).cast(kinds.int32).sum((1,)),),
    )
    small = (x * 0.1).cast(bool_)
    yield "a float below 1 as true or false, which chooses", (small.where(x, 7.0),)
    yes, no = x.less(0.5), whole.less(3)
    yield "either, and both, of two conditions", (yes + no, yes * no)
    yield "whether any, whether all", (yes.max((1,)), (yes * no).sum((1,)))
    yield "64-bit integers that 32 bits cannot hold", (count * 3_000_000_000 - 7,)
    yield "the smallest 64-bit integer", (count.less(0).where(count, count.const_like(-(2**63))),)
    yield "the largest of integers", (whole.max((0,)),)
    yield "numbers that only 64 bits keep apart", (x.cast(float64) * 1e-12 + (1.0 + 1e-10),)
    yield "0.1 in 64 bits", (floats(4, kind=np.float64) * 0.1,)
    yield "a sum in 64 bits", ((floats(3, 20, kind=np.float64) + 1e8).sum((1,)),)
    half = floats(4, 5, kind=np.float16)
    yield "numbers of 16 bits", (half * half + 1.0, half.cast(float32) * 3.0)
    infinite = const(math.inf, (3, 5), float32, "numpy")
    yield "infinity where x is below 0", (x.less(0.0).where(infinite, x), x * math.nan)


def large() -> Iterator[Named]:
    """More numbers than a block, a tile or a chunk has."""
    x, y = floats(201, 203), floats(203, 201)
    yield "201 x 203 numbers and as many transposed", ((x + y.permute((1, 0))) * 0.5 - x,)
    yield "sums of 4,099 and more", ((floats(2, 4099) * 0.125).sum((1,)),)
    yield "sums of 203 columns of 201", ((x * x).sum((0,)),)
    yield "sums of 201 rows, and their largest exponential", (x.sin().sum((1,)).exp(),)
