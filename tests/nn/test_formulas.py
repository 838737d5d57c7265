"""Functions of nn.functional, and the layers around them, are what NumPy computes."""

import math

import numpy as np
import pytest

from tinylearn import nn
from tinylearn.errors import ShapeError
from tinylearn.nn import functional as F
from tinylearn.tensor import Tensor


def floats(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def elu(x, alpha):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def normal_share(x):
    return np.vectorize(lambda z: math.erfc(-z / math.sqrt(2)) / 2)(x)


BENDS = [  # a layer, what it is the name of in nn.functional and its options, and the formula
    (nn.ReLU6(), F.relu6, {}, lambda x: np.clip(x, 0, 6)),
    (nn.LeakyReLU(0.2), F.leaky_relu, {"negative_slope": 0.2}, lambda x: np.maximum(x, 0.2 * x)),
    (nn.ELU(0.5), F.elu, {"alpha": 0.5}, lambda x: elu(x, 0.5)),
    (nn.CELU(0.5), F.celu, {"alpha": 0.5}, lambda x: elu(x / 0.5, 0.5) * np.where(x > 0, 0.5, 1)),
    (nn.SELU(), F.selu, {}, lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772)),
    (nn.SiLU(), F.silu, {}, lambda x: x * sigmoid(x)),
    (nn.Mish(), F.mish, {}, lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    (nn.GELU(), F.gelu, {}, lambda x: x * normal_share(x)),
    (nn.Softplus(2.0), F.softplus, {"beta": 2.0}, lambda x: np.log1p(np.exp(2 * x)) / 2),
    (nn.Softplus(1.0, 1.0), F.softplus, {"threshold": 1.0},
     lambda x: np.where(x > 1, x, np.log1p(np.exp(x)))),
    (nn.Hardtanh(-0.5, 2.0), F.hardtanh, {"min_val": -0.5, "max_val": 2.0},
     lambda x: np.clip(x, -0.5, 2)),
    (nn.Hardsigmoid(), F.hardsigmoid, {}, lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    (nn.Hardswish(), F.hardswish, {}, lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    (nn.Softsign(), F.softsign, {}, lambda x: x / (1 + np.abs(x))),
    (nn.Tanhshrink(), F.tanhshrink, {}, lambda x: x - np.tanh(x)),
    (nn.Hardshrink(0.3), F.hardshrink, {"lambd": 0.3}, lambda x: np.where(np.abs(x) > 0.3, x, 0)),
    (nn.Softshrink(0.3), F.softshrink, {"lambd": 0.3},
     lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.3, 0)),
    (nn.Threshold(0.5, 7.0), F.threshold, {"threshold": 0.5, "value": 7.0},
     lambda x: np.where(x > 0.5, x, 7)),
    (nn.LogSigmoid(), F.logsigmoid, {}, lambda x: -np.log1p(np.exp(-x))),
    (nn.GLU(), F.glu, {}, lambda x: x[:, :3] * sigmoid(x[:, 3:])),
    (nn.Softmin(1), F.softmin, {"dim": 1}, lambda x: np.exp(-x) / np.exp(-x).sum(1, keepdims=True)),
]  # fmt: skip


@pytest.mark.parametrize("layer, function, options, formula", BENDS, ids=range(len(BENDS)))
def test_a_layer_and_its_function_are_the_formula(layer, function, options, formula, device):
    x = floats(5, 6) * 3
    expected = formula(x.astype(np.float64))
    for got in (layer(Tensor(x)), function(Tensor(x), **options)):
        assert got.dtype.name == "float32"
        np.testing.assert_allclose(got.numpy(), expected, rtol=2e-5, atol=1e-6)
    assert "0x" not in repr(layer)


def test_gelu_has_all_its_digits_far_out_on_both_sides():
    x = np.linspace(-37, 37, 400)
    expected = x * normal_share(x)
    np.testing.assert_allclose(F.gelu(Tensor(x)).numpy(), expected, rtol=1e-11, atol=0)
    single = F.gelu(Tensor(x.astype(np.float32)))
    within = x > -12  # below, float32 has no number so small
    np.testing.assert_allclose(single.numpy()[within], expected[within], rtol=2e-5)
    for far in (-math.inf, -1e30, 1e30):
        y = Tensor([far])
        F.gelu(y).sum().backward()
        assert y.grad.item() == (far > 0)


def test_a_prelu_learns_one_slope_or_one_for_each_channel():
    x = floats(2, 3, 4)
    for slopes in ([0.5], [0.1, 0.2, 0.3]):
        layer = nn.PReLU(len(slopes))
        layer.weight.assign(np.array(slopes, np.float32))
        by = np.reshape(slopes, (1, -1, 1))
        np.testing.assert_allclose(layer(x).numpy(), np.where(x > 0, x, by * x), rtol=1e-6)
        layer(x).sum().backward()
        found = np.minimum(x, 0).sum((0, 2)) if len(slopes) > 1 else np.minimum(x, 0).sum()
        np.testing.assert_allclose(layer.weight.grad.numpy().ravel(), np.ravel(found), rtol=1e-5)
    with pytest.raises(ShapeError, match="a channel on axis 1 for each weight"):
        nn.PReLU(2)(x)


# ---------------------------------------------------------------- norms


def test_norms_of_groups_channels_and_rows(device):
    x = floats(2, 4, 5) * 2 + 1
    groups = x.reshape(2, 2, 10)
    expected = (groups - groups.mean(2, keepdims=True)) / np.sqrt(
        groups.var(2, keepdims=True) + 1e-5
    )
    got = nn.GroupNorm(2, 4)(Tensor(x)).numpy()
    np.testing.assert_allclose(got, expected.reshape(x.shape), rtol=1e-4, atol=1e-5)
    alone = (x - x.mean(2, keepdims=True)) / np.sqrt(x.var(2, keepdims=True) + 1e-5)
    for layer in (nn.InstanceNorm1d(4), nn.GroupNorm(4, 4)):
        np.testing.assert_allclose(layer(Tensor(x)).numpy(), alone, rtol=1e-4, atol=1e-5)
    rms = x / np.sqrt((x * x).mean(-1, keepdims=True) + 2**-23)
    np.testing.assert_allclose(nn.RMSNorm(5)(Tensor(x)).numpy(), rms, rtol=1e-5)
    both = x / np.sqrt((x * x).mean((1, 2), keepdims=True) + 0.5)
    np.testing.assert_allclose(nn.RMSNorm((4, 5), 0.5)(Tensor(x)).numpy(), both, rtol=1e-5)


def test_instance_norm_may_keep_statistics():
    layer, x = nn.InstanceNorm1d(3, track_running_stats=True), floats(2, 3, 4)
    layer(Tensor(x))
    np.testing.assert_allclose(layer.running_mean.numpy(), 0.1 * x.mean((0, 2)), rtol=1e-5)
    spread = 0.9 + 0.1 * x.var(2, ddof=1).mean(0)
    np.testing.assert_allclose(layer.running_var.numpy(), spread, rtol=1e-5)
    layer.eval()
    y = layer(Tensor(x)).numpy()
    each = (1, 3, 1)
    shifted = x - layer.running_mean.numpy().reshape(each)
    expected = shifted / np.sqrt(spread.reshape(each) + 1e-5)
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "layer, shape, says",
    [
        (nn.GroupNorm(2, 4), (3, 6, 2), r"GroupNorm\(2, 4\) needs (.|\n)*Try GroupNorm\(2, 6\)"),
        (nn.BatchNorm1d(3), (2, 4), r"Try BatchNorm1d\(4\)"),
        (nn.RMSNorm(3), (2, 4), r"Try RMSNorm\(4\)"),
        (nn.InstanceNorm1d(3), (2, 3), "without places there is no variance"),
        (nn.Dropout2d(), (2, 3), r"Try dropout\(x\)"),
    ],
    ids=repr,
)
def test_a_norm_of_a_wrong_shape_is_refused(layer, shape, says):
    with pytest.raises(ShapeError, match=says):
        layer(Tensor(floats(*shape)))


def test_whole_channels_are_dropped():
    x = np.ones((40, 25, 2, 3), np.float32)
    y = nn.Dropout2d(0.3)(Tensor(x)).numpy()
    assert set(np.unique(y).tolist()) == {0, np.float32(1 / 0.7)}
    assert (y == y[:, :, :1, :1]).all() and 0.25 < (y[:, :, 0, 0] == 0).mean() < 0.35
    assert nn.Dropout1d(0.3).eval()(Tensor(x[:, :, 0])).numpy().all()


# ---------------------------------------------------------------- rows


def test_rows_that_are_zero_have_a_direction_and_a_slope():
    x = Tensor(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32))
    y = F.normalize(x)
    y.sum().backward()
    np.testing.assert_allclose(y.numpy(), [[0.6, 0.8], [0, 0]], rtol=1e-6)
    assert np.isfinite(x.grad.numpy()).all()
    z = Tensor(np.zeros((2, 3), np.float32))
    F.pairwise_distance(z, z, eps=0.0).sum().backward()
    assert z.grad.tolist() == [[0] * 3] * 2
    assert F.cosine_similarity(z, z).tolist() == [0, 0]


@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
def test_borders_are_made_of_the_inside(mode):
    theirs = {"reflect": "reflect", "edge": "replicate", "wrap": "circular"}[mode]
    x = floats(2, 3, 4, 5)
    got = F.pad(Tensor(x), (2, 1, 0, 3), mode=theirs)
    expected = np.pad(x, ((0, 0), (0, 0), (0, 3), (2, 1)), mode=mode)
    np.testing.assert_array_equal(got.numpy(), expected)


def test_paddings_that_make_no_sense_are_refused():
    x = Tensor(floats(2, 3))
    with pytest.raises(ValueError, match="did you mean 'reflect'"):
        F.pad(x, (1, 1), mode="reflection")
    with pytest.raises(ShapeError, match="two widths for each of the last axes, not 3"):
        F.pad(x, (1, 1, 1))


def test_a_row_that_only_fills_up_does_not_learn():
    layer = nn.Embedding(4, 3, padding_idx=1)
    assert layer.weight[1].tolist() == [0, 0, 0]
    layer(np.array([[0, 1, 1], [3, 1, 0]])).sum().backward()
    assert layer.weight.grad.numpy()[:, 0].tolist() == [2, 0, 0, 1]
    fixed = nn.Embedding.from_pretrained(Tensor(floats(5, 2)))
    assert [w.requires_grad for w in fixed.parameters()] == [False]


# ---------------------------------------------------------------- losses of classes


def test_classes_count_by_their_weights():
    x, y = floats(6, 3), np.array([0, 2, 1, 1, 0, 2])
    weight = np.array([1.0, 0.0, 3.0], np.float32)
    logs = x - np.log(np.exp(x).sum(1, keepdims=True))
    losses = -logs[np.arange(6), y] * weight[y]
    for reduction, expected in [
        ("none", losses),
        ("sum", losses.sum()),
        ("mean", losses.sum() / weight[y].sum()),
    ]:
        got = nn.CrossEntropyLoss(weight, reduction=reduction)(x, y)
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-5, atol=1e-6)
        got = nn.NLLLoss(weight, reduction=reduction)(Tensor(logs), y)
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ShapeError, match=r"the 3 classes(.|\n)*Try weight=Tensor.ones\(3\)"):
        nn.CrossEntropyLoss(weight[:2])(x, y)
    assert list(nn.CrossEntropyLoss(weight).state_dict()) == ["weight"]


@pytest.mark.parametrize("size", [30.0, 80.0])
def test_a_loss_keeps_its_digits_where_a_sigmoid_is_0_or_1(size):
    x = Tensor(np.array([size, -size], np.float32))
    y = Tensor(np.array([1.0, 0.0], np.float32))
    loss = F.binary_cross_entropy_with_logits(x, y, reduction="none", pos_weight=Tensor([2.0]))
    tail = math.log1p(math.exp(-size))
    np.testing.assert_allclose(loss.numpy(), [2 * tail, tail], rtol=1e-5)
    soft = F.soft_margin_loss(x, Tensor([1.0, -1.0]), reduction="none")
    np.testing.assert_allclose(soft.numpy(), [tail, tail], rtol=1e-5)


@pytest.mark.parametrize(
    "loss",
    ["huber_loss", "smooth_l1_loss", "kl_div", "soft_margin_loss", "poisson_nll_loss",
     "hinge_embedding_loss", "mse_loss", "l1_loss"],
)  # fmt: skip
def test_shapes_that_would_broadcast_are_refused(loss):
    x, y = Tensor(floats(4, 1)), Tensor(floats(4))
    with pytest.raises(ShapeError, match="equal shapes") as caught:
        getattr(F, loss)(x, y)
    assert ".reshape(" in str(caught.value) or "squeeze" in str(caught.value)
