"""tl.profile and tl.analyze: what kernels move and compute, counted right; times are only there."""

import numpy as np
import pytest

import tinylearn as tl
from tinylearn import Tensor, nn
from tinylearn.nn import optim


def batch(*shape):
    return Tensor(np.random.default_rng(0).standard_normal(shape, np.float32), requires_grad=False)


def mlp():
    return nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 4))


def test_a_profile_counts_what_the_trace_counts(device):
    y = mlp().to(device)(batch(8, 20).to(device)).relu()
    told = tl.trace(y)["kernels"]
    profile = tl.profile(y, rounds=2)
    assert [k.read for k in profile.kernels] == [k["read"] for k in told]
    assert [k.written for k in profile.kernels] == [k["written"] for k in told]
    assert all(k.seconds > 0 and k.device == device for k in profile.kernels)
    assert y.node.buffer is None  # and is computed as if nobody had looked
    assert y.shape == y.numpy().shape


def test_a_training_step_is_called_once_and_all_its_kernels_are_timed(device):
    model = mlp().to(device)
    optimizer = optim.SGD([model], lr=0.1)
    x, y = batch(8, 20).to(device), Tensor(np.arange(8) % 4, device=device)

    def step(x, y):
        optimizer.zero_grad()
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        return loss

    before = [w.numpy() for w in model.parameters()]
    profile = tl.profile(step, x, y, rounds=3)
    assert optimizer.steps == [1, 1, 1, 1]
    slopes = [(a - w.numpy()) / 0.1 for a, w in zip(before, model.parameters(), strict=True)]
    twin = mlp().to(device)
    for w, a in zip(twin.parameters(), before, strict=True):
        w.assign(a)
    twin(x).cross_entropy(y).backward()
    for w, slope in zip(twin.parameters(), slopes, strict=True):
        np.testing.assert_allclose(w.grad.numpy(), slope, rtol=1e-3, atol=1e-5)
    assert len(profile.kernels) >= 5 and "kernels:" in repr(profile)


def test_the_table_has_a_row_for_each_kernel_and_says_it_in_text_too():
    profile = tl.profile(batch(30, 40).exp().sum(1) * 2, rounds=1)
    html, text = profile._repr_html_(), repr(profile)
    assert html.count("<tr>") == len(profile.kernels) + 1
    for kernel in profile.kernels:
        assert kernel.title[:20] in text and kernel.title[:20] in html
    assert "moved" in text and "2,430" in text  # exp, sum and product, number by number


@pytest.mark.parametrize("look", [tl.profile, tl.analyze])
def test_numbers_in_memory_are_refused_with_a_repair(look):
    x = (batch(3) + 1).realize()
    assert "in memory already. Try tl." in str(look(x))
    assert "a picture needs a Tensor" in str(look(3))


def test_an_mlp_is_static_and_adds_and_multiplies():
    costs = tl.analyze(mlp(), batch(8, 20), rounds=1).costs
    assert costs.static == costs.accesses
    products = 2 * 8 * (20 * 16 + 16 * 4)
    assert costs.plain >= products and costs.plain / costs.arithmetic > 0.95


def test_lenet_and_attention_are_static_and_nearly_all_adds_and_multiplies():
    lenet = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1176, 10)
    )
    for model, x in (
        (lenet, batch(2, 1, 28, 28)),
        (nn.TransformerEncoderLayer(32, 4), batch(6, 2, 32)),
    ):
        costs = tl.analyze(model, x, rounds=1).costs
        assert costs.static == costs.accesses
        assert costs.plain / costs.arithmetic > 0.85


def test_an_embedding_reads_its_rows_at_places_that_nobody_knows_before():
    embedding = nn.Embedding(50, 16)
    index = Tensor(np.arange(10))
    costs = tl.analyze(lambda i: embedding(i) + 1, index, rounds=1).costs
    assert costs.accesses - costs.static == 160
    said = repr(tl.analyze(lambda i: embedding(i) + 1, index, rounds=1))
    assert "places that shapes alone decide" in said and "100 % of" in said


def test_memory_at_once_holds_at_least_what_is_given_and_made():
    x = batch(100, 100)
    costs = tl.analyze(lambda x: (x @ x).relu(), x, rounds=1).costs
    assert costs.memory >= 2 * x.numel() * 4
    assert all(c.predicted > 0 for c in costs.kernels)
