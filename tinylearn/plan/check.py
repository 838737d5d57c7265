"""Are fused numbers the numbers? `check_fused` computes an expression in both ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinylearn.changes import alone_on
from tinylearn.devices.device import Device, numbers_in_memory
from tinylearn.graph.deferred import spelled_out
from tinylearn.graph.interpret import interpret
from tinylearn.graph.node import walk_unrealized
from tinylearn.plan.plan import LOCK, plan_for
from tinylearn.plan.request import Request


def check_fused(*tensors: Any, tolerance: float = 1e-4) -> float:
    """Run the kernels of tensors (or nodes) against node by node NumPy; the largest difference.

    Differences are taken relative to the largest number, or to 1 if all are smaller.
    Raises AssertionError if it is above `tolerance`.
    """
    nodes = [getattr(t, "node", t) for t in tensors]
    request = Request([n for n in nodes if n.inputs])
    outputs = spelled_out(request.outputs)
    order = walk_unrealized(outputs)
    numbers = interpret(order, numbers_in_memory(order))
    wanted = {n: numbers[m] for n, m in zip(request.outputs, outputs, strict=True)}
    worst = 0.0
    buffers = alone_on(LOCK, lambda: plan_for(request).run(request))
    for node, buffer in zip(request.outputs, buffers, strict=True):
        got, want = Device.known[node.device].download(buffer), wanted[node]
        with np.errstate(all="ignore"):
            off = np.abs(got - want) / max(1, np.abs(want[np.isfinite(want)]).max(initial=0))
        off = np.where((got == want) | (np.isnan(got) & np.isnan(want)), 0, off)
        worst = max(worst, float(off.max(initial=0)))
    assert worst <= tolerance, f"fused and unfused numbers differ by {worst:.3g}"
    return worst
