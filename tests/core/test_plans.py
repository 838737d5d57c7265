"""Plans: found again by structure, right for other data, and across devices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinylearn.devices.device import Device
from tinylearn.graph.gradient import gradient
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import buffer, copy
from tinylearn.plan.plan import PLANS, plan_for, realize
from tinylearn.plan.request import Request


def leaf(array: np.ndarray, device: str = "numpy") -> Node:
    return buffer(Device.known[device].upload(np.asarray(array, np.float32)))


def numbers(node: Node) -> np.ndarray:
    realize([node])
    return Device.known[node.device].download(node.buffer)


def test_the_same_structure_on_other_data_has_the_same_plan():
    first, second = (Request([leaf(np.ones(7) * k).exp() * 3.25]) for k in (1, 2))
    assert plan_for(first) is plan_for(second)


def test_the_same_data_twice_is_another_structure_than_two_data():
    x, y = leaf(np.arange(5)), leaf(np.arange(5))
    assert Request([x + y]).key != Request([x + x]).key
    assert numbers(x + x).tolist() == [0, 2, 4, 6, 8]


def test_graphs_that_differ_only_in_constants_share_one_plan(devices):
    for device in devices:
        before = len(PLANS)
        for k in range(10):
            got = numbers(leaf(np.ones((2, 3)), device) * (k + 0.25) + (k + 100.0))
            assert got.tolist() == [[2 * k + 100.25] * 3] * 2
        assert len(PLANS) == before + 1


def test_constants_that_simplify_a_graph_stand_in_its_plan():
    keys = {Request([leaf(np.ones(2)) * k]).key for k in (0.0, -0.0, 1.0, -1.0, math.inf, math.nan)}
    assert len(keys) == 6
    assert Request([leaf(np.ones(2)) * 7.5]).key == Request([leaf(np.ones(2)) * 8.5]).key


def test_the_two_zeros_are_told_apart():
    x = leaf(np.ones(2))
    assert np.signbit(numbers(x * -0.0)).all()
    assert not np.signbit(numbers(x * 0.0)).any()


def test_plans_hold_no_data():
    import gc
    import weakref

    x = leaf(np.arange(1000))
    seen = weakref.ref(x.buffer)
    numbers(x.sin() * 1.125)
    del x
    gc.collect()
    assert seen() is None


def test_numbers_stay_what_they_were_when_memory_is_used_again():
    random = np.random.default_rng(0)
    kept = []
    for _ in range(20):
        array = random.standard_normal((40, 50)).astype(np.float32)
        node = leaf(array) * 2.0
        realize([node])
        kept.append((node, array * 2))
    for node, expected in kept:
        np.testing.assert_array_equal(numbers(node), expected)


def test_numbers_and_gradients_cross_devices(devices):
    if "c" not in devices:
        pytest.skip("no C compiler here")
    x = leaf(np.arange(6))
    y = copy(x * 2.0, "c")
    total = (y * y).sum((0,)).reshape(())
    assert total.device == "c"
    assert numbers(total).item() == 4 * 55
    slope = gradient(total, total.const_like(1), [x])[x]
    assert slope.device == "numpy"
    assert numbers(slope).tolist() == [8 * k for k in range(6)]


def test_an_output_that_is_a_leaf_or_a_constant_needs_no_kernel():
    x = leaf(np.arange(3))
    same, constant = x * 1.0, (x.const_like(2) * 3.0)
    realize([same, constant])
    assert numbers(same).tolist() == [0, 1, 2]
    assert numbers(constant).tolist() == [6, 6, 6]


@pytest.mark.parametrize("device", ["numpy", "c"])
def test_another_shape_of_numbers_in_memory_is_a_view_and_no_kernel(device, devices):
    x = leaf(np.arange(6), device)
    once = x * 2.0
    realize([once])
    plans = len(PLANS)
    turned = once.reshape((2, 3)).reshape((3, 2))
    assert numbers(turned).tolist() == [[0, 2], [4, 6], [8, 10]]
    assert len(PLANS) == plans
    home = Device.known[device]
    seen, whole = (home.read(home.memory(n.buffer)) for n in (turned, once))
    assert np.shares_memory(seen, whole)
    assert numbers(turned.permute((1, 0))).tolist() == [[0, 4, 8], [2, 6, 10]]


@pytest.mark.parametrize("device", ["numpy", "c"])
def test_a_large_product_goes_straight_to_its_memory(device, devices):
    if device not in devices:
        pytest.skip("no C compiler here")
    home = Device.known[device]
    x = buffer(home.upload(np.ones((600, 20), np.float32)))
    left, right = x.reshape((600, 1, 20)), x.reshape((1, 600, 20))
    product = (left.expand((600, 600, 20)) * right.expand((600, 600, 20))).sum((2,))
    realize([product])
    assert (home.download(product.buffer) == 20).all()
