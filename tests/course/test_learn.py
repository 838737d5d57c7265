"""Chapters 05 and 06: the Parts that their model answers put in do learn; the lessons' layout."""

import numpy as np
import pytest

import tinylearn as tl
from tests.course.classroom import model_answers
from tinylearn.nn import Linear, ReLU, Sequential, datasets, optim

LESSONS = ["05_xor", "06_digits"]


@pytest.fixture
def student():
    """Both chapters answered, every Part in use; what they define."""
    xor, digits = map(model_answers, LESSONS)
    theirs = {
        "nn.linear": xor["my_linear"],
        "init.kaiming": xor["my_kaiming"],
        "loss.cross_entropy": digits["my_cross_entropy"],
        "optim.sgd": digits["my_sgd"],
        "optim.momentum": digits["my_momentum"],
        "optim.adam": digits["my_adam"],
    }
    with tl.using(theirs):
        assert set(theirs) <= set(tl.parts().yours)
        tl.manual_seed(0)
        yield xor | digits


def test_a_line_ends_at_one_half_and_a_hidden_layer_learns_exclusive_or(student):
    x = tl.Tensor(student["CORNERS"], dtype=tl.float32, requires_grad=False)
    y = tl.Tensor(student["XOR"].reshape(4, 1), dtype=tl.float32, requires_grad=False)
    line, network = Linear(2, 1), Sequential(Linear(2, 8), ReLU(), Linear(8, 1))
    for model in (line, network):
        optimizer = optim.SGD([model], lr=0.2)
        for _ in range(300):
            (model(x) - y).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()
    assert np.allclose(line(x).numpy(), 0.5, atol=1e-3)
    assert np.allclose(network(x).numpy(), y.numpy(), atol=1e-2)


@pytest.mark.parametrize(
    ("make", "least"),
    [
        (lambda model: optim.Adam([model], lr=0.01), 0.95),
        (lambda model: optim.SGD([model], lr=0.1, momentum=0.9), 0.93),
    ],
    ids=["Adam", "momentum"],
)
def test_the_students_loop_loss_and_optimizers_read_the_packaged_digits(student, make, least):
    data = datasets.digits(flat=True)
    model = Sequential(Linear(784, 256), ReLU(), Linear(256, 10))
    optimizer = make(model)
    batches = datasets.batches(data.x_train, data.y_train, size=128)
    full = optimizer.lr
    for epoch in range(8):
        optimizer.lr = full if epoch < 5 else full / 5
        student["train"](model, optimizer, batches)
    scores = model(tl.Tensor(data.x_test, requires_grad=False)).numpy()
    assert student["accuracy"](scores, data.y_test) >= least
