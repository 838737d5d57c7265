"""Layers that change the number of places compute what NumPy does, and refuse what does not fit."""

import numpy as np
import pytest

from tinylearn import nn
from tinylearn.errors import ShapeError
from tinylearn.nn import functional as F
from tinylearn.tensor import Tensor


def floats(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def test_a_convolution_of_series_is_a_sum_over_windows(device):
    layer, x = nn.Conv1d(2, 3, 3, stride=2, padding=1), floats(4, 2, 7)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1)))
    w, b = layer.weight.numpy(), layer.bias.numpy()
    expected = np.stack(
        [np.einsum("nck,fck->nf", padded[:, :, 2 * j : 2 * j + 3], w) + b for j in range(4)], 2
    )
    np.testing.assert_allclose(layer(Tensor(x)).numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("stride, padding, dilation", [(1, 0, 1), (2, 1, 1), (3, 2, 2)])
def test_a_transposed_convolution_is_the_gradient_of_a_convolution(stride, padding, dilation):
    images, w = Tensor(floats(2, 3, 9, 8)), floats(4, 3, 3, 2)
    y = images.conv2d(Tensor(w), None, stride, padding, dilation)
    arriving = floats(*y.shape, seed=1)
    (y * arriving).sum().backward()
    rest = [
        n - ((k - 1) * stride - 2 * padding + dilation * (f - 1) + 1)
        for n, k, f in zip((9, 8), y.shape[2:], (3, 2))
    ]
    got = F.conv_transpose2d(
        Tensor(arriving), Tensor(w), None, stride, padding, tuple(rest), 1, dilation
    )
    np.testing.assert_allclose(got.numpy(), images.grad.numpy(), rtol=1e-3, atol=1e-4)


def test_pools_of_series_and_of_any_size(device):
    x = floats(2, 3, 6)
    pairs = x.reshape(2, 3, 3, 2)
    np.testing.assert_array_equal(nn.MaxPool1d(2)(Tensor(x)).numpy(), pairs.max(3))
    np.testing.assert_allclose(nn.AvgPool1d(2)(Tensor(x)).numpy(), pairs.mean(3), rtol=1e-5)
    np.testing.assert_allclose(
        nn.AdaptiveAvgPool1d(3)(Tensor(x)).numpy(), pairs.mean(3), rtol=1e-5, atol=1e-6
    )
    images = floats(2, 3, 5, 7)
    whole = nn.AdaptiveAvgPool2d((1, 1))(Tensor(images)).numpy()
    np.testing.assert_allclose(whole, images.mean((2, 3), keepdims=True), rtol=1e-4, atol=1e-6)
    rows = nn.AdaptiveAvgPool2d((2, None))(Tensor(images)).numpy()
    halves = [images[:, :, :3].mean(2), images[:, :, 2:].mean(2)]
    np.testing.assert_allclose(rows, np.stack(halves, 2), rtol=1e-4, atol=1e-6)


def test_images_become_larger_and_smaller():
    x = floats(1, 2, 3, 4)
    twice = nn.Upsample(scale_factor=2)(Tensor(x)).numpy()
    np.testing.assert_array_equal(twice, x.repeat(2, 2).repeat(2, 3))
    ramp = Tensor(np.arange(4, dtype=np.float32).reshape(1, 1, 4))
    corners = nn.Upsample(size=7, mode="linear", align_corners=True)(ramp)
    np.testing.assert_allclose(corners.numpy().ravel(), np.arange(7) / 2, rtol=1e-6)
    middle = F.interpolate(ramp, scale_factor=2, mode="linear").numpy().ravel()
    np.testing.assert_allclose(middle, [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3], rtol=1e-6)
    shuffled = nn.PixelShuffle(2)(Tensor(np.arange(8.0).reshape(1, 4, 1, 2)))
    assert shuffled.tolist() == [[[[0, 2, 1, 3], [4, 6, 5, 7]]]]


@pytest.mark.parametrize("mode", ["zero", "constant", "reflect", "edge", "wrap"])
def test_borders_of_images(mode):
    layer = {
        "zero": nn.ZeroPad2d((1, 2, 2, 1)),
        "constant": nn.ConstantPad2d((1, 2, 2, 1), 3.5),
        "reflect": nn.ReflectionPad2d((1, 2, 2, 1)),
        "edge": nn.ReplicationPad2d((1, 2, 2, 1)),
        "wrap": nn.CircularPad2d((1, 2, 2, 1)),
    }[mode]
    x, around = floats(2, 3, 4, 5), ((0, 0), (0, 0), (2, 1), (1, 2))
    how = {"zero": {"mode": "constant"}, "constant": {"constant_values": 3.5}}
    expected = np.pad(x, around, **how.get(mode, {"mode": mode}))
    np.testing.assert_array_equal(layer(Tensor(x)).numpy(), expected)


X = Tensor(floats(2, 3, 4, 5))
WRONG = [
    (lambda: nn.Conv1d(2, 3, 3)(X), ShapeError, r"Conv1d\(2, 3, 3\) needs inputs of shape"),
    (lambda: nn.Conv1d(2, 3, 3)(X[0]), ShapeError, r"Try Conv1d\(4, 3, 3\)"),
    (lambda: nn.Conv1d(2, 3, 2, groups=2), ValueError, "groups=2 must divide"),
    (lambda: nn.ConvTranspose2d(4, 2, 3)(X), ShapeError, r"Try ConvTranspose2d\(3, 2, \(3, 3\)\)"),
    (lambda: nn.MaxPool1d(2)(X), ShapeError, "needs series of shape"),
    (lambda: F.interpolate(X), ValueError, r"Try X.interpolate\(scale_factor=2\)"),
    (lambda: F.interpolate(X, 2, mode="bicubic"), ValueError, "mode is one of nearest"),
    (lambda: nn.PixelShuffle(2)(X), ShapeError, "a multiple of 4 channels"),
    (lambda: nn.ZeroPad1d((1, 2, 3)), ValueError, "one width or two"),
]


@pytest.mark.parametrize("make, error, says", WRONG)
def test_what_does_not_fit_is_refused(make, error, says):
    with pytest.raises(error, match=says):
        make()
