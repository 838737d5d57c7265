"""Devices have numbers: "cuda:1" is the second card, and "c:0" is "c"."""

from __future__ import annotations

import numpy as np
import pytest

import tinylearn as tl
from tinylearn.devices.device import Device
from tinylearn.devices.numpy_device import NumPyDevice
from tinylearn.errors import DeviceError


def test_the_first_of_a_kind_is_the_kind():
    assert tl.Tensor([1.0], device="numpy:0").device == "numpy"
    assert tl.Tensor([1.0], device="CPU").device == "numpy"
    assert tl.Tensor([1.0]).to("simulator:0").device == "simulator"
    assert Device.known["c:0"] is Device.known["c"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("numpy:1", "there is one device 'numpy', which is numpy:0"),
        ("simulator:x", "no device 'simulator:x'; did you mean 'simulator'"),
        ("cud:1", "no device 'cud:1'; did you mean 'cuda'"),
    ],
)
def test_a_number_that_is_not_there_is_an_error(name, says):
    with pytest.raises(DeviceError, match=says):
        tl.Tensor([1.0], device=name)


@pytest.fixture
def second(monkeypatch):
    """A second numpy device."""
    other = object.__new__(NumPyDevice)
    other.name = "numpy:1"
    monkeypatch.setitem(Device.known.numbered, "numpy:1", other)
    yield
    Device.working.discard("numpy:1")


def test_tensors_go_from_one_of_a_kind_to_the_other(second):
    x = tl.Tensor([1.0, 2.0], device="numpy:1")
    y = (x * 3).to("numpy") + 1
    assert (x.device, y.device) == ("numpy:1", "numpy")
    y.sum().backward()
    assert y.tolist() == [4.0, 7.0] and x.grad.tolist() == [3.0, 3.0]
    assert x.grad.device == "numpy:1"
    with pytest.raises(DeviceError):
        x + tl.Tensor([1.0, 2.0])


def test_a_captured_step_may_use_two_of_a_kind(second):
    w = tl.Tensor([1.0, 2.0], device="numpy:1")

    @tl.capture
    def step(x):
        there = (x * 2).to("numpy:1") * w
        return there.to("numpy").sum()

    for k in range(4):
        assert step(np.float32([k, 1])).item() == 2 * k + 4
    assert step.runs < 4
