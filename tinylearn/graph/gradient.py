"""Gradients: from a graph to the graph of its derivative. Nothing runs here.

One pass from the output to the leaves: each node hands the gradient it has received to its
gradient rule, which answers with one graph for each input.
"""

from __future__ import annotations

from collections.abc import Iterable

from tinylearn.errors import GradientError, Origin
from tinylearn.graph.node import Node, built_for, walk
from tinylearn.graph.primitives import ADD, DETACH
from tinylearn.parts import part


def dependents(order: list[Node], leaves: set[Node]) -> set[Node]:
    """The nodes of `order` whose value moves, by small steps, when a leaf's value does."""
    moving = set(leaves)
    for node in order:
        constant = node.op is DETACH or node.op.gradient is None  # a gradient, only promised yet
        if not constant and node.dtype.is_float and node not in moving:
            for x in node.inputs:
                if x in moving:
                    moving.add(node)
                    break
    return moving


@part("graph.gradient")
def gradient(output: Node, g: Node, leaves: Iterable[Node]) -> dict[Node, Node]:
    """The chain rule, from the output to the leaves: what meets at a node is added up.

    g        the gradient that arrives at the output, of its shape
    returns  {leaf: graph of the gradient for that leaf}, without leaves that nothing reaches
    """
    leaves = set(leaves)
    order = walk([output])
    moving = dependents(order, leaves)
    grads = {output: g}
    for node in reversed(order):
        if node.inputs and node in grads and node in moving:
            built_for(node.made_at, node, hand_down, node, grads, moving)
    return {leaf: grads[leaf] for leaf in leaves if leaf in grads}


def hand_down(node: Node, grads: dict[Node, Node], moving: set[Node]) -> None:
    """Add what the node's gradient rule answers to the gradients of its inputs."""
    for x, gx in zip(node.inputs, rule_of(node, grads[node]), strict=True):
        if x in moving:
            checked = check(node, x, gx)
            grads[x] = ADD(grads[x], checked) if x in grads else checked


def rule_of(node: Node, g: Node) -> tuple[Node | None, ...]:
    """What the node's gradient rule answers, one graph for each input."""
    answer = node.op.gradient(g, node)
    answer = tuple(answer) if isinstance(answer, list) else answer
    if not isinstance(answer, tuple) or len(answer) != len(node.inputs):
        raise GradientError(
            f"{node.op.gradient} must return a tuple with one gradient for each of the"
            f" {len(node.inputs)} inputs of {node.op.name}, it returned {answer!r}"
        )
    return answer


def check(node: Node, x: Node, gx: Node | None) -> Node:
    """The gradient gx for x, if it can be one; raises GradientError with what is wrong."""
    if isinstance(gx, Node) and gx.shape == x.shape and gx.dtype is x.dtype:
        return gx
    where = f" (made at {node.origin})" if isinstance(node.origin, Origin) else ""
    got = f"{gx!r} of {gx.dtype}" if isinstance(gx, Node) else repr(gx)
    raise GradientError(
        f"{node.op.gradient} answered {got} for an input of shape {x.shape} and {x.dtype}"
        f"{where}; a gradient has the shape and dtype of what it belongs to"
    )
