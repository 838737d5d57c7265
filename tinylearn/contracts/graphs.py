"""The contracts of `graph.walk` and `graph.gradient`, on graphs that trip the usual mistakes.

Diamonds (a node that is used twice), nodes used as both inputs of one op, several outputs, leaves
that nothing reaches, and a chain that is longer than Python's recursion allows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tinylearn.contracts.measure import called, compare, leaf, numbers
from tinylearn.graph.gradient import gradient
from tinylearn.graph.node import Node, walk
from tinylearn.graph.primitives import DETACH
from tinylearn.parts import ContractError

CHAIN = 3500  # ops: Python gives up a recursion of 1,000, Jupyter one of 3,000


@dataclass(frozen=True)
class Sample:
    """A graph, under a name that tells a student what is special about it."""

    says: str
    outputs: tuple[Node, ...]
    leaves: tuple[Node, ...]


@cache
def samples() -> tuple[Sample, ...]:
    """The graphs, made once; all leaves have the shape (2, 3)."""
    random = np.random.default_rng(1)
    x, y, unused = (leaf(random.uniform(0.5, 1.5, (2, 3))) for _ in range(3))
    square = x * x
    shared = (x + y).exp()
    left, right = shared * x, shared.sin()
    total = (left * right).sum((0, 1))
    low = square + square.exp()
    deep = x
    for _ in range(CHAIN):
        deep = deep + y
    return (
        Sample("one leaf and nothing else", (x,), (x,)),
        Sample("x + y", (x + y,), (x, y)),
        Sample("x * x, where both inputs are one node", (square,), (x,)),
        Sample("a diamond: x*x is read by exp and by add", (low,), (x, y)),
        Sample("exp(x + y), read twice, and a sum over all of it", (total,), (x, y)),
        Sample("a node that is both an input and a leaf of interest", (total,), (shared, x)),
        Sample("moves: permute, reshape and flip", (moved(x, y),), (x, y)),
        Sample("x * detach(x), constant on one side", (x * DETACH(x),), (x, unused)),
        Sample("where(x < y, x, y)", (x.less(y).where(x, y) * y,), (x, y, unused)),
        Sample(f"a chain of {CHAIN} ops, too deep for recursion", (deep,), (x, y)),
    )


def moved(x: Node, y: Node) -> Node:
    """Each number of x times each of y's first row, by moves."""
    wide = x.permute((1, 0)).reshape((6, 1)).expand((6, 3))
    row = y.shrink(((0, 1), (0, 3))).flip((1,)).expand((6, 3))
    return (wide * row).max((1,)).pad(((1, 0), (0, 0)))


# ---------------------------------------------------------------- graph.walk


def check_walk(name: str, function: Callable) -> None:
    """Raise ContractError with the first promise of a walk that `function` breaks."""
    for sample in samples():
        order = called(name, function, f"the outputs of {sample.says}", sample.outputs)
        right_order(sample.says, sample.outputs, order)
    first, second = samples()[1], samples()[3]
    outputs = (*first.outputs, *second.outputs)
    order = called(name, function, "two outputs that share x", outputs)
    right_order("two outputs that share x", outputs, order)


def right_order(where: str, outputs: tuple[Node, ...], order: Any) -> None:
    """Every node below the outputs once, inputs before their readers, and nothing else."""
    broken = _first_problem(outputs, order)
    if broken:
        shown = f"\n    got {order}" if isinstance(order, list) and len(order) < 12 else ""
        raise ContractError(f"graph.walk, {where}: {broken}{shown}")


def _first_problem(outputs: tuple[Node, ...], order: Any) -> str:
    if not isinstance(order, list):
        return f"it must return a list of nodes, not {type(order).__name__}"
    place: dict[Node, int] = {}
    for k, node in enumerate(order):
        if not isinstance(node, Node):
            return f"entry {k} is no node but {node!r}"
        if node in place:
            return f"{node} comes twice, at {place[node]} and {k}; each node comes once"
        place[node] = k
    for node in order:
        for x in node.inputs:
            if x not in place:
                return f"{x}, an input of {node}, is missing"
            if place[x] > place[node]:
                return f"{node} comes before its input {x}; inputs come before their readers"
    if missing := [node for node in outputs if node not in place]:
        return f"the output {missing[0]} itself is missing"
    if extra := set(order) - set(walk.default(outputs)):
        return f"{extra.pop()} does not belong to the graph of the outputs"
    return ""


# ---------------------------------------------------------------- graph.gradient


def check_graph_gradient(name: str, function: Callable) -> None:
    """Raise ContractError with the first promise of the chain rule that `function` breaks.

    The gradient rules that are in use now are used on both sides, so it is not the rules that are
    judged here but the pass over the graph.
    """
    for sample in samples():
        [output] = sample.outputs
        g = leaf(np.linspace(-1, 2, output.size).reshape(output.shape))
        where = f"{sample.says}, for {len(sample.leaves)} leaves"
        answer = called(name, function, where, output, g, list(sample.leaves))
        expected = gradient.default(output, g, sample.leaves)
        same_gradients(sample, answer, expected)


def same_gradients(sample: Sample, answer: Any, expected: dict[Node, Node]) -> None:
    """The leaves that something reaches, each with a graph of the right shape and numbers."""
    name = "graph.gradient"
    if not isinstance(answer, dict):
        got = type(answer).__name__
        raise ContractError(f"{name} must return a dict {{leaf: graph}}, not {got}")
    for k, node in enumerate(sample.leaves):
        what = f"{['first', 'second', 'third'][k]} leaf"
        if node in expected and node not in answer:
            raise ContractError(f"{name}, {sample.says}: the gradient of the {what} is missing")
        if node in answer and node not in expected and numbers([answer[node]])[0].any():
            says = f"nothing reaches the {what}, so it has no gradient; got {answer[node]!r}"
            raise ContractError(f"{name}, {sample.says}: {says}")
        if node in expected:
            same_gradient(sample, f"the gradient of the {what}", answer[node], expected[node])
    if extra := set(answer) - set(sample.leaves):
        says = f"the answer holds {extra.pop()!r}, which is none of the leaves"
        raise ContractError(f"{name}, {sample.says}: {says}")


def same_gradient(sample: Sample, what: str, got: Any, expected: Node) -> None:
    """One gradient: a graph with the right numbers."""
    if not isinstance(got, Node):
        says = f"{what} must be a graph, not {type(got).__name__}"
        raise ContractError(f"graph.gradient, {sample.says}: {says}")
    found, wanted = numbers([got, expected])
    hint = ""
    with np.errstate(all="ignore"):
        if found.shape == wanted.shape and np.all(np.abs(found) <= np.abs(wanted) + 1e-9):
            hint = "Where several readers send gradients to a node, they are added up."
    compare("graph.gradient", what, sample.says, found, wanted, hint=hint)
