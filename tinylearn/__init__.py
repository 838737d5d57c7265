"""tinylearn: an autograd framework that a student can read, see and replace, piece by piece.

import tinylearn as tl
from tinylearn import Tensor, nn

Importing it costs NumPy and little more: pictures and the course come when they are named.
"""

from __future__ import annotations

import importlib
from typing import Any

from tinylearn import contracts, nn
from tinylearn.devices import c_device, numpy_device
from tinylearn.devices.device import Device
from tinylearn.errors import (
    DeviceError,
    DTypeError,
    GradientError,
    ShapeError,
    TinylearnError,
    nearest,
)
from tinylearn.graph.dtype import bool_, float16, float32, float64, int32, int64
from tinylearn.parts import ContractError, Part, parts, use, using
from tinylearn.plan.check import check_fused
from tinylearn.repairs.othernames import of_tensors
from tinylearn.tensor import Tensor, manual_seed, no_grad
from tinylearn.tensor.creation import Creation

__version__ = "0.1.0"

__all__ = [
    "ContractError",
    "DTypeError",
    "Device",
    "DeviceError",
    "GradientError",
    "Part",
    "ShapeError",
    "Tensor",
    "TinylearnError",
    "bool_",
    "c_device",
    "check_fused",
    "contracts",
    "float16",
    "float32",
    "float64",
    "int32",
    "int64",
    "manual_seed",
    "nn",
    "no_grad",
    "numpy_device",
    "parts",
    "use",
    "using",
]

LATER = {
    **dict.fromkeys(["draw", "explain", "source", "trace", "trace_nan", "progress"], "viz"),
    **dict.fromkeys(["answer", "card", "check", "exercise", "hint", "load_mine"], "course"),
}


def __getattr__(name: str) -> Any:
    """Names of rooms that are imported only when somebody enters them."""
    if name in ("viz", "course"):
        return importlib.import_module(f"tinylearn.{name}")
    if name in LATER:
        return getattr(importlib.import_module(f"tinylearn.{LATER[name]}"), name)
    hint = nearest(name, [*__all__, *LATER])
    if not name.startswith("_") and isinstance(vars(Creation).get(name), staticmethod):
        hint = f"; the class makes tensors\nTry Tensor.{name}(...)"
    elif not name.startswith("_") and hasattr(Tensor, name):
        hint = of_tensors(name)
    raise AttributeError(f"tinylearn has no {name!r}{hint}")


def __dir__() -> list[str]:
    return sorted([*__all__, *LATER, "viz", "course"])
