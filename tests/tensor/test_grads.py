"""x.grad, set by hand: what does not fit is refused at the assignment."""

import ast
import linecache
import warnings

import numpy as np
import pytest

from tinylearn.errors import DTypeError, GradientError, ShapeError
from tinylearn.tensor import Tensor


def test_gradients_are_tensors_that_can_be_changed():
    w = Tensor([1.0, 2.0])
    (w * w).sum().backward()
    w.grad *= 0.5
    w.grad += 1
    w.grad[0] = 7
    g = w.grad
    g *= 2
    assert w.grad.tolist() == [14, 6]
    w.grad[...] = 0
    assert w.grad.tolist() == [0, 0]
    w.grad.assign(3)
    w.grad = w.grad * 2
    assert w.grad.tolist() == [6, 6]
    (w * w).sum().backward()
    assert w.grad.tolist() == [8, 10]


WRONG_GRADIENTS = {
    "w.grad = Tensor([[1.0, 1.0]])": "w.grad = Tensor([[1.0, 1.0]]).reshape((2,))",
    "w.grad = Tensor([1.0])": "w.grad = None",
    "w.grad = Tensor([1, 1])": "w.grad = Tensor([1, 1]).cast('float32')",
    "w.grad = w.double() * 2": "w.grad = (w.double() * 2).cast('float32')",
    "w.grad = np.ones(2)": "w.grad = Tensor(np.ones(2), dtype='float32', requires_grad=False)",
    "w.grad = np.ones(3)": "w.grad = None",
    "w.grad = [1.0, 2.0]": "w.grad = None",
    "w.grad = 0": "w.grad = w.full_like(0, requires_grad=False)",
    "w.grad *= Tensor([[1.0, 2.0]])": "w.grad = (w.grad * Tensor([[1.0, 2.0]])).reshape((2,))",
}


@pytest.mark.parametrize("text", WRONG_GRADIENTS)
def test_a_gradient_that_does_not_fit_is_refused_where_it_is_set(text, tmp_path):
    file = tmp_path / "program.py"
    program = "w = Tensor([1.0, 2.0])\n(w * w).sum().backward()\n" + text
    file.write_text(program)
    linecache.checkcache(str(file))
    words = {"Tensor": Tensor, "np": np}
    with pytest.raises((ShapeError, DTypeError, GradientError)) as error:
        exec(compile(program, str(file), "exec"), words)
    w = words["w"]
    assert w.grad.tolist() == [2, 4]
    repair = str(error.value).rpartition("\nTry ")[2]
    assert repair == WRONG_GRADIENTS[text]
    ast.parse(repair)
    exec(repair, words)
    assert w.grad is None or (w.grad.shape == (2,) and w.grad.dtype == "float32")


def test_the_gradient_of_what_was_computed_is_none_with_a_warning():
    x = Tensor([1.0, 2.0])
    y = x * 2
    y.sum().backward()
    with pytest.warns(UserWarning, match=r"Try loss.gradient\(y\)") as caught:
        assert y.grad is None
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Tensor([1.0]).grad is None and Tensor([1]).grad is None
        assert y.detach().grad is None and x.grad is not None
