"""Tensor: what users compute with. Every method builds a graph of primitives."""

import sys
import types
from typing import NoReturn

from tinylearn.tensor.randomness import manual_seed
from tinylearn.tensor.recording import no_grad
from tinylearn.tensor.tensor import Tensor

__all__ = ["Tensor", "manual_seed", "no_grad"]


class Room(types.ModuleType):
    """This package as a module that says what to call where PyTorch's users call tl.tensor(...)."""

    def __call__(self, *data: object, **options: object) -> NoReturn:
        raise TypeError("tinylearn.tensor is a package, not a function\nTry tl.Tensor(data)")


sys.modules[__name__].__class__ = Room
