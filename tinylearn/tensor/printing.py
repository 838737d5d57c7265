"""How a tensor shows itself, without computing: its numbers, or what they will be."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinylearn.devices.device import Device
from tinylearn.graph.dtype import bool_, float32, int64
from tinylearn.tensor.state import State

UNSAID = (bool_, int64, float32)  # dtypes that numbers show by themselves


def shown(tensor: State) -> str:
    """The text of a tensor: `Tensor([1., 2.])` or `Tensor(shape=(2,), float32, numpy, ...)`."""
    node = tensor.node
    if node.buffer is None:
        return f"Tensor(shape={node.shape}, {node.dtype}, {node.device}, not computed yet)"
    facts = [] if node.dtype in UNSAID else [str(node.dtype)]
    facts += [] if node.device == "numpy" else [node.device]
    facts += [f"shape={node.shape}"] if node.size == 0 or node.size > 1000 else []
    text = np.array2string(numbers(node.buffer), separator=", ", prefix="Tensor(", precision=4)
    return f"Tensor({', '.join([text, *facts])})"


def numbers(buffer: Any) -> np.ndarray:
    """The buffer's numbers; one value everywhere stays one value in memory."""
    if buffer.data is None:
        return np.broadcast_to(np.array(buffer.fill, buffer.dtype.numpy), buffer.shape)
    return Device.known[buffer.device].download(buffer)
