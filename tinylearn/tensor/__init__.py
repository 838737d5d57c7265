"""Tensor: what users compute with. Every method builds a graph of primitives."""

import sys
import types
from typing import Any

from tinylearn.tensor.checkpointing import checkpoint
from tinylearn.tensor.custom import custom_gradient
from tinylearn.tensor.randomness import manual_seed
from tinylearn.tensor.recording import no_grad
from tinylearn.tensor.tensor import Tensor

__all__ = ["Tensor", "checkpoint", "custom_gradient", "manual_seed", "no_grad"]


class Room(types.ModuleType):
    """This package as a module that can be called: tl.tensor(data) is tl.Tensor(data)."""

    def __call__(self, data: Any, **options: Any) -> Tensor:
        return Tensor(data, **options)


sys.modules[__name__].__class__ = Room
