"""Gradients of the user's own, and functions that see gradients on their way."""

import numpy as np
import pytest

import tinylearn as tl
from tinylearn.errors import GradientError, ShapeError
from tinylearn.tensor import Tensor
from tinylearn.viz import draw

X = np.array([[1.0, -2.0, 3.0], [-4.0, 5.0, 0.5]])


@tl.custom_gradient(lambda g, x, slope=0.1: (x > 0).where(g, g * slope))
def leaky(x, slope=0.1):
    return (x > 0).where(x, x * slope)


@tl.custom_gradient(lambda g, x, y: (g * y * 2, None))
def twice_by_x(x, y):
    """A gradient that is not that of the function: so it can be told which one was taken."""
    return x * y


def test_a_gradient_of_ones_own_is_the_one_that_is_taken(device):
    x, y = Tensor(X, device=device), Tensor(X + 1, device=device)
    for _ in range(3):  # also where a plan is known
        x.grad = y.grad = None
        out = twice_by_x(x, y)
        np.testing.assert_array_equal(out.numpy(), X * (X + 1))
        (out * 3).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 6 * (X + 1))
        np.testing.assert_array_equal(y.grad.numpy(), np.zeros_like(X))


def test_it_can_be_differentiated_again_and_called_by_names():
    x = Tensor(X)
    y = leaky(slope=0.5, x=x * x * x)
    (first,) = y.sum().gradient(x)
    np.testing.assert_allclose(first.numpy(), 3 * X * X * np.where(X > 0, 1, 0.5))
    (second,) = first.sum().gradient(x)
    np.testing.assert_allclose(second.numpy(), 6 * X * np.where(X > 0, 1, 0.5))


def test_what_the_backward_function_closes_over_is_read_at_each_backward():
    scale = {"now": 1.0}

    @tl.custom_gradient(lambda g, x: g * scale["now"])
    def same(x):
        return x * Tensor(np.ones(3), requires_grad=False)

    x = Tensor([1.0, 2.0, 3.0], dtype="float64")
    for value in (1.0, -2.0, 5.0):
        scale["now"], x.grad = value, None
        same(x).sum().backward()
        assert x.grad.tolist() == [value] * 3


def test_a_call_is_one_box_in_a_picture():
    x = Tensor(X)
    nodes = draw(leaky(x) + 1).trace["nodes"]
    assert {n["op"] for n in nodes if n["call"] == "leaky"} == {"less", "mul", "where", "detach"}


def test_wrong_answers_of_a_backward_function_are_named():
    x = Tensor(X)
    for backward, kind, says in (
        (lambda g, x: (g, g), GradientError, "gave 2 answers for 1 tensors"),
        (lambda g, x: g.sum(), ShapeError, r"shape \(\) for a tensor of \(2, 3\)"),
        (lambda g, x: "text", GradientError, "gave a str"),
    ):

        @tl.custom_gradient(backward)
        def broken(x):
            return x * 2

        with pytest.raises(kind, match=says):
            broken(x).sum().backward()
    with pytest.raises(TypeError, match="needs a tensor"):
        leaky(3)
    with pytest.raises(TypeError, match="must give a Tensor, not a float"):
        tl.custom_gradient(lambda g, x: g)(lambda x: 1.0)(x)


def test_numbers_and_none_are_gradients_too():
    @tl.custom_gradient(lambda g, x, k: (2, None))
    def picked(x, k):
        return x.take(k, 0)

    x = Tensor([1.0, 2.0])
    picked(x, Tensor([1])).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    with tl.no_grad():
        assert not leaky(x).requires_grad


# ---------------------------------------------------------------- hooks


def test_a_hook_sees_each_gradient_of_a_leaf_before_it_is_added():
    x, seen = Tensor([1.0, 2.0]), []
    hook = x.register_hook(lambda g: seen.append(g.tolist()))
    for _ in range(2):
        (x * x).sum().backward()
    assert seen == [[2.0, 4.0]] * 2 and x.grad.tolist() == [4.0, 8.0]
    hook.remove()
    hook.remove()
    (x * x).sum().backward()
    assert len(seen) == 2


def test_a_hook_changes_the_gradient_on_its_way(device):
    x = Tensor([1.0, 2.0], device=device)
    for factor in (3.0, 5.0):  # the second time by a plan that is known
        x.grad = None
        y = x * 2
        y.register_hook(lambda g, f=factor: g * f)
        (y * y).sum().backward()
        assert x.grad.tolist() == [8 * factor, 16 * factor]


def test_hooks_run_in_order_and_stay_with_a_leaf_that_is_assigned_to():
    x = Tensor([1.0, 2.0])
    x.register_hook(lambda g: g + 1)
    x.register_hook(lambda g: g * 10)
    x.assign([5.0, 5.0])
    x.sum().backward()
    assert x.grad.tolist() == [20.0, 20.0]


def test_the_gradient_of_what_was_computed_is_kept_on_demand():
    x = Tensor([1.0, 2.0])
    y = x * 3
    y.retain_grad()
    x.retain_grad()  # a leaf keeps it anyway
    loss = (y * y).sum()
    loss.backward()
    assert y.grad.tolist() == [6.0, 12.0] and x.grad.tolist() == [18.0, 36.0]
    loss.backward()
    assert y.grad.tolist() == [12.0, 24.0]


def test_a_hook_on_what_gets_no_gradient_is_refused_with_a_repair():
    x = Tensor([1.0], requires_grad=False)
    with pytest.raises(GradientError, match=r"Try x.requires_grad_\(\)"):
        x.register_hook(print)
    x.requires_grad_().register_hook(print)
    with pytest.raises(GradientError, match="gets no gradient"):
        Tensor([1]).register_hook(print)


def test_a_hook_may_not_change_the_shape():
    x = Tensor([1.0, 2.0])
    x.register_hook(lambda g: g.sum())
    with pytest.raises(ShapeError, match=r"a hook gave a gradient of shape \(\)"):
        x.sum().backward()
