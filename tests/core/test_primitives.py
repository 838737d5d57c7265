"""The laws of the primitives: NumPy = C, gradient = central difference, second derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops_table import ROWS, Row, row_id
from tinylearn.contracts.measure import leaf, numbers
from tinylearn.devices.device import Device
from tinylearn.graph.gradient import gradient
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import PRIMITIVES
from tinylearn.plan.plan import realize

rows = pytest.mark.parametrize("row", ROWS, ids=row_id)


def on_device(device: str, row: Row, arrays: list[np.ndarray]) -> np.ndarray:
    """The row's numbers, realized on a device."""
    node = row.build(*[leaf_on(device, a) for a in arrays])
    realize([node])
    return Device.known[device].download(node.buffer)


def leaf_on(device: str, array: np.ndarray) -> Node:
    from tinylearn.graph.primitives import buffer

    return buffer(Device.known[device].upload(array))


def loss_of(node: Node) -> Node:
    """One number in which every number of `node` counts differently."""
    weights = leaf(np.cos(np.arange(node.size)).reshape(node.shape))
    return (node * node * weights + node * weights).sum(tuple(range(len(node.shape))))


def slopes(row: Row, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """d loss / d input by central differences, on the interpreter."""
    answers = []
    for k, array in enumerate(arrays):
        slope = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            values = []
            for step in (1e-5, -1e-5):
                moved = [a.copy() for a in arrays]
                moved[k][place] += step
                values.append(numbers([loss_of(row.build(*map(leaf, moved)))])[0].item())
            slope[place] = (values[0] - values[1]) / 2e-5
        answers.append(slope)
    return answers


def test_every_primitive_has_a_row():
    computing = {p.name for p in PRIMITIVES.values() if p.kind != "source"}
    assert computing == {row.name for row in ROWS}
    assert len([p for p in PRIMITIVES.values() if p.kind in ("elementwise", "reduce")]) == 12
    assert len([p for p in PRIMITIVES.values() if p.kind == "move"]) == 6
    assert {p.name for p in PRIMITIVES.values() if p.kind == "lookup"} == {"gather", "scatter"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@rows
def test_numpy_and_c_agree(row, dtype, devices):
    arrays = row.arrays(dtype=dtype)
    expected = numbers([row.build(*map(leaf, arrays))])[0]
    tolerance = 2e-6 if dtype == "float32" else 1e-12
    for device in devices:
        got = on_device(device, row, arrays)
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance, err_msg=device)


@rows
def test_gradient_agrees_with_central_difference(row):
    arrays = row.arrays()
    if not row.smooth or max(a.size for a in arrays) > 60:
        arrays = [a[..., :5] if a.ndim else a for a in arrays]
        row = Row(row.name, row.build, tuple(a.shape for a in arrays), row.low, row.high)
    inputs = [leaf(a) for a in arrays]
    loss = loss_of(row.build(*inputs))
    loss = loss.reshape(())
    grads = gradient(loss, loss.const_like(1), inputs)
    tolerance = 1e-5 if row.name != "cast" else 1e-2
    for x, expected in zip(inputs, slopes(row, arrays), strict=True):
        got = numbers([grads[x]])[0] if x in grads else np.zeros(x.shape)
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    "row", [r for r in ROWS if r.smooth and r.shapes[0] in [(5,), (3, 4)]], ids=row_id
)
def test_second_derivative_agrees_with_the_slope_of_the_gradient(row):
    arrays = row.arrays()

    def first(values: list[np.ndarray]) -> tuple[Node, list[Node]]:
        inputs = [leaf(a) for a in values]
        loss = loss_of(row.build(*inputs)).reshape(())
        g = gradient(loss, loss.const_like(1), inputs)[inputs[0]]
        return loss_of(g).reshape(()), inputs

    total, inputs = first(arrays)
    second = gradient(total, total.const_like(1), inputs[:1])
    got = numbers([second[inputs[0]]])[0] if inputs[0] in second else np.zeros(arrays[0].shape)
    for place in np.ndindex(arrays[0].shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = [a.copy() for a in arrays]
            moved[0][place] += step
            ends.append(numbers([first(moved)[0]])[0].item())
        assert got[place] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=2e-4, abs=2e-4)


def test_ties_share_the_gradient_of_a_maximum(devices):
    for device in devices:
        x = leaf_on(device, np.array([1.0, 3.0, 3.0, 2.0]))
        top = x.max((0,)).reshape(())
        grad = gradient(top, top.const_like(1), [x])[x]
        realize([grad])
        assert Device.known[device].download(grad.buffer).tolist() == [0, 0.5, 0.5, 0]


@pytest.mark.parametrize("name", ["exp", "log", "sin", "sqrt", "recip"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_special_values_are_those_of_numpy(name, dtype, devices):
    special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        np.inf,
        -np.inf,
        np.nan,
        1e-40,
        3e38,
        -3e38,
        88.8,
        104.0,
        -110.0,
        710.0,
    ]
    with np.errstate(all="ignore"):
        array = np.array(special * 3).astype(dtype)
        expected = PRIMITIVES[name].numpy(array)
    if name == "sin":  # huge angles are reduced differently by different libraries
        array = array[np.abs(array.astype(float)) < 1e6]
        expected = np.sin(array)
    for device in devices:
        node = getattr(leaf_on(device, array), name)()
        realize([node])
        got = Device.known[device].download(node.buffer)
        tolerance = {"float16": 1e-3, "float32": 4e-7, "float64": 1e-14}[dtype]
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=1e-44, err_msg=device)


@pytest.mark.parametrize("size", [5, 40, 5000])
def test_nan_reaches_sums_and_maxima(size, devices):
    array = np.arange(size, dtype=np.float32)
    array[size // 2] = np.nan
    for device in devices:
        x = leaf_on(device, array)
        nodes = [x.sum((0,)), x.max((0,))]
        realize(nodes)
        for node in nodes:
            assert np.isnan(Device.known[device].download(node.buffer)).all()


def test_long_float32_sums_stay_exact(devices):
    array = np.random.default_rng(0).random(3_000_001).astype(np.float32)
    for device in devices:
        node = leaf_on(device, array).sum((0,))
        realize([node])
        got = Device.known[device].download(node.buffer).item()
        assert got == pytest.approx(array.astype(np.float64).sum(), rel=2e-6)


def test_axes_and_an_order_may_come_as_arrays():
    x = leaf(np.arange(6.0).reshape(1, 2, 3))
    assert x.permute(np.array([2, 0, 1])) is x.permute((2, 0, 1))
    assert x.permute(np.array([0, 1, 2])) is x
    assert x.sum(np.array([0, 2])) is x.sum((0, 2))
    assert x.max(np.array([], int)) is x
