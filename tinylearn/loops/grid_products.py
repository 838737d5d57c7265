"""A product of matrices on a GPU: tiles of both factors in shared memory.

a block     a tile of the product: it goes along the sum, TILE numbers at a time
a thread    one number of the tile, or in a large product several, which share what they read
few blocks  each has a piece of the sum for itself, and a second pass adds the pieces up
"""

from __future__ import annotations

import math

from tinylearn.loops import transforms
from tinylearn.loops.chosen import Cook
from tinylearn.loops.grid_sums import Ways, in_pieces, merged, one_each
from tinylearn.loops.machine import (
    FEW_TILES,
    GROUP,
    ROWS_OF_A_THREAD,
    ROWS_OF_BLOCKS,
    SHORTEST_DEPTH,
    TILE,
    TURNED,
)
from tinylearn.loops.nest import Nest
from tinylearn.loops.product import Product
from tinylearn.loops.statements import Let, Load
from tinylearn.loops.transforms.rfactor import SECOND


def of_matrices(product: Product) -> bool:
    """Whether it is one product of two matrices, or a stack of them, of a size worth tiles."""
    one = len(product.rows) == len(product.columns) == len(product.summed) == 1
    if not one or len(product.stack) > 1 or product.left == product.right:
        return False
    (i,), (j,), (r,) = product.rows, product.columns, product.summed
    if max([-(-product.loops[-2].size // TILE), *(v.size for v in product.stack)]) > ROWS_OF_BLOCKS:
        return False
    in_order = product.loops in ((*product.stack, i, j), (*product.stack, j, i))
    return in_order and min(i.size, j.size) >= TILE // 2 and r.size >= TILE


def tiles(cook: Cook, nest: Nest, product: Product) -> None:
    """Tiles of both factors, copied by all threads of a block for all of them.

    Of a large product each thread has several numbers, TILE rows and columns apart: what it reads
    from shared memory then serves several, and threads side by side still read side by side.
    """
    y, x = product.loops[-2:]
    (summed,) = product.summed
    each = next((n for size, n in ROWS_OF_A_THREAD if min(y.size, x.size) >= size), 1)
    r, ways = summed.name, [(v.name, "block.z") for v in product.stack]
    depth = piece_of_product(product, TILE * each)
    if depth < summed.size:
        ways = in_two_passes(cook, product, depth)
        r = f"{r}i"
    for name, size, by in ((y, y.size, TILE * each), (x, x.size, TILE * each), (r, depth, TILE)):
        cook.do(transforms.split, str(name), min(by, size), "guard")
    cook.do(transforms.predicate)
    cook.do(transforms.sink, f"{x}i", (f"{r}o", f"{r}i"))
    cook.do(transforms.sink, f"{y}i", (f"{x}o", f"{r}o", f"{r}i"))
    values = {s.expression: s.name for s in nest.inner if isinstance(s, Let)}
    for load in (product.left, product.right):
        ways += copied(cook, product, load, values[load], r, each)
    if each > 1:
        several_each(cook, f"{y}i", f"{x}i")
    inner = "iio" if each > 1 else "i"
    ways += [(f"{y}o", "block.y"), (f"{x}o", "block.x")]
    cook.do(transforms.bind, *ways, (f"{y}{inner}", "thread.y"), (f"{x}{inner}", "thread.x"))
    if each > 1:
        cook.do(transforms.unroll, f"{r}i")


def in_two_passes(cook: Cook, product: Product, depth: int) -> Ways:
    """Pieces of the sum, and what adds them up; how the loops over pieces and numbers run."""
    y, x = product.loops[-2:]
    (r,) = product.summed
    in_pieces(cook, r.name, depth)
    whole = merged(cook, [f"{y}{SECOND}", f"{x}{SECOND}"], "whole")
    return [(f"{r}o", "block.z"), *one_each(cook, whole, y.size * x.size)]


def copied(cook: Cook, product: Product, load: Load, value: str, r: str, each: int) -> Ways:
    """A factor's tile in shared memory; how the loops that copy it run.

    r      the loop over pieces of the sum
    each   rows and columns that a thread has
    """
    y, x = product.loops[-2:]
    (summed,) = product.summed
    numbers, deep = f"{y if y in load.place.variables else x}i", f"{r}i"
    near, far = (deep, numbers) if along(load, summed.name) else (numbers, deep)
    # What a thread reads at once lies side by side, and what threads side by side read.
    order = (numbers, deep) if each == 1 and numbers == f"{y}i" else (deep, numbers)
    pad = GROUP if each > 1 else TURNED if near != order[-1] else 0
    cook.do(transforms.stage, value, f"{r}o", order, "shared", pad)
    return [
        (in_turns(cook, f"{value}_{name}", name != f"{r}i" and each > 1), f"thread.{axis}")
        for name, axis in ((far, "y"), (near, "x"))
    ]


def piece_of_product(product: Product, tile: int) -> int:
    """Rounds of a sum that a block has for itself: all, or less where there are few blocks."""
    (summed,) = product.summed
    blocks = math.prod(-(-v.size // tile) for v in product.loops[-2:])
    pieces = min(FEW_TILES // blocks, summed.size // SHORTEST_DEPTH)
    if product.stack or pieces < 2:
        return summed.size
    return -(-summed.size // (pieces * TILE)) * TILE


def in_turns(cook: Cook, name: str, long: bool) -> str:
    """A loop of a copy that is longer than there are threads, in turns; what threads go along."""
    if not long:
        return name
    cook.do(transforms.split, name, TILE)
    return f"{name}i"


def several_each(cook: Cook, rows: str, columns: str) -> None:
    """Each thread has GROUP rows and columns side by side, once or twice, in registers."""
    for name in (rows, columns):
        cook.do(transforms.split, name, GROUP * TILE)
        cook.do(transforms.split, f"{name}i", GROUP)
    y, x = [f"{rows}o", f"{rows}io", f"{rows}ii"], [f"{columns}o", f"{columns}io", f"{columns}ii"]
    cook.do(transforms.sink, y[2], tuple(x))
    cook.do(transforms.sink, y[0], (y[1], *x))
    cook.do(transforms.sink, x[0], (*x[1:], y[0], y[2]))
    cook.do(transforms.sink, x[2], (y[0], y[2], x[0]))
    for name in (y[0], y[2], x[0], x[2]):
        cook.do(transforms.unroll, name)


def along(load: Load, name: str) -> bool:
    """Whether neighbours in memory are rounds of the loop of this name."""
    return any(load.place.factor(v) == 1 for v in load.place.variables if v.name == name)
