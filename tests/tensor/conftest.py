"""What the tests of Tensor share: the devices that work here, and tidying up after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tinylearn.devices import c_device, numpy_device  # noqa: F401  (they make themselves known)
from tinylearn.devices.device import Device
from tinylearn.tensor import Tensor, manual_seed

DEVICES = [name for name in ("numpy", "c") if not Device.known[name].unavailable()]


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    """Each test starts with the same random numbers, recording, on the numpy device."""
    manual_seed(0)
    yield
    Tensor.training = True
    Device.DEFAULT = "numpy"


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    """Each device that works on this machine."""
    return request.param
