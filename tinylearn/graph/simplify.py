"""Simplifies a graph before it is scheduled: the same numbers with fewer nodes.

The graph is rebuilt from its sources up, on stand-ins for its leaves, so that what is made from it
can be kept and used again for other data. Every simplification is recorded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tinylearn.graph.dtype import DType
from tinylearn.graph.node import Given, Node, Shape, apply, built_for, given
from tinylearn.graph.primitives import (
    ADD,
    CAST,
    CAT,
    CONST,
    COPY,
    DETACH,
    EXPAND,
    MUL,
    PERMUTE,
    RECIP,
    RESHAPE,
    SUM,
    WHERE,
    buffer,
    const,
)
from tinylearn.graph.rules import inverse_order


class StandIn(NamedTuple):
    """In place of a buffer: what it is like, and not its numbers."""

    shape: Shape
    dtype: DType
    device: str


class Simplification(NamedTuple):
    """What a rule made simpler: `before` became `after`."""

    rule: str
    says: str
    before: Node
    after: Node


@dataclass
class Simplified:
    """A graph on stand-ins.

    outputs   the nodes asked for, simplified
    leaves    the stand-in of each leaf, in the order in which the leaves were given
    steps     what was simplified
    """

    outputs: list[Node] = field(default_factory=list)
    leaves: list[Node] = field(default_factory=list)
    steps: list[Simplification] = field(default_factory=list)


RULES: list[Callable[[Node], Node | None]] = []


def rule(function: Callable[[Node], Node | None]) -> Callable[[Node], Node | None]:
    """Decorator: ask this function for a simpler node; None means that it has none."""
    RULES.append(function)
    return function


@rule
def nothing(node: Node) -> Node | None:
    """No numbers are computed by nobody; their sum is 0, and joined to others they add nothing."""
    sums_nothing = node.op is SUM and not node.inputs[0].size
    if not node.size or sums_nothing:
        return const(0, node.shape, node.dtype, node.device)
    if node.op is CAT and any(not x.size for x in node.inputs):
        parts = tuple(x for x in node.inputs if x.size)
        return CAT(*parts, arg=node.arg) if len(parts) > 1 else parts[0]
    return None


@rule
def total_without_ones(node: Node) -> Node | None:
    """A total is that of the numbers before axes of size 1 were put in: equal ones are one."""
    if node.op.kind != "reduce":
        return None
    x = node.inputs[0]
    if x.size == node.size:
        return x
    wide = [a for a, n in enumerate(x.shape) if n != 1]
    inner = without_ones(x, tuple(x.shape[a] for a in wide)) if 1 in x.shape else None
    if inner is None:
        return None
    axes = tuple(k for k, a in enumerate(wide) if a in node.arg)
    return apply(node.op, (inner,), axes).reshape(node.shape)


def without_ones(x: Node, sizes: Shape, depth: int = 4) -> Node | None:
    """x without its axes of size 1; None if that would take work.

    sizes   of the other axes
    depth   how many operations on reshapes are looked through
    """
    if x.op is CONST:
        return const(x.arg, sizes, x.dtype, x.device)
    if x.op is RESHAPE:
        return x.inputs[0].reshape(sizes)
    if x.op.kind != "elementwise" or not depth:
        return None
    inputs = [without_ones(y, sizes, depth - 1) for y in x.inputs]
    return None if None in inputs else apply(x.op, tuple(inputs), x.arg)  # type: ignore[arg-type]


@rule
def constant_moved(node: Node) -> Node | None:
    """One value in every place stays that value under any move but a pad, and on any device."""
    x = node.inputs[0]
    moved = node.op.kind == "move" or node.op in (COPY, DETACH)
    if x.op is CONST and moved and (node.op.name != "pad" or x.arg == 0):
        return const(x.arg, node.shape, node.dtype, node.device)
    return None


@rule
def constant_folded(node: Node) -> Node | None:
    """An operation on constants is a constant."""
    if node.op.kind != "elementwise" or any(x.op is not CONST for x in node.inputs):
        return None
    if any(isinstance(x.arg, Given) for x in node.inputs):
        return None
    if node.op is RECIP and math.frexp(abs(node.inputs[0].arg))[0] not in (0, 0.5):
        return None  # rounded: x / 3 is one division, and not x times a third
    args = [np.array(x.arg, x.dtype.numpy) for x in node.inputs]
    with np.errstate(all="ignore"):
        value = node.op.numpy(*args, *([node.arg] if node.op is CAST else []))
    return const(value.item(), node.shape, node.dtype, node.device)


@rule
def one_and_zero(node: Node) -> Node | None:
    """x * 1 and x + 0 are x."""
    if node.op in (MUL, ADD):
        neutral = 1 if node.op is MUL else 0
        for x, y in (node.inputs, node.inputs[::-1]):
            if y.op is CONST and y.arg == neutral and math.copysign(1, y.arg) > 0:
                return x
    return None


@rule
def chosen(node: Node) -> Node | None:
    """where with a constant condition, or with equal choices, is the choice."""
    if node.op is WHERE:
        condition, x, y = node.inputs
        if x is y:
            return x
        if condition.op is CONST:
            return x if condition.arg else y
    return None


@rule
def stored_already(node: Node) -> Node | None:
    """What is looked up is stored in any case; behind it a detach would only be a copy."""
    x = node.inputs[0]
    return x if node.op is DETACH and x.op.kind == "lookup" else None


@rule
def move_of_move(node: Node) -> Node | None:
    """Two reshapes, two permutes or two expands are one."""
    x = node.inputs[0]
    if x.op is not node.op:
        return None
    if node.op is RESHAPE or node.op is EXPAND:
        inner = x.inputs[0]
        return inner if inner.shape == node.shape else apply(node.op, (inner,), node.shape)
    if node.op is PERMUTE:
        return x.inputs[0].permute(tuple(x.arg[a] for a in node.arg))
    return None


@rule
def turned_by_a_reshape(node: Node) -> Node | None:
    """A permute that only moves axes of size 1 is a reshape."""
    if node.op is not PERMUTE:
        return None
    x = node.inputs[0]
    rest = [a for a in node.arg if x.shape[a] != 1]
    if rest != sorted(rest):
        return None
    return x if x.shape == node.shape else x.reshape(node.shape)


@rule
def permute_moved_out(node: Node) -> Node | None:
    """What is computed from permuted numbers can be permuted afterwards: two permutes may meet."""
    if node.op.kind not in ("elementwise", "reduce"):
        return None
    order = next((x.arg for x in node.inputs if x.op is PERMUTE), None)
    if order is None:
        return None
    inputs = [before_permute(x, order) for x in node.inputs]
    if None in inputs:
        return None
    arg = node.arg if node.op.kind == "elementwise" else tuple(sorted(order[a] for a in node.arg))
    return apply(node.op, tuple(inputs), arg).permute(order)  # type: ignore[arg-type]


def before_permute(x: Node, order: Shape, depth: int = 4) -> Node | None:
    """The node that x is a permute of; None if it would take work to make one.

    depth   how many operations on repeated numbers are looked through
    """
    if x.op is PERMUTE and x.arg == order:
        return x.inputs[0]
    if x.op.kind == "elementwise" and depth:
        inputs = [before_permute(y, order, depth - 1) for y in x.inputs]
        return None if None in inputs else apply(x.op, tuple(inputs), x.arg)  # type: ignore[arg-type]
    back = inverse_order(order)
    shape = tuple(x.shape[a] for a in back)
    if x.op is CONST:
        return const(x.arg, shape, x.dtype, x.device)
    if x.op is EXPAND:
        few = x.inputs[0].permute(back)
        for tidier in (turned_by_a_reshape, move_of_move):
            few = tidier(few) or few
        return few.expand(shape)
    return None


def simplify(order: Iterable[Node], outputs: Iterable[Node], leaves: Iterable[Node]) -> Simplified:
    """The graph of `order` (inputs before readers) on stand-ins for `leaves`, simplified.

    A leaf is a node with numbers in memory, or a CONST whose value is to be given at run time.
    """
    result = Simplified()
    new: dict[Node, Node] = {}
    for place, leaf in enumerate(leaves):
        stand_in = stand_in_for(leaf, place)
        result.leaves.append(stand_in)
        new[leaf] = stand_in
    for node in order:
        if node not in new:
            new[node] = rebuilt(node, new, result.steps)
    result.outputs = [new[n] for n in outputs]
    return result


def stand_in_for(leaf: Node, place: int) -> Node:
    """The stand-in of a leaf; of a constant one whose value is given at run time."""
    if leaf.op is CONST:
        node = const(given(leaf.arg, place), leaf.shape, leaf.dtype, leaf.device)
    else:
        node = buffer(StandIn(leaf.shape, leaf.dtype, leaf.device))
    node.made_at, node.gradient_of = leaf.made_at, None
    return node


def rebuilt(node: Node, new: dict[Node, Node], steps: list[Simplification]) -> Node:
    """The node on the new inputs, as simple as the rules can make it."""
    if node.op is CONST:
        return node
    of = node.gradient_of
    of = None if of is None else new.get(of)
    inputs = tuple(new[x] for x in node.inputs)
    return built_for(node.made_at, of, simplest, node.op, inputs, node.arg, steps)


def simplest(op: Any, inputs: tuple[Node, ...], arg: Any, steps: list[Simplification]) -> Node:
    """The node of an operation, after as many rules as have something to say about it."""
    after = apply(op, inputs, arg)
    while (step := simplification(after)) is not None:
        steps.append(step)
        after = step.after
    return after


def simplification(node: Node) -> Simplification | None:
    """What the first rule that has a simpler node makes of this one."""
    for ask in RULES if node.inputs else ():
        if (simpler := ask(node)) is not None:
            return Simplification(ask.__name__, (ask.__doc__ or "").strip(), node, simpler)
    return None
