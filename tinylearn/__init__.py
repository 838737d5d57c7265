"""tinylearn: an autograd framework that a student can read, see and replace, piece by piece.

import tinylearn as tl
from tinylearn import Tensor, nn

Importing it costs NumPy and little more: nn, the c device, pictures and the course come when they
are named.
"""

from __future__ import annotations

import importlib
import math
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tinylearn import contracts
from tinylearn.devices import numpy_device
from tinylearn.devices.device import Device
from tinylearn.errors import (
    CaptureError,
    DeviceError,
    DTypeError,
    GradientError,
    ScheduleError,
    ShapeError,
    TinylearnError,
    nearest,
)
from tinylearn.graph.dtype import bool_, float16, float32, float64, int32, int64
from tinylearn.nn import updates as updates  # the rules of optimizers: small, and all Parts
from tinylearn.parts import ContractError, Part, parts, use, using
from tinylearn.plan.check import check_fused
from tinylearn.repairs.othernames import of_tensors
from tinylearn.tensor import Tensor, checkpoint, custom_gradient, manual_seed, no_grad
from tinylearn.tensor.tensor import INNER, known_names

if TYPE_CHECKING:
    from tinylearn import nn
    from tinylearn.devices import c_device

__version__ = "0.1.0"

__all__ = [
    "CaptureError",
    "ContractError",
    "DTypeError",
    "Device",
    "DeviceError",
    "GradientError",
    "Part",
    "ScheduleError",
    "ShapeError",
    "Tensor",
    "TinylearnError",
    "bool_",
    "c_device",
    "check_fused",
    "checkpoint",
    "contracts",
    "custom_gradient",
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

ROOMS = ("course", "kernels", "nn", "viz")  # imported when somebody enters them
DEVICES = {
    "c": "tinylearn.devices.c_device",
    "cuda": "tinylearn.devices.cuda",
    "opencl": "tinylearn.devices.opencl_device",
    "simulator": "tinylearn.devices.simulator.device",
}
LATER = {
    **dict.fromkeys(["draw", "explain", "source", "trace", "trace_nan", "progress"], "viz"),
    **dict.fromkeys(["analyze", "explore", "profile", "tune"], "viz"),
    "capture": "tensor.capture",
    "simulated": "devices.simulator.device",
    **dict.fromkeys(["kernel", "thread", "block", "threads", "blocks"], "kernels"),
    **dict.fromkeys(["shared", "private", "barrier", "atomic_add", "KernelError"], "kernels"),
    **dict.fromkeys(["answer", "card", "check", "exercise", "hint", "load_mine"], "course"),
}
Part.table.homes |= {
    **dict.fromkeys(["nn.", "loss."], "tinylearn.nn.functional"),
    **dict.fromkeys(["nn.rnn", "nn.lstm", "nn.gru"], "tinylearn.nn.recurrent"),
    "init.": "tinylearn.nn.init",
    **dict.fromkeys(["loops.", "recipe.", "render.c"], DEVICES["c"]),
}
Device.known.homes |= DEVICES


class ScheduleRoom(ModuleType):
    """The room tinylearn/schedule/, which is a function as well: of that name there is only one."""

    def __call__(self, *tensors: Any, **options: Any) -> Any:
        return importlib.import_module("tinylearn.viz").schedule(*tensors, **options)


sys.modules["tinylearn.schedule"].__class__ = ScheduleRoom

CONSTANTS = {  # PyTorch's other names for what is here, and numbers that have a name
    "half": float16, "float": float32, "double": float64, "int": int32, "long": int64,
    "bool": bool_, "as_tensor": Tensor, "asarray": Tensor, "inference_mode": no_grad,
    "pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan,
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """What is not at hand at once: rooms that are imported only when somebody enters them, and
    each method of Tensor as a function: tl.exp(x) is x.exp(), tl.zeros(3) is Tensor.zeros(3).
    """
    if name in ROOMS:
        return importlib.import_module(f"tinylearn.{name}")
    if name == "c_device":
        return importlib.import_module(DEVICES["c"])
    if name in LATER:
        return getattr(importlib.import_module(f"tinylearn.{LATER[name]}"), name)
    if name in CONSTANTS:
        return CONSTANTS[name]
    method = None if name.startswith("_") or name in INNER else getattr(Tensor, name, None)
    if callable(method):
        return method
    if method is not None:
        raise AttributeError(f"tinylearn has no {name!r}{of_tensors(name)}")
    methods = [word for word in known_names() if callable(getattr(Tensor, word))]
    hint = nearest(name, [*__all__, *LATER, *CONSTANTS, *methods])
    raise AttributeError(f"tinylearn has no {name!r}{hint}")


def __dir__() -> list[str]:
    return sorted({*__all__, *LATER, *ROOMS})
