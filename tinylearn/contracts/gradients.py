"""The contract of `gradient.<op>`: what a gradient rule promises, checked on small random graphs.

A rule (g, node) -> one graph for each input promises a tuple of graphs, each of its input's shape
and dtype, made from g and the node's inputs, whose numbers agree with central differences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinylearn.contracts.measure import (
    TOLERANCE,
    agree,
    called,
    compare,
    flat,
    leaf,
    numbers,
)
from tinylearn.graph.dtype import float32
from tinylearn.graph.interpret import meaning
from tinylearn.graph.later import LATER
from tinylearn.graph.lookup import GATHER, SCATTER
from tinylearn.graph.node import Node, walk
from tinylearn.graph.order import SEARCHED
from tinylearn.graph.primitives import (
    BUFFER,
    CAST,
    CAT,
    DETACH,
    DYNAMIC_PAD,
    DYNAMIC_SLICE,
    MAX,
    PRIMITIVES,
    Primitive,
)
from tinylearn.parts import ContractError

NAMES = "xyz"
MOVES: dict[str, list[tuple[tuple[int, ...], Any]]] = {  # op -> (shape of the input, arg)
    "sum": [((3,), (0,)), ((2, 3), (0,)), ((2, 3), (1,)), ((2, 1, 3), (0, 2)), ((1, 4), (0,))],
    "max": [((4,), (0,)), ((2, 3), (0,)), ((2, 3), (1,)), ((2, 1, 3), (0, 2)), ((1, 1), (1,))],
    "reshape": [((2, 3), (6,)), ((6,), (3, 2)), ((2, 3), (3, 2)), ((1,), ()), ((0, 3), (3, 0))],
    "permute": [((2, 3), (1, 0)), ((2, 3, 4), (2, 0, 1)), ((2, 1, 3), (1, 2, 0)), ((5,), (0,))],
    "expand": [((1, 3), (4, 3)), ((2, 1), (2, 5)), ((2, 1, 1), (2, 3, 4)), ((1, 3), (0, 3))],
    "pad": [((3,), ((1, 2),)), ((2, 3), ((0, 0), (1, 0))), ((2, 1), ((2, 1), (0, 3)))],
    "shrink": [((5,), ((1, 4),)), ((3, 4), ((0, 2), (3, 4))), ((3, 2), ((0, 3), (1, 1)))],
    "flip": [((4,), (0,)), ((2, 3), (1,)), ((2, 3), (0, 1)), ((1,), (0,))],
    "running_sum": [((4,), (0,)), ((2, 3), (0,)), ((2, 3), (1,)), ((1,), (0,)), ((0, 2), (0,))],
    "ranked": [((4,), ("ascending", 0, 2)), ((2, 3), ("descending", 1, 3))],
}
PLACED: dict[Primitive, list[tuple]] = {  # shape, where it begins along each axis, the arg
    DYNAMIC_SLICE: [((4, 3), (1, 0), (2, 3)), ((5,), (2,), (1,)), ((2, 2), (1, 1), (1, 1))],
    DYNAMIC_PAD: [((2, 3), (1, 0), (4, 3)), ((1,), (2,), (5,)), ((2, 2), (0, 1), (2, 3))],
}
LOOKUPS: dict[Primitive, list[tuple]] = {  # shape, the indices, the arg; places named twice, none
    GATHER: [
        ((4, 3), ([[0, 2], [2, -1]],), None),
        ((5,), ([1, 1, 4],), None),
        ((3, 2), ([0, 2, 0], [1, 1, 1]), None),
        ((3, 2), ([[0], [2]], [1, 1, 0]), None),
        ((2, 3), (np.zeros(0, int),), None),
    ],
    SCATTER: [
        ((2, 2, 3), ([[0, 2], [2, -1]],), (4,)),
        ((3,), ([1, 1, 4],), (5,)),
        ((3,), ([0, 2, 0], [1, 1, 1]), (3, 2)),
        ((2, 3), ([[0], [2]], [1, 1, 0]), (3, 2)),
        ((0, 3), (np.zeros(0, int),), (2,)),
    ],
}
PARTS: list[tuple[list[tuple[int, ...]], int]] = [  # shapes of the parts, the axis
    ([(2,), (3,)], 0), ([(2, 1), (2, 3), (2, 2)], 1), ([(0, 2), (1, 2)], 0), ([(3,)], 0),
]  # fmt: skip
ELEMENTWISE = [(3,), (2, 3), (), (1,), (3, 1, 2), (0, 2)]
APART = {"recip", "log", "sqrt"}  # ops whose input must keep away from 0


@dataclass(frozen=True)
class Case:
    """One call of a rule: the node whose gradient is asked for, and g."""

    node: Node
    g: Node

    def __str__(self) -> str:
        pairs = zip(NAMES, self.node.inputs, strict=False)
        inputs = ", ".join(f"{name} {x.shape} {x.dtype}" for name, x in pairs)
        arg = "" if self.node.arg is None else f", arg {self.node.arg}"
        same = ", both the same node" if len(set(self.node.inputs)) < len(self.node.inputs) else ""
        return f"{self.node.op}: {inputs or 'no inputs'}{arg}{same}; g {self.g.shape}"


def check_gradient(name: str, rule: Callable, seed: int = 0) -> None:
    """Raise ContractError with the first promise of the rule `gradient.<op>` that `rule` breaks."""
    op = PRIMITIVES[name.removeprefix("gradient.")]
    for case in cases(op, np.random.default_rng(seed)):
        answer = called(name, rule, str(case), case.g, case.node)
        well_formed(name, case, answer)
        right_numbers(name, case, answer)


# ---------------------------------------------------------------- the samples


def cases(op: Primitive, random: np.random.Generator) -> Iterator[Case]:
    """Small graphs of one op: sizes 0 and 1, all ranks, one input twice, ties for max."""
    if op.name in ("buffer", "const"):  # a source has no inputs: its rule promises ()
        x = leaf(random.standard_normal((2, 3)))
        yield Case(x if op is BUFFER else x.const_like(2.0), x)
        return
    for inputs, arg in samples(op, random):
        node = op(*inputs, arg=arg)
        yield Case(node, leaf(random.standard_normal(node.shape).astype(node.dtype.numpy)))


def samples(op: Primitive, random: np.random.Generator) -> Iterator[tuple[tuple[Node, ...], Any]]:
    """Inputs and arg for each case."""
    if op.name in MOVES:
        for shape, arg in MOVES[op.name]:
            yield (leaf(random.standard_normal(shape)),), arg
        shape, arg = MOVES[op.name][0]
        yield (leaf(random.standard_normal(shape).astype(np.float32)),), arg
        if op is MAX:
            yield (leaf([[2.0, 2.0, 1.0], [0.5, 3.0, 3.0]]),), (1,)  # ties
            yield (leaf([[7.0, 7.0, 7.0]]),), (0, 1)
        return
    if op in PLACED:
        for shape, starts, arg in PLACED[op]:
            inputs = (leaf(random.standard_normal(shape)), *[leaf(np.int64(s)) for s in starts])
            yield inputs, arg
        return
    if op in LOOKUPS:
        for shape, indices, arg in LOOKUPS[op]:
            yield (leaf(random.standard_normal(shape)), *map(leaf, indices)), arg
        return
    if op is SEARCHED:
        yield (leaf(np.arange(4.0)), leaf(random.standard_normal((2, 3)))), "left"
        return
    if op is LATER:
        yield (leaf(random.standard_normal((2, 3))), leaf(random.standard_normal((4,)))), None
        return
    if op is CAT:
        for shapes, axis in PARTS:
            yield tuple(leaf(random.standard_normal(shape)) for shape in shapes), axis
        x = leaf(random.standard_normal((2, 3)))
        yield (x, x), 1
        return
    for shape in ELEMENTWISE:
        yield operands(op, shape, random), arg_of(op)
    yield operands(op, (2, 2), random, np.float32), arg_of(op)
    if op.name in ("add", "mul", "less"):
        x = leaf(random.standard_normal((2, 3)))
        yield (x, x), None


def operands(
    op: Primitive, shape: tuple[int, ...], random: np.random.Generator, kind: Any = np.float64
) -> tuple[Node, ...]:
    """Random inputs of an elementwise op."""
    count = 2 if op.name in ("add", "mul", "less", "where") else 1
    arrays = [np.asarray(random.standard_normal(shape), kind) for _ in range(count)]
    if op.name in APART:
        arrays = [np.asarray(0.5 + np.abs(a), kind) for a in arrays]
    condition = (
        [leaf(np.arange(arrays[0].size).reshape(shape) % 2 == 0)] if op.name == "where" else []
    )
    return (*condition, *map(leaf, arrays))


def arg_of(op: Primitive) -> Any:
    """The arg of an op that is applied number by number."""
    return {"cast": float32, "copy": "numpy"}.get(op.name)


# ---------------------------------------------------------------- the promises


def well_formed(name: str, case: Case, answer: Any) -> None:
    """A tuple with a graph for each input: shape, dtype, and made from g and the inputs alone."""
    inputs = case.node.inputs
    answer = tuple(answer) if isinstance(answer, list) else answer
    count = f"{len(inputs)} input" + ("s" if len(inputs) != 1 else "")
    if not isinstance(answer, tuple) or len(answer) != len(inputs):
        got = f"{len(answer)} answers" if isinstance(answer, tuple) else f"{type(answer).__name__}"
        wanted = ", ".join(f"g{n}" for n in NAMES[: len(inputs)]) + ("," * (len(inputs) == 1))
        raise ContractError(
            f"{name} must return a tuple with one graph for each of {count}: return ({wanted})"
            f"\n    got {got}\n    called with {case}"
        )
    for x, gx, label in zip(inputs, answer, NAMES, strict=False):
        if not (gx is None or isinstance(gx, Node)):
            raise ContractError(
                f"{name}: the gradient of {label} must be a graph, it is {type(gx).__name__};"
                f" make it from g and node.inputs\n    called with {case}"
            )
        if gx is not None and x.dtype.is_float:
            same_kind(name, case, label, x, gx)


def same_kind(name: str, case: Case, label: str, x: Node, gx: Node) -> None:
    """A gradient has its input's shape and dtype, and depends on nothing from elsewhere."""
    for quality in ("shape", "dtype"):
        got, wanted = getattr(gx, quality), getattr(x, quality)
        if got != wanted:
            says = f"the gradient of {label} has {quality} {got}, but {label} has {wanted}"
            raise ContractError(f"{name}: {says}\n    called with {case}")
    known = {case.g, *walk.default([case.node])}
    if any(n.op is BUFFER and n not in known for n in walk.default([gx])):
        raise ContractError(
            f"{name}: the gradient of {label} holds numbers that were computed on the spot; build"
            f" a graph from g and node.inputs, so that it stays right for other numbers and can"
            f" be differentiated again\n    called with {case}"
        )


def right_numbers(name: str, case: Case, answer: tuple[Node | None, ...]) -> None:
    """Each gradient agrees with central differences."""
    pairs = list(zip(case.node.inputs, answer, NAMES, strict=False))
    arrays = numbers(case.node.inputs)
    [g] = numbers([case.g])
    close = max([TOLERANCE.get(str(n.dtype), 0) for n in (case.node, *case.node.inputs)])
    for position, (x, gx, label) in enumerate(pairs):
        if not x.dtype.is_float:
            continue
        got = np.zeros(x.shape, x.dtype.numpy) if gx is None else numbers([gx])[0]
        if case.node.op is MAX:
            right_shares(name, case, got, arrays[0], g)
            continue
        slopes = central_difference(case.node, arrays, position, g)
        if agree(got, slopes, close):
            continue
        hint = diagnosis(case, arrays, position, got, answer)
        compare(name, f"the gradient of {label}", values(case, arrays, g), got, slopes, close, hint)


def central_difference(
    node: Node, arrays: list[np.ndarray], position: int, g: np.ndarray
) -> np.ndarray:
    """d sum(g * node) / d input, by moving each number of the input a little up and down."""
    arrays = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
    x = arrays[position]
    step = 0.5 if node.op is CAST else 1e-6  # a cast is linear, and rounds small steps away
    slopes = np.zeros(x.shape)
    if node.op is DETACH:
        return slopes  # declared to be constant
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        above, below = (
            meaning(node, [*arrays[:position], moved, *arrays[position + 1 :]])
            for moved in (up, down)
        )
        change = (above.astype(np.float64) - below) if node.dtype.is_float else 0.0
        slopes[place] = float(np.sum(g * change)) / (2 * step)
    return slopes


def right_shares(name: str, case: Case, got: np.ndarray, x: np.ndarray, g: np.ndarray) -> None:
    """The gradient of max: all of g to where the maximum is, nothing elsewhere."""
    where = values(case, [x], g)
    largest = x == x.max(case.node.arg, keepdims=True)
    hint = "g goes only to the places where x equals the maximum."
    compare(name, "the gradient of x", where, np.where(largest, 0, got), 0 * x, hint=hint)
    hint = "Equal maxima share g: what they get must add up to g, or ties count twice."
    total = got.sum(case.node.arg, keepdims=True)
    compare(name, "the sum of the gradient over the maxima", where, total, g, hint=hint)


# ---------------------------------------------------------------- what to say


def values(case: Case, arrays: list[np.ndarray], g: np.ndarray) -> str:
    """The case, with its numbers where they are few."""
    text = str(case)
    if max([g.size, *(a.size for a in arrays)]) > 6:
        return text
    named = [*zip(NAMES, arrays, strict=False), ("g", g)]
    return text + "".join(f"\n        {n} = {flat(a)}" for n, a in named)


def diagnosis(
    case: Case, arrays: list[np.ndarray], position: int, got: np.ndarray, answer: tuple
) -> str:
    """A sentence on the mistake, where the wrong numbers give it away."""
    [g] = numbers([case.g])
    ones = np.ones_like(g)
    if agree(got, central_difference(case.node, arrays, position, ones)):
        return "This would be right if g were 1 everywhere: multiply by the g that arrives."
    if agree(got, -central_difference(case.node, arrays, position, g)):
        return "It has the wrong sign."
    two = case.node.op.name == "mul"
    if two and agree(got, central_difference(case.node, arrays, 1 - position, g)):
        return "That is the answer for the other input: they come in the order of node.inputs."
    if got.size and not got.any():
        return "All of it is zero."
    return ""
