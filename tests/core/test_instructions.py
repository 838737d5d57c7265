"""One instruction for two: the same answers, also for numbers that are none and for both zeros."""

from __future__ import annotations

import numpy as np
import pytest

from tinylearn.devices.device import Device
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import buffer
from tinylearn.loops.lower import lower
from tinylearn.loops.rewrites import rewritten
from tinylearn.plan.plan import realize
from tinylearn.schedule.schedule import schedule

VALUES = [-np.inf, -88.5, -88.0, -1.0, -0.0, 0.0, 1e-45, 3.0, np.inf, np.nan]


def instructions(node: Node) -> list[str]:
    """The names of the operations in a node's kernel."""
    (kernel,) = schedule([node]).kernels
    statements = rewritten(lower(kernel)).outer
    return [s.expression.op.name for s in statements if hasattr(getattr(s, "expression", 0), "op")]


@pytest.mark.parametrize("device", ["numpy", "c"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("limit", [-88.0, 0.0, 2.5, np.inf, -np.inf])
def test_what_is_at_least_a_constant_is_a_maximum(limit, dtype, device, devices):
    if device not in devices:
        pytest.skip("no C compiler here")
    array = np.array(VALUES, dtype)
    x = buffer(Device.known[device].upload(array))
    y = x.less(limit).where(limit, x)
    realize([y])
    got = Device.known[device].download(y.buffer)
    np.testing.assert_array_equal(got, np.where(array < limit, dtype(limit), array))


def test_a_choice_of_the_larger_is_one_instruction():
    x = buffer(Device.known["numpy"].upload(np.array(VALUES, np.float32)))
    assert instructions(x.less(-88.0).where(-88.0, x)) == ["maximum"]
    assert instructions(x.less(-88.0).where(-88.0, x * 2.0)) == ["less", "mul", "where"]
    assert instructions(x.less(0.0).where(0.0, x)) == ["less", "where"]
