"""The device "opencl" on the processor, by PoCL: numbers, gradients, models, capture, memory."""

from __future__ import annotations

import numpy as np
import pytest

import tinylearn as tl
from tests.core.test_primitives import on_device
from tests.cuda.test_cuda import trained
from tests.ops_table import ROWS, row_id
from tests.tensor.test_gradients import FIRST, check_gradient, slopes
from tests.tensor.test_values import FLOATS, built_of_float32
from tinylearn import Tensor, nn
from tinylearn.contracts.measure import leaf, numbers
from tinylearn.devices.device import Device
from tinylearn.errors import DeviceError
from tinylearn.plan.check import check_fused

VALUES, GRADIENTS = FLOATS[5::40], FIRST[7::40]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_primitives_have_the_numbers_of_numpy(row):
    arrays = row.arrays(dtype="float32")
    expected = numbers([row.build(*map(leaf, arrays))])[0]
    got = on_device("opencl", row, arrays)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("case", VALUES, ids=lambda c: c.id)
def test_a_method_has_the_numbers_of_numpy(case):
    (got,) = built_of_float32(case, "opencl")
    with np.errstate(all="ignore"):
        want = np.asarray(case.numpy(*[a.astype("f").astype("f8") for a in case.arrays()]))
    np.testing.assert_allclose(got.numpy(), want, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("case", GRADIENTS, ids=lambda c: c.id)
def test_a_gradient_agrees_with_the_central_difference(case):
    check_gradient(case, slopes(case, "opencl"))


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_a_model_trains_as_on_numpy_also_captured(name):
    (losses, weights), (others, numbers) = trained("opencl", name), trained("numpy", name)
    np.testing.assert_allclose(losses, others, rtol=1e-4)
    for w, v in zip(weights, numbers, strict=True):
        np.testing.assert_allclose(w, v, rtol=1e-3, atol=1e-5)
    (again, captured) = trained("opencl", name, tl.capture)
    assert again == losses
    assert all(np.array_equal(w, v) for w, v in zip(captured, weights, strict=True))


def test_a_convolution_learns():
    tl.manual_seed(0)
    layers = [nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 3)]
    model = nn.Sequential(*layers).to("opencl")
    optimizer = nn.optim.Adam([model], lr=0.02)
    x = np.random.default_rng(0).normal(size=(3, 1, 8, 8)).astype(np.float32)
    losses = []
    for _ in range(30):
        loss = model(Tensor(x, device="opencl")).cross_entropy(Tensor([0, 1, 2], device="opencl"))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 < 0.8 < losses[0]


def test_long_sums_and_large_products_are_right():
    x = Tensor(np.random.default_rng(1).normal(size=(70, 300)).astype(np.float32), device="opencl")
    check_fused((x @ x.T).relu(), x.sum(0), x.softmax(1), Tensor.ones(9000, device="opencl").sum())


def test_numbers_go_there_and_back_unchanged():
    numbers = np.array([1.5, -0.0, np.inf, 1e-45, np.nan], np.float32)
    there = Tensor(numbers, requires_grad=False).to("opencl")
    assert there.device == "opencl"
    assert np.array_equal(there.to("numpy").numpy().view(np.int32), numbers.view(np.int32))


def test_a_place_that_is_not_there_is_an_error():
    table = Tensor(np.arange(12.0, dtype=np.float32).reshape(4, 3), device="opencl")
    assert table[Tensor([3, 0], device="opencl")].tolist() == [[9, 10, 11], [0, 1, 2]]
    with pytest.raises(IndexError, match="there is no place 4"):
        table[Tensor([4], device="opencl") + 0].numpy()


def test_too_large_a_tensor_is_refused_and_the_others_live_on():
    kept = Tensor.ones(5, device="opencl").realize()
    with pytest.raises(DeviceError, match=r"GB free, and shape .* needs .* GB\nTry"):
        (Tensor.ones(1 << 20, 1, device="opencl") + Tensor.ones(1 << 20, device="opencl")).realize()
    assert (kept + 1).tolist() == [2.0] * 5


def test_what_has_no_words_in_opencl_is_refused_with_a_repair():
    with pytest.raises(DeviceError, match="the opencl device has no float16"):
        (Tensor([1.0], device="opencl").half() * 2).numpy()


def test_without_pyopencl_the_device_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyopencl", None)
    assert "pip install 'tinylearn[opencl]'" in Device.known["opencl"].unavailable()


def test_labels_that_came_from_the_host_are_looked_at_there():
    home = Device.known["opencl"]
    labels = Tensor([1, 0, 2], device="opencl")
    memory = home.memory(labels.node.buffer)
    assert memory.mirror.tolist() == [1, 0, 2] and home.read(memory) is memory.mirror
    more = (labels + 1).realize()  # made by a kernel: nobody but the device knows them
    assert home.memory(more.node.buffer).mirror is None and more.tolist() == [2, 1, 3]
    assert home.memory(Tensor([1.0], device="opencl").node.buffer).mirror is None


def test_memory_that_is_given_out_again_has_forgotten_its_mirror():
    for k in range(1, 20):
        Tensor([k, k, k], device="opencl")  # nobody has it: its memory goes back to the pool
        again = (Tensor([1, 2, 3], device="opencl") * k).realize()
        assert again.tolist() == [k, 2 * k, 3 * k]


def test_a_counter_that_a_captured_step_changes_is_read_anew():
    count = Tensor([0, 0], device="opencl")

    @tl.capture
    def step(x):
        count.assign(count + x)
        return count * 1

    for k in range(1, 7):
        assert step(Tensor([1, 2], device="opencl")).tolist() == [k, 2 * k]
        assert count.tolist() == [k, 2 * k]
