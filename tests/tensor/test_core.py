"""A first look: graphs are built, nothing runs, and numbers come out right."""

import numpy as np

import tinylearn.devices.numpy_device  # noqa: F401  (registers the device)
from tinylearn.tensor import Tensor


def test_a_layer_with_its_loss_and_gradients():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(4, 3)), rng.normal(size=(3, 5))
    layer = Tensor(w)
    loss = (Tensor(x) @ layer).relu().cross_entropy(Tensor([0, 1, 2, 3]))
    loss.backward()
    z = np.maximum(x @ w, 0)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    assert np.isclose(loss.item(), -np.log(p[range(4), range(4)]).mean())
    p[range(4), range(4)] -= 1
    assert np.allclose(layer.grad.numpy(), x.T @ (p * (z > 0)) / 4)


def test_showing_computes_nothing():
    y = Tensor([1.0, 2.0]) * 2
    assert repr(y) == "Tensor(shape=(2,), float32, numpy, not computed yet)"
    assert y.node.buffer is None
    y.realize()
    assert repr(y) == "Tensor([2., 4.])"
