"""Recognizes a sum of products in a nest and writes it as one matrix product.

The two factors are looked at as matrices: loops that only the left factor has are its rows, loops
that only the right one has are its columns, reduced loops are summed, and what both have (or what
stands outside, as the images of a batch) are stacks of matrices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile

from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import MUL
from tinylearn.loops.index import Index, Variable
from tinylearn.loops.ir import Apply, Let, Load, Nest, Total, Write, names_in, needed, renamed

Variables = tuple[Variable, ...]
WORTH_A_CALL = 65_536  # multiplications: smaller products are not worth a call of BLAS for each


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
    target: Write | None  # into whose memory it can go; what follows then works in place
    scale: Load | None = None  # one number by which the smaller factor is multiplied before

    @property
    def order(self) -> Variables:
        """The loops in the order in which BLAS writes the result."""
        return self.stack + self.rows + self.columns

    @property
    def matrices(self) -> tuple[int, ...]:
        """The shape in which BLAS writes the result: a stack of matrices."""
        return (*(v.size for v in self.stack), size(self.rows), size(self.columns))

    def call(self, memory: dict[Node, str], out: str = "") -> str:
        """Text of the multiplication, into the memory named `out` if there is such."""
        a = matrix_text(memory[self.left.source], self.left, self.stack, self.rows, self.summed)
        b = matrix_text(
            memory[self.right.source], self.right, self.stack, self.summed, self.columns
        )
        if self.scale is not None and self.left.source.size < self.right.source.size:
            a = f"multiply({a}, {memory[self.scale.source]})"
        elif self.scale is not None:
            b = f"multiply({b}, {memory[self.scale.source]})"
        return f"matmul({a}, {b}, {out})" if out else f"matmul({a}, {b})"

    def lines(self, memory: dict[Node, str]) -> list[str]:
        """Text that computes `total0`, an array over `loops`."""
        shape = tuple(v.size for v in self.order)
        if self.target is not None:
            home = self.target.target
            call = self.call(memory, reshaped(memory[home], home.shape, self.matrices))
            shaped = "" if self.matrices == shape else f".reshape({shape})"
            return [f"total0 = {call}{shaped}"]
        turn = tuple(self.order.index(v) for v in self.loops)
        turned = "" if turn == tuple(range(len(turn))) else f".transpose({turn})"
        return [f"total0 = {self.call(memory)}.reshape({shape}){turned}"]


def reshaped(memory: str, have: Shape, want: Shape) -> str:
    """Text of memory of one shape as an array of another."""
    return memory if have == want else f"{memory}.reshape({want})"


def size(variables: Variables) -> int:
    """How many rounds these loops make together."""
    return math.prod(v.size for v in variables)


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
    return Product(nest.totals[0], left, right, stack, rows, columns, reduced, outer, target)


def scaled_before(product: Product, nest: Nest) -> tuple[Product, Nest]:
    """Where a large total is multiplied by one number: the product that scales its smaller factor.

    These are far fewer numbers. The nest comes back without that multiplication.
    """
    if min(f.source.size for f in (product.left, product.right)) * 4 > size(product.order):
        return product, nest
    total = product.total.name
    lets = {s.name: s.expression for s in nest.outer if isinstance(s, Let)}
    readers = [s for s in nest.outer if total in names_in(s)]
    match readers:
        case [Let(name, Apply(op, (x, y)), _, _) as scaling] if op is MUL and x != y:
            number = lets.get(x if y == total else y)
            if isinstance(number, Load) and number.source.size == 1 and not number.guards:
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


def target_of(nest: Nest, order: Variables) -> Write | None:
    """The Write whose memory can hold the product: nothing is turned, and its value comes last.

    What follows the product number by number then works in place.
    """
    total = nest.totals[0]
    lets = [k for k, s in enumerate(nest.outer) if isinstance(s, Let)]
    last = nest.outer[lets[-1]] if lets else total
    later = nest.outer[lets[-1] + 1 :] if lets else nest.outer
    writes = [s for s in later if isinstance(s, Write)]
    found = next((w for w in writes if w.value == last.name), None)  # type: ignore[union-attr]
    if found is None or (lets and any(w.value == total.name for w in writes)):
        return None
    dense = all(is_dense(w.place, order, w.target) for w in nest.outer if isinstance(w, Write))
    fits = dense and found.target.dtype is total.node.dtype and order == nest.outer_loops
    return found if fits else None


def is_dense(place: Index, order: Variables, target: Node) -> bool:
    """Whether a place walks through all of the memory, number by number."""
    step = 1
    for v in reversed(order):
        if place.factor(v) != step and v.size > 1:
            return False
        step *= v.size
    return step == target.size


def matrix_text(
    memory: str, load: Load, stack: Variables, down: Variables, across: Variables
) -> str:
    """The load as a stack of matrices, `down` x `across`, in memory as BLAS wants it.

    Overlapping windows are copied: so that the longer of two runs through memory is innermost.
    """
    place = load.place
    row, column = merged_step(place, down), merged_step(place, across)
    if (row is None or column is None) and run_length(place, down) > run_length(place, across):
        return matrix_text(memory, load, stack, across, down) + ".swapaxes(-1, -2)"
    axes = (*stack, *down, *across)
    steps = tuple(place.factor(v) for v in axes)
    shape = tuple(
        v.size if f or k >= len(stack) else 1
        for k, (v, f) in enumerate(zip(axes, steps, strict=True))
    )
    stacked = shape[: len(stack)]
    final = (*stacked, size(down), size(across))
    if row is None or column is None:
        return f"strided({memory}, {place.constant}, {shape}, {steps}).reshape({final})"
    return plain_matrix(memory, load.source, place, final, (*steps[: len(stack)], row, column))


def merged_step(place: Index, variables: Variables) -> int | None:
    """The step of several loops as one, or None if they do not walk in one line."""
    kept = [v for v in variables if v.size > 1]
    for a, b in pairwise(kept):
        if place.factor(a) != place.factor(b) * b.size:
            return None
    return place.factor(kept[-1]) if kept else 1


def run_length(place: Index, variables: Variables) -> int:
    """How many neighbours in memory the innermost of these loops visits."""
    return variables[-1].size if variables and abs(place.factor(variables[-1])) == 1 else 1


def plain_matrix(
    memory: str, source: Node, place: Index, shape: tuple[int, ...], steps: tuple[int, ...]
) -> str:
    """Text of a strided view, as reshape and transpose where that says the same."""
    *_, down, across = shape
    stack_step = math.prod(shape[-2:])
    whole = place.constant == 0 and math.prod(shape) == source.size
    for n, f in zip(reversed(shape[:-2]), reversed(steps[:-2]), strict=True):
        whole = whole and (f == stack_step or n == 1)
        stack_step *= n
    if whole and (steps[-1] == 1 or across == 1) and (steps[-2] == across or down == 1):
        return reshaped(memory, source.shape, shape)
    if whole and (steps[-2] == 1 or down == 1) and (steps[-1] == down or across == 1):
        turned = (*shape[:-2], across, down)
        return f"{reshaped(memory, source.shape, turned)}.swapaxes(-1, -2)"
    blas = (steps[-1] == 1 and steps[-2] >= across) or (steps[-2] == 1 and steps[-1] >= down)
    text = f"strided({memory}, {place.constant}, {shape}, {steps})"
    return text if blas else f"ascontiguousarray({text})"
