"""The order in which a graph is walked: inputs first, and the same whatever was built before."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from tests.core.graphs import graphs
from tinylearn.contracts.measure import leaf
from tinylearn.graph.node import walk, walk_unrealized


@given(graphs())
def test_each_node_comes_once_and_right_after_the_last_of_its_inputs(outputs):
    order = walk(outputs)
    place = {node: k for k, node in enumerate(order)}
    assert len(place) == len(order) and set(outputs) <= set(order)
    assert all(place[x] < place[node] for node in order for x in node.inputs)


def test_the_order_does_not_follow_what_was_built_before():
    x = leaf(np.ones((3, 5)))
    walk([x.sin() * x.exp()])  # structures that are known from now on
    top = x.exp() * x.sin() + x.log()
    assert [node.op.name for node in walk([top])] == ["buffer", "exp", "sin", "mul", "log", "add"]
    z = leaf(np.ones((7, 5)))
    top = z.exp() * z.sin() + z.log()
    assert [node.op.name for node in walk([top])] == ["buffer", "exp", "sin", "mul", "log", "add"]


def test_numbers_that_exist_are_not_looked_behind():
    x = leaf(np.ones(4))
    half = x * 0.5
    half.buffer = x.buffer
    assert [n.op.name for n in walk_unrealized([half + x])] == ["mul", "buffer", "add"]
    assert "const" in [n.op.name for n in walk([half + x])]
