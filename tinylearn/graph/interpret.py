"""The numbers of a graph, node by node: each op by its NumPy meaning, and nothing else has a say.

No schedule, no kernel, no device: what computes faster is judged by this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tinylearn.graph.node import Node
from tinylearn.graph.primitives import CONST, COPY, DETACH


def interpret(order: Sequence[Node], known: Mapping[Node, np.ndarray]) -> dict[Node, np.ndarray]:
    """The numbers of the nodes in `order` (inputs before readers), taken from `known` if there."""
    numbers = dict(known)
    with np.errstate(all="ignore"):
        for node in order:
            if node not in numbers:
                numbers[node] = meaning(node, [numbers[x] for x in node.inputs])
    return numbers


def meaning(node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """The numbers of one node that is no buffer, from those of its inputs."""
    if node.op is CONST:
        return np.full(node.shape, node.arg, node.dtype.numpy)
    if node.op in (COPY, DETACH):
        return inputs[0]  # the same numbers
    return np.asarray(node.op.numpy(*inputs, *([] if node.arg is None else [node.arg])))
