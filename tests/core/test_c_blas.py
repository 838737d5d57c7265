"""Products on the c device: BLAS multiplies, C does what follows, and the numbers stay the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from tests.core.graphs import graphs
from tests.core.test_schedule import product, relaxed, relu, same
from tinylearn.devices import c_device
from tinylearn.devices.device import Device
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import buffer
from tinylearn.plan.plan import PLANS, plan_for
from tinylearn.plan.request import Request


@pytest.fixture(autouse=True)
def however_small(monkeypatch, devices):
    """Products of any size go to BLAS."""
    if "c" not in devices:
        pytest.skip("no C compiler here")
    monkeypatch.setattr(c_device, "BLAS_FROM", 1)
    PLANS.clear()
    yield
    PLANS.clear()


def on_c(*shape: int) -> Node:
    numbers = np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)
    return buffer(Device.known["c"].upload(numbers))


def languages(*outputs: Node) -> list[str]:
    return [p.language for p in plan_for(Request(outputs)).programs]


def test_random_graphs_have_the_numbers_of_numpy():
    settings(relaxed, max_examples=60)(given(graphs(device="c"))(lambda g: same(g, "c")))()


def test_a_product_alone_is_one_call():
    y = product(on_c(30, 20), on_c(20, 10))
    assert languages(y) == ["blas"]
    same([y], "c")


@pytest.mark.parametrize("rows", [7, 64])
def test_what_follows_a_product_is_written_in_c(rows):
    y = product(on_c(rows, 20), on_c(20, 10)) + on_c(1, 10).expand((rows, 10))
    assert languages(relu(y)) == ["blas+c"]
    same([relu(y)], "c")


def test_a_product_that_is_wanted_itself_and_followed_is_right_in_both():
    y = product(on_c(30, 20), on_c(20, 10))
    same([y, y.exp(), relu(y) * y], "c")


def test_a_product_whose_result_is_turned_is_right():
    x, w = on_c(5, 8, 6), on_c(6, 9)
    left = x.reshape((5, 8, 6, 1)).expand((5, 8, 6, 9))
    right = w.reshape((1, 1, 6, 9)).expand((5, 8, 6, 9))
    y = (left * right).sum((2,)).reshape((5, 8, 9)).permute((2, 0, 1))
    same([y, (y * 2.0).sin()], "c")
