"""The recipe for a GPU: which loops run on blocks and threads.

    tiles         a product: tiles of both factors in shared memory (grid_products.py)
    rows          a block for each sum, its threads side by side along what is summed up
    passes        a block for each row, whose numbers its threads keep (grid_rows.py)
    columns       a thread for each sum, side by side along the sums
    one by one    all outer loops are one; a thread computes each of its rounds (grid_sums.py)

Every transform is recorded as a Step, as in recipe.py.
"""

from __future__ import annotations

from tinylearn.loops.chosen import Cook, by_choice
from tinylearn.loops.grid_products import of_matrices, tiles
from tinylearn.loops.grid_rows import length_of, passes, read_once
from tinylearn.loops.grid_sums import count, one_by_one, way_of_sums
from tinylearn.loops.machine import ROW_ON_A_BLOCK
from tinylearn.loops.nest import Nest
from tinylearn.loops.product import product_form
from tinylearn.loops.tree import Refused, plain


def on_threads(nest: Nest, name: str) -> Cook:
    """The nest's tree on blocks and threads, and the Steps that led there."""
    return by_choice(plain(nest, name), threads=True) or by_recipe(nest, name)


def by_recipe(nest: Nest, name: str) -> Cook:
    """What `on_threads` makes of a kernel for which nobody chose the loops."""
    rounds = count(nest.reduced_loops)
    if 0 in (rounds, *(v.size for v in nest.outer_loops)):
        return Cook(plain(nest, name))
    if nest.passes:
        nest = read_once(nest)
    cook = Cook(plain(nest, name))
    product = product_form(nest)
    try:
        if nest.passes and length_of(nest) >= ROW_ON_A_BLOCK:
            passes(cook, nest)
        elif product is not None and of_matrices(product):
            tiles(cook, nest, product)
        elif nest.totals and rounds >= ROW_ON_A_BLOCK:
            way_of_sums(nest)(cook, nest)
        elif nest.outer_loops:
            one_by_one(cook, nest)
    except Refused:  # a tree that threads cannot share: then a thread for each round
        cook = Cook(plain(nest, name))
        if nest.outer_loops:
            one_by_one(cook, nest)
    return cook
