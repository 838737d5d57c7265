"""Beginners' slips in models are met with a repair that does what was meant."""

import pytest

import tinylearn as tl
from tinylearn import nn
from tinylearn.errors import ShapeError
from tinylearn.tensor import Tensor


def repair(layer, *shape):
    """What Linear offers for an input of a wrong shape."""
    with pytest.raises(ShapeError) as caught:
        layer(Tensor.ones(shape))
    return str(caught.value).partition("\nTry ")[2]


def test_linear_never_offers_to_mix_the_examples():
    assert repair(nn.Linear(8, 3), 4, 2) == ""
    assert repair(nn.Linear(8, 3), 2, 2, 2) == ""
    assert repair(nn.Linear(12, 3), 12, 1) == ""


@pytest.mark.parametrize("shape", [(4, 1, 28, 28), (4, 28, 28), (1, 28, 28), (1, 1, 28, 28)])
def test_linear_offers_to_flatten_each_image(shape):
    assert repair(nn.Linear(784, 10), *shape) == "x.flatten(1)"
    assert nn.Linear(784, 10)(Tensor.ones(shape).flatten(1)).shape == (shape[0], 10)


def test_linear_with_its_sizes_swapped_offers_the_other_order():
    assert repair(nn.Linear(1, 2), 4, 2) == "Linear(2, 1)"
    assert repair(nn.Linear(1, 2), 4, 3) == "Linear(3, 2)"


def test_a_class_among_the_layers_is_missing_its_parentheses():
    with pytest.raises(TypeError, match=r"layer 1 of Sequential is the class Tanh\nTry Tanh\(\)"):
        nn.Sequential(nn.Linear(2, 8), nn.Tanh, nn.Linear(8, 1))


@pytest.mark.parametrize(
    "module, name, says",
    [
        (nn.optim, "adam", "optim has no 'adam'; did you mean 'Adam'"),
        (nn.datasets, "digit", "datasets has no 'digit'; did you mean 'digits'"),
        (tl, "shape", r"it belongs to a tensor\nTry x.shape"),
        (tl, "usin", "did you mean 'using'"),
    ],
)
def test_a_misspelled_name_of_a_module_offers_the_right_one(module, name, says):
    with pytest.raises(AttributeError, match=says):
        getattr(module, name)


def test_linear_right_after_a_convolution_offers_to_flatten_with_the_size_that_fits():
    images = Tensor.ones(2, 4, 6, 6)
    offered = repair(nn.Linear(10, 3), *images.shape)
    assert offered == "Sequential(Flatten(), Linear(144, 3))"
    assert eval(offered, {name: getattr(nn, name) for name in nn.__all__})(images).shape == (2, 3)


@pytest.mark.parametrize("size", [1, 5])
def test_pooling_a_row_offers_a_pooling_that_runs(size):
    x = Tensor(range(size)).float()
    with pytest.raises(ShapeError, match="at least 2 axes") as caught:
        x.max_pool2d(2)
    offered = str(caught.value).partition("\nTry ")[2]
    assert offered == ("" if size == 1 else "x.reshape(1, -1).max_pool2d((1, 2))")
    if offered:
        assert eval(offered, {"x": x}).tolist() == [[1, 3]]
