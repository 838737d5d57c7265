"""Recurrent layers and attention: shapes in and out, what they may see, and what they refuse."""

import numpy as np
import pytest

from tinylearn import nn
from tinylearn.errors import ShapeError, TinylearnError
from tinylearn.parts import using
from tinylearn.tensor import Tensor


def floats(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def test_an_lstm_is_its_cell_place_by_place():
    layer, cell, x = nn.LSTM(3, 4), nn.LSTMCell(3, 4), floats(5, 2, 3)
    cell.load_state_dict({k.removesuffix("_l0"): w for k, w in layer.state_dict().items()})
    outputs, (h, c) = layer(x)
    memory = None
    for k in range(5):
        memory = cell(Tensor(x[k]), memory)
        np.testing.assert_allclose(outputs[k].numpy(), memory[0].numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(h[0].numpy(), memory[0].numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(c[0].numpy(), memory[1].numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["RNN", "GRU"])
def test_what_a_layer_remembers_in_the_end_is_its_last_output(kind):
    layer, x = getattr(nn, kind)(3, 4, batch_first=True), floats(2, 6, 3)
    outputs, h = layer(x)
    assert outputs.shape == (2, 6, 4) and h.shape == (1, 2, 4)
    np.testing.assert_allclose(outputs[:, -1].numpy(), h[0].numpy(), rtol=1e-6)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_the_gradient_goes_back_through_a_long_sequence(kind, device):
    layer, x = getattr(nn, kind)(2, 3).double(), floats(50, 2, 2).astype(np.float64)
    weight = layer.weight_hh_l0
    layer(x)[0][-1].sum().backward()
    found = weight.grad.numpy()[1, 2]

    def moved(by):
        numbers = weight.numpy()
        numbers[1, 2] += by
        other = getattr(nn, kind)(2, 3).double()
        other.load_state_dict(layer.state_dict() | {"weight_hh_l0": numbers})
        return other(x)[0][-1].sum().item()

    assert found == pytest.approx((moved(1e-5) - moved(-1e-5)) / 2e-5, rel=1e-5)


def test_a_recurrent_layer_learns_to_count(device):
    layer, head = nn.GRU(1, 8), nn.Linear(8, 1)
    optimizer = nn.optim.Adam([layer, head], lr=0.05)
    x = (floats(4, 16, 1) > 0).astype(np.float32)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = (head(layer(x)[1][0]) - x.sum(0)).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_a_cell_of_the_users_runs_in_old_layers():
    def mine(given, h, weight, bias, relu):
        """The same in another order."""
        y = h @ weight.transpose() + given
        y = y if bias is None else y + bias
        return y.relu() if relu else y.tanh()

    layer, x = nn.RNN(2, 3), floats(3, 1, 2)
    before = layer(x)[0].numpy()
    with using({"nn.rnn_cell": mine}):
        np.testing.assert_allclose(layer(x)[0].numpy(), before, rtol=1e-6)


def test_a_causal_mask_lets_no_place_see_what_comes_later():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    x = floats(1, 5, 8)
    changed = x.copy()
    changed[:, 3:] += 1
    one, two = (layer(Tensor(a), src_mask=mask).numpy() for a in (x, changed))
    np.testing.assert_allclose(one[:, :3], two[:, :3], rtol=1e-5, atol=1e-6)
    assert not np.allclose(one[:, 3:], two[:, 3:])


def test_weights_of_attention_add_up_to_one_and_skip_what_fills_up():
    layer, x = nn.MultiheadAttention(6, 3, batch_first=True), Tensor(floats(2, 4, 6))
    padding = Tensor(np.array([[0, 0, 0, 1], [0, 1, 1, 1]], bool))
    y, weights = layer(x, x, x, key_padding_mask=padding)
    assert y.shape == (2, 4, 6) and weights.shape == (2, 4, 4)
    np.testing.assert_allclose(weights.numpy().sum(-1), 1, rtol=1e-5)
    assert not weights.numpy()[:, :, 3].any() and (weights.numpy()[1, :, 0] == 1).all()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_place_that_may_look_nowhere_takes_nothing_and_passes_no_nan(dtype):
    q = Tensor(floats(3, 2), dtype=dtype)
    mask = Tensor(np.array([[True, False, True], [False] * 3, [True] * 3]))
    y = nn.functional.scaled_dot_product_attention(q, q, q, mask)
    y.sum().backward()
    assert y.dtype.name == dtype and y[1].tolist() == [0, 0]
    assert np.isfinite(q.grad.numpy()).all()


X = floats(5, 3, 6)
WRONG = [
    (
        lambda: nn.LSTM(6, 4)(X, Tensor(X)),
        TypeError,
        r"remembers h and c, .* 1 Tensors\nTry \(h, c",
    ),
    (lambda: nn.GRU(6, 4)(X, Tensor(floats(1, 5, 4))), ShapeError, r"Try Tensor.zeros\(1, 3, 4\)"),
    (lambda: nn.GRU(7, 4)(X), ShapeError, r"GRU\(7, 4\) needs .* batch, 7\)(.|\n)*Try GRU\(6, 4\)"),
    (lambda: nn.RNN(6, 4)(X[None]), ShapeError, r"needs inputs of shape \(places, batch, 6\)"),
    (lambda: nn.LSTMCell(6, 4)(X), ShapeError, r"needs inputs of shape \(batch, 6\)"),
    (lambda: nn.RNN(6, 4, nonlinearity="tan"), TinylearnError, "did you mean 'tanh'"),
    (lambda: nn.RNN(6, 4, dropout=2), ValueError, "dropout must be from 0 to 1"),
    (lambda: nn.GRU(6, 0), ValueError, "hidden_size must be"),
    (lambda: nn.GRU(6, 4)(X[:0]), ShapeError, "at least one place"),
    (lambda: nn.MultiheadAttention(6, 4), ValueError, "num_heads=4 must divide embed_dim, 6"),
    (lambda: nn.MultiheadAttention(6, 2)(X, X, floats(5, 3, 5)), ShapeError, "needs a value of"),
    (
        lambda: nn.MultiheadAttention(6, 2)(X, X, X, attn_mask=Tensor(floats(3, 3))),
        ShapeError,
        r"needs an attn_mask of shape \(5, 5\) or \(6, 5, 5\)",
    ),
    (lambda: nn.MultiheadAttention(6, 2)(X, X, X, is_causal=True), TinylearnError, "attn_mask"),
    (lambda: nn.TransformerEncoderLayer(6, 2, activation="gleu"), TinylearnError, "'gelu'"),
    (
        lambda: nn.functional.scaled_dot_product_attention(*[Tensor(floats(3, 2))] * 4, 0, True),
        TinylearnError,
        "is_causal is a mask already",
    ),
]


@pytest.mark.parametrize("make, error, says", WRONG)
def test_what_does_not_fit_is_refused_with_a_repair(make, error, says):
    with pytest.raises(error, match=says):
        make()
