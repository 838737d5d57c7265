"""Sums up numbers that exist already: a few of them, their range, a histogram, an image.

Never computes a node. What cannot be read (a device that is gone) is said, not raised.
"""

from __future__ import annotations

import math
from typing import Any

from tinylearn.devices.device import Device
from tinylearn.graph.node import Node

Data = dict[str, Any]
SHOWN, BINS, LARGEST, PIXELS = 6, 16, 1_000_000, 32


def summary(node: Node) -> Data | None:
    """The numbers of a computed node in short (see schema.md); None for one not computed."""
    if node.buffer is None:
        return None
    try:
        buffer = node.buffer
        if buffer.data is None:  # one value everywhere, in no memory yet
            return {"numbers": [number(buffer.fill)], "more": node.size > 1}
        if node.size > LARGEST:
            return {"note": f"{node.size} numbers: too many to sum up"}
        array = Device.known[node.device].read(buffer.data)
        return digest(array)
    except Exception as error:  # a dead device or a foreign buffer must not spoil the picture
        return {"note": f"cannot be read: {type(error).__name__}"}


def digest(array: Any) -> Data:
    """The summary of an array of numbers."""
    flat = array.reshape(-1)
    data: Data = {"numbers": [number(v) for v in flat[:SHOWN].tolist()], "more": flat.size > SHOWN}
    values = flat.astype("float64")
    good = values[abs(values) < math.inf]
    if bad := int(values.size - good.size):
        data["bad"] = bad
    if not good.size or flat.size < 2:
        return data
    least, most = float(good.min()), float(good.max())
    data |= {"least": number(least), "most": number(most), "mean": number(float(good.mean()))}
    if flat.size >= BINS and most > least:
        places = ((good - least) * (BINS / (most - least))).clip(0, BINS - 1).astype("int64")
        data["histogram"] = [int((places == k).sum()) for k in range(BINS)]
        if picture := image(array, least, most):
            data["image"] = picture
    return data


def number(value: float) -> str:
    """Three or four digits are enough to recognize a number."""
    return str(value) if isinstance(value, (bool, int)) else f"{value:.4g}"


def image(array: Any, least: float, most: float) -> Data | None:
    """A small matrix, or the first of a stack, as grey values in hexadecimal: 00 least, ff most."""
    while array.ndim > 2:
        array = array[0]
    if array.ndim != 2 or min(array.shape) < 3 or max(array.shape) > PIXELS:
        return None
    grey = ((array.astype("float64") - least) * (255 / (most - least))).clip(0, 255)
    grey[grey != grey] = 0
    height, width = array.shape
    return {"width": width, "height": height, "grey": grey.astype("uint8").tobytes().hex()}
