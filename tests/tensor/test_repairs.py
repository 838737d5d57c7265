"""A repair is in the user's own words: pasted below the line that failed, it runs there."""

import ast
import linecache

import numpy as np
import pytest

import tinylearn as tl
from tinylearn import nn
from tinylearn.nn import Conv2d, Embedding, Linear
from tinylearn.tensor import Tensor

NAMES = {"Tensor": Tensor, "nn": nn, "F": nn.functional, "tl": tl, "np": np}
NAMES |= {"Linear": Linear, "Conv2d": Conv2d, "Embedding": Embedding}


def repaired(text, tmp_path):
    """The error of a program's last line, and what its repair gives, carried out after it."""
    file = tmp_path / "program.py"
    file.write_text(text)
    linecache.checkcache(str(file))
    words = dict(NAMES)
    with pytest.raises(Exception) as error:
        exec(compile(text, str(file), "exec"), words)
    message = str(error.value)
    assert "\nTry " in message, message
    repair = message.rpartition("\nTry ")[2]
    try:
        ast.parse(repair, mode="eval")
    except SyntaxError:
        exec(repair, words)
        return message, repair, None
    return message, repair, eval(repair, words)


PROGRAMS = {
    "a = Tensor.ones(2, 3)\nb = Tensor.ones(3)\nTensor.cat([a, b])": (
        "a.cat(b.unsqueeze(0), axis=0)"
    ),
    "a = Tensor.ones(2, 3)\nb = Tensor.ones(3)\na.cat(a, b)": "a.cat(b.unsqueeze(0), axis=0)",
    "a = Tensor.ones(2, 3)\nb = Tensor.ones(3, 2)\nTensor.stack((a, b))": "a.stack(b.T)",
    "w = Tensor.ones(3)\nfloat(w)": "w.tolist()",
    "w = Tensor.ones(3)\nw.item()": "w.tolist()",
    "w = Tensor.ones(2)\n(w * 2)[0] = 1": "new = w * 2; new[0] = 1",
    "w = Tensor.ones(2) * 2\nw.assign([1, 2])": "w[...] = [1, 2]",
    "w = Tensor.ones(2, 3)\nw.pad(1)": "w.pad((1, 1), (1, 1))",
    "w = Tensor.ones(2, 3)\nw.shrink((0, 5))": "w.shrink((0, 2), (0, 3))",
    "w = Tensor.ones(4, 3)\nw[len(w) / 2]": "w[int(len(w) / 2)]",
    "w = Tensor.ones(3)\nm = Tensor([True])\nw[m]": "w[:1][m]",
    "w = Tensor.ones(3)\nm = Tensor.ones(4)\nw[m > 0]": "w[(m > 0)[:3]]",
    "w = Tensor.ones(2, 3)\nw.expand(3)": "w.expand(2, 3)",
    "w = Tensor.ones(2, 3)\nw.expand(4, 3)": "w.repeat(2, 1)",
    "w = Tensor.ones(2, 3)\nw.expand(5)": "w.expand(5, 2, 3)",
    "w = Tensor.ones(3)\nif w: pass": "(w != 0).any()",
    "w = Tensor.ones(3)\nw.sum().backward()\nif w.grad: pass": "w.grad is not None",
    "w = Tensor.ones(3)\nw.sum().backward()\nprint(not w.grad)": "w.grad is not None",
    "w = Tensor.ones(3)\nassert w == w": "(w == w).all()",
    "w = Tensor.ones(3)\nw.sum().backward()\nw -= 0.1 * w.grad": "w.assign(w - 0.1 * w.grad)",
    "a = Tensor.ones(2, 3)\nb = Tensor.ones(4, 3)\nTensor.einsum('ij,jk->ik', a, b)": (
        "Tensor.einsum('ij,kj->ik', a, b)"
    ),
    "a = Tensor.ones(2, 3)\nb = Tensor.ones(3)\na.mm(b)": "a @ b",
    "a = Tensor.ones(4, 2, 3)\nb = Tensor.ones(3, 5)\na.bmm(b)": "a @ b",
    "a = Tensor.ones(2, 9, 3)\nb = Tensor.ones(4, 3, 2)\na.conv1d(b, stride=2)": (
        "a.movedim(-1, 1).conv1d(b, stride=2)"
    ),
    "a = Tensor.ones(2, 3, 4)\nb = Tensor.ones(4, 3, 5)\na.conv1d(b)": (
        "a.pad((0, 0), (0, 0), (0, 1)).conv1d(b)"
    ),
    "a = Tensor.ones(1, 2, 2, 2)\na.max_pool3d(3)": (
        "a.pad((0, 0), (0, 1), (0, 1), (0, 1)).max_pool3d((3, 3, 3))"
    ),
    "a = Tensor.ones(1, 2, 4)\na.interpolate(8, mode='cubic')": "a.interpolate(2)",
    "a = Tensor.ones(1, 2, 4)\na.interpolate(8, 2)": "a.interpolate(scale_factor=2)",
    "a = Tensor.ones(2, 3)\na.cumprod()": "a.cumprod(0)",
    "a = Tensor.ones(3)\na.mT": "a.unsqueeze(0).mT",
    "a = Tensor.ones(2, 2)\nb = Tensor.ones(3)\nTensor.meshgrid(b, a)": (
        "Tensor.meshgrid(b, a.flatten())"
    ),
    "a = Tensor.ones(3)\na.requires_grad = False\na.register_hook(print)": "a.requires_grad_()",
    "Tensor(2, 3)": "Tensor([2, 3])",
    "Tensor([1, 2], requires_grad=True)": "Tensor([1, 2], dtype=float, requires_grad=True)",
    "loss = nn.MSELoss()\np = Tensor.ones(4, 1)\ny = Tensor.ones(4)\nloss(p, y)": (
        "p.mse_loss(y.reshape(4, 1))"
    ),
    "p = Tensor.ones(1, 4)\ny = Tensor([3.0])\nnn.CrossEntropyLoss()(p, y)": (
        "p.cross_entropy(y.long())"
    ),
    "a = Tensor.ones(2, 1, 9, 9)\nb = Tensor.ones(3, 4, 3, 3)\nF.conv2d(a, b)": (
        "a.conv2d(b[:, :1])"
    ),
    "a = Tensor.ones(2, 3)\nb = Tensor.ones(2)\nTensor.maximum(a, b)": (
        "a.maximum(b.reshape(2, 1))"
    ),
    "model = Linear(784, 10)\ndata = Tensor.ones(4, 28, 28)\nmodel(data)": "model(data.flatten(1))",
    "model = Linear(784, 10)\ndata = Tensor.ones(4, 100)\nmodel(data)": "Linear(100, 10)",
    "conv = Conv2d(1, 6, 5)\ndata = Tensor.ones(28, 28)\nconv(data)": (
        "conv(data.reshape(1, 1, 28, 28))"
    ),
    "conv = Conv2d(1, 6, 5)\ndata = Tensor.ones(8, 28, 28, 1)\nconv(data)": (
        "conv(data.permute(0, 3, 1, 2))"
    ),
    "conv = Conv2d(3, 6, 5)\ndata = Tensor.ones(8, 1, 28, 28)\nconv(data)": "Conv2d(1, 6, (5, 5))",
    "conv = Conv2d(1, 6, 5)\ndata = Tensor.ones(8, 1, 3, 3)\nconv(data)": (
        "conv(data.pad((0, 0), (0, 0), (0, 2), (0, 2)))"
    ),
    "table = Embedding(10, 4)\ndata = Tensor([1.0, 2.0])\ntable(data)": "table(data.int())",
    "table = Embedding(10, 4)\ndata = Tensor([1, 30])\ntable(data)": "Embedding(31, 4)",
}


@pytest.mark.parametrize("text", PROGRAMS)
def test_a_repair_can_be_pasted_below_the_line_that_failed(text, tmp_path):
    _, repair, got = repaired(text, tmp_path)
    assert repair == PROGRAMS[text]
    if isinstance(got, Tensor):
        got.numpy()


def test_a_model_is_not_taken_for_the_tensor_that_it_got(tmp_path):
    text = """
class Model(nn.Module):
    def __init__(self):
        self.conv, self.loss = Conv2d(1, 2, 5), nn.CrossEntropyLoss()
    def forward(self, image, labels):
        return self.loss(LOGITS, labels) if image is None else self.conv(image)
LOGITS = Tensor.ones(4, 3)
"""
    image = text + "Model()(Tensor.ones(1, 1, 3, 3), None)"
    with pytest.raises(ValueError, match=r"Try self.conv\(image.pad\("):
        exec(compile(written(image, tmp_path), str(tmp_path / "model.py"), "exec"), dict(NAMES))
    labels = text + "Model()(None, Tensor([[0], [1], [2], [0]]))"
    with pytest.raises(ValueError, match=r"Try LOGITS.cross_entropy\(labels.reshape\(4\)\)"):
        exec(compile(written(labels, tmp_path), str(tmp_path / "model.py"), "exec"), dict(NAMES))


def written(text, tmp_path):
    """A program, after it was written to a file."""
    (tmp_path / "model.py").write_text(text)
    linecache.checkcache(str(tmp_path / "model.py"))
    return text


def test_inside_a_sequential_an_input_is_not_called_what_the_user_gave():
    model = nn.Sequential(Linear(4, 3), Linear(5, 2))
    data = Tensor.ones(2, 4)
    with pytest.raises(ValueError, match=r"\n    x   \(2, 3\)"):
        model(data)


def test_the_truth_of_a_tensor_speaks_of_is_not_none(tmp_path):
    message, _, _ = repaired("w = Tensor.ones(3)\nif w: pass", tmp_path)
    assert "asked with `is not None`" in message


def test_argmax_is_named_among_the_reasons_why_no_gradient_is_recorded():
    with pytest.raises(RuntimeError, match=r"; argmax, comparisons and casts"):
        Tensor([1.0, -2.0]).argmax().float().backward()


def test_a_step_outside_no_grad_is_refused_and_not_lost():
    w = Tensor([1.0, 2.0])
    w += 1  # no gradient yet: an ordinary sum
    assert not w.is_leaf
    w = Tensor([1.0, 2.0])
    (w * w).sum().backward()
    with pytest.raises(RuntimeError, match=r"inside no_grad\(\) the leaf stays"):
        w -= 0.1 * w.grad
    with tl.no_grad():
        w -= 0.1 * w.grad
    assert w.is_leaf
    np.testing.assert_allclose(w.numpy(), [0.8, 1.6], rtol=1e-6)
