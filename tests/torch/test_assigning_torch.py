"""What is assigned into a tensor gets the gradient that PyTorch gives it."""

import numpy as np
import pytest
import torch

import tinylearn as tl
from tinylearn import Tensor

GRADIENTS = [  # w (3,) and x (2, 3): what the loss (x * x).sum() gives for w, as PyTorch has it
    "x[0] = w * 2",
    "x[:, 1] = w[:2] * 2",
    "x[:, ::2] = w[:2]",
    "x[0, 1] = w.sum()",
    "x[0] = w\nx[1] = w * 3",
    "x[0] = w * 2\nx[0] *= 2",
    "x[0] = w * 2\nx[0, 0] = 1",
    "x[0] += w",
    "x[x > 2] = w[0] * 2",
    "x[[0, 1, 1], [1, 0, 2]] = w",
    "x[...] = w",
    "x[:] = w * w",
    "x += w",
    "x[0] = w\nx *= x",
]


@pytest.mark.parametrize("text", GRADIENTS)
@pytest.mark.parametrize("kind", ["leaf", "no gradient", "computed"])
def test_gradients_reach_what_was_assigned_as_in_pytorch(text, kind, device):
    numbers = [0.5, -1.5, 2.0]
    w = torch.tensor(numbers, requires_grad=True)
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    theirs = {"x": x, "w": w}
    exec(text.replace("x *= x", "x = x * x"), theirs)
    (theirs["x"] ** 2).sum().backward()
    tl.Device.DEFAULT = device
    ours = {"w": Tensor(numbers)}
    ours["x"] = Tensor(x.new_tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).numpy())
    ours["x"].requires_grad = kind != "no gradient"
    ours["x"] = ours["x"] * 1 if kind == "computed" else ours["x"]
    exec(text, ours)
    (ours["x"] * ours["x"]).sum().backward()
    np.testing.assert_allclose(ours["x"].numpy(), theirs["x"].detach().numpy(), rtol=1e-6)
    np.testing.assert_allclose(ours["w"].grad.numpy(), w.grad.numpy(), rtol=1e-5)
