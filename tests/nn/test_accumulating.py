"""Gradients that add up, wanted or because zero_grad() was forgotten, cost the same every round."""

import numpy as np
import pytest

from tinylearn.nn import Linear, Sequential, Tanh, optim
from tinylearn.plan.plan import PLANS
from tinylearn.tensor import Tensor

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
Y = np.array([[0], [1], [1], [0]], np.float32)


def plans():
    return len(PLANS)


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_forgetting_zero_grad_makes_no_more_than_three_plans(make, device):
    model = Sequential(Linear(2, 8), Tanh(), Linear(8, 1))
    optimizer = make([model], lr=0.01)
    PLANS.clear()
    for _ in range(200):
        e = model(X).sigmoid() - Y
        (e * e).mean().backward()
        optimizer.step()
    assert plans() <= 3


@pytest.mark.parametrize("kept", [True, False], ids=["losses kept", "losses dropped"])
def test_backward_alone_many_times_makes_no_more_than_three_plans(kept, device):
    w, losses = Tensor([1.0, -2.0]), []
    PLANS.clear()
    for k in range(200):
        loss = ((w - float(k)) ** 2).sum()
        loss.backward()
        if kept:
            losses.append(loss)
    assert plans() <= 3
    np.testing.assert_allclose(w.grad.numpy(), [200 * (2 - 199), 200 * (-4 - 199)], rtol=1e-4)
    assert all(loss.node.buffer is not None for loss in losses[:-1])  # in the gradients' pass


def test_gradients_that_add_up_are_followed_by_the_optimizer(device):
    w = Tensor([3.0])
    optimizer = optim.SGD([w], lr=0.1)
    by_hand, g = 3.0, 0.0
    for _ in range(6):
        (w * w).sum().backward()
        optimizer.step()
        g += 2 * by_hand
        by_hand -= 0.1 * g
        assert w.item() == pytest.approx(by_hand, rel=1e-5)
    assert w.grad.item() == pytest.approx(g, rel=1e-5)


def test_two_losses_of_one_step_add_up_whoever_looks_first():
    u, v = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    (u * v).sum().backward()
    first = u.grad
    (u * u).sum().backward()  # v has no part in it: its gradient stays as it is
    assert (u.grad.tolist(), v.grad.tolist()) == ([5.0, 8.0], [1.0, 2.0])
    assert first.tolist() == [3.0, 4.0]
