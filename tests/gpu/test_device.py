"""The device "simulator": primitives, gradients and whole models have the numbers of NumPy."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import tinylearn as tl
from tests.core.test_primitives import on_device
from tests.ops_table import ROWS, row_id
from tests.repository import ROOT
from tinylearn import Tensor, nn
from tinylearn.contracts.measure import leaf, numbers
from tinylearn.plan.check import check_fused


@pytest.fixture
def reports():
    """What each launch on the device has cost, while a test runs."""
    with tl.simulated() as found:
        yield found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_primitives_have_the_numbers_of_numpy(row, dtype):
    arrays = row.arrays(dtype=dtype)
    expected = numbers([row.build(*map(leaf, arrays))])[0]
    got = on_device("simulator", row, arrays)
    assert got.dtype == expected.dtype
    tolerance = 2e-6 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


def by_devices(compute) -> list[np.ndarray]:
    """What a function of a device gives, on NumPy and in the simulator."""
    return [np.asarray(compute(device)) for device in ("numpy", "simulator")]


RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(6, 5)).astype(np.float32)
LONG = RANDOM.normal(size=(3, 200)).astype(np.float32)

FUNCTIONS = {
    "softmax": lambda x: x.softmax(1),
    "long softmax": lambda x: Tensor(LONG, device=x.device).softmax(1),
    "norm": lambda x: (x * x).sum().sqrt(),
    "sorted": lambda x: x.transpose(0, 1).exp().max(1),
    "window": lambda x: x.reshape(1, 1, 6, 5).conv2d(x[:3, :3].reshape(1, 1, 3, 3), padding=1),
    "pool": lambda x: x.reshape(1, 1, 6, 5).max_pool2d(2),
    "product": lambda x: (x @ x.T).tanh() @ x,
    "large product": lambda x: Tensor(LONG, device=x.device).T @ Tensor(LONG, device=x.device),
    "pad": lambda x: x.pad(((1, 2), (0, 3))) * 2 + 1,
    "picked": lambda x: x[[0, 4, 4]] + x[1:2],
    "labels": lambda x: x.cross_entropy(Tensor([0, 1, 2, 3, 4, 0], device=x.device)),
    "nothing": lambda x: x[:0] * 2,
    "empty sum": lambda x: x[:0].sum(),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_tensors_have_the_numbers_of_numpy(name):
    right, got = by_devices(lambda d: FUNCTIONS[name](Tensor(X, device=d)).numpy())
    np.testing.assert_allclose(got, right, rtol=3e-6, atol=3e-6)


def trained(device: str, model: nn.Module, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """All weights of a model after three steps, in one row."""
    optimizer = nn.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        loss = model(Tensor(x, device=device)).cross_entropy(Tensor(y, device=device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return np.concatenate([p.numpy().reshape(-1) for p in model.parameters()])


def test_a_model_learns_the_same():
    y = np.arange(6) % 3

    def learn(device: str) -> np.ndarray:
        tl.manual_seed(0)
        model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.LayerNorm(8), nn.Linear(8, 3))
        return trained(device, model.to(device), X, y)

    right, got = by_devices(learn)
    np.testing.assert_allclose(got, right, rtol=1e-4, atol=1e-5)


def test_a_model_with_convolutions_learns_the_same():
    x, y = RANDOM.normal(size=(2, 1, 8, 8)).astype(np.float32), np.array([1, 2])

    def learn(device: str) -> np.ndarray:
        tl.manual_seed(0)
        layers = [nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 3)]
        return trained(device, nn.Sequential(*layers).to(device), x, y)

    right, got = by_devices(learn)
    np.testing.assert_allclose(got, right, rtol=1e-4, atol=1e-5)


def test_fused_kernels_compute_what_their_nodes_do():
    x = Tensor(X, device="simulator")
    check_fused(x.softmax(1), (x @ x.T).relu(), x.sum(0), x.exp() + 1)


def test_tensors_go_there_and_come_back():
    x = Tensor(X).to("simulator")
    assert x.device == "simulator"
    np.testing.assert_array_equal((x * 2).to("numpy").numpy(), X * 2)


def test_each_launch_is_reported(reports):
    a = Tensor(RANDOM.normal(size=(32, 64)).astype(np.float32), device="simulator")
    (a @ a.T).numpy()
    (report,) = reports
    assert report.loads_per_store == 2 * 64 / 16  # tiles of 16: each number is read so much less
    assert report.total.conflicts == 0  # rows of a turned tile begin in other banks
    assert report.total.barriers == 4 * 2 * 4  # blocks, barriers a tile, tiles


def test_who_looks_inside_a_block_sees_what_ran_inside_it():
    x = Tensor(X, device="simulator")
    with tl.simulated() as outer:
        x.exp().numpy()
        with tl.simulated() as inner:
            x.softmax(1).numpy()
            x.sum().numpy()
        with pytest.raises(ZeroDivisionError), tl.simulated():
            1 / 0  # noqa: B018
    x.log().numpy()
    assert len(outer) == 1 + len(inner) > 2


def test_rows_that_are_looked_up_are_read_by_the_threads_that_use_them(reports):
    table = Tensor(RANDOM.normal(size=(7, 5)).astype(np.float32), device="simulator")
    picked = np.array([3, 0, 6, 3])
    got = (table[Tensor(picked, device="simulator")] * 2 + 1).numpy()
    np.testing.assert_allclose(got, table.numpy()[picked] * 2 + 1, rtol=1e-6)
    (report,) = reports
    assert report.total.loads == 2 * got.size  # of the place, and of the number there


def test_a_row_that_is_not_there_is_told_as_on_any_device():
    said = []
    for device in ("numpy", "simulator"):
        table = Tensor(np.zeros((7, 5), np.float32), device=device)
        with pytest.raises(IndexError) as caught:
            (table[Tensor([1, 7], device=device)] + 1).numpy()
        said.append(str(caught.value).splitlines()[0])
    assert said[0] in said[1] and "no place 7 on axis 0, which has size 7" in said[0]


def test_a_sum_is_read_once_and_without_gaps(reports):
    Tensor(LONG, device="simulator").sum(1).numpy()
    (report,) = reports
    assert report.total.loads == LONG.size
    assert report.total.sectors <= report.total.ideal + 2 * len(LONG)


def test_the_simulator_is_imported_when_it_is_named():
    script = (
        "import sys, tinylearn as tl; tl.Tensor([1.0]).exp().numpy(); "
        "named = [m for m in sys.modules if 'simulator' in m or 'kernels' in m]; "
        "tl.Tensor([1.0], device='simulator'); print(named, 'simulator' in tl.Device.known)"
    )
    run = subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, text=True)
    assert run.split() == ["[]", "True"]


def test_float16_and_whole_numbers_run_too():
    for kind in ("float16", "int32", "int64", "bool"):
        x = (np.arange(12) % 5).reshape(3, 4).astype(kind)
        right, got = by_devices(lambda d, x=x: (Tensor(x, device=d) + Tensor(x, device=d)).numpy())
        assert got.dtype == right.dtype
        np.testing.assert_array_equal(got, right)
