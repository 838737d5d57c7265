"""Gradients that are promised: `backward()` notes what is wanted, and differentiates nothing yet.

A training step that was seen before has a plan, and needs only to be recognized. So backward()
makes one DERIVATIVE node for each leaf, and the chain rule runs when the graph is really needed:
for a new plan, or for a picture. This is done only while all gradient rules are tinylearn's own;
a rule of the user's runs at once, on the user's line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tinylearn.graph.dtype import DType
from tinylearn.graph.gradient import gradient
from tinylearn.graph.node import Node, Shape, apply, walk
from tinylearn.graph.primitives import DETACH
from tinylearn.parts import Part


class Derivative:
    """The op of a promise: (output, g, leaf) stands for the gradient that reaches the leaf."""

    name = "derivative"
    kind = "deferred"

    def check(self, inputs: tuple[Node, ...], arg: None) -> tuple[Shape, DType, str]:
        """Like the leaf."""
        leaf = inputs[2]
        return leaf.shape, leaf.dtype, leaf.device

    def __repr__(self) -> str:
        return self.name


DERIVATIVE: Any = Derivative()


class Rules:
    """Whether all gradient rules are tinylearn's own; looked up anew after each change."""

    version = -1
    own = True


def own_rules() -> bool:
    """Whether nobody has replaced a gradient rule, the walk or the chain rule."""
    if Rules.version != Part.version:
        names = ("gradient.", "graph.")
        Rules.own = all(p.is_default for n, p in Part.table.items() if n.startswith(names))
        Rules.version = Part.version
    return Rules.own


def reached_leaves(output: Node) -> list[Node]:
    """The sources on which the output depends by small steps: those a gradient reaches."""
    found = {output: None}
    stack = [output]
    leaves = []
    while stack:
        node = stack.pop()
        if not node.inputs or node.op is DETACH:
            leaves.append(node)
            continue
        for x in node.inputs:
            if x not in found and x.dtype.kind == 2:
                found[x] = None
                stack.append(x)
    return leaves


def promised(output: Node, g: Node, leaves: Iterable[Node]) -> dict[Node, Node]:
    """Like `gradient`, for leaves that the output depends on: at once, or as promises."""
    if not own_rules():
        return gradient(output, g, leaves)
    return {leaf: apply(DERIVATIVE, (output, g, leaf)) for leaf in leaves}


def spelled_out(outputs: Sequence[Node]) -> list[Node]:
    """The same graphs without promises: every gradient is there, node by node."""
    outputs = list(outputs)
    while promises(order := walk.default(outputs)):
        new = kept_promises(promises(order))
        for node in order:
            if node not in new:
                new[node] = with_inputs(node, new)
        outputs = [new[n] for n in outputs]
    return outputs


def promises(order: Iterable[Node]) -> list[Node]:
    """The promised gradients among the nodes that still have to be computed."""
    return [n for n in order if n.op is DERIVATIVE and n.buffer is None]


def kept_promises(waiting: Iterable[Node]) -> dict[Node, Node]:
    """{promise: its graph}: one chain rule for each output, to all its leaves."""
    wanted: dict[tuple[Node, Node], list[Node]] = {}
    for node in waiting:
        output, g, leaf = node.inputs
        wanted.setdefault((output, g), []).append(leaf)
    found: dict[Node, Node] = {}
    for (output, g), leaves in wanted.items():
        for leaf, graph in gradient.default(output, g, leaves).items():
            found[apply(DERIVATIVE, (output, g, leaf))] = graph
    return found


def with_inputs(node: Node, new: dict[Node, Node]) -> Node:
    """The node on new inputs; itself where they are the old ones or its numbers exist."""
    inputs = tuple(new[x] for x in node.inputs)
    if node.buffer is not None or inputs == node.inputs:
        return node
    changed = apply(node.op, inputs, node.arg)
    changed.made_at, changed.gradient_of = node.made_at, node.gradient_of
    return changed
