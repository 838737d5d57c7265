"""Fixtures of the tests of nn: each device in turn, and the settings as they were."""

from __future__ import annotations

import pytest

from tinylearn.devices import c_device, numpy_device  # noqa: F401  (they make themselves known)
from tinylearn.devices.device import Device
from tinylearn.tensor import Tensor, manual_seed


@pytest.fixture(autouse=True)
def usual_settings():
    """The same random numbers for each test; training and the device are put back."""
    manual_seed(0)
    device = Device.DEFAULT
    yield
    Tensor.training = True
    Device.DEFAULT = device
