"""Short loops written out: the same numbers, however few rounds make it worth the text."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings

from tests.core.graphs import graphs
from tests.core.test_schedule import relaxed, same
from tinylearn.contracts.measure import leaf
from tinylearn.devices.device import Device
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import buffer
from tinylearn.loops import shortloops
from tinylearn.loops.lower import lower
from tinylearn.loops.nest import Nest
from tinylearn.loops.rewrites import rewritten
from tinylearn.plan.plan import PLANS, Plan, plan_for, realize
from tinylearn.plan.request import Request
from tinylearn.schedule.schedule import schedule
from tinylearn.tensor import Tensor


@pytest.fixture
def everywhere(monkeypatch):
    """Every loop of up to 4 rounds is written out, inside loops of any size."""
    monkeypatch.setattr(shortloops, "MANY", 1)
    PLANS.clear()
    yield
    PLANS.clear()


@pytest.mark.parametrize("device", ["numpy", "c"])
def test_written_out_loops_give_the_numbers_of_numpy(device, devices, everywhere):
    if device not in devices:
        pytest.skip("no C compiler here")
    some = settings(relaxed, max_examples=120 if device == "numpy" else 40)
    some(given(graphs(device=device))(lambda g: same(g, device)))()


def computed(node: Node) -> np.ndarray:
    """The numbers, by the node's device."""
    realize([node])
    return Device.known[node.device].download(node.buffer)


def nest_of(node: Node) -> Nest:
    (kernel,) = schedule([node]).kernels
    return rewritten(lower(kernel))


def test_the_maximum_of_a_small_window_has_no_loop_of_its_own():
    x = leaf(np.zeros((400, 2, 14, 2), np.float32))
    nest = nest_of(x.max((1, 3)))
    assert not nest.reduced_loops and len(nest.loads) == 4


def test_a_matrix_product_is_not_written_out():
    left = leaf(np.zeros((600, 1, 4), np.float32)).expand((600, 9, 4))
    right = leaf(np.zeros((1, 9, 4), np.float32)).expand((600, 9, 4))
    assert nest_of((left * right).sum((2,))).reduced_loops


def test_parts_laid_side_by_side_are_written_without_a_test():
    parts = [leaf(np.full((1, 20, 50), k, np.float32)) for k in range(3)]
    whole = parts[0].pad(((0, 2), (0, 0), (0, 0)))
    for k in (1, 2):
        whole = whole + parts[k].pad(((k, 2 - k), (0, 0), (0, 0)))
    nest = nest_of(whole)
    assert len(nest.outer_loops) == 1 and not any(load.guards for load in nest.loads)
    np.testing.assert_array_equal(computed(whole)[:, 3, 4], [0, 1, 2])


@pytest.mark.parametrize("device", ["numpy", "c"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_number_that_is_none_stays_none_in_a_maximum(device, dtype, devices):
    if device not in devices:
        pytest.skip("no C compiler here")
    values = [-np.inf, -1.0, 0.0, 2.0, np.inf, np.nan]
    windows = np.array(list(product(values, repeat=4)), dtype)  # (1296, 4)
    x = buffer(Device.known[device].upload(windows))
    np.testing.assert_array_equal(computed(x.max((1,)))[:, 0], windows.max(1))
    np.testing.assert_array_equal(computed(x.max((0,)))[0], windows.max(0))
    y = x.flip((1,))
    kept = np.where(windows < windows[:, ::-1], windows[:, ::-1], windows)
    np.testing.assert_array_equal(computed(x.less(y).where(y, x)), kept)


# ---------------------------------------------------------------- guards as slices


def test_numbers_added_up_from_windows_are_slices_on_numpy():
    x = Tensor(np.ones((8, 3, 14, 14), np.float32))
    w = Tensor(np.ones((4, 3, 5, 5), np.float32))
    (x.conv2d(w) * 2.0).sum().backward()
    text = "\n".join(p.source.text for p in plan_of(x.grad.node).programs)
    assert "pad(" not in text and "+= " in text


def plan_of(node: Node) -> Plan:
    """The plan by which a node is computed."""
    return plan_for(Request([node]))


def exp(x: np.ndarray) -> np.ndarray:
    """exp of float32 to its last digit; NumPy's own is off by some, which a difference shows."""
    return np.exp(x.astype(np.float64)).astype(np.float32)


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("before", [0, 1, 7])
def test_a_sum_of_padded_parts_is_right_wherever_the_parts_lie(before, flipped):
    random = np.random.default_rng(before)
    total, expected = None, np.zeros((600, 9), np.float32)
    for k in range(3):
        part = random.standard_normal((600 - 8 * before - k, 5)).astype(np.float32)
        node = leaf(part).exp() if k == 1 else leaf(part)
        part = exp(part) if k == 1 else part
        widths = ((before * k, 600 - len(part) - before * k), (k, 4 - k))
        node, part = node.pad(widths), np.pad(part, widths)
        if flipped:
            node, part = node.flip((0, 1)), part[::-1, ::-1]
        total = node if total is None else total + node
        expected += part
    np.testing.assert_allclose(computed(total), expected, rtol=1e-5)
    rows = (total * total).sum((1,))
    np.testing.assert_allclose(computed(rows)[:, 0], (expected**2).sum(1), rtol=1e-4)


@pytest.mark.parametrize("device", ["numpy", "c"])
def test_what_is_computed_from_zeros_alone_can_be_padded_again(device, devices):
    if device not in devices:
        pytest.skip("no C compiler here")
    numbers = np.random.default_rng(0).standard_normal((600, 2)).astype(np.float32)
    x = buffer(Device.known[device].upload(numbers))
    y = x.pad(((0, 0), (1, 0))).exp().pad(((2, 2), (0, 0)))
    expected = np.pad(np.exp(np.pad(numbers, ((0, 0), (1, 0)))), ((2, 2), (0, 0)))
    np.testing.assert_allclose(computed(y), expected, rtol=1e-5)


@pytest.mark.parametrize("device", ["numpy", "c"])
def test_a_part_of_which_only_zeros_are_left_can_be_padded_again(device, devices):
    if device not in devices:
        pytest.skip("no C compiler here")
    x = buffer(Device.known[device].upload(np.ones((2, 600), np.float32)))
    y = x.pad(((0, 1), (1, 1))).shrink(((2, 3), (2, 600))).pad(((2, 2), (2, 0)))
    np.testing.assert_array_equal(computed(y), np.zeros((5, 600)))
    np.testing.assert_array_equal(computed(y + 0.5), np.full((5, 600), 0.5))


def test_taking_loops_apart_comes_to_an_end():
    x = leaf(np.arange(28.0))
    y = x.pad(((3, 1),)).reshape((8, 4)).shrink(((0, 8), (1, 3)))
    y = y.pad(((0, 0), (1, 1))).reshape((32,)).shrink(((2, 30),))
    expected = np.pad(np.arange(28.0), (3, 1)).reshape(8, 4)
    expected[:, [0, 3]] = 0
    np.testing.assert_array_equal(computed(y), expected.reshape(32)[2:30])
