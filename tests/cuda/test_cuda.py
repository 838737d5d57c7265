"""The cuda device on a card, by `make test-gpu`: tables of methods, models, memory, capture.

Without a card there is nothing to run here, and every test fails; that the texts compile is tested
everywhere, in tests/gpu/test_cuda_text.py.
"""

from __future__ import annotations

import numpy as np
import pytest

import tinylearn as tl
from tests.core.test_primitives import on_device
from tests.ops_table import ROWS, row_id
from tests.tensor.captured import BATCHES, OPTIMIZERS, network, step_of
from tests.tensor.test_gradients import FIRST, check_gradient, slopes
from tests.tensor.test_values import FLOATS, built_of_float32
from tinylearn import Tensor, nn
from tinylearn.contracts.measure import leaf, numbers
from tinylearn.devices.device import Device
from tinylearn.errors import DeviceError
from tinylearn.nn import optim


@pytest.mark.parametrize("case", FLOATS, ids=lambda c: c.id)
def test_a_method_has_the_numbers_of_numpy(case):
    (got,) = built_of_float32(case, "cuda")
    with np.errstate(all="ignore"):
        want = np.asarray(case.numpy(*[a.astype("f").astype("f8") for a in case.arrays()]))
    np.testing.assert_allclose(got.numpy(), want, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("case", FIRST, ids=lambda c: c.id)
def test_a_gradient_agrees_with_the_central_difference(case):
    check_gradient(case, slopes(case, "cuda"))


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_primitives_have_float16(row):
    arrays = row.arrays(dtype="float16")
    (expected,) = numbers([row.build(*map(leaf, arrays))])
    got = on_device("cuda", row, arrays)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3)


def test_float16_is_rounded_as_everywhere_and_summed_up_in_float32():
    numbers = np.array([1e-7, 65504.0, 65520.0, np.nan, 0.1, -2049.0], np.float64)
    half = Tensor(numbers, device="cuda").half()
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(half.numpy(), numbers.astype(np.float16))
    x = Tensor(np.full((4, 3000), 0.1, np.float16), device="cuda")
    assert x.sum(1).tolist() == Tensor(x.numpy()).sum(1).tolist()
    y = Tensor(np.random.default_rng(0).normal(size=(70, 90)).astype(np.float16), device="cuda")
    np.testing.assert_allclose((y @ y.T).numpy(), y.numpy() @ y.numpy().T, rtol=5e-3, atol=2e-2)


def trained(device, name, how=lambda f: f):
    """Losses and weights of nine steps on a device."""
    model = network(nn.LayerNorm(8)).to(device)
    step = how(step_of(model, OPTIMIZERS[name](model)))
    pairs = [
        (Tensor(x, device=device, requires_grad=False), Tensor(y, device=device))
        for x, y in BATCHES
    ]
    return [step(*pair).item() for pair in pairs], [w.numpy() for w in model.parameters()]


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_a_model_trains_as_on_numpy(name):
    (losses, weights), (others, numbers) = trained("cuda", name), trained("numpy", name)
    np.testing.assert_allclose(losses, others, rtol=1e-4)
    for w, v in zip(weights, numbers, strict=True):
        np.testing.assert_allclose(w, v, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_a_captured_step_is_the_step_bit_for_bit(name):
    (losses, weights), (others, numbers) = trained("cuda", name, tl.capture), trained("cuda", name)
    assert losses == others
    assert all(np.array_equal(w, v) for w, v in zip(weights, numbers, strict=True))


def test_lenet_learns_on_the_card():
    tl.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 5, padding=2), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(4 * 49, 10),
    ).to("cuda")  # fmt: skip
    optimizer = optim.Adam([model], lr=0.01)
    random = np.random.default_rng(0)
    y = random.integers(0, 10, 32)
    x = random.standard_normal((32, 1, 14, 14)).astype(np.float32) * 0.1
    x[np.arange(32), 0, y, y] += 3
    step = tl.capture(step_of(model, optimizer))
    pair = Tensor(x, device="cuda", requires_grad=False), Tensor(y, device="cuda")
    losses = [step(*pair).item() for _ in range(40)]
    assert losses[-1] < 0.05 < 1 < losses[0]


def test_looked_up_rows_and_their_gradient_are_right_on_the_card():
    table = Tensor(np.arange(12.0, dtype=np.float32).reshape(4, 3), device="cuda")
    index = Tensor(np.array([3, 0, 3]), device="cuda")
    rows = table[index]
    rows.sum().backward()
    assert rows.tolist() == [[9.0, 10.0, 11.0], [0.0, 1.0, 2.0], [9.0, 10.0, 11.0]]
    assert table.grad.numpy()[:, 0].tolist() == [1.0, 0.0, 0.0, 2.0]
    with pytest.raises(IndexError, match="there is no place 4"):
        table[Tensor(np.array([4]), device="cuda") + 0].numpy()


def test_too_large_a_tensor_is_refused_and_the_others_live_on():
    kept = Tensor.ones(5, device="cuda").realize()
    with pytest.raises(DeviceError, match=r"GB free, and shape .* needs .* GB\nTry"):
        (Tensor.ones(1 << 20, 1, device="cuda") + Tensor.ones(1 << 20, device="cuda")).realize()
    assert (kept + 1).tolist() == [2.0] * 5


def test_numbers_go_from_device_to_device_unchanged():
    numbers = np.array([1.5, -0.0, np.inf, 1e-45], np.float32)
    there = Tensor(numbers, requires_grad=False).to("cuda")
    assert there.device == "cuda"
    back = there.to("numpy").numpy()
    assert np.array_equal(back.view(np.int32), numbers.view(np.int32))


def test_denormals_infinities_and_nan_are_kept():
    x = Tensor(np.array([1e-45, -1e-40, np.nan, np.inf], np.float32), device="cuda")
    assert np.array_equal((x * 1.0).numpy(), x.numpy(), equal_nan=True)
    y = Tensor(np.array([1e-45, 0.0, -1e-45], np.float32), device="cuda")
    y.relu().sum().backward()
    assert y.grad.tolist()[0] == 1.0 and y.grad.tolist()[2] == 0.0


def test_a_second_card_computes_too_or_is_said_not_to_be_there():
    """With one card the error is tested; with two, copies from card to card and a captured step."""
    x = Tensor(np.arange(6.0, dtype=np.float32).reshape(2, 3), device="cuda:0")
    assert x.device == "cuda"
    if Device.known["cuda:1"].unavailable():
        with pytest.raises(DeviceError, match=r"there is no card 1 here: 1 card, counted from 0"):
            x.to("cuda:1")
        return
    there = (x * 2).to("cuda:1")
    assert there.device == "cuda:1"
    back = (there @ there.T).to("cuda") + 1
    np.testing.assert_array_equal(back.numpy(), (2 * x.numpy()) @ (2 * x.numpy()).T + 1)
    back.sum().backward()
    assert x.grad.device == "cuda"
    (losses, weights) = trained("cuda:1", "adam", tl.capture)
    (others, numbers) = trained("cuda", "adam")
    assert losses == others
    assert all(np.array_equal(w, v) for w, v in zip(weights, numbers, strict=True))
