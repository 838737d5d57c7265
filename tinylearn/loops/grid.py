"""The recipe for a GPU: which loops run on blocks and threads.

    one by one    all outer loops are one; a thread computes each of its rounds
    rows          a block for each sum, its threads side by side along what is summed up
    tiles         a product: tiles of both factors in shared memory, a thread for each number

Every transform is recorded as a Step, as in recipe.py.
"""

from __future__ import annotations

import math

from tinylearn.loops import transforms
from tinylearn.loops.chosen import Cook, by_choice
from tinylearn.loops.machine import (
    BLOCK_OF_THREADS,
    LARGEST_BLOCK,
    LONG_SUM,
    MANY_ROUNDS,
    ROUNDS_OF_A_THREAD,
    ROW_ON_A_BLOCK,
    ROWS_OF_A_THREAD,
    ROWS_OF_BLOCKS,
    TILE,
    TURNED,
)
from tinylearn.loops.nest import Nest
from tinylearn.loops.product import Product, product_form
from tinylearn.loops.statements import Let, Load
from tinylearn.loops.tree import Refused, plain


def on_threads(nest: Nest, name: str) -> Cook:
    """The nest's tree on blocks and threads, and the Steps that led there."""
    return by_choice(plain(nest, name), threads=True) or by_recipe(nest, name)


def by_recipe(nest: Nest, name: str) -> Cook:
    """What `on_threads` makes of a kernel for which nobody chose the loops."""
    rounds = math.prod(v.size for v in nest.reduced_loops)
    if 0 in (rounds, *(v.size for v in nest.outer_loops)):
        return Cook(plain(nest, name))
    cook = Cook(plain(nest, name))
    product = product_form(nest)
    try:
        if product is not None and of_matrices(product):
            tiles(cook, nest, product)
        elif nest.totals and rounds >= ROW_ON_A_BLOCK:
            rows(cook, nest)
        elif nest.outer_loops:
            one_by_one(cook, nest)
    except Refused:  # a tree that threads cannot share: then a thread for each round
        cook = Cook(plain(nest, name))
        if nest.outer_loops:
            one_by_one(cook, nest)
    return cook


def merged(cook: Cook, names: list[str], name: str) -> str:
    """The loops of these names, one right inside the other, as one; what it is called then."""
    first, *others = names
    for number, other in enumerate(others):
        cook.do(transforms.merge, first, other, f"{name}{number}")
        first = f"{name}{number}"
    return first


def one_by_one(cook: Cook, nest: Nest) -> None:
    """A thread for each round of the outer loops, which are one loop before they are cut up.

    Of many rounds each thread does a few, a block apart: while it waits for the numbers of one it
    asks for those of the next.
    """
    size = math.prod(v.size for v in nest.outer_loops)
    n = merged(cook, [v.name for v in nest.outer_loops], "all")
    if size < MANY_ROUNDS or nest.reduced_loops:
        cook.do(transforms.split, n, min(BLOCK_OF_THREADS, size), "guard")
        cook.do(transforms.bind, (f"{n}o", "block.x"), (f"{n}i", "thread.x"))
        return
    cook.do(transforms.split, n, BLOCK_OF_THREADS * ROUNDS_OF_A_THREAD, "guard")
    cook.do(transforms.split, f"{n}i", BLOCK_OF_THREADS, "plain")
    cook.do(transforms.unroll, f"{n}io")
    cook.do(transforms.bind, (f"{n}o", "block.x"), (f"{n}ii", "thread.x"))


def rows(cook: Cook, nest: Nest) -> None:
    """A block for each round of the outer loops: its threads share the sum."""
    rounds = math.prod(v.size for v in nest.reduced_loops)
    alone = not nest.outer_loops and rounds >= LONG_SUM
    most = LARGEST_BLOCK if alone else BLOCK_OF_THREADS
    threads = min(most, 1 << rounds.bit_length() - 1)
    ways = (
        [(merged(cook, [v.name for v in nest.outer_loops], "all"), "block.x")]
        if (nest.outer_loops)
        else []
    )
    r = merged(cook, [v.name for v in nest.reduced_loops], "sum")
    cook.do(transforms.split, r, threads, "guard")
    if rounds > threads:
        cook.do(transforms.sink, f"{r}o", (f"{r}i",))
        cook.do(transforms.subtotal, f"{r}o")
    cook.do(transforms.combine, f"{r}i")
    cook.do(transforms.bind, *ways, (f"{r}i", "thread.x"))


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
    (r,) = product.summed
    values = {s.expression: s.name for s in nest.inner if isinstance(s, Let)}
    each = next((n for size, n in ROWS_OF_A_THREAD if min(y.size, x.size) >= size), 1)
    for v, by in ((y, TILE * each), (x, TILE * each), (r, TILE)):
        cook.do(transforms.split, v.name, min(by, v.size), "guard")
    cook.do(transforms.predicate)
    cook.do(transforms.sink, f"{x}i", (f"{r}o", f"{r}i"))
    cook.do(transforms.sink, f"{y}i", (f"{x}o", f"{r}o", f"{r}i"))
    ways = [(v.name, "block.z") for v in product.stack]
    ways += [(f"{y}o", "block.y"), (f"{x}o", "block.x")]
    for load in (product.left, product.right):
        value, read_by_rows = values[load], y in load.place.variables
        # Threads side by side read numbers side by side: no two words of a bank.
        order = (f"{y}i", f"{r}i") if read_by_rows else (f"{r}i", f"{x}i")
        near = f"{r}i" if along(load, r.name) else order[not read_by_rows]
        wide = TILE if each > 1 and not read_by_rows else 0  # a warp writes two rows of it
        pad = TURNED if near != order[-1] else wide
        cook.do(transforms.stage, value, f"{r}o", order, "shared", pad)
        far = next(name for name in order if name != near)
        for name, axis in ((far, "y"), (near, "x")):
            ways.append(
                (in_turns(cook, f"{value}_{name}", name != f"{r}i" and each > 1), f"thread.{axis}")
            )
    if each > 1:
        several_each(cook, f"{y}i", f"{x}i")
    inner = "ii" if each > 1 else "i"
    cook.do(transforms.bind, *ways, (f"{y}{inner}", "thread.y"), (f"{x}{inner}", "thread.x"))
    if each > 1:
        cook.do(transforms.unroll, f"{r}i")


def in_turns(cook: Cook, name: str, long: bool) -> str:
    """A loop of a copy that is longer than there are threads, in turns; what threads go along."""
    if not long:
        return name
    cook.do(transforms.split, name, TILE)
    return f"{name}i"


def several_each(cook: Cook, rows: str, columns: str) -> None:
    """Each thread has every TILE-th row and column of a block's tile, in registers."""
    for name in (rows, columns):
        cook.do(transforms.split, name, TILE)
    cook.do(transforms.sink, f"{rows}o", (f"{rows}i", f"{columns}o", f"{columns}i"))
    cook.do(transforms.sink, f"{columns}o", (f"{columns}i", f"{rows}o"))
    for name in (rows, columns):
        cook.do(transforms.unroll, f"{name}o")


def along(load: Load, name: str) -> bool:
    """Whether neighbours in memory are rounds of the loop of this name."""
    return any(load.place.factor(v) == 1 for v in load.place.variables if v.name == name)
