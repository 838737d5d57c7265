"""Writes a matrix product as one call of NumPy, on views that BLAS reads as they lie."""

from __future__ import annotations

import math
from itertools import pairwise

from tinylearn.graph.node import Shape
from tinylearn.loops.index import Index
from tinylearn.loops.product import Product, Variables, size
from tinylearn.loops.statements import Memory


def product_text(p: Product, out: str = "") -> str:
    """Text of the multiplication, into the memory named `out` if there is such."""
    left, right = p.memory[p.left.memory], p.memory[p.right.memory]
    a = matrix_text(left, p.left.place, p.stack, p.rows, p.summed)
    b = matrix_text(right, p.right.place, p.stack, p.summed, p.columns)
    if p.scale is not None and left.size < right.size:
        a = f"multiply({a}, {p.scale.memory})"
    elif p.scale is not None:
        b = f"multiply({b}, {p.scale.memory})"
    return f"matmul({a}, {b}, {out})" if out else f"matmul({a}, {b})"


def product_lines(p: Product) -> list[str]:
    """Text that computes `total0`, an array over `loops`."""
    shape = tuple(v.size for v in p.order)
    if p.target is not None:
        home = p.memory[p.target.memory]
        call = product_text(p, reshaped(home.name, home.shape, p.matrices))
        shaped = "" if p.matrices == shape else f".reshape({shape})"
        return [f"total0 = {call}{shaped}"]
    turn = tuple(p.order.index(v) for v in p.loops)
    turned = "" if turn == tuple(range(len(turn))) else f".transpose({turn})"
    return [f"total0 = {product_text(p)}.reshape({shape}){turned}"]


def reshaped(memory: str, have: Shape, want: Shape) -> str:
    """Text of memory of one shape as an array of another."""
    return memory if have == want else f"{memory}.reshape({want})"


def matrix_text(
    memory: Memory, place: Index, stack: Variables, down: Variables, across: Variables
) -> str:
    """What lies at a place as a stack of matrices, `down` x `across`, in memory as BLAS wants it.

    Overlapping windows are copied: so that the longer of two runs through memory is innermost.
    """
    row, column = merged_step(place, down), merged_step(place, across)
    if (row is None or column is None) and run_length(place, down) > run_length(place, across):
        return matrix_text(memory, place, stack, across, down) + ".swapaxes(-1, -2)"
    axes = (*stack, *down, *across)
    steps = tuple(place.factor(v) for v in axes)
    shape = tuple(
        v.size if f or k >= len(stack) else 1
        for k, (v, f) in enumerate(zip(axes, steps, strict=True))
    )
    stacked = shape[: len(stack)]
    final = (*stacked, size(down), size(across))
    if row is None or column is None:
        return f"strided({memory.name}, {place.constant}, {shape}, {steps}).reshape({final})"
    return plain_matrix(memory, place, final, (*steps[: len(stack)], row, column))


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
    memory: Memory, place: Index, shape: tuple[int, ...], steps: tuple[int, ...]
) -> str:
    """Text of a strided view, as reshape and transpose where that says the same."""
    *_, down, across = shape
    stack_step = math.prod(shape[-2:])
    whole = place.constant == 0 and math.prod(shape) == memory.size
    for n, f in zip(reversed(shape[:-2]), reversed(steps[:-2]), strict=True):
        whole = whole and (f == stack_step or n == 1)
        stack_step *= n
    if whole and (steps[-1] == 1 or across == 1) and (steps[-2] == across or down == 1):
        return reshaped(memory.name, memory.shape, shape)
    if whole and (steps[-2] == 1 or down == 1) and (steps[-1] == down or across == 1):
        turned = (*shape[:-2], across, down)
        return f"{reshaped(memory.name, memory.shape, turned)}.swapaxes(-1, -2)"
    blas = (steps[-1] == 1 and steps[-2] >= across) or (steps[-2] == 1 and steps[-1] >= down)
    text = f"strided({memory.name}, {place.constant}, {shape}, {steps})"
    return text if blas else f"ascontiguousarray({text})"
