"""The examples of the user's own texts run as they are written there, package name aside."""

import numpy as np
import pytest

from tinylearn import Tensor
from tinylearn.nn import Linear, optim


@pytest.fixture(autouse=True)
def seeded():
    """The same first weights each time; recording is on again afterwards."""
    Tensor.manual_seed(0)
    yield
    Tensor.training = True


def test_creating_and_handling_tensors():
    a = Tensor([1, 2, 3])
    b = Tensor.zeros(3)
    c = Tensor.rand(2, 3)
    d = a + b
    e = d * 2
    f = a @ Tensor([[1], [2], [3]])
    assert c.shape == (2, 3)
    assert e.numpy().tolist() == [2, 4, 6] and e.dtype.name == "float32"
    assert f.numpy().tolist() == [14] and f.dtype.name == "int64"


def test_automatic_differentiation():
    Tensor.training = True
    x = Tensor([1.0, 2.0, 3.0])
    y = (x * 2).sum()
    y.backward()
    assert x.grad.numpy().tolist() == [2, 2, 2]
    y.backward()
    assert x.grad.numpy().tolist() == [4, 4, 4], "gradients add up unless they are reset"


def test_a_linear_model_takes_a_step():
    model = Linear(3, 1)
    before = model.weight.numpy()
    x = Tensor.rand(4, 3)
    y_true = Tensor.rand(4, 1)
    pred = model(x).sigmoid()
    loss = ((pred - y_true) ** 2).mean()
    loss.backward()
    optim.Adam([model], lr=0.01).step()
    np.testing.assert_allclose(np.abs(model.weight.numpy() - before), 0.01, rtol=1e-2)
    again = ((model(x).sigmoid() - y_true) ** 2).mean()
    assert again.item() < loss.item()


def test_one_line_cannot_learn_xor():
    """The text hopes for about 0. A line can do no better than 0.5 everywhere."""
    X = Tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    Y = Tensor([[0], [1], [1], [0]])
    model = Linear(2, 1)
    opt = optim.Adam([model], lr=0.1)
    Tensor.training = True
    for _ in range(1000):
        pred = model(X).sigmoid()
        loss = ((pred - Y) ** 2).mean()
        loss.backward()
        opt.step()
        opt.zero_grad()
    assert abs(model(Tensor([[0, 0]])).sigmoid().numpy().item() - 0.5) < 0.01
    np.testing.assert_allclose(model(X).sigmoid().numpy(), 0.5, atol=0.01)
    assert abs(loss.item() - 0.25) < 1e-3


def test_switching_training_off_is_for_inference():
    model = Linear(2, 1)
    Tensor.training = False
    assert not model(Tensor([[0, 0]])).requires_grad
