"""Compositions that are noted as one node: the same numbers, gradients and errors as without."""

import numpy as np
import pytest

from tinylearn import nn, using
from tinylearn.errors import ShapeError
from tinylearn.graph.deferred import spelled_out
from tinylearn.graph.node import walk
from tinylearn.graph.primitives import MUL, PRIMITIVES
from tinylearn.nn.optim import SGD
from tinylearn.plan.check import check_fused
from tinylearn.plan.plan import PLANS
from tinylearn.tensor import Tensor

X = np.array([[1.0, -2.0, 3.0], [-4.0, 5.0, 0.5]], np.float32)


def test_a_composition_is_one_node_and_is_spelled_out_in_primitives():
    y = Tensor(X).relu()
    assert y.node.op.name == "relu" and len(y.node.inputs) == 1
    (spelled,) = spelled_out([y.node])
    assert all(n.op.name in PRIMITIVES for n in walk([spelled]))
    assert all(n.made_at == y.node.made_at for n in walk([spelled]) if n.inputs)
    check_fused(y)


def test_gradients_go_through_numbers_that_were_looked_at():
    x, w = Tensor([1.0, -2.0, 3.0]), Tensor([0.5, -1.0, 2.0])
    h = (x * w).relu()
    h.numpy()
    loss = (h * h).sum()
    loss.backward()
    assert x.grad.tolist() == [0.5, -4.0, 24.0] and w.grad.tolist() == [1.0, -8.0, 36.0]
    assert loss.gradient(h)[0].tolist() == [1.0, 4.0, 12.0]
    assert loss.gradient(x)[0].sum().gradient(w)[0].tolist() == [2.0, 8.0, 24.0]


def test_a_plan_does_not_depend_on_what_else_is_in_memory():
    x = Tensor(X)
    (spelled,) = spelled_out([x.relu().node])
    kept = Tensor(X)
    kept.node = spelled  # the same primitives, with numbers of their own
    kept.numpy()
    first = (x.relu() + kept).numpy()
    other = (Tensor(X).relu() + Tensor(X * 0)).numpy()
    assert np.array_equal(first, 2 * other)


def test_leaves_assigned_the_same_values_keep_gradients_of_their_own():
    v = Tensor([1.0, 2.0]).sigmoid()
    a, b = Tensor([0.0, 0.0]), Tensor([0.0, 0.0])
    a.assign(v)
    b.assign(v)
    (a * 2 + b * 3).sum().backward()
    assert a.grad.tolist() == [2, 2] and b.grad.tolist() == [3, 3]


def test_a_replaced_gradient_rule_sees_the_primitives_inside():
    seen = []

    def rule(g, node):
        seen.append(node)
        return MUL.gradient.default(g, node)

    x, weight = Tensor(X, requires_grad=False), Tensor(np.ones((2, 3), np.float32))
    y = x.linear(weight)
    with using({"gradient.mul": rule}):
        seen.clear()
        y.sum().backward()
    assert seen and np.allclose(weight.grad.numpy(), np.tile(X.sum(0), (2, 1)))


def test_shapes_are_checked_on_the_line_that_calls():
    with pytest.raises(ShapeError):
        Tensor(X).linear(Tensor(np.ones((2, 4), np.float32)))


def test_a_second_step_of_training_finds_the_plan_of_the_first():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    optimizer = SGD([model], lr=0.1)
    plans = []
    for _ in range(3):
        loss = model(Tensor(X, requires_grad=False)).cross_entropy(Tensor([0, 1]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        plans.append(len(PLANS))
    assert plans[0] == plans[1] == plans[2]
