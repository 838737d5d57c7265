"""Fixtures of the core's tests: the devices that work on this machine."""

from __future__ import annotations

import pytest

from tinylearn.devices import c_device, numpy_device  # noqa: F401  (they make themselves known)
from tinylearn.devices.device import Device


@pytest.fixture(scope="session")
def devices() -> list[str]:
    """numpy, and c where there is a compiler."""
    return [name for name in ("numpy", "c") if not Device.known[name].unavailable()]
