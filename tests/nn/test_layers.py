"""Layers compute what NumPy computes, start as PyTorch's do, and say which shapes they need."""

import math

import numpy as np
import pytest

from tinylearn import nn
from tinylearn.errors import DTypeError, ShapeError
from tinylearn.nn import optim
from tinylearn.tensor import Tensor, manual_seed


def floats(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def gives(layer, x, expected, **tolerance):
    got = layer(Tensor(x)).numpy()
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, **({"rtol": 1e-4, "atol": 1e-5} | tolerance))


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 5, 3), (0, 3), (1, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_is_a_product_and_a_sum(shape, bias, device):
    layer, x = nn.Linear(3, 2, bias=bias), floats(*shape)
    assert (layer.bias is not None) == bias
    gives(layer, x, x @ layer.weight.numpy().T + (layer.bias.numpy() if bias else 0))


def test_linear_takes_integers_and_arrays():
    layer = nn.Linear(2, 1)
    x = np.array([[0, 1], [1, 1]])
    expected = x @ layer.weight.numpy().T + layer.bias.numpy()
    for given in (x, Tensor(x), x.tolist(), x.astype(np.float32), x.astype(np.uint8)):
        np.testing.assert_allclose(layer(given).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{}, {"stride": 2}, {"padding": (1, 2)}, {"dilation": 2}, {"groups": 2}, {"padding": "same"}],
)
def test_conv2d_is_the_convolution_of_its_settings(options, device):
    layer, x = nn.Conv2d(4, 6, (3, 2), **options), floats(2, 4, 7, 6)
    direct = Tensor(x).conv2d(layer.weight, layer.bias, **options)
    gives(layer, x, direct.numpy())


def test_conv2d_gradients_move_the_weights_downhill(device):
    layer, x = nn.Conv2d(1, 2, 3), floats(2, 1, 5, 5)
    losses = []
    optimizer = optim.SGD(layer, lr=0.02)
    for _ in range(5):
        optimizer.zero_grad()
        loss = (layer(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (2, 3, 4, 4)])
def test_batchnorm_normalizes_each_channel_of_the_batch(shape, device):
    layer, x = nn.BatchNorm2d(3), floats(*shape) * 3 + 5
    layer.weight.assign(floats(3, seed=1))
    layer.bias.assign(floats(3, seed=2))
    axes, each = (0, *range(2, len(shape))), (1, 3) + (1,) * (len(shape) - 2)
    mean, var = x.mean(axes).reshape(each), x.var(axes).reshape(each)
    expected = (x - mean) / np.sqrt(var + 1e-5)
    expected = expected * floats(3, seed=1).reshape(each) + floats(3, seed=2).reshape(each)
    gives(layer, x, expected, rtol=1e-3, atol=1e-4)


def test_batchnorm_averages_its_statistics_and_uses_them_afterwards(device):
    layer = nn.BatchNorm2d(3, momentum=0.25)
    mean, var = np.zeros(3), np.ones(3)
    for seed in range(4):
        x = floats(5, 3, 2, 2, seed=seed) * (seed + 1)
        layer(x)
        mean = 0.75 * mean + 0.25 * x.mean((0, 2, 3))
        var = 0.75 * var + 0.25 * x.var((0, 2, 3), ddof=1)
    np.testing.assert_allclose(layer.running_mean.numpy(), mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer.state_dict()["running_var"].numpy(), var, rtol=1e-4)
    assert layer.num_batches_tracked.item() == 4
    layer.eval()
    each = (1, 3, 1, 1)
    x = floats(1, 3, 1, 1)
    gives(layer, x, (x - mean.reshape(each)) / np.sqrt(var.reshape(each) + 1e-5))
    np.testing.assert_allclose(layer.running_mean.numpy(), mean, rtol=1e-4, atol=1e-6)
    assert layer.num_batches_tracked.item() == 4


def test_batchnorm_rests_while_tensor_training_is_off():
    layer, x = nn.BatchNorm(3), floats(4, 3)
    Tensor.training = False
    gives(layer, x, x / math.sqrt(1 + 1e-5))
    assert layer.running_mean.tolist() == [0, 0, 0]


def test_running_statistics_are_computed_with_the_optimizers_step():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 1))
    optimizer = optim.Adam(model, lr=0.01)
    for _ in range(3):
        optimizer.zero_grad()
        (model(floats(3, 1, 4, 4)) ** 2).mean().backward()
        optimizer.step()
        for statistic in (model[1].running_mean, model[1].running_var):
            assert statistic.node.buffer is not None and not statistic.node.inputs
    assert {id(w) for w in optimizer.parameters} == {id(w) for w in model.parameters()}
    assert len(optimizer.parameters) == 6  # statistics do not learn


@pytest.mark.parametrize("size, shape", [(4, (3, 4)), ((3, 4), (2, 3, 4)), (1, (2, 1)), (4, (4,))])
def test_layernorm_normalizes_each_example(size, shape, device):
    layer, x = nn.LayerNorm(size), floats(*shape) * 2 + 1
    axes = tuple(range(-len(layer.normalized_shape), 0))
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    gives(layer, x, (x - mean) / np.sqrt(var + 1e-5), rtol=1e-3, atol=1e-4)


def test_norms_without_scale_and_shift_have_nothing_to_learn():
    assert nn.LayerNorm(3, elementwise_affine=False).parameters() == []
    assert nn.BatchNorm2d(3, affine=False).parameters() == []
    nn.BatchNorm2d(3, affine=False)(floats(2, 3)).numpy()


def test_embedding_looks_rows_up_and_its_gradient_adds_up(device):
    layer = nn.Embedding(5, 3)
    x = np.array([[1, 4], [1, 0]])
    gives(layer, x, layer.weight.numpy()[x])
    layer(x).sum().backward()
    assert layer.weight.grad.numpy()[:, 0].tolist() == [1, 2, 0, 0, 1]


def test_dropout_drops_in_training_only():
    layer, x = nn.Dropout(0.25), np.ones((50, 40), np.float32)
    y = layer(x).numpy()
    assert set(np.unique(y).tolist()) == {0, np.float32(1 / 0.75)}
    assert 0.2 < (y == 0).mean() < 0.3
    assert not np.array_equal(y, layer(x).numpy())
    gives(layer.eval(), x, x)
    layer.train()
    Tensor.training = False
    gives(layer, x, x)


@pytest.mark.parametrize(
    "layer, formula",
    [
        (nn.ReLU(), lambda x: np.maximum(x, 0)),
        (nn.Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
        (nn.Tanh(), np.tanh),
        (nn.Softmax(dim=1), lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True)),
        (nn.Flatten(), lambda x: x.reshape(2, -1)),
        (nn.Flatten(0, 1), lambda x: x.reshape(6, 4, 6)),
        (nn.MaxPool2d(2), lambda x: x.reshape(2, 3, 2, 2, 3, 2).max((3, 5))),
        (nn.AvgPool2d((2, 3)), lambda x: x.reshape(2, 3, 2, 2, 2, 3).mean((3, 5))),
        (nn.MaxPool2d(2, stride=1), lambda x: np.maximum(*halves(np.maximum(*halves(x, 2)), 3))),
    ],
)
def test_a_layer_without_numbers_is_its_formula(layer, formula, device):
    x = floats(2, 3, 4, 6)
    gives(layer, x, formula(x))
    assert layer.parameters() == []


def halves(x, axis):
    """All but the last along an axis, and all but the first."""
    n = x.shape[axis]
    return np.take(x, range(n - 1), axis), np.take(x, range(1, n), axis)


@pytest.mark.parametrize(
    "loss, prediction, target",
    [
        (nn.CrossEntropyLoss(), floats(4, 3), np.array([0, 2, 1, 1])),
        (nn.MSELoss(), floats(4, 3), floats(4, 3, seed=1)),
        (nn.BCEWithLogitsLoss(), floats(4), np.array([0.0, 1, 1, 0], np.float32)),
        (nn.NLLLoss(), -np.abs(floats(4, 3)), np.array([0, 2, 1, 1])),
        (nn.CrossEntropyLoss(reduction="sum"), floats(4, 3), np.array([0, 2, 1, 1])),
    ],
    ids=repr,
)
def test_a_loss_as_a_module_is_the_method(loss, prediction, target):
    method = {
        nn.CrossEntropyLoss: Tensor.cross_entropy,
        nn.MSELoss: Tensor.mse_loss,
        nn.BCEWithLogitsLoss: Tensor.binary_cross_entropy_with_logits,
        nn.NLLLoss: Tensor.nll_loss,
    }[type(loss)]
    expected = method(Tensor(prediction), Tensor(target), **loss.options)
    assert loss(prediction, target).item() == pytest.approx(expected.item())


# ---------------------------------------------------------------- first numbers


@pytest.mark.parametrize(
    "layer, shape, fan_in",
    [
        (lambda: nn.Linear(300, 70), (70, 300), 300),
        (lambda: nn.Conv2d(6, 40, (3, 5), groups=2), (40, 3, 3, 5), 45),
    ],
)
def test_weights_and_biases_start_within_pytorchs_bounds(layer, shape, fan_in):
    made = layer()
    assert made.weight.shape == shape and made.bias.shape == shape[:1]
    bound = 1 / math.sqrt(fan_in)
    for numbers in (made.weight.numpy(), made.bias.numpy()):
        assert np.abs(numbers).max() <= bound
        assert np.abs(numbers).max() > 0.9 * bound
        assert numbers.std() == pytest.approx(bound / math.sqrt(3), rel=0.3)


def test_the_same_seed_makes_the_same_model():
    def model():
        manual_seed(7)
        return nn.Sequential(nn.Linear(3, 4), nn.Embedding(2, 3)).state_dict()

    first, second = model(), model()
    assert all(np.array_equal(first[k].numpy(), second[k].numpy()) for k in first)


# ---------------------------------------------------------------- errors


WRONG_INPUTS = [
    (nn.Linear(784, 10), (64, 1, 28, 28), r"Linear\(784, 10\) needs inputs of shape \(..., 784\)"),
    (nn.Linear(3, 2), (), r"needs inputs of shape \(..., 3\)"),
    (nn.Conv2d(3, 2, 3), (3, 8, 8), r"needs images of shape \(batch, 3, height, width\)"),
    (nn.Conv2d(1, 2, 3), (5, 8, 8), r"needs images of shape \(batch, 1, height, width\)"),
    (nn.BatchNorm2d(3), (4, 5), r"BatchNorm2d\(3\) needs inputs of shape \(batch, 3, ...\)"),
    (nn.LayerNorm((3, 4)), (4, 3), r"needs inputs of shape \(..., 3, 4\)"),
    (nn.BatchNorm2d(3), (1, 3), "more than one number a channel"),
]


@pytest.mark.parametrize("layer, shape, says", WRONG_INPUTS)
def test_inputs_of_a_wrong_shape_are_refused_and_a_repair_works(layer, shape, says):
    x = Tensor(np.zeros(shape, np.float32))
    with pytest.raises(ShapeError, match=says) as caught:
        layer(x)
    repair = str(caught.value).partition("\nTry ")[2]
    if repair.startswith("x."):
        layer(eval(repair, {"x": x})).numpy()


def test_embedding_refuses_floats():
    with pytest.raises(DTypeError, match=r"Embedding\(3, 2\) needs integers, got float32"):
        nn.Embedding(3, 2)(Tensor([1.0]))


@pytest.mark.parametrize(
    "make, says",
    [
        (lambda: nn.Linear(0, 3), "in_features must be a whole number of at least 1, not 0"),
        (lambda: nn.Linear(3, 2.5), "out_features must be"),
        (lambda: nn.Conv2d(3, 4, 3, groups=2), "groups=2 must divide"),
        (lambda: nn.Dropout(1.5), "p must be from 0 to 1"),
        (lambda: nn.Embedding(-1, 2), "num_embeddings must be"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


# ---------------------------------------------------------------- modules


class Net(nn.Module):
    """A model of somebody's own, with layers in a list and in a dict."""

    def __init__(self):
        self.layers = [nn.Linear(2, 3), Tensor.relu]
        self.heads = {"a": nn.Linear(3, 1), "b": nn.Dropout(0.5)}
        self.scale = Tensor([2.0])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.heads["b"](self.heads["a"](x)) * self.scale


def test_a_model_prints_as_a_tree_with_its_parameters():
    lines = [
        "Net()  14 parameters",
        "  layers.0: Linear(2, 3)  9 parameters",
        "  layers.1: Functions.relu",
        "  heads.a: Linear(3, 1)  4 parameters",
        "  heads.b: Dropout(0.5)",
    ]
    assert repr(Net()).splitlines() == lines
    model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Sequential(nn.MaxPool2d(2), nn.ReLU()))
    assert repr(model).splitlines() == [
        "Sequential()  20 parameters",
        "  0: Conv2d(1, 2, (3, 3), padding=(1, 1))  20 parameters",
        "  1: Sequential()",
        "    0: MaxPool2d(2)",
        "    1: ReLU()",
    ]


def test_a_model_that_holds_itself_prints():
    net = Net()
    net.parent = net
    assert "parent: Net() again" in repr(net)
    assert len(list(net.modules())) == 4


def test_train_and_eval_reach_every_module():
    net = Net()
    assert net.eval() is net
    assert [m.training for m in net.modules()] == [False] * 4
    net.train()
    assert net.heads["b"].training


def test_a_model_gives_its_parameters_and_forgets_gradients():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == list(net.state_dict())
    net.eval()(np.ones((1, 2), np.float32)).sum().backward()
    assert all(w.grad is not None for w in net.parameters())
    net.zero_grad()
    assert all(w.grad is None for w in net.parameters())


def test_sequential_is_a_list_of_anything_that_can_be_called():
    model = nn.Sequential([nn.Linear(2, 3), Tensor.relu, lambda x: x.sum(1)])
    assert len(model) == 3 and isinstance(model[0], nn.Linear)
    assert model(np.ones((4, 2), np.float32)).shape == (4,)
    assert list(model[:2].state_dict()) == ["0.weight", "0.bias"]
    assert [type(layer) for layer in model][:1] == [nn.Linear]
    with pytest.raises(TypeError, match="layer 1 of Sequential cannot be called: 3"):
        nn.Sequential(nn.Linear(1, 1), 3)


def test_an_unknown_layer_offers_the_nearest():
    with pytest.raises(AttributeError, match="has no 'Conv2D'; did you mean 'Conv2d'"):
        nn.Conv2D  # noqa: B018
    assert nn.datasets.xor().x.shape == (4, 2)


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match=r"Empty needs a method forward\(self, x\)"):

        class Empty(nn.Module):
            pass

        Empty()(1)


# ---------------------------------------------------------------- the user's own examples

XOR = [[0, 0], [0, 1], [1, 0], [1, 1]]


def trained(model, steps, lr):
    x, y = Tensor(XOR), Tensor([[0], [1], [1], [0]])
    optimizer = optim.Adam([model], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = ((model(x).sigmoid() - y) ** 2).mean()
        loss.backward()
        optimizer.step()
    return model(x).sigmoid().numpy().ravel()


def test_a_line_cannot_learn_xor_and_honestly_answers_one_half():
    np.testing.assert_allclose(trained(nn.Linear(2, 1), 1000, 0.01), 0.5, atol=0.02)


def test_a_hidden_layer_learns_xor():
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    np.testing.assert_allclose(trained(model, 300, 0.05), [0, 1, 1, 0], atol=0.1)
