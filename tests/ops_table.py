"""One row for each primitive that is no source: how to call it, and on which numbers.

A new op is one declaration in tinylearn/graph/primitives.py and one row here; every law of the
ops (NumPy = C, gradient = central difference, second derivative) is then tested for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinylearn.devices.device import Device
from tinylearn.graph.dtype import float32
from tinylearn.graph.lookup import GATHER, SCATTER
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import buffer


@dataclass(frozen=True)
class Row:
    """One way to call an op.

    build    (inputs) -> node
    shapes   of the inputs
    low, high   the numbers lie between them: away from jumps and poles
    smooth   whether the gradient is that of the central difference
    """

    name: str
    build: Callable[..., Node]
    shapes: tuple[tuple[int, ...], ...]
    low: float = -2.0
    high: float = 2.0
    smooth: bool = True

    def arrays(self, seed: int = 0, dtype: str = "float64") -> list[np.ndarray]:
        """Numbers for the inputs: all different, in random order."""
        random = np.random.default_rng(seed)
        arrays = []
        for k, shape in enumerate(self.shapes):
            count = int(np.prod(shape))
            spread = self.low + (np.arange(count) + 0.3 + 0.1 * k) / max(count, 1) * (
                self.high - self.low
            )
            arrays.append(random.permutation(spread).reshape(shape).astype(dtype))
        return arrays


def _pairs(name: str, build: Callable[..., Node], **options: float) -> list[Row]:
    shapes = [(), (1,), (5,), (3, 4), (1, 7, 1), (0, 3), (17, 33)]
    return [Row(name, build, (s, s), **options) for s in shapes]  # type: ignore[arg-type]


def _singles(name: str, build: Callable[..., Node], **options: float) -> list[Row]:
    shapes = [(), (1,), (6,), (3, 4), (2, 1, 5), (3, 0), (9, 40)]
    return [Row(name, build, (s,), **options) for s in shapes]  # type: ignore[arg-type]


def at(x: Node, *places: object) -> list[Node]:
    """Indices on the device of x."""
    return [buffer(Device.known[x.device].upload(np.array(p, np.int64))) for p in places]


TWICE, GRID = [2, 0, 2, -1], [[0, 1], [2, -1]]
ROWS: list[Row] = [
    *_pairs("add", lambda x, y: x + y),
    *_pairs("mul", lambda x, y: x * y),
    *_singles("recip", lambda x: x.recip(), low=0.5, high=3.0),
    *_singles("exp", lambda x: x.exp()),
    *_singles("log", lambda x: x.log(), low=0.2, high=4.0),
    *_singles("sin", lambda x: x.sin()),
    *_singles("sqrt", lambda x: x.sqrt(), low=0.3, high=4.0),
    *_pairs("less", lambda x, y: x.less(y).where(x, y * 2.0)),
    *_pairs("where", lambda x, y: x.less(0.1234).where(x * y, y)),
    *_singles("cast", lambda x: x.cast(float32).cast(x.dtype) * x, smooth=False),
    Row("sum", lambda x: x.sum((0,)), ((5,),)),
    Row("sum", lambda x: x.sum((1,)), ((3, 4),)),
    Row("sum", lambda x: x.sum((0, 2)), ((3, 4, 5),)),
    Row("sum", lambda x: x.sum((0, 1)), ((20, 41),)),
    Row("sum", lambda x: x.sum((1,)), ((2, 1),)),
    Row("sum", lambda x: x.sum((0,)), ((0, 3),)),
    Row("sum", lambda x: x.sum((0,)), ((70, 65),)),
    Row("max", lambda x: x.max((0,)), ((5,),)),
    Row("max", lambda x: x.max((0, 1)), ((3, 40),)),
    Row("max", lambda x: x.max((1,)), ((3, 70),)),
    Row("max", lambda x: x.max((1,)), ((2, 1),)),
    Row("reshape", lambda x: x.reshape((6, 2)), ((3, 4),)),
    Row("reshape", lambda x: x.reshape((2, 3, 2)), ((4, 3),)),
    Row("reshape", lambda x: x.reshape(()), ((1, 1),)),
    Row("reshape", lambda x: x.reshape((0,)), ((0, 4),)),
    Row("permute", lambda x: x.permute((1, 0)), ((3, 4),)),
    Row("permute", lambda x: x.permute((2, 0, 1)), ((2, 3, 4),)),
    Row("expand", lambda x: x.expand((3, 4)), ((1, 4),)),
    Row("expand", lambda x: x.expand((3, 4, 2)), ((3, 1, 1),)),
    Row("expand", lambda x: x.expand((0, 2)), ((1, 2),)),
    Row("pad", lambda x: x.pad(((1, 2),)), ((3,),)),
    Row("pad", lambda x: x.pad(((0, 1), (2, 0))), ((2, 3),)),
    Row("pad", lambda x: x.exp().pad(((1, 1), (0, 3))), ((2, 3),)),
    Row("shrink", lambda x: x.shrink(((1, 3),)), ((4,),)),
    Row("shrink", lambda x: x.shrink(((0, 2), (1, 1))), ((3, 2),)),
    Row("flip", lambda x: x.flip((0,)), ((4,),)),
    Row("flip", lambda x: x.flip((0, 1)), ((3, 2),)),
    Row("gather", lambda x: GATHER(x, *at(x, TWICE)), ((5,),)),
    Row("gather", lambda x: GATHER(x, *at(x, GRID)), ((3, 4),)),
    Row("gather", lambda x: GATHER(x.permute((1, 0)), *at(x, TWICE)), ((2, 3),)),
    Row("gather", lambda x: GATHER(x.exp(), *at(x, TWICE, [[0], [1]])) * 2.0, ((3, 4),)),
    Row("gather", lambda x: GATHER(x, *at(x, np.zeros((0, 2)))), ((3, 4),)),
    Row("gather", lambda x: GATHER(x, *at(x, TWICE)), ((3, 200),)),
    Row("scatter", lambda x: SCATTER(x, *at(x, [0, 3, 3, 1, -1]), arg=(6,)), ((5,),)),
    Row("scatter", lambda x: SCATTER(x, *at(x, [2, 0, 2]), arg=(4,)), ((3, 4),)),
    Row("scatter", lambda x: SCATTER(x.exp(), *at(x, GRID, [[1], [0]]), arg=(4, 2)), ((2, 2),)),
    Row("scatter", lambda x: SCATTER(x, *at(x, []), arg=(2,)) + 1.0, ((0, 3),)),
    Row("scatter", lambda x: SCATTER(x, *at(x, [1, 1, 0]), arg=(2,)), ((3, 200),)),
]


def row_id(row: Row) -> str:
    """A name for a test case: the op and its shapes."""
    return f"{row.name}-{'-'.join('x'.join(map(str, s)) or 'scalar' for s in row.shapes)}"
