"""Gradients are clipped as one, parameters become one row and back."""

import math

import numpy as np
import pytest

from tinylearn import nn
from tinylearn.errors import GradientError, ShapeError
from tinylearn.nn.utils import (
    clip_grad_norm_,
    clip_grad_value_,
    parameters_to_vector,
    vector_to_parameters,
)
from tinylearn.plan.plan import PLANS
from tinylearn.tensor import Tensor


def learned():
    """Two parameters with gradients 3, 4 and 12, and one without."""
    w, b, unused = Tensor([1.0, 1.0]), Tensor([1.0]), Tensor([1.0])
    ((w * np.array([3.0, 4.0], np.float32)).sum() + b.sum() * 12).backward()
    return w, b, unused


@pytest.mark.parametrize(
    "norm, length", [(2.0, 13), (1.0, 19), (math.inf, 12), (3.0, 1819 ** (1 / 3))]
)
def test_gradients_are_made_shorter_together(norm, length):
    w, b, unused = learned()
    total = clip_grad_norm_([w, b, unused], 2.0, norm)
    assert total.item() == pytest.approx(length, rel=1e-5)
    factor = 2 / length
    np.testing.assert_allclose(w.grad.numpy(), [3 * factor, 4 * factor], rtol=1e-5)
    np.testing.assert_allclose(b.grad.numpy(), [12 * factor], rtol=1e-5)
    assert unused.grad is None and clip_grad_norm_([unused], 1.0).item() == 0


def test_short_gradients_stay():
    w, b, _ = learned()
    clip_grad_norm_([w, b], 100.0)
    assert w.grad.tolist() == [3, 4] and b.grad.tolist() == [12]


def test_numbers_of_gradients_are_bounded():
    w, b, _ = learned()
    clip_grad_value_((w, b), 3.5)
    assert w.grad.tolist() == [3, 3.5] and b.grad.tolist() == [3.5]


def test_a_norm_that_is_not_finite_is_an_error_if_wanted():
    w = Tensor([1.0])
    (w * math.inf).sum().backward()
    with pytest.raises(GradientError, match="norm is inf"):
        clip_grad_norm_(w, 1.0, error_if_nonfinite=True)
    with pytest.raises(TypeError, match="parameter 0 is no Tensor but a str"):
        clip_grad_norm_(["w"], 1.0)


def test_a_clipped_step_is_one_pass_with_the_loss():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    optimizer, seen = nn.optim.SGD(model, lr=0.1), []
    for _ in range(5):
        optimizer.zero_grad()
        loss = (model(np.ones((4, 2), np.float32)) ** 2).mean()
        loss.backward()
        clip_grad_norm_(model, 0.01)
        optimizer.step()
        assert loss.node.buffer is not None
        seen.append(len(PLANS))
    assert seen[-1] == seen[1]


def test_parameters_become_one_row_and_back():
    model = nn.Linear(2, 3)
    row = parameters_to_vector(model.parameters())
    assert row.shape == (9,)
    np.testing.assert_array_equal(row.numpy()[:6].reshape(3, 2), model.weight.numpy())
    weight = model.weight
    vector_to_parameters(row * 2 + 1, model.parameters())
    assert model.weight is weight and weight.is_leaf and weight.requires_grad
    np.testing.assert_allclose(parameters_to_vector(model).numpy(), row.numpy() * 2 + 1, rtol=1e-6)
    with pytest.raises(ShapeError, match=r"have 9 numbers, the vector has shape \(8,\)"):
        vector_to_parameters(row[1:], model.parameters())
