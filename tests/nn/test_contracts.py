"""Contracts of update rules, layers, losses and first numbers refuse the usual mistakes."""

import numpy as np
import pytest

from tests.test_contracts import refused
from tinylearn import Tensor, manual_seed
from tinylearn.parts import Part, using

# ---------------------------------------------------------------- update rules


def adam(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / correction1) / ((v / correction2).sqrt() + eps), m, v


def adam_uncorrected(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    _, m, v = adam(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2)
    return w - lr * m / (v.sqrt() + eps), m, v


def adam_of_the_old_mean(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    _, new_m, new_v = adam(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2)
    return w - lr * (m / correction1) / ((v / correction2).sqrt() + eps), new_m, new_v


def adam_with_eps_inside(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2):
    _, m, v = adam(w, g, m, v, lr, beta1, beta2, eps, correction1, correction2)
    return w - lr * (m / correction1) / (v / correction2 + eps).sqrt(), m, v


def sgd_in_place(w, g, lr):
    w -= lr * g


WRONG_UPDATES = [
    ("sgd", lambda w, g, lr: w + lr * g, "the new w is wrong at element [0]"),
    ("sgd", lambda w, g, lr: w - g, "the new w is wrong"),
    ("sgd", sgd_in_place, "the new w must be a Tensor, not a NoneType"),
    ("sgd", lambda w, g, lr: Tensor(w.numpy() - lr.item() * g.numpy()), "on the spot"),
    ("sgd", lambda w, g, lr: (w - lr * g).sum(), "has shape (), it must be (3,)"),
    ("sgd", lambda w, g: w - 0.1 * g, "TypeError"),
    ("momentum", lambda w, g, v, lr, mu: (w - lr * g, mu * v + g), "the new w is wrong"),
    ("momentum", lambda w, g, v, lr, mu: w - lr * (mu * v + g), "a tuple (the new w, the new v)"),
    ("momentum", lambda w, g, v, lr, mu: (w - lr * (mu * v + g), g), "the new v is wrong"),
    ("adam", adam_uncorrected, "the new w is wrong"),
    ("adam", adam_of_the_old_mean, "the new w is wrong"),
    ("adam", adam_with_eps_inside, "the new w is wrong"),
    ("weight_decay", lambda w, g, decay: g + w, "the gradient is wrong"),
    ("decoupled_decay", lambda w, lr, decay: w - decay * w, "the new w is wrong"),
    ("rmsprop", lambda g, v, a, eps: (g / (v + eps).sqrt(), v), "the scaled gradient is wrong"),
    ("rmsprop", lambda g, v, a, eps: g, "a tuple (the scaled gradient, the new v)"),
    ("adagrad", lambda w, g, v, lr, eps: (w - lr * g, v + g * g), "the new w is wrong"),
    ("adadelta", lambda w, g, v, u, lr, rho, eps: (w - lr * g, v, u), "the new w is wrong"),
    ("lion", lambda w, g, m, lr, b, c: (w - lr * g.sign(), c * m + (1 - c) * g), "the new w"),
    ("amsgrad", lambda w, g, m, v, top, *more: (*adam(w, g, m, v, *more), top), "the new w is"),
    ("nadam", lambda w, g, m, v, *more: (w, m, v), "the new w is wrong"),
    ("radam", lambda w, g, m, v, *more: adam(w, g, m, v, *more[:6]), "the new w is wrong"),
]


@pytest.mark.parametrize("rule, function, says", WRONG_UPDATES)
def test_a_wrong_update_rule_is_refused_with_a_reason(rule, function, says):
    assert says in refused(f"optim.{rule}", function)


def test_an_error_is_told_with_the_line_of_the_function_that_was_offered():
    text = refused("optim.sgd", lambda w, g, lr: w - lr * g.view(7))
    assert "w - lr * g.view(7)" in text


def test_adam_as_it_stands_in_the_paper_is_let_in():
    with using({"optim.adam": adam}):
        pass


# ---------------------------------------------------------------- layers, losses, first numbers


def naive_cross_entropy(logits, labels):
    """Right, but exp overflows for large logits."""
    p = logits.exp() / logits.exp().sum(1, keepdim=True)
    return -p.log()[np.arange(len(logits)), labels].mean()


def stable_cross_entropy(logits, labels):
    below = logits - logits.max(1, keepdim=True)
    logs = below - below.exp().sum(1, keepdim=True).log()
    return -logs[np.arange(len(logits)), labels].mean()


def pool_as_mean(x, kernel_size, stride=None, padding=0):
    return x.avg_pool2d(kernel_size, stride, padding)


def kept_with_probability_p(x, p):
    return (Tensor.rand(*x.shape) < p) * x / (1 - p)


def lstm_without_forgetting(given, h, c, weight, bias):
    y = given + h @ weight.transpose() + (0 if bias is None else bias)
    write, _, new, read = y.chunk(4, -1)
    c = c + write.sigmoid() * new.tanh()
    return read.sigmoid() * c.tanh(), c


def softmax_of_all(query, key, mask, scale):
    return (query @ key.transpose() * scale).softmax(-1)


def rms_of_everything(x, weight, eps):
    y = x * ((x * x).mean() + eps).rsqrt()
    return y if weight is None else y * weight


WRONG_FORMULAS = [
    ("nn.rnn_cell", lambda g, h, w, b, relu: (g + h).tanh(), "the result is wrong"),
    ("nn.lstm_cell", lstm_without_forgetting, "the new h is wrong"),
    ("nn.lstm_cell", lambda g, h, c, w, b: h, "must return a tuple (new h, new c)"),
    ("nn.gru_cell", lambda g, h, w, b: h, "the result is wrong"),
    ("nn.attention_weights", softmax_of_all, "the result is wrong"),
    ("nn.group_norm", lambda x, n, w, b, eps: x, "the result is wrong"),
    ("nn.rms_norm", rms_of_everything, "the result is wrong"),
    ("loss.huber", lambda x, y, delta: (x - y).abs() * delta, "the result is wrong"),
    ("loss.kl_div", lambda x, y, log_target: y * (y.log() - x), "the result is wrong"),
    ("loss.soft_margin", lambda x, y: (-x * y).exp() + 1, "the result is wrong"),
    ("loss.gaussian_nll", lambda x, y, var: (x - y) ** 2 / var / 2, "the result is wrong"),
    ("loss.cosine_embedding", lambda a, b, y, margin: (a * b).sum(-1), "the result is wrong"),
    ("loss.triplet_margin", lambda near, far, margin: near - far + margin, "the result is wrong"),
    ("nn.linear", lambda x, w, b: x @ w + b, "nn.linear raised ShapeError"),
    ("nn.linear", lambda x, w, b: x @ w.transpose(), "the result is wrong"),
    ("nn.linear", lambda x, w, b: x @ w.transpose() + b, "got None"),
    ("nn.linear", lambda x, w, b: None, "the result must be a Tensor, not a NoneType"),
    ("nn.batchnorm", lambda x, w, b, m, v, eps: (x - x.mean()) / x.std(), "the result"),
    ("nn.batch_statistics", lambda x: (x.mean(0), x.var(0)), "the variance is wrong"),
    ("nn.batch_statistics", lambda x: x.mean(0), "must return a tuple (mean, variance)"),
    ("nn.layernorm", lambda x, axis, eps, w, b: (x - x.mean(0)) / x.std(0), "the result"),
    ("nn.max_pool2d", pool_as_mean, "the result is wrong"),
    ("nn.dropout", lambda x, p: x * (1 - p), "what is kept is wrong"),
    ("nn.dropout", kept_with_probability_p, "a share of 0.25 must become 0, it is 0.7"),
    ("nn.dropout", lambda x, p: x * (Tensor.rand(*x.shape) >= p), "what is kept is wrong"),
    ("loss.mse", lambda p, t: ((p - t) ** 2).sum(), "the result is wrong"),
    ("loss.mse", lambda p, t: ((p - t) ** 2).mean(0), "has shape"),
    ("loss.cross_entropy", naive_cross_entropy, "the result is wrong"),
    ("init.kaiming", lambda shape, n, gain: Tensor.randn(*shape) * (gain / n), "the variance"),
    ("init.kaiming", lambda shape, n, gain: Tensor.rand(*shape) * gain, "the mean must be near 0"),
    ("init.kaiming", lambda shape, n, gain: Tensor.zeros(*shape), "the variance"),
    ("init.kaiming", lambda shape, n, gain: Tensor.randn(n), "the shape must be (40, 50)"),
    ("init.xavier", lambda shape, i, o, gain: Tensor.randn(*shape) / (i + o) ** 0.5, "variance"),
]


@pytest.mark.parametrize("name, function, says", WRONG_FORMULAS)
def test_a_wrong_formula_is_refused_with_a_reason(name, function, says):
    assert says in refused(name, function)


def test_a_cross_entropy_that_picks_by_index_is_let_in():
    with using({"loss.cross_entropy": stable_cross_entropy}):
        pass


def test_first_numbers_of_any_distribution_are_let_in():
    def normal(shape, fan_in, gain=1.0):
        return Tensor.randn(*shape) * (gain / fan_in**0.5)

    with using({"init.kaiming": normal}):
        pass


def test_a_contract_draws_none_of_the_users_random_numbers():
    manual_seed(3)
    expected = Tensor.rand(4).tolist()
    manual_seed(3)
    for name in ("init.kaiming", "init.xavier", "nn.dropout"):
        Part.table[name].contract(Part.table[name].default)
    assert Tensor.rand(4).tolist() == expected
