"""Recognizes a sum of products in a nest as a matrix product. Nothing else in the house does.

The two factors are looked at as matrices: loops that only the left factor has are its rows, loops
that only the right one has are its columns, reduced loops are summed, and what both have (or what
stands outside, as the images of a batch) are stacks of matrices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile

from tinylearn.graph.primitives import MUL
from tinylearn.loops.index import Index, Variable
from tinylearn.loops.machine import WORTH_A_CALL
from tinylearn.loops.nest import Nest, Total
from tinylearn.loops.statements import (
    Apply,
    Let,
    Load,
    Memory,
    Store,
    names_in,
    needed,
    renamed,
)

Variables = tuple[Variable, ...]


@dataclass(frozen=True)
class Product:
    """left (stack, rows, summed) times right (stack, summed, columns)."""

    total: Total
    left: Load
    right: Load
    stack: Variables
    rows: Variables
    columns: Variables
    summed: Variables
    loops: Variables  # the order in which the result is wanted
    memory: dict[str, Memory]
    target: Store | None  # into whose memory it can go; what follows then works in place
    scale: Load | None = None  # one number by which the smaller factor is multiplied before

    @property
    def order(self) -> Variables:
        """The loops in the order in which BLAS writes the result."""
        return self.stack + self.rows + self.columns

    @property
    def matrices(self) -> tuple[int, ...]:
        """The shape in which BLAS writes the result: a stack of matrices."""
        return (*(v.size for v in self.stack), size(self.rows), size(self.columns))


def size(variables: Variables) -> int:
    """How many rounds these loops make together."""
    return math.prod(v.size for v in variables)


def is_product(nest: Nest) -> bool:
    """Whether it is a sum of products in which a factor serves several totals."""
    match two_factors(nest):
        case (left, right):
            outer, both = set(nest.outer_loops), (left.place.variables, right.place.variables)
            return all(both) and both[0] & outer != both[1] & outer
    return False


def product_form(nest: Nest) -> Product | None:
    """The nest's reduction as a matrix product, or None if it is not one."""
    factors = two_factors(nest)
    if factors is None:
        return None
    left, right = factors
    on_left, on_right = left.place.variables, right.place.variables
    reduced, outer = nest.reduced_loops, nest.outer_loops
    if not reduced or any(v not in on_left or v not in on_right for v in reduced):
        return None
    if not outer and any(abs(f.place.factor(v)) != 1 for f in factors for v in reduced):
        return None  # one number from scattered ones: nothing that BLAS is better at
    if any(v not in on_left and v not in on_right for v in outer):
        return None
    both = [v for v in outer if v in on_left and v in on_right]
    single = [v for v in outer if v not in both]
    while single and runs(single, on_left) > 2:  # n o yx: one product for each n, not one for all
        side = single[0] in on_left
        first = list(takewhile(lambda v, side=side: (v in on_left) == side, single))  # type: ignore[misc]
        rest = tuple(single[len(first) :])
        if size((*rest, *reduced)) < WORTH_A_CALL:
            break
        both += first
        single = list(rest)
    if single and single[0] not in on_left:
        left, right, on_left = right, left, on_right
    rows = tuple(v for v in single if v in on_left)
    columns = tuple(v for v in single if v not in on_left)
    stack = tuple(v for v in outer if v in both)
    target = target_of(nest, stack + rows + columns)
    total, memory = nest.totals[0], nest.memory
    return Product(total, left, right, stack, rows, columns, reduced, outer, memory, target)


def scaled_before(product: Product, nest: Nest) -> tuple[Product, Nest]:
    """Where a large total is multiplied by one number: the product that scales its smaller factor.

    These are far fewer numbers. The nest comes back without that multiplication.
    """
    memory = product.memory
    if min(memory[f.memory].size for f in (product.left, product.right)) * 4 > size(product.order):
        return product, nest
    total = product.total.name
    lets = {s.name: s.expression for s in nest.outer if isinstance(s, Let)}
    readers = [s for s in nest.outer if total in names_in(s)]
    match readers:
        case [Let(name, Apply(op, (x, y))) as scaling] if op is MUL and x != y:
            number = lets.get(x if y == total else y)
            if isinstance(number, Load) and memory[number.memory].size == 1 and not number.guards:
                rest = [renamed(s, {name: total}) for s in nest.outer if s is not scaling]
                nest = replace(nest, outer=needed(rest))
                target = target_of(nest, product.order)
                return replace(product, scale=number, target=target), nest
    return product, nest


def two_factors(nest: Nest) -> tuple[Load, Load] | None:
    """The two loads that the nest multiplies and adds up, if that is all its inner part does."""
    lets = {s.name: s.expression for s in nest.inner if isinstance(s, Let)}
    if len(nest.totals) != 1 or nest.totals[0].op.name != "sum" or len(lets) != len(nest.inner):
        return None
    match lets.pop(nest.totals[0].value, None):
        case Apply(op, (x, y)) if op is MUL:
            match lets.get(x), lets.get(y):
                case (Load() as left, Load() as right) if len(lets) == len({x, y}):
                    return left, right
    return None


def runs(variables: list[Variable], on_left: frozenset[Variable]) -> int:
    """How often the side changes along the loops, plus one."""
    sides = [v in on_left for v in variables]
    return 1 + sum(a != b for a, b in pairwise(sides))


def target_of(nest: Nest, order: Variables) -> Store | None:
    """The Store whose memory can hold the product: nothing is turned, and its value comes last.

    What follows the product number by number then works in place.
    """
    total = nest.totals[0]
    lets = [k for k, s in enumerate(nest.outer) if isinstance(s, Let)]
    last = nest.outer[lets[-1]] if lets else total
    later = nest.outer[lets[-1] + 1 :] if lets else nest.outer
    stores = [s for s in later if isinstance(s, Store)]
    found = next((s for s in stores if s.value == last.name), None)  # type: ignore[union-attr]
    if found is None or (lets and any(s.value == total.name for s in stores)):
        return None
    memory = nest.memory
    written = [s for s in nest.outer if isinstance(s, Store)]
    dense = all(is_dense(s.place, order, memory[s.memory]) for s in written)
    fits = memory[found.memory].dtype is total.dtype and order == nest.outer_loops and dense
    return found if fits else None


def is_dense(place: Index, order: Variables, memory: Memory) -> bool:
    """Whether a place walks through all of the memory, number by number."""
    step = 1
    for v in reversed(order):
        if place.factor(v) != step and v.size > 1:
            return False
        step *= v.size
    return step == memory.size
